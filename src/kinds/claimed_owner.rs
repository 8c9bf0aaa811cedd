//! Owners that an object claims, although no controller of Kubernetes made it.

use super::{Property, find, of};
use crate::resource::fields::text;
use crate::resource::{GroupVersionKind, Operation, Resource, owners, users};
use serde_json::Value;

/// An owner reference that the request's user adds to an object which users make directly: the
/// index of the reference, and the owner. The owner is of a kind that counts, so the object would
/// count with it. `None` for Kubernetes' controllers, which adopt only what they select.
pub fn claimed_owner(resource: &Resource) -> Option<(usize, &Value)> {
    let is_judged = of(&resource.kind).is_some_and(|row| row.has(Property::CountsApart));
    if !is_judged || users::is_controller(&resource.user) {
        return None;
    }
    let old = resource.old_object.as_ref().filter(|_| resource.operation == Operation::Update);
    let known = old.map(owners).unwrap_or_default();
    owners(&resource.object).iter().enumerate().find(|(_, owner)| {
        let kind = GroupVersionKind::parse(text(owner, "apiVersion"), text(owner, "kind"));
        let counts = find(&kind.group, &kind.kind)
            .is_some_and(|row| row.is_counted() || row.has(Property::IsOwnedOwner));
        counts && !known.iter().any(|old| text(old, "uid") == text(owner, "uid"))
    })
}
