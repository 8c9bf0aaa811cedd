//! The kinds that the leader watches to reconcile ledgers: what uses quota, and what decides which
//! tenant owns a pod or a namespace. They are rows of the table of [`crate::kinds`].

use crate::kinds::{KINDS, Kind, Watched};

/// All of them.
pub fn watched() -> impl Iterator<Item = &'static Kind> {
    KINDS.iter().filter(|kind| !matches!(kind.watched, None | Some(Watched::Policies)))
}

/// The watched kind of this name.
pub fn named(name: &str) -> Option<&'static Kind> {
    watched().find(|kind| kind.kind == name)
}

/// Whether the position of a kind's watch is part of a view: its objects use quota, or decide
/// which tenant owns what does.
pub fn is_in_views(kind: &Kind) -> bool {
    kind.is_counted() || matches!(kind.watched, Some(Watched::Namespaces | Watched::Tenants))
}
