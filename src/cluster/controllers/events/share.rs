//! How many Events a tenant may write.

use std::time::{Duration, Instant};

/// Writes that a tenant may make at once, and the time in which it gets one more.
const BURST: f64 = 20.0;
const REFILL: Duration = Duration::from_secs(5);

/// What one tenant may write: a bucket of tokens.
#[derive(Debug)]
pub(super) struct Share {
    tokens: f64,
    since: Instant,
}

impl Share {
    /// A full share.
    pub(super) fn full(now: Instant) -> Self {
        Self { tokens: BURST, since: now }
    }

    /// Whether nothing of it is used.
    pub(super) fn is_full(&self, now: Instant) -> bool {
        self.tokens(now) >= BURST
    }

    /// Gives a token back.
    pub(super) fn refund(&mut self, now: Instant) {
        (self.tokens, self.since) = ((self.tokens(now) + 1.0).min(BURST), now);
    }

    fn tokens(&self, now: Instant) -> f64 {
        let more = now.saturating_duration_since(self.since).as_secs_f64() / REFILL.as_secs_f64();
        (self.tokens + more).min(BURST)
    }

    /// Takes a token, or returns the time until there is one.
    pub(super) fn pay(&mut self, now: Instant) -> Result<(), Duration> {
        (self.tokens, self.since) = (self.tokens(now), now);
        if self.tokens >= 1.0 {
            self.tokens -= 1.0;
            return Ok(());
        }
        // A little more than that, so that it is there then.
        Err(REFILL.mul_f64(1.0 - self.tokens) + Duration::from_millis(1))
    }
}
