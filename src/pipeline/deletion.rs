//! Deletions that would take something from a running cluster: a claim with its state.
//!
//! Kubernetes keeps a claim while pods mount it, but no pod can mount it any more from then on: the
//! next TaskManager hangs. What the control plane itself deletes (a namespace, an owner's
//! dependents) is never held up.

use crate::flink::claims::uses_claim;
use crate::flink::kinds::is_claim;
use crate::kinds;
use crate::mutate::Conflict;
use crate::resource::{GroupVersionKind, Operation, Resource, metadata_text, pointer};
use serde_json::Value;

/// The rule that reports it.
pub const CLAIM_IN_USE: &str = "storage/claim-in-use";
/// Whose deletions are the end of something larger.
const CONTROLLERS: &str = "system:serviceaccount:kube-system:";
/// Pods that a message names.
const NAMED: usize = 3;

/// Whether a request deletes a claim and pods should be asked about it.
pub fn deletes_claim(resource: &Resource) -> bool {
    resource.operation == Operation::Delete
        && is_claim(resource)
        && !resource.name.is_empty()
        && !resource.user.username.starts_with(CONTROLLERS)
}

/// What there is to say of deleting a claim among these pods; `None` where none that runs Flink
/// mounts it.
pub fn claim_in_use(claim: &str, pods: &[Value]) -> Option<Conflict> {
    let users: Vec<&str> =
        pods.iter().filter(|pod| is_running(pod) && uses(pod, claim)).map(name).collect();
    let (first, rest) = users.split_at_checked(NAMED.min(users.len()))?;
    if first.is_empty() {
        return None;
    }
    let more = if rest.is_empty() { String::new() } else { format!(" and {} more", rest.len()) };
    Some(Conflict {
        rule: CLAIM_IN_USE,
        message: format!(
            "claim {claim:?} holds the state of a running cluster: {}{more} mount it",
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

/// Whether a pod runs Flink and uses a claim, by whatever way.
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
    fn a_claim_is_in_use_while_pods_of_flink_mount_it() {
        let told =
            |pods: &[Value]| claim_in_use("etl-state", pods).map(|conflict| conflict.message);
        let running = pod("etl-0", "etl-state", "taskmanager", "Running");
        let message = "claim \"etl-state\" holds the state of a running cluster: etl-0 mount it";
        assert_eq!(told(std::slice::from_ref(&running)).as_deref(), Some(message));
        assert!(
            told(&vec![running; 5]).unwrap().ends_with("etl-0, etl-0, etl-0 and 2 more mount it")
        );
        for other in [
            pod("etl-0", "other", "taskmanager", "Running"),
            pod("etl-0", "etl-state", "taskmanager", "Succeeded"),
            pod("backup", "etl-state", "tar", "Running"),
            json!({}),
        ] {
            assert_eq!(told(&[other]), None);
        }
    }

    #[test]
    fn what_controllers_delete_is_not_asked_about() {
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
