//! What a review asks of a ledger.

use super::ObjectRef;
use crate::flink::Workload;
use crate::quota::Usage;
use crate::resource::{Operation, Resource, metadata_text, owners, pointer};
use serde_json::Value;

/// The garbage collector, which takes owner references off what an owner leaves behind.
const GARBAGE_COLLECTOR: &str = "system:serviceaccount:kube-system:generic-garbage-collector";

/// One object as it would be stored.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Request {
    /// Its kind, namespace and name.
    pub object: ObjectRef,
    /// The UID under which it is or would be stored: that of the object, never that of the review.
    pub uid: String,
    /// UIDs of those that own it, nearest first; the nearest that the ledger knows is drawn on.
    pub owners: Vec<String>,
    /// What it would use.
    pub usage: Usage,
    /// What it uses until now.
    pub before: Usage,
    /// The resource version of the object that is changed; 0 for one that is created.
    pub version: u64,
    /// Its TaskManagers, so that a refusal can say how many fewer would fit.
    pub task_managers: Option<TaskManagers>,
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
    /// The request that a validating review makes, as `workload` and, where it changes something, `before` were lowered from it.
    /// Its owners are those that the object names itself; whoever knows the owners of those adds them.
    ///
    /// An object without a UID (files, hand-made reviews) goes by its name. One that leaves an owner asks for all it uses anew,
    /// since it draws on that owner no longer; the garbage collector may take it off, for that owner is going.
    pub fn of(resource: &Resource, workload: &Workload, before: Option<&Workload>) -> Self {
        let object = ObjectRef::new(&resource.kind.kind, &resource.namespace, resource.name_in(&resource.object));
        let old = resource.old_object.as_ref().filter(|_| resource.operation == Operation::Update);
        let uid = [Some(&resource.object), old].into_iter().flatten().map(|object| metadata_text(object, "uid")).find(|uid| !uid.is_empty());
        let owners = owner_uids(&resource.object);
        let left = |old: &Value| owner_uids(old).iter().any(|uid| !owners.contains(uid)) && resource.user.username != GARBAGE_COLLECTOR;
        let usage = |object: &Value, workload: &Workload| usage(object, workload);
        let before = old.filter(|old| !left(old)).zip(before).map(|(old, before)| usage(old, before));
        Self {
            uid: uid.map_or_else(|| object.to_string(), str::to_owned),
            usage: usage(&resource.object, workload),
            before: before.unwrap_or_default(),
            version: old.map_or(0, |old| metadata_text(old, "resourceVersion").parse().unwrap_or_default()),
            task_managers: TaskManagers::of(workload),
            object,
            owners,
        }
    }

    /// Whether it wants more than it has of anything. What does not is never refused.
    pub fn asks_for_more(&self) -> bool {
        self.usage.exceeds(&self.before)
    }
}

impl TaskManagers {
    fn of(workload: &Workload) -> Option<Self> {
        let size = workload.size.task_manager.as_ref().filter(|size| size.replicas > 0)?;
        let units = |count| crate::resource::quantity::Quantity::from_units(count);
        let amounts = [("cpu", size.cpu), ("memory", size.memory), ("pods", units(1)), ("taskManagers", units(1)), ("taskSlots", units(size.slots))];
        let own = amounts.into_iter().map(|(name, amount)| (name.to_owned(), amount));
        let extended = size.extended.iter().map(|(name, amount)| (name.clone(), *amount));
        Some(Self { count: size.replicas, each: own.chain(extended).collect() })
    }
}

/// What a stored object uses. A pod that has ended, one way or the other, holds its claims and nothing else.
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
    let (controller, others): (Vec<&Value>, Vec<&Value>) = owners(object).iter().partition(controls);
    let uid = |owner: &Value| owner.get("uid").and_then(Value::as_str).filter(|uid| !uid.is_empty()).map(str::to_owned);
    controller.into_iter().chain(others).filter_map(uid).collect()
}
