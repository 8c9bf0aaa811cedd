//! How much of a request the rules judge: all of it, what an update of metadata adds, or nothing.

use crate::flink::FlinkContext;
use crate::flink::workload::is_canary;
use crate::kinds::{self, Property};
use crate::resource::{Operation, Resource, is_being_deleted};
use serde_json::Value;

/// How much of a request the rules judge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Extent {
    /// Nothing. A refusal would block finalizers and the operator's status updates.
    Nothing,
    /// What is true of the new object and was not true of the old one: the update changes labels
    /// and annotations only. Controllers and kubelets must be able to change them, whatever else
    /// is wrong with the object.
    Additions,
    /// Everything.
    Whole,
}

/// How much of a request the rules judge. Nothing of deletions, of updates that change neither what
/// runs nor the metadata that rules read, and of objects that an operator made from a checked one. A `deletionTimestamp` exempts only kinds that stop at
/// once: a Service, an Ingress or a claim acts for as long as a finalizer keeps it.
pub(super) fn extent(resource: &Resource, context: &FlinkContext) -> Extent {
    if matches!(resource.operation, Operation::Delete | Operation::Connect)
        || kinds::is_made_by_operator(resource, context)
        || kinds::is_made_by_controller(resource)
    {
        return Extent::Nothing;
    }
    let old = resource.old_object.as_ref().filter(|_| resource.operation == Operation::Update);
    let Some(old) = old else { return Extent::Whole };
    let kind = kinds::of(&resource.kind);
    let has = |property| kind.is_some_and(|kind| kind.has(property));
    if has(Property::StopsOnDeletion) && is_being_deleted(old) {
        return Extent::Nothing;
    }
    let object = &resource.object;
    let spec = object.get("spec");
    // The operator deploys a canary when it loses its label.
    let same_spec = spec.is_some()
        && spec == old.get("spec")
        && is_canary(&resource.kind, old) == is_canary(&resource.kind, object)
        && !(has(Property::ActsByAnnotations) && differ("annotations", object, old));
    let adds_nothing = kind.and_then(|kind| kind.adds_nothing);
    let runs_the_same =
        same_spec || adds_nothing.is_some_and(|adds_nothing| adds_nothing(resource, old));
    if !runs_the_same || claims_cluster(resource, context) {
        Extent::Whole
    } else if differ("labels", object, old) || differ("annotations", object, old) {
        Extent::Additions
    } else {
        Extent::Nothing
    }
}

/// Whether the update gives a JobManager an owner, with which it would count.
fn claims_cluster(resource: &Resource, context: &FlinkContext) -> bool {
    kinds::claimed_owner(resource, context.requester(resource)).is_some()
        && kinds::lower(resource, &resource.object)
            .is_some_and(|workload| workload.size.total.clusters > 0)
}

/// Whether two states of an object have different entries in a map of their metadata.
fn differ(map: &str, object: &Value, old: &Value) -> bool {
    entries(map, object) != entries(map, old)
}

fn entries<'v>(map: &str, object: &'v Value) -> Option<&'v Value> {
    let entries = object.get("metadata")?.get(map)?;
    let is_empty = entries.is_null() || entries.as_object().is_some_and(serde_json::Map::is_empty);
    (!is_empty).then_some(entries)
}
