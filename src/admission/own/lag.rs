//! A Namespace's label, where replicas know the tenants of different moments.
//!
//! One replica writes the label and another one judges it. Each follows the cluster by its own
//! watch, so that a namespace created right after its FlinkTenant is labelled by who has seen that
//! and judged by who will have in a moment. Nobody wrote anything wrong then.

use crate::admission::answer::{Answer, Decision, Webhook};
use crate::resource::Resource;
use std::time::{Duration, Instant};

/// Longest wait for what the other replica knows already.
const LAG: Duration = Duration::from_secs(1);
/// Pause before each look at what is known now.
const PAUSE: Duration = Duration::from_millis(20);

/// Whether another answer may be right in a moment.
pub fn may_pass(webhook: Webhook, resource: &Resource, answer: &Answer) -> bool {
    webhook == Webhook::Validate
        && resource.kind.group.is_empty()
        && resource.kind.kind == "Namespace"
        && answer.decision() == Decision::Refused
}

/// Asks until the answer is no refusal, at the longest for a second; half of the time that is left
/// stays for the answer's way.
pub async fn wait(ask: impl Fn() -> Answer + Send + Sync, deadline: Instant) -> Answer {
    let now = Instant::now();
    let end = now + LAG.min(deadline.saturating_duration_since(now) / 2);
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
        let answer = runtime.block_on(wait(ask, Instant::now() + patience));
        (answer.decision(), asked.into_inner())
    }

    #[test]
    fn a_refusal_is_final_only_after_a_while() {
        assert_eq!(after(3, Duration::from_secs(600)), (Decision::Admitted, 4));
        assert_eq!(after(usize::MAX, Duration::from_millis(100)).0, Decision::Refused);
        assert_eq!(after(usize::MAX, Duration::ZERO), (Decision::Refused, 1));
    }

    #[test]
    fn only_the_judgement_of_a_namespace_waits() {
        let of = |group: &str, kind: &str| {
            let mut resource = Resource::default();
            (resource.kind.group, resource.kind.kind) = (group.into(), kind.into());
            resource
        };
        assert!(may_pass(Webhook::Validate, &of("", "Namespace"), &refused()));
        assert!(!may_pass(Webhook::Validate, &of("", "Namespace"), &Answer::default()));
        assert!(!may_pass(Webhook::Mutate, &of("", "Namespace"), &refused()));
        assert!(!may_pass(Webhook::Validate, &of("flinkgate.dev", "FlinkTenant"), &refused()));
    }
}
