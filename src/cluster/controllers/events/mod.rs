//! Reports refusals as Kubernetes Events, for users who did not send the request themselves.
//!
//! Otherwise the refusal of a TaskManager pod is only in the log of the JobManager that requested it.
//! [`regarding`] finds the object that users look at, [`note`] describes the refusal, [`aggregator`]
//! counts repetitions and limits the writes of each tenant, [`writer`] writes, after [`replacement`]
//! found that the next try did not succeed. [`chain`] finds the custom resources above. No answer
//! waits for it.

mod aggregator;
mod chain;
mod note;
mod refusals;
mod regarding;
mod replacement;
mod share;
mod writer;

use crate::admission::answer::Decision;
use crate::flink::requester::Requester;
use crate::pipeline::Answer;
use crate::resource::Resource;
use crate::rules::Level;
use crate::telemetry::metrics::Metrics;
use kube::Client;
use prometheus_client::metrics::counter::Counter;
use refusals::{Refusal, Sender};
use regarding::Regarding;
use tokio::sync::mpsc;
use writer::{EventWriter, run};

/// Refusals that may wait to be counted, which takes microseconds.
const QUEUE: usize = 256;

/// Reports refusals.
#[derive(Clone)]
pub struct Events {
    queue: mpsc::Sender<Refusal>,
    dropped: Counter,
}

impl Events {
    /// Starts the controller, as the process called `instance`. To be called on the runtime that
    /// serves.
    pub fn start(client: Client, instance: &str, metrics: &Metrics) -> Self {
        let (queue, refusals) = mpsc::channel(QUEUE);
        let dropped = metrics.events_dropped.clone();
        tokio::spawn(run(EventWriter::new(client, instance), refusals, dropped.clone()));
        Self { queue, dropped }
    }

    /// Reports an answer if it is a refusal, there is an object to report it at, and the request is
    /// not a dry run. Never waits.
    pub fn report(&self, resource: &Resource, requester: Requester, answer: &Answer) {
        if let Some(refusal) = refusal(resource, requester, answer)
            && self.queue.try_send(refusal).is_err()
        {
            self.dropped.inc();
        }
    }
}

fn refusal(resource: &Resource, requester: Requester, answer: &Answer) -> Option<Refusal> {
    if resource.dry_run || answer.already_exists || answer.decision() != Decision::Refused {
        return None;
    }
    let is_component = requester != Requester::Other;
    let regarding = Regarding::of(resource, answer.tenant.as_deref(), is_component)?;
    let mut rules: Vec<&str> =
        answer.findings.iter().filter(|f| f.level == Level::Error).map(|f| &*f.rule).collect();
    rules.dedup();
    let is_owner = matches!(regarding, Regarding::Owner { .. });
    Some(Refusal {
        regarding,
        sender: Sender { user: resource.user.username.clone(), is_component },
        may_pass: is_owner && resource.kind.kind == "Pod" && rules.iter().all(is_about_usage),
        // Without a tenant, the namespace has a share of its own.
        payer: answer.tenant.clone().unwrap_or_else(|| format!("/{}", resource.namespace)),
        namespace: resource.namespace.clone(),
        kind: resource.kind.kind.clone(),
        rules: rules.join(","),
        note: note::note(resource, answer),
    })
}

/// Whether a rule may admit the same object later: others may use less of the quota then.
fn is_about_usage(rule: &&str) -> bool {
    ["quota/exceeded", "quota/per-cluster"].contains(rule)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use crate::pipeline::{Gate, Unassigned};
    use crate::resource::GroupVersionKind;
    use crate::rules::Finding;
    use serde_json::json;

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
    fn only_refusals_without_dry_run_are_reported() {
        let mixed = [
            ("a/b", Level::Error),
            ("a/b", Level::Error),
            ("c/d", Level::Error),
            ("e/f", Level::Warning),
        ];
        assert_eq!(
            refusal(&pod(false), Requester::Other, &answer(&mixed)).unwrap().rules,
            "a/b,c/d"
        );
        assert!(refusal(&pod(true), Requester::Other, &answer(&mixed)).is_none());
        assert!(refusal(&pod(false), Requester::Other, &answer(&mixed[3..])).is_none());
        assert!(refusal(&pod(false), Requester::Other, &answer(&[])).is_none());
        let without_tenant = Answer { tenant: None, ..answer(&mixed) };
        assert!(refusal(&pod(false), Requester::Other, &without_tenant).is_none());
    }

    #[test]
    fn no_event_shows_a_secret() {
        let tenant = json!({"apiVersion": "flinkgate.dev/v1alpha1", "kind": "FlinkTenant", "metadata": {"name": "strict"},
            "spec": {"namespaces": {"names": ["strict"]}, "flink": {"configuration": {"forbidden": ["*"]}},
                "storage": {"checkpoints": {"locations": ["s3://own/"]}}}});
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("t.yaml"), tenant.to_string()).unwrap();
        let (gate, _) = Gate::load(&[folder.path().into()], &[], Unassigned::Warn).unwrap();
        for (key, value) in [
            ("s3.secret-key", "hunter2"),
            ("state.savepoints.dir", "s3://AKIA:hunt/hunter2@bucket/x"),
            ("parallelism.default", "https://host/?sig=hunter2"),
        ] {
            let object = json!({"apiVersion": "flink.apache.org/v1beta1", "kind": "FlinkDeployment",
                "metadata": {"name": "etl", "namespace": "strict"}, "spec": {"flinkVersion": "v1_20", "flinkConfiguration": {key: value}}});
            let resource = Resource::from_manifest(object).unwrap();
            let refusal = refusal(&resource, Requester::Other, &gate.validate(&resource)).unwrap();
            assert!(refusal.note.contains(key), "{}", refusal.note);
            let shown = format!("{} {} {:?}", refusal.note, refusal.rules, refusal.regarding);
            assert!(!shown.contains("hunt"), "{shown}");
        }
    }

    #[test]
    fn a_full_queue_drops_and_never_waits() {
        let (queue, _refusals) = mpsc::channel(2);
        let events = Events { queue, dropped: Counter::default() };
        for _ in 0..5 {
            events.report(&pod(false), Requester::Other, &answer(&[("a/b", Level::Error)]));
        }
        assert_eq!(events.dropped.get(), 3);
    }
}
