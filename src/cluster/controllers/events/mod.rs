//! Refusals as Kubernetes Events, for people who did not make the request themselves.
//!
//! A TaskManager pod that a JobManager asked for and did not get is otherwise seen in that
//! JobManager's log alone. [`regarding`] finds the object at which people look, [`note`] says what
//! was refused there, [`aggregator`] counts what repeats and holds each tenant to its share, [`writer`]
//! writes. None of it is waited for: an answer is given whether it can be told or not.

mod aggregator;
mod note;
mod regarding;
mod writer;

use crate::admission::answer::Decision;
use crate::pipeline::Answer;
use crate::resource::Resource;
use crate::rules::Level;
use crate::telemetry::metrics::Metrics;
use aggregator::Refusal;
use kube::Client;
use prometheus_client::metrics::counter::Counter;
use regarding::Regarding;
use tokio::sync::mpsc;
use writer::Sender;

/// Refusals that may wait to be counted, which takes no time.
const QUEUE: usize = 256;

/// Tells refusals.
#[derive(Clone)]
pub struct Events {
    queue: mpsc::Sender<Refusal>,
    dropped: Counter,
}

impl Events {
    /// Starts to write what is told, as the process called `instance`. To be called on the runtime
    /// that serves.
    pub fn start(client: Client, instance: &str, metrics: &Metrics) -> Self {
        let (queue, refusals) = mpsc::channel(QUEUE);
        let dropped = metrics.events_dropped.clone();
        tokio::spawn(writer::run(Sender::new(client, instance), refusals, dropped.clone()));
        Self { queue, dropped }
    }

    /// Tells of an answer if it is a refusal, there is somebody to tell, and something would have
    /// been stored. Never waits.
    pub fn tell(&self, resource: &Resource, answer: &Answer) {
        if let Some(refusal) = refusal(resource, answer)
            && self.queue.try_send(refusal).is_err()
        {
            self.dropped.inc();
        }
    }
}

fn refusal(resource: &Resource, answer: &Answer) -> Option<Refusal> {
    if resource.dry_run || answer.decision() != Decision::Refused {
        return None;
    }
    let regarding = Regarding::of(resource, answer.tenant.as_deref())?;
    let mut rules: Vec<&str> =
        answer.findings.iter().filter(|f| f.level == Level::Error).map(|f| &*f.rule).collect();
    rules.dedup();
    Some(Refusal {
        regarding,
        // Where no tenant is known, a namespace stands for one.
        payer: answer.tenant.clone().unwrap_or_else(|| format!("/{}", resource.namespace)),
        namespace: resource.namespace.clone(),
        kind: resource.kind.kind.clone(),
        rules: rules.join(","),
        note: note::note(resource, answer),
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use crate::resource::GroupVersionKind;
    use crate::rules::Finding;

    fn answer(findings: &[(&str, Level)]) -> Answer {
        let finding = |(rule, level): &(&str, Level)| Finding {
            rule: (*rule).to_owned().into(),
            level: *level,
            message: "no".into(),
            ..Finding::default()
        };
        Answer {
            tenant: Some("payments".into()),
            findings: findings.iter().map(finding).collect(),
            ..Answer::default()
        }
    }

    fn pod(dry_run: bool) -> Resource {
        let kind = GroupVersionKind::parse("v1", "Pod");
        Resource {
            kind,
            namespace: "payments-prod".into(),
            name: "p".into(),
            dry_run,
            ..Resource::default()
        }
    }

    #[test]
    fn only_refusals_of_what_would_have_been_stored_are_told_with_the_rules_that_refuse() {
        let mixed = [
            ("a/b", Level::Error),
            ("a/b", Level::Error),
            ("c/d", Level::Error),
            ("e/f", Level::Warning),
        ];
        assert_eq!(refusal(&pod(false), &answer(&mixed)).unwrap().rules, "a/b,c/d");
        assert!(refusal(&pod(true), &answer(&mixed)).is_none());
        assert!(refusal(&pod(false), &answer(&mixed[3..])).is_none());
        assert!(refusal(&pod(false), &answer(&[])).is_none());
        let nobodys = Answer { tenant: None, ..answer(&mixed) };
        assert!(refusal(&pod(false), &nobodys).is_none());
    }

    #[test]
    fn a_full_queue_is_counted_and_not_waited_for() {
        let (queue, _refusals) = mpsc::channel(2);
        let events = Events { queue, dropped: Counter::default() };
        for _ in 0..5 {
            events.tell(&pod(false), &answer(&[("a/b", Level::Error)]));
        }
        assert_eq!(events.dropped.get(), 3);
    }
}
