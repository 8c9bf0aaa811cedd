//! Deletions of a PersistentVolumeClaim with the state of a running cluster.
//!
//! Kubernetes keeps a deleted claim while pods mount it, but no further pod can mount it: the next
//! TaskManager hangs. Deletions by the control plane (of a namespace, of an owner's dependents) are
//! never refused.

use crate::flink;
use crate::flink::claims::uses_claim;
use crate::flink::kinds::is_claim;
use crate::mutate::Conflict;
use crate::resource::{GroupVersionKind, Operation, Resource, metadata_text, pointer};
use serde_json::Value;

/// The rule that reports them.
pub const CLAIM_IN_USE: &str = "storage/claim-in-use";
/// User names of the controllers in the control plane.
const CONTROLLERS: &str = "system:serviceaccount:kube-system:";
/// Most pods that a message names.
const NAMED_PODS: usize = 3;

/// Whether a request deletes a claim that pods may use.
pub fn deletes_claim(resource: &Resource) -> bool {
    resource.operation == Operation::Delete
        && is_claim(resource)
        && !resource.name.is_empty()
        && !resource.user.username.starts_with(CONTROLLERS)
}

/// The finding about the deletion of a claim; `None` where none of these pods runs Flink and mounts
/// it.
pub fn claim_in_use(claim: &str, pods: &[Value]) -> Option<Conflict> {
    let users: Vec<&str> =
        pods.iter().filter(|pod| is_running(pod) && uses(pod, claim)).map(name).collect();
    let (first, rest) = users.split_at_checked(NAMED_PODS.min(users.len()))?;
    if first.is_empty() {
        return None;
    }
    let others = if rest.is_empty() { String::new() } else { format!(" and {} more", rest.len()) };
    Some(Conflict {
        rule: CLAIM_IN_USE,
        message: format!(
            "claim `{claim}` holds the state of a running cluster: {}{others} mount it",
            first.join(", ")
        ),
        pointer: "/metadata/name".into(),
        help: Some("delete or suspend the cluster first".into()),
    })
}

fn name(pod: &Value) -> &str {
    metadata_text(pod, "name")
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
    let workload = flink::lower(&resource, &resource.object);
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
    fn a_claim_is_in_use_while_flink_pods_mount_it() {
        let message =
            |pods: &[Value]| claim_in_use("etl-state", pods).map(|conflict| conflict.message);
        let running = pod("etl-0", "etl-state", "taskmanager", "Running");
        let expected = "claim `etl-state` holds the state of a running cluster: etl-0 mount it";
        assert_eq!(message(std::slice::from_ref(&running)).as_deref(), Some(expected));
        assert!(
            message(&vec![running; 5])
                .unwrap()
                .ends_with("etl-0, etl-0, etl-0 and 2 more mount it")
        );
        for other in [
            pod("etl-0", "other", "taskmanager", "Running"),
            pod("etl-0", "etl-state", "taskmanager", "Succeeded"),
            pod("backup", "etl-state", "tar", "Running"),
            json!({}),
        ] {
            assert_eq!(message(&[other]), None);
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
