//! Owners that an object claims, although neither a controller of Kubernetes nor an operator made
//! it.

use super::{Kind, Origin, Property, find, lower, of};
use crate::flink::requester::Requester;
use crate::resource::fields::text;
use crate::resource::{GroupVersionKind, Operation, Resource, owners, users};
use serde_json::Value;

/// An owner reference with which the requester makes an object count with an object that it
/// does not belong to: the index of the reference, and the owner.
///
/// Only Kubernetes' controllers give an owner to pods and to what users make directly; they adopt
/// only what they select. Only operators make a Deployment, StatefulSet or Job of a custom
/// resource.
pub fn claimed_owner(resource: &Resource, requester: Requester) -> Option<(usize, &Value)> {
    let row = of(&resource.kind).filter(|row| row.is_counted() && row.declares_nothing_itself())?;
    if users::is_trusted(&resource.user) {
        return None;
    }
    let by_controllers = row.has(Property::CountsApart);
    if !by_controllers && requester == Requester::FlinkOperator {
        return None;
    }
    let old = resource.old_object.as_ref().filter(|_| resource.operation == Operation::Update);
    let known = old.map(owners).unwrap_or_default();
    // An owner that the object had before it ran a cluster was no more than text.
    let ran_cluster =
        || old.and_then(|old| lower(resource, old)).is_some_and(|old| old.size.total.clusters > 0);
    owners(&resource.object).iter().enumerate().find(|(_, owner)| {
        let kind = GroupVersionKind::parse(text(owner, "apiVersion"), text(owner, "kind"));
        let counts = find(&kind.group, &kind.kind).is_some_and(|owner| {
            owner.is_counted() && (by_controllers || owner.origin == Origin::Operator)
        });
        let is_known = || known.iter().any(|old| text(old, "uid") == text(owner, "uid"));
        counts && !(is_known() && ran_cluster())
    })
}

impl Kind {
    /// Whether its objects are made from others: those of Kubernetes are.
    fn declares_nothing_itself(&self) -> bool {
        self.origin == Origin::Kubernetes && self.lower.is_some()
    }
}
