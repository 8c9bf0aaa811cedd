//! Namespaces that several tenants select.

use super::{TenantEntry, Tenants};
use crate::tenant::{Tenant, name_matches};
use std::sync::Arc;

/// How a tenant selects a namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Selection {
    /// By the entry of `spec.namespaces.names` at this index.
    Name(usize),
    /// By `spec.namespaces.selector`.
    Selector,
}

/// A namespace, or names with a common prefix, that two tenants select.
#[derive(Clone, Debug)]
pub struct OwnershipConflict {
    /// The earlier tenant.
    pub earlier: Arc<Tenant>,
    /// How the later tenant selects it.
    pub selection: Selection,
    /// What both select: a name, or a prefix with a star.
    pub namespaces: String,
}

impl OwnershipConflict {
    /// The message for the later tenant.
    pub fn message(&self, later: &str) -> String {
        let Tenant { name, source, .. } = &*self.earlier;
        let source = if source.is_empty() { String::new() } else { format!(" ({source})") };
        let noun = if self.namespaces.ends_with('*') { "namespaces" } else { "namespace" };
        format!(
            "tenants `{later}` and `{name}`{source} both select {noun} `{}`; a namespace belongs to one tenant",
            self.namespaces
        )
    }
}

impl Tenants {
    /// What the tenant at this index selects although one before it does.
    pub fn conflicts_at(&self, index: usize) -> Vec<OwnershipConflict> {
        let Some(later) = self.entries.get(index) else { return Vec::new() };
        self.conflicts(later, self.entries.get(..index).unwrap_or_default())
    }

    /// What a tenant would select although an older one does: for a new tenant any tenant, for an
    /// existing one those before it.
    pub fn conflicts_of(&self, tenant: Tenant) -> Vec<OwnershipConflict> {
        let index = self
            .entries
            .iter()
            .position(|entry| entry.tenant.name == tenant.name)
            .unwrap_or(self.entries.len());
        let earlier = self.entries.get(..index).unwrap_or_default();
        self.conflicts(&TenantEntry::of(Arc::new(tenant)), earlier)
    }

    fn conflicts(&self, later: &TenantEntry, earlier: &[TenantEntry]) -> Vec<OwnershipConflict> {
        let mut found: Vec<OwnershipConflict> = Vec::new();
        for earlier in earlier {
            for (index, pattern) in later.names().iter().enumerate() {
                let common =
                    earlier.names().iter().find_map(|other| common_namespace(pattern, other));
                found.extend(common.map(|common| OwnershipConflict {
                    earlier: earlier.tenant.clone(),
                    selection: Selection::Name(index),
                    namespaces: common,
                }));
            }
        }
        for (namespace, known) in &self.namespaces {
            let Some(selection) = later.selection(namespace, Some(&known.labels)) else { continue };
            let Some(first) = earlier
                .iter()
                .find(|earlier| earlier.selection(namespace, Some(&known.labels)).is_some())
            else {
                continue;
            };
            // A conflict of names with the same tenant is reported already.
            if !found.iter().any(|conflict| {
                conflict.earlier.name == first.tenant.name
                    && matches!(conflict.selection, Selection::Name(_))
            }) {
                found.push(OwnershipConflict {
                    earlier: first.tenant.clone(),
                    selection,
                    namespaces: namespace.clone(),
                });
            }
        }
        found
    }
}

/// The namespaces that two name patterns both match, if there are any.
pub(super) fn common_namespace(a: &str, b: &str) -> Option<String> {
    let (longer, shorter) = if a.trim_end_matches('*').len() >= b.trim_end_matches('*').len() {
        (a, b)
    } else {
        (b, a)
    };
    name_matches(shorter, longer.trim_end_matches('*'))
        .then(|| longer.to_string())
        .filter(|_| longer.ends_with('*') || name_matches(shorter, longer))
}
