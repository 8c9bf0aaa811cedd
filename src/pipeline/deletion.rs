//! Running Flink pods that use a claim that a request deletes.
//!
//! Kubernetes keeps a deleted claim while pods mount it, but no new pod can mount it: the next
//! TaskManager hangs. Deletions by the control plane (of a namespace, of an owner's dependents) are
//! never refused.

use crate::flink::claims::uses_claim;
use crate::flink::kinds::is_claim;
use crate::kinds;
use crate::resource::{GroupVersionKind, Operation, Resource, metadata_text, pointer};
use serde_json::Value;

/// User names of the controllers in the control plane.
const CONTROLLERS: &str = "system:serviceaccount:kube-system:";

/// Whether a request deletes a claim that pods may use.
pub fn deletes_claim(resource: &Resource) -> bool {
    resource.operation == Operation::Delete
        && is_claim(resource)
        && !resource.name.is_empty()
        && !resource.user.username.starts_with(CONTROLLERS)
}

/// Names of the running Flink pods among these that use a claim.
pub fn claim_users(claim: &str, pods: &[Value]) -> Vec<String> {
    let users = pods.iter().filter(|pod| is_running(pod) && uses(pod, claim));
    users.map(|pod| metadata_text(pod, "name").to_owned()).collect()
}

fn is_running(pod: &Value) -> bool {
    let ended = pointer::at(pod, "/status/phase")
        .and_then(Value::as_str)
        .is_some_and(|phase| matches!(phase, "Succeeded" | "Failed"));
    !ended && pointer::at(pod, "/metadata/deletionTimestamp").is_none_or(Value::is_null)
}

/// Whether a pod runs Flink and uses a claim.
fn uses(pod: &Value, claim: &str) -> bool {
    let Ok(resource) = Resource::from_listed(&GroupVersionKind::parse("v1", "Pod"), pod.clone())
    else {
        return false;
    };
    let workload = kinds::lower(&resource, &resource.object);
    workload.is_some_and(|workload| {
        workload.is_flink() && uses_claim(&workload, &resource.object, claim)
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use crate::resource::UserInfo;
    use serde_json::json;

    fn pod(name: &str, claim: &str, argument: &str, phase: &str) -> Value {
        json!({"metadata": {"name": name}, "status": {"phase": phase}, "spec": {
            "containers": [{"name": "x", "args": [argument]}], "volumes": [{"name": "v", "persistentVolumeClaim": {"claimName": claim}}]}})
    }

    #[test]
    fn flink_pods_use_the_claims_they_mount() {
        for (pod, expected) in [
            (pod("etl-0", "etl-state", "taskmanager", "Running"), vec!["etl-0"]),
            (pod("etl-0", "other", "taskmanager", "Running"), vec![]),
            (pod("etl-0", "etl-state", "taskmanager", "Succeeded"), vec![]),
            (pod("backup", "etl-state", "tar", "Running"), vec![]),
            (json!({}), vec![]),
        ] {
            assert_eq!(claim_users("etl-state", &[pod]), expected);
        }
    }

    #[test]
    fn deletions_by_controllers_are_not_checked() {
        let deletion = |user: &str| {
            deletes_claim(&Resource {
                kind: GroupVersionKind::parse("v1", "PersistentVolumeClaim"),
                operation: Operation::Delete,
                name: "etl-state".into(),
                user: UserInfo { username: user.into(), ..UserInfo::default() },
                ..Resource::default()
            })
        };
        assert!(
            deletion("alice@example.com") && deletion("system:serviceaccount:payments-prod:flink")
        );
        assert!(!deletion("system:serviceaccount:kube-system:namespace-controller"));
        assert!(!deletion("system:serviceaccount:kube-system:generic-garbage-collector"));
    }
}
