//! `v1 Pod`: the last check, which native TaskManagers and all undeclared pods pass.
//!
//! The labels of a native pod do not decide its cluster. A JobManager requests its TaskManagers
//! with the token of its pod, and the API server reports that pod. The JobManager's pod belongs to
//! a ReplicaSet.

use super::pod_template_workload::{self, PodTemplateWorkload, label};
use crate::flink::requester::Requester;
use crate::flink::workload::PodMaker;
use crate::flink::{Engine, FlinkContext, Role, Workload};
use crate::resource::fields::text;
use crate::resource::{Operation, Resource, UserInfo, metadata_text, owners};
use serde_json::Value;

/// The user attribute with the pod to which a service account's token is bound.
const ASKING_POD: &str = "authentication.kubernetes.io/pod-name";

pub(crate) fn lower(resource: &Resource, pod: &Value, context: &FlinkContext) -> Workload {
    let name = owner_or_name;
    let pods = PodTemplateWorkload {
        object: pod,
        place: "",
        replicas: 1,
        name,
        namespace: &resource.namespace,
        context,
    };
    // The job belongs to the cluster, which has other pods too. A JobManager counts as a cluster
    // and its job where nothing that counts made it: the ledger knows that.
    let mut workload =
        Workload { jobs: 0, pod_maker: maker(resource, context), ..pods.lower(Vec::new()) };
    let role = workload.pods.first().map_or(Role::Other, |set| set.role);
    if workload.engine == Engine::Native
        && let Some(cluster) =
            made_for(resource, pod, role).filter(|cluster| *cluster != workload.cluster)
    {
        workload.mismatched_cluster_label =
            Some(std::mem::replace(&mut workload.cluster, cluster.to_owned()));
    }
    workload
}

/// Whether a pod is a JobManager. The rest of its workload is not read.
pub(crate) fn is_job_manager(pod: &Value) -> bool {
    pod_template_workload::role(pod) == Role::JobManager
}

/// The cluster that a native pod is created for, whatever its labels are: its JobManager's
/// Deployment has the cluster's name.
fn made_for<'a>(resource: &'a Resource, pod: &'a Value, role: Role) -> Option<&'a str> {
    let controller =
        || owners(pod).iter().find(|owner| owner.get("controller") == Some(&Value::Bool(true)));
    match role {
        Role::TaskManager => asking_job_manager(&resource.user, &resource.namespace)
            .and_then(deployment_of_pod)
            .or_else(|| {
                let owner = controller().filter(|owner| text(owner, "kind") == "Deployment")?;
                Some(text(owner, "name"))
            }),
        Role::JobManager => {
            let owner = controller().filter(|owner| text(owner, "kind") == "ReplicaSet")?;
            without_suffix(text(owner, "name"))
        }
        Role::Other => None,
    }
    .filter(|name| !name.is_empty())
}

/// Controllers of Kubernetes and Flink's JobManagers make pods from templates. An update does not
/// change what separates a pod from others.
fn maker(resource: &Resource, context: &FlinkContext) -> PodMaker {
    let user = &resource.user;
    if user.username.is_empty() {
        PodMaker::Unknown
    } else if resource.operation != Operation::Create
        || context.requester(resource) == Requester::KubernetesController
        || asking_job_manager(user, &resource.namespace).is_some()
    {
        PodMaker::Template
    } else {
        PodMaker::User
    }
}

/// Whether a controller or a JobManager makes a pod from a template.
pub(crate) fn is_made_from_template(resource: &Resource, context: &FlinkContext) -> bool {
    resource.kind.kind == "Pod" && maker(resource, context) == PodMaker::Template
}

/// The requesting pod, if it is in this namespace.
fn asking_job_manager<'a>(user: &'a UserInfo, namespace: &str) -> Option<&'a str> {
    let account = user.username.strip_prefix("system:serviceaccount:")?.strip_prefix(namespace)?;
    let pod = user.extra.get(ASKING_POD)?.first()?;
    account.starts_with(':').then_some(pod)
}

/// `etl` for `etl-7d4b9c6f5-x2x9z`.
fn deployment_of_pod(pod: &str) -> Option<&str> {
    without_suffix(pod).and_then(without_suffix)
}

fn without_suffix(name: &str) -> Option<&str> {
    name.rsplit_once('-').map(|(name, _)| name)
}

/// The name of the pod's owner. A ReplicaSet's name is that of its Deployment plus a hash.
fn owner_or_name(pod: &Value) -> &str {
    match owners(pod).iter().map(|owner| text(owner, "name")).find(|name| !name.is_empty()) {
        Some(owner) => {
            let hash = label(pod, "pod-template-hash");
            owner
                .strip_suffix(hash)
                .filter(|_| !hash.is_empty())
                .and_then(|name| name.strip_suffix('-'))
                .unwrap_or(owner)
        }
        None => match metadata_text(pod, "name") {
            "" => metadata_text(pod, "generateName").trim_end_matches('-'),
            name => name,
        },
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use crate::resource::GroupVersionKind;
    use serde_json::json;

    fn lowered(
        role: &str,
        label: &str,
        owner: (&str, &str),
        user: UserInfo,
    ) -> (String, Option<String>) {
        let (kind, name) = owner;
        let pod = json!({
            "metadata": {"labels": {"app": label, "component": role, "type": "flink-native-kubernetes"},
                "ownerReferences": [{"kind": kind, "name": name, "controller": true}]},
            "spec": {"containers": [{"name": "flink-main-container", "args": ["bash", "-c", format!("kubernetes-{role}.sh")]}]}});
        let resource = Resource {
            kind: GroupVersionKind::parse("v1", "Pod"),
            operation: Operation::Create,
            namespace: "payments-prod".into(),
            user,
            ..Resource::default()
        };
        let workload = lower(&resource, &pod, &FlinkContext::default());
        (workload.cluster, workload.mismatched_cluster_label)
    }

    fn requester(namespace: &str, pod: &str) -> UserInfo {
        let username = format!("system:serviceaccount:{namespace}:flink");
        UserInfo {
            username,
            extra: [(ASKING_POD.to_owned(), vec![pod.to_owned()])].into(),
            ..UserInfo::default()
        }
    }

    #[test]
    fn requesting_job_manager_overrides_owner_and_labels() {
        let own = || requester("payments-prod", "etl-7d4b9c6f5-x2x9z");
        let honest = ("etl".to_owned(), None);
        assert_eq!(lowered("taskmanager", "etl", ("Deployment", "etl"), own()), honest);
        assert_eq!(lowered("taskmanager", "etl", ("Deployment", "other"), own()), honest);
        assert_eq!(
            lowered("taskmanager", "other", ("Deployment", "other"), own()),
            ("etl".to_owned(), Some("other".to_owned()))
        );
        // Without a requesting pod, or with one from another namespace, the owner decides.
        for user in [UserInfo::default(), requester("payments-dev", "a-b-c")] {
            assert_eq!(
                lowered("taskmanager", "other", ("Deployment", "etl"), user),
                ("etl".to_owned(), Some("other".to_owned()))
            );
        }
        assert_eq!(
            lowered("jobmanager", "etl", ("ReplicaSet", "etl-7d4b9c6f5"), UserInfo::default()),
            honest
        );
        assert_eq!(
            lowered("jobmanager", "x", ("ReplicaSet", "etl-7d4b9c6f5"), UserInfo::default())
                .1
                .as_deref(),
            Some("x")
        );
        assert_eq!(
            lowered("jobmanager", "x", ("Job", "etl"), UserInfo::default()),
            ("x".to_owned(), None)
        );
    }

    #[test]
    fn the_role_is_known_without_the_workload() {
        for (pod, expected) in [
            (json!({"spec": {"containers": [{"args": ["jobmanager"]}]}}), true),
            (
                json!({"spec": {"containers": [{"name": "a"}, {"command": ["x/standalone-job.sh"]}]}}),
                true,
            ),
            (json!({"metadata": {"labels": {"component": "jobmanager"}}, "spec": {}}), true),
            (
                json!({"metadata": {"labels": {"component": "jobmanager"}}, "spec": {"containers": [{"args": ["taskmanager"]}]}}),
                false,
            ),
            (json!({"spec": {"containers": [{"image": "nginx"}]}}), false),
            (json!({"spec": "jobmanager"}), false),
        ] {
            let resource = Resource { object: pod.clone(), ..Resource::default() };
            let workload = lower(&resource, &pod, &FlinkContext::default());
            let lowered = workload.pods.iter().any(|set| set.role == Role::JobManager);
            assert_eq!((is_job_manager(&pod), lowered), (expected, expected), "{pod}");
        }
    }
}
