//! JobManagers that nothing declares: each is a cluster, however it was made.
//!
//! A pod with a JobManager belongs to a cluster if its owner is counted with one: then the pod adds
//! no cluster and no job. Any other pod with a JobManager, and a ReplicaSet that a user made, is a
//! cluster of its own and draws on no owner. Otherwise an owner reference, which users can write,
//! would give two clusters for the charge of one.

use super::{LiveObject, ObjectRef, Request, Slot};
use crate::quota::Usage;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

/// The resources that only the declaring object of a cluster uses.
const OF_CLUSTERS: [&str; 2] = ["clusters", "jobs"];

/// Whether an object has a JobManager and may be a cluster of its own.
pub(super) fn may_be_apart(object: &ObjectRef, usage: &Usage) -> bool {
    !usage.get("clusters").is_zero() && object.counts_apart()
}

/// The owners that are counted with a cluster.
pub(super) fn leading(
    slots: &BTreeMap<ObjectRef, Slot>,
    objects: &[LiveObject],
) -> BTreeSet<ObjectRef> {
    let has_cluster = |usage: &Usage| !usage.get("clusters").is_zero();
    let live = objects.iter().filter(|live| has_cluster(&live.usage) && live.object.declares());
    let reserved =
        slots.iter().filter(|(object, slot)| object.declares() && has_cluster(&slot.own()));
    live.map(|live| live.object.clone()).chain(reserved.map(|(object, _)| object.clone())).collect()
}

/// The usage without what belongs to its owner's cluster.
pub(super) fn within_cluster(usage: &Usage) -> Usage {
    let mut usage = usage.clone();
    usage.retain(|name| !OF_CLUSTERS.contains(&name));
    usage
}

/// The owner of an object that may be a cluster of its own, and its usage there.
pub(super) fn joined<'u>(
    object: &ObjectRef,
    usage: &'u Usage,
    owner: Option<ObjectRef>,
    leads: impl Fn(&ObjectRef) -> bool,
) -> (Option<ObjectRef>, Cow<'u, Usage>) {
    if !may_be_apart(object, usage) {
        return (owner, Cow::Borrowed(usage));
    }
    match owner.filter(|owner| !object.declares() && leads(owner)) {
        Some(owner) => (Some(owner), Cow::Owned(within_cluster(usage))),
        None => (None, Cow::Borrowed(usage)),
    }
}

/// The request as its owner counts it.
pub(super) fn joined_request<'r>(
    request: &'r Request,
    owner: Option<ObjectRef>,
    leads: impl Fn(&ObjectRef) -> bool,
) -> Cow<'r, Request> {
    if !may_be_apart(&request.object, &request.usage) {
        return Cow::Borrowed(request);
    }
    let (owner, usage) = joined(&request.object, &request.usage, owner, leads);
    let mut request = request.clone();
    if owner.is_some() {
        request.before = within_cluster(&request.before);
        request.usage = usage.into_owned();
    } else {
        request.owners.clear();
    }
    Cow::Owned(request)
}
