//! What a review asks of a ledger.

use super::{Living, ObjectRef};
use crate::flink::Workload;
use crate::quota::Usage;
use crate::resource::{Operation, Resource, metadata_text, owners, pointer};
use serde_json::Value;

/// The garbage collector, which takes owner references off what an owner leaves behind.
const GARBAGE_COLLECTOR: &str = "system:serviceaccount:kube-system:generic-garbage-collector";

/// Of an old object without a version that can be compared: nothing that is seen shows what became
/// of the request, only time.
const UNKNOWN_VERSION: u64 = i64::MAX as u64;

/// One object as it would be stored.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Request {
    /// Its kind, namespace and name.
    pub object: ObjectRef,
    /// The UID under which it is or would be stored: that of the object, never that of the review.
    pub uid: String,
    /// Those that own it, nearest first, by UID or as `KIND/NAMESPACE/NAME`; the nearest that the
    /// ledger knows is drawn on.
    pub owners: Vec<String>,
    /// What it would use.
    pub usage: Usage,
    /// What it uses until now.
    pub before: Usage,
    /// The resource version of the object that is changed; 0 for one that is created.
    pub version: u64,
    /// Its TaskManagers, so that a refusal can say how many fewer would fit.
    pub task_managers: Option<TaskManagers>,
    /// Limits that it may pass; what it uses is counted all the same.
    pub waived: Waived,
}

/// Limits that do not hold for a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Waived {
    /// The tenant's.
    pub tenant: bool,
    /// Those of one cluster.
    pub cluster: bool,
}

/// TaskManagers that are all alike.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct TaskManagers {
    /// How many there are.
    pub count: u64,
    /// What each uses.
    pub each: Usage,
}

impl Request {
    /// The request that a validating review makes, with what it would use as `workload` says and,
    /// where it changes something, what the object used `before`.
    /// Its owners are those that the object names itself; whoever knows the owners of those adds
    /// them.
    ///
    /// An object without a UID (files, hand-made reviews) goes by its name. One that leaves an
    /// owner asks for all it uses anew, since it draws on that owner no longer; the garbage
    /// collector may take it off, for that owner is going.
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
        let left = |old: &Value| {
            owner_uids(old).iter().any(|uid| !owners.contains(uid))
                && resource.user.username != GARBAGE_COLLECTOR
        };
        let before = old.filter(|old| !left(old)).and(before);
        Self {
            uid: uid.map_or_else(|| object.to_string(), str::to_owned),
            usage,
            before: before.unwrap_or_default(),
            version: old.map_or(0, |old| {
                metadata_text(old, "resourceVersion").parse().unwrap_or(UNKNOWN_VERSION)
            }),
            task_managers: TaskManagers::of(workload),
            waived: Waived::default(),
            object,
            owners,
        }
    }

    /// Whether it wants more than it has of anything. What does not is never refused.
    pub fn asks_for_more(&self) -> bool {
        self.usage.exceeds(&self.before)
    }
}

impl Living {
    /// A stored object and what it uses. Its owners are those that it names itself; whoever knows
    /// the owners of those adds them.
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
        let own = amounts.into_iter().map(|(name, amount)| (name.to_owned(), amount));
        let extended = size.extended.iter().map(|(name, amount)| (name.clone(), *amount));
        Some(Self { count: size.replicas, each: own.chain(extended).collect() })
    }
}

/// What a stored object uses. A pod that has ended, one way or the other, holds its claims and
/// nothing else.
pub fn usage(object: &Value, workload: &Workload) -> Usage {
    let mut usage = Usage::of(&workload.size.total);
    let phase = pointer::at(object, "/status/phase").and_then(Value::as_str);
    let is_pod = workload.pods.iter().any(|pods| pods.path().is_empty());
    if is_pod && matches!(phase, Some("Succeeded" | "Failed")) {
        usage.retain(|name| matches!(name, "storage" | "persistentVolumeClaims"));
    }
    usage
}

/// UIDs of an object's owners as it names them, the controller first.
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
    fn a_flink_deployment_asks_for_all_its_pods_under_its_own_uid() {
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
    fn an_update_says_what_was_there_at_which_version() {
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
    fn a_pod_that_has_ended_uses_nothing() {
        let request = request(
            Operation::Update,
            pod("3", &[], "Succeeded"),
            Some(pod("3", &[], "Running")),
            "ada",
        );
        assert!(request.usage.is_empty() && !request.asks_for_more());
    }

    #[test]
    fn a_stored_object_is_what_its_review_said() {
        let mut stored = pod("3", &["jm"], "Running");
        stored["metadata"]["namespace"] = json!("prod");
        let resource = Resource::from_manifest(stored.clone()).unwrap();
        let living = Living::of(&resource, usage(&stored, &lower(&resource, &stored).unwrap()));
        let request = request(Operation::Create, stored, None, "ada");
        assert_eq!(
            (living.object, living.uid, living.owners, living.usage),
            (request.object, request.uid, request.owners, request.usage)
        );
        assert_eq!(living.version, 7);
    }

    #[test]
    fn what_leaves_an_owner_asks_for_all_it_uses_anew() {
        let leaves = |user: &str| {
            request(
                Operation::Update,
                pod("3", &[], "Running"),
                Some(pod("3", &["jm"], "Running")),
                user,
            )
        };
        assert!(leaves("ada").asks_for_more());
        assert!(!leaves(GARBAGE_COLLECTOR).asks_for_more());
    }

    #[test]
    fn what_has_no_uid_or_version_goes_by_its_name_and_by_time() {
        let bare = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": []}});
        let request = request(Operation::Update, bare.clone(), Some(bare), "ada");
        assert_eq!((request.uid.as_str(), request.version), ("Pod/prod/p", UNKNOWN_VERSION));
    }
}
