//! Retries a refusal of a Namespace label that may rest on a stale read.
//!
//! One replica writes the label and another one checks it. Each follows FlinkTenants by its own
//! watch. Right after a FlinkTenant is created, one replica may know it and the other may not yet.

use crate::admission::answer::{Answer, Decision, Webhook};
use crate::resource::Resource;
use std::time::{Duration, Instant};

/// Longest delay between the watches of two replicas.
const MAX_DELAY: Duration = Duration::from_secs(1);
/// Pause before each retry.
const PAUSE: Duration = Duration::from_millis(20);

/// Whether a refusal may rest on a stale read.
pub fn may_be_stale(webhook: Webhook, resource: &Resource, answer: &Answer) -> bool {
    webhook == Webhook::Validate
        && resource.kind.group.is_empty()
        && resource.kind.kind == "Namespace"
        && answer.decision() == Decision::Refused
}

/// Asks until the answer is not a refusal, for at most a second and half of the remaining time.
pub async fn retry(ask: impl Fn() -> Answer + Send + Sync, deadline: Instant) -> Answer {
    let now = Instant::now();
    let end = now + MAX_DELAY.min(deadline.saturating_duration_since(now) / 2);
    loop {
        tokio::time::sleep(PAUSE).await;
        let answer = ask();
        if answer.decision() != Decision::Refused || Instant::now() >= end {
            return answer;
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::rules::{Finding, Level};
    use std::sync::atomic::{AtomicUsize, Ordering};

    fn refused() -> Answer {
        let finding = Finding {
            rule: "r".into(),
            level: Level::Error,
            message: String::new(),
            ..Finding::default()
        };
        Answer { findings: vec![finding], ..Answer::default() }
    }

    fn after(refusals: usize, patience: Duration) -> (Decision, usize) {
        let asked = AtomicUsize::new(0);
        let ask = || {
            if asked.fetch_add(1, Ordering::Relaxed) < refusals {
                refused()
            } else {
                Answer::default()
            }
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let answer = runtime.block_on(retry(ask, Instant::now() + patience));
        (answer.decision(), asked.into_inner())
    }

    #[test]
    fn a_refusal_is_retried_for_a_while() {
        assert_eq!(after(3, Duration::from_secs(600)), (Decision::Admitted, 4));
        assert_eq!(after(usize::MAX, Duration::from_millis(100)).0, Decision::Refused);
        assert_eq!(after(usize::MAX, Duration::ZERO), (Decision::Refused, 1));
    }

    #[test]
    fn only_refused_namespaces_are_retried() {
        let of = |group: &str, kind: &str| {
            let mut resource = Resource::default();
            (resource.kind.group, resource.kind.kind) = (group.into(), kind.into());
            resource
        };
        assert!(may_be_stale(Webhook::Validate, &of("", "Namespace"), &refused()));
        assert!(!may_be_stale(Webhook::Validate, &of("", "Namespace"), &Answer::default()));
        assert!(!may_be_stale(Webhook::Mutate, &of("", "Namespace"), &refused()));
        assert!(!may_be_stale(Webhook::Validate, &of("flinkgate.dev", "FlinkTenant"), &refused()));
    }
}
