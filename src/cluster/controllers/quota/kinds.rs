//! The kinds that the leader watches to reconcile ledgers: what uses quota, and what decides which
//! tenant owns a pod or a namespace, and what LimitRanges add to a pod. They are rows of the table of
//! [`crate::kinds`].

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
/// which tenant owns what does, or how much that uses.
pub fn is_in_views(kind: &Kind) -> bool {
    let decides =
        |watched| matches!(watched, Watched::Namespaces | Watched::LimitRanges | Watched::Tenants);
    kind.is_counted() || kind.watched.is_some_and(decides)
}
