//! Whether an operator or a controller has brought an object to the state that its spec asks for, and
//! will not return to an earlier one by itself.

use super::resting::{self, rest};
use crate::flink::Workload;
use crate::resource::{GroupVersionKind, pointer};
use serde_json::Value;

/// Whether a stored object is in the state that its spec asks for. One without a status was never
/// acted upon.
pub fn is_settled(kind: &GroupVersionKind, object: &Value) -> bool {
    let text = |place: &str| pointer::at(object, place).and_then(Value::as_str).unwrap_or_default();
    let status = pointer::at(object, "/status").and_then(Value::as_object);
    if status.is_none_or(serde_json::Map::is_empty) {
        return true;
    }
    match (kind.group.as_str(), kind.kind.as_str()) {
        // Until a spec is stable, the operator may roll back to the last one that was.
        ("flink.apache.org", "FlinkDeployment" | "FlinkSessionJob") => {
            resting::is_of_generation(object)
                && matches!(text("/status/lifecycleState"), "STABLE" | "SUSPENDED")
                && text("/status/reconciliationStatus/state") == "DEPLOYED"
        }
        ("flink.apache.org", "FlinkBlueGreenDeployment") => {
            rest(kind, object, &Workload::default()).is_some()
        }
        ("flinkoperator.k8s.io", "FlinkCluster") => {
            matches!(text("/status/state"), "Running" | "Stopped")
                && text("/status/revision/currentRevision") == text("/status/revision/nextRevision")
        }
        ("flink.k8s.io", "FlinkApplication") => text("/status/phase") == "Running",
        _ => is_generation_observed(object),
    }
}

/// Whether a controller of Kubernetes has seen an object as it is.
fn is_generation_observed(object: &Value) -> bool {
    let number = |place: &str| pointer::at(object, place).and_then(Value::as_i64);
    let observed = number("/status/observedGeneration");
    observed.is_none_or(|observed| number("/metadata/generation").is_none_or(|now| observed >= now))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use serde_json::json;

    fn settled(kind: &str, group: &str, object: Value) -> bool {
        let kind =
            GroupVersionKind { group: group.into(), version: "v1".into(), kind: kind.into() };
        is_settled(&kind, &object)
    }

    #[test]
    fn a_flink_deployment_settles_when_it_is_stable() {
        let of = |lifecycle: &str, state: &str, observed: u64| {
            settled(
                "FlinkDeployment",
                "flink.apache.org",
                json!({"metadata": {"generation": 2},
                "status": {"lifecycleState": lifecycle, "observedGeneration": observed, "reconciliationStatus": {"state": state}}}),
            )
        };
        assert!(of("STABLE", "DEPLOYED", 2) && of("SUSPENDED", "DEPLOYED", 2));
        for (lifecycle, state, observed) in [
            ("STABLE", "DEPLOYED", 1),
            ("DEPLOYED", "DEPLOYED", 2),
            ("UPGRADING", "UPGRADING", 2),
            ("ROLLING_BACK", "ROLLING_BACK", 2),
            ("ROLLED_BACK", "ROLLED_BACK", 2),
            ("FAILED", "DEPLOYED", 2),
        ] {
            assert!(!of(lifecycle, state, observed), "{lifecycle} {state} {observed}");
        }
        assert!(settled(
            "FlinkDeployment",
            "flink.apache.org",
            json!({"metadata": {"generation": 2}})
        ));
    }

    #[test]
    fn other_kinds_settle_as_their_controllers_say() {
        let deployment = |observed: u64| json!({"metadata": {"generation": 3}, "status": {"observedGeneration": observed}});
        assert!(settled("Deployment", "apps", deployment(3)));
        assert!(!settled("Deployment", "apps", deployment(2)));
        let cluster = |state: &str, next: &str| json!({"status": {"state": state, "revision": {"currentRevision": "a-1", "nextRevision": next}}});
        assert!(settled("FlinkCluster", "flinkoperator.k8s.io", cluster("Running", "a-1")));
        assert!(!settled("FlinkCluster", "flinkoperator.k8s.io", cluster("Running", "a-2")));
        assert!(!settled("FlinkCluster", "flinkoperator.k8s.io", cluster("Updating", "a-1")));
        let phase = |phase: &str| json!({"status": {"phase": phase}});
        assert!(settled("FlinkApplication", "flink.k8s.io", phase("Running")));
        assert!(!settled("FlinkApplication", "flink.k8s.io", phase("RollingBackJob")));
        let active = json!({"spec": {"template": {}}, "status": {"blueGreenState": "ACTIVE_BLUE", "lastReconciledSpec": "{\"spec\":{}}"}});
        assert!(settled("FlinkBlueGreenDeployment", "flink.apache.org", active.clone()));
        let mut changed = active;
        changed["spec"]["template"] = json!({"spec": {"image": "flink:2.0"}});
        assert!(!settled("FlinkBlueGreenDeployment", "flink.apache.org", changed));
    }
}
