//! Requests to a ledger, made from admission reviews, and live objects, made from stored ones.

use super::{LiveObject, ObjectRef};
use crate::flink::Workload;
use crate::quota::Usage;
use crate::resource::{Operation, Resource, UserInfo, metadata_text, owners, pointer};
use serde_json::Value;
use std::borrow::Cow;

/// The garbage collector. It removes owner references to an owner that is deleted.
const GARBAGE_COLLECTOR: &str = "system:serviceaccount:kube-system:generic-garbage-collector";

/// The version of an old object whose version is not a number. No view shows the request's outcome
/// then; it ends by time.
const UNKNOWN_VERSION: u64 = i64::MAX as u64;

/// An object as a review would store it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Request {
    /// Its kind, namespace and name.
    pub object: ObjectRef,
    /// The object's UID, not the review's.
    pub uid: String,
    /// Its owners, nearest first, by UID or as `KIND/NAMESPACE/NAME`. It draws on the nearest one
    /// that has a slot.
    pub owners: Vec<String>,
    /// Its usage after the request.
    pub usage: Usage,
    /// Its usage before the request.
    pub before: Usage,
    /// The resource version of the object that the request updates; 0 for a create.
    pub version: u64,
    /// Its TaskManagers, so that a refusal can say how many would fit.
    pub task_managers: Option<TaskManagers>,
    /// Limits that do not apply to it. Its usage is counted nevertheless.
    pub waived: WaivedLimits,
    /// Whether it creates a pod that may take the place of one of its cluster that is being deleted.
    pub replaces: bool,
    /// The UID of the pod that sends it, which the API server knows; empty where no pod does.
    pub asked_by: String,
    /// The claims that it declares, by their names. One that exists already is not more.
    pub claims: Vec<ClaimNames>,
}

/// Names of claims that an object declares.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ClaimNames {
    /// This name.
    One(String),
    /// This prefix and a number, as a StatefulSet makes them.
    Numbered(String),
}

impl ClaimNames {
    /// Whether a claim of this name is one of them.
    pub fn has(&self, name: &str) -> bool {
        match self {
            Self::One(one) => one == name,
            Self::Numbered(prefix) => name.strip_prefix(prefix.as_str()).is_some_and(|number| {
                !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
            }),
        }
    }
}

/// Limits that do not apply to a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct WaivedLimits {
    /// The tenant's limits.
    pub tenant: bool,
    /// The limits of one cluster.
    pub cluster: bool,
}

/// Equal TaskManagers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct TaskManagers {
    /// Their number.
    pub count: u64,
    /// The usage of each.
    pub each: Usage,
}

/// The user attribute with the UID of the pod to which a service account's token is bound.
const ASKING_POD: &str = "authentication.kubernetes.io/pod-uid";
/// A UID is 36 characters.
const LONGEST_UID: usize = 64;

fn asking_pod(user: &UserInfo) -> String {
    let uid = user.extra.get(ASKING_POD).and_then(|values| values.first());
    uid.filter(|uid| uid.len() <= LONGEST_UID).cloned().unwrap_or_default()
}

impl Request {
    /// The request of a validating review. For an update, `before` is the usage of the old object.
    ///
    /// Its owners are the object's direct ones; the caller adds theirs. An object without a UID
    /// (from files, or in a review made by hand) is identified by its name. An object that loses an
    /// owner requests its whole usage again, because it no longer draws on that owner. The garbage
    /// collector is an exception: it removes only owners that are being deleted.
    pub fn of(
        resource: &Resource,
        workload: &Workload,
        usage: Usage,
        before: Option<Usage>,
    ) -> Self {
        let object = ObjectRef::new(
            &resource.kind.kind,
            &resource.namespace,
            resource.name_in(&resource.object),
        );
        let old = resource.old_object.as_ref().filter(|_| resource.operation == Operation::Update);
        let uid = [Some(&resource.object), old]
            .into_iter()
            .flatten()
            .map(|object| metadata_text(object, "uid"))
            .find(|uid| !uid.is_empty());
        let owners = owner_uids(&resource.object);
        let loses_owner = |old: &Value| {
            owner_uids(old).iter().any(|uid| !owners.contains(uid))
                && resource.user.username != GARBAGE_COLLECTOR
        };
        let before = old.filter(|old| !loses_owner(old)).and(before);
        Self {
            uid: uid.map_or_else(|| object.to_string(), str::to_owned),
            usage,
            before: before.unwrap_or_default(),
            version: old.map_or(0, |old| {
                metadata_text(old, "resourceVersion").parse().unwrap_or(UNKNOWN_VERSION)
            }),
            task_managers: TaskManagers::of(workload),
            waived: WaivedLimits::default(),
            replaces: false,
            asked_by: asking_pod(&resource.user),
            claims: Vec::new(),
            object,
            owners,
        }
    }

    /// Whether any amount increases. A request without an increase is never refused.
    pub fn increases_usage(&self) -> bool {
        self.usage.exceeds(&self.before)
    }
}

impl LiveObject {
    /// A stored object and its usage. Its owners are the direct ones; the caller adds theirs.
    pub fn of(resource: &Resource, usage: Usage) -> Self {
        let stored = &resource.object;
        Self {
            object: ObjectRef::new(
                &resource.kind.kind,
                &resource.namespace,
                resource.name_in(stored),
            ),
            uid: metadata_text(stored, "uid").to_owned(),
            version: metadata_text(stored, "resourceVersion").parse().unwrap_or_default(),
            owners: owner_uids(stored),
            usage,
            leaving: false,
            resting: false,
        }
    }
}

impl TaskManagers {
    fn of(workload: &Workload) -> Option<Self> {
        let size = workload.size.task_manager.as_ref().filter(|size| size.replicas > 0)?;
        let units = |count| crate::resource::quantity::Quantity::from_units(count);
        let amounts = [
            ("cpu", size.cpu),
            ("memory", size.memory),
            ("pods", units(1)),
            ("taskManagers", units(1)),
            ("taskSlots", units(size.slots)),
        ];
        let own = amounts.into_iter().map(|(name, amount)| (Cow::Borrowed(name), amount));
        let extended = size.extended.iter().map(|(name, amount)| (name.clone().into(), *amount));
        Some(Self { count: size.replicas, each: own.chain(extended).collect() })
    }
}

/// The usage of a stored object. A pod that succeeded or failed uses only its claims.
pub fn usage(object: &Value, workload: &Workload) -> Usage {
    let mut usage = Usage::of(&workload.size.total);
    let phase = pointer::at(object, "/status/phase").and_then(Value::as_str);
    let is_pod = workload.pods.iter().any(|pods| pods.path().is_empty());
    if is_pod && matches!(phase, Some("Succeeded" | "Failed")) {
        keep_claims(&mut usage);
    }
    usage
}

/// Reduces the usage of a pod that no longer runs to that of its claims.
pub fn keep_claims(usage: &mut Usage) {
    usage.retain(|name| matches!(name, "storage" | "persistentVolumeClaims"));
}

/// The UIDs in an object's owner references, the controller first.
pub fn owner_uids(object: &Value) -> Vec<String> {
    let controls = |owner: &&Value| owner.get("controller").and_then(Value::as_bool) == Some(true);
    let (controller, others): (Vec<&Value>, Vec<&Value>) =
        owners(object).iter().partition(controls);
    let uid = |owner: &Value| {
        owner.get("uid").and_then(Value::as_str).filter(|uid| !uid.is_empty()).map(str::to_owned)
    };
    controller.into_iter().chain(others).filter_map(uid).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use crate::kinds::lower;
    use crate::resource::{GroupVersionKind, UserInfo};
    use serde_json::json;

    fn request(operation: Operation, object: Value, old: Option<Value>, user: &str) -> Request {
        let text = |field: &str| object[field].as_str().unwrap();
        let resource = Resource {
            kind: GroupVersionKind::parse(text("apiVersion"), text("kind")),
            namespace: "prod".into(),
            name: metadata_text(&object, "name").into(),
            user: UserInfo { username: user.into(), ..UserInfo::default() },
            operation,
            old_object: old,
            object,
            ..Resource::default()
        };
        let lowered = |object: &Value| lower(&resource, object).unwrap();
        let before = resource.old_object.as_ref().map(|old| usage(old, &lowered(old)));
        let workload = lowered(&resource.object);
        Request::of(&resource, &workload, usage(&resource.object, &workload), before)
    }

    fn pod(cpu: &str, owners: &[&str], phase: &str) -> Value {
        let owners: Vec<Value> =
            owners.iter().map(|uid| json!({"uid": uid, "controller": *uid == "jm"})).collect();
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "uid": "u", "resourceVersion": "7", "ownerReferences": owners},
            "spec": {"containers": [{"name": "c", "resources": {"requests": {"cpu": cpu}}}]}, "status": {"phase": phase}})
    }

    #[test]
    fn a_flink_deployment_requests_all_its_pods() {
        let deployment = json!({"apiVersion": "flink.apache.org/v1beta1", "kind": "FlinkDeployment", "metadata": {"name": "etl", "uid": "u"},
            "spec": {"flinkVersion": "v1_20", "flinkConfiguration": {"taskmanager.numberOfTaskSlots": "2"}, "job": {"jarURI": "local:///a.jar", "parallelism": 6},
                "jobManager": {"resource": {"cpu": 1, "memory": "2048m"}}, "taskManager": {"resource": {"cpu": 2, "memory": "4096m"}}}});
        let request = request(Operation::Create, deployment, None, "ada");
        assert_eq!(
            (request.object.to_string().as_str(), request.uid.as_str(), request.version),
            ("FlinkDeployment/prod/etl", "u", 0)
        );
        let amount = |usage: &Usage, name: &str| usage.get(name).units_ceil();
        assert_eq!(
            ["cpu", "taskManagers", "taskSlots", "clusters", "jobs"]
                .map(|name| amount(&request.usage, name)),
            [7, 3, 6, 1, 1]
        );
        let task_managers = request.task_managers.unwrap();
        assert_eq!(
            (
                task_managers.count,
                amount(&task_managers.each, "cpu"),
                amount(&task_managers.each, "taskSlots")
            ),
            (3, 2, 2)
        );
    }

    #[test]
    fn an_update_has_the_old_usage_and_version() {
        let request = request(
            Operation::Update,
            pod("3", &["x", "jm"], "Running"),
            Some(pod("2", &["jm", "x"], "Running")),
            "ada",
        );
        assert_eq!(
            (request.version, request.owners.as_slice()),
            (7, ["jm".to_owned(), "x".to_owned()].as_slice())
        );
        assert_eq!(
            (request.before.get("cpu").units_ceil(), request.usage.get("cpu").units_ceil()),
            (2, 3)
        );
    }

    #[test]
    fn a_finished_pod_uses_nothing() {
        let request = request(
            Operation::Update,
            pod("3", &[], "Succeeded"),
            Some(pod("3", &[], "Running")),
            "ada",
        );
        assert!(request.usage.is_empty() && !request.increases_usage());
    }

    #[test]
    fn a_live_object_equals_its_request() {
        let mut stored = pod("3", &["jm"], "Running");
        stored["metadata"]["namespace"] = json!("prod");
        let resource = Resource::from_manifest(stored.clone()).unwrap();
        let live = LiveObject::of(&resource, usage(&stored, &lower(&resource, &stored).unwrap()));
        let request = request(Operation::Create, stored, None, "ada");
        assert_eq!(
            (live.object, live.uid, live.owners, live.usage),
            (request.object, request.uid, request.owners, request.usage)
        );
        assert_eq!(live.version, 7);
    }

    #[test]
    fn losing_an_owner_requests_the_whole_usage() {
        let loses_owner = |user: &str| {
            request(
                Operation::Update,
                pod("3", &[], "Running"),
                Some(pod("3", &["jm"], "Running")),
                user,
            )
        };
        assert!(loses_owner("ada").increases_usage());
        assert!(!loses_owner(GARBAGE_COLLECTOR).increases_usage());
    }

    #[test]
    fn an_object_without_uid_uses_its_name() {
        let bare = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": []}});
        let request = request(Operation::Update, bare.clone(), Some(bare), "ada");
        assert_eq!((request.uid.as_str(), request.version), ("Pod/prod/p", UNKNOWN_VERSION));
    }
}
