//! What of a namespace's objects says whether one of them rests.

use super::{CachedObject, Objects};
use crate::cluster::controllers::quota::kinds;
use crate::flink::kinds::resting;
use crate::kinds::Kind;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ManagedFieldsEntry;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// The owners of what an operator made of others, where such owners may rest: whether any of it runs.
pub(super) fn owners_of_active(objects: &Objects) -> HashMap<Arc<str>, bool> {
    let is_parent = |kind: &str, entry: &CachedObject| {
        resting::rests_with_children(kind) && entry.counted.is_resting
    };
    let parents = objects.iter().filter(|((kind, _), entry)| is_parent(kind, entry));
    let parents: HashSet<&Arc<str>> = parents.map(|(_, entry)| &entry.uid).collect();
    let mut active = HashMap::new();
    if parents.is_empty() {
        return active;
    }
    let declares = |kind: &str| kinds::named(kind).is_some_and(Kind::declares_flink);
    for ((kind, _), entry) in objects.iter().filter(|((kind, _), _)| declares(kind)) {
        let rests = entry.counted.is_resting
            && entry.counted.is_observed
            && !resting::rests_with_children(kind);
        for owner in entry.owners.iter().filter(|owner| parents.contains(owner)) {
            *active.entry(Arc::clone(owner)).or_default() |= !rests;
        }
    }
    active
}

/// Whether the status of an object was written after everything else of it. The API server writes
/// these times; users can write them too, and gain nothing: pods count in any case.
pub(super) fn is_status_last(managed_fields: &[ManagedFieldsEntry]) -> bool {
    let newest = |of_status: bool| {
        let is_it = |entry: &&ManagedFieldsEntry| {
            (entry.subresource.as_deref() == Some("status")) == of_status
        };
        managed_fields.iter().filter(is_it).filter_map(|entry| entry.time.as_ref()).max()
    };
    newest(true).zip(newest(false)).is_some_and(|(status, other)| status.0 > other.0)
}
