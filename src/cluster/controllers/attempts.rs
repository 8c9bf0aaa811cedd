//! The attempts of a controller to take its next step: what failed last, and when to try again.

use super::step::StepError;
use crate::jitter::jittered;
use std::fmt::Display;
use std::time::{Duration, Instant};

/// How long the reads and the write of one step may take.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);
/// Between two attempts at first, and at most.
const RETRY: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(15));

/// The attempts of one controller.
pub(super) struct Attempts {
    /// The last error, until a step succeeds.
    problem: Option<String>,
    retry: Duration,
    not_before: Instant,
}

impl Attempts {
    pub(super) fn new() -> Self {
        Self { problem: None, retry: RETRY.0, not_before: Instant::now() }
    }

    /// Remembers an error for `/readyz`, and logs it once.
    pub(super) fn problem(&mut self, what: &str, error: &dyn Display) {
        let problem = format!("{what}: {error}");
        if self.problem.as_ref() != Some(&problem) {
            tracing::warn!(%error, "{what}");
        }
        self.problem = Some(problem);
    }

    /// The last error.
    pub(super) fn last_problem(&self) -> Option<&str> {
        self.problem.as_deref()
    }

    /// Remembers that a step failed; it is no problem if another client wrote first.
    pub(super) fn failed(&mut self, what: &str, error: &StepError) {
        if error.is_collision() {
            tracing::debug!(%error, "another client wrote first");
        } else {
            self.problem(what, error);
        }
    }

    /// A step succeeded.
    pub(super) fn succeeded(&mut self) {
        (self.problem, self.retry) = (None, RETRY.0);
    }

    /// How long the next attempt must still wait.
    pub(super) fn wait(&self, now: Instant) -> Duration {
        self.not_before.saturating_duration_since(now)
    }

    /// Lets the next attempt wait for longer each time; returns how long.
    pub(super) fn back_off(&mut self) -> Duration {
        let pause = jittered(self.retry, 0.25);
        self.retry = (self.retry * 2).min(RETRY.1);
        self.pause(pause);
        pause
    }

    /// Lets the next attempt wait as long as after many failures.
    pub(super) fn back_off_fully(&mut self) {
        self.pause(jittered(RETRY.1, 0.25));
    }

    /// Lets the next attempt wait for this long.
    pub(super) fn pause(&mut self, pause: Duration) {
        self.not_before = Instant::now() + pause;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_until_a_step_succeeds() {
        let mut attempts = Attempts::new();
        let first = attempts.back_off();
        assert!(first <= RETRY.0 * 2);
        for _ in 0..10 {
            attempts.back_off();
        }
        assert!(attempts.back_off() >= RETRY.1 / 2);
        assert!(!attempts.wait(Instant::now()).is_zero());
        attempts.problem("not written", &"no right");
        assert_eq!(attempts.last_problem(), Some("not written: no right"));
        attempts.succeeded();
        assert_eq!(attempts.last_problem(), None);
        assert!(attempts.back_off() <= RETRY.0 * 2);
    }
}
