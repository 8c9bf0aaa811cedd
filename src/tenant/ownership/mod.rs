//! Which tenant owns a namespace: by its name, by a prefix of its name, or by its labels.
//!
//! Goes in: tenants and the labels of Namespaces. Comes out: the [`Owner`] of a namespace, and the
//! [conflicts](OwnershipConflict) of tenants that select the same one. It does not check specs.
//!
//! A tenant of which it cannot be read what it owns keeps the namespaces that its label names: only
//! Flinkgate writes that label.

mod conflicts;
mod index;

pub use conflicts::{OwnershipConflict, Selection};

use super::{TENANT_LABEL, Tenant, name_matches};
use index::NamespaceIndex;
use kube::core::{Selector, SelectorExt};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

/// Labels of Namespace objects, by name.
pub type NamespaceLabels = BTreeMap<String, BTreeMap<String, String>>;

/// FlinkTenants as a cluster stores them, valid or not: by name, the time of creation and the spec.
pub type StoredTenants = BTreeMap<String, (i64, Arc<Value>)>;

/// All tenants that are known.
#[derive(Clone, Debug)]
pub struct Tenants {
    entries: Arc<[TenantEntry]>,
    index: Arc<NamespaceIndex>,
    namespaces: BTreeMap<String, Arc<NamespaceEntry>>,
    /// Owns every namespace.
    sole_owner: Option<Arc<Tenant>>,
    /// Whether the first of several candidates owns the namespace; otherwise the owner is
    /// ambiguous.
    oldest_wins: bool,
    stored: Option<Arc<StoredTenants>>,
}

#[derive(Debug)]
struct TenantEntry {
    tenant: Arc<Tenant>,
    selector: Option<Selector>,
}

/// A Namespace whose labels are known.
#[derive(Debug)]
struct NamespaceEntry {
    labels: BTreeMap<String, String>,
    /// Index of its tenant, found on first use. Only shared among values with the same entries.
    owner: OnceLock<Option<usize>>,
}

/// The owner of a namespace.
#[derive(Clone, Debug)]
pub enum Owner {
    /// This tenant.
    Tenant(Arc<Tenant>),
    /// No tenant.
    Unassigned,
    /// More than one tenant selects it: their names.
    Ambiguous(Vec<String>),
    /// No tenant, as far as can be read; it may belong to one of these, by name.
    Unread(Vec<String>),
}

impl Owner {
    /// The one tenant that owns the namespace.
    pub fn tenant(self) -> Option<Arc<Tenant>> {
        match self {
            Self::Tenant(tenant) => Some(tenant),
            Self::Unassigned | Self::Ambiguous(_) | Self::Unread(_) => None,
        }
    }
}

/// Name of the tenant that owns everything where no tenants are given.
pub const BUILT_IN_TENANT: &str = "default";

impl Tenants {
    /// One tenant with an empty spec that owns everything: what holds where no tenants are given.
    pub fn built_in() -> Self {
        let tenant = Tenant { name: BUILT_IN_TENANT.into(), ..Tenant::default() };
        Self { sole_owner: Some(Arc::new(tenant)), ..Self::new(Vec::new(), NamespaceLabels::new()) }
    }

    /// These tenants. Where several select one namespace, its owner is ambiguous.
    pub fn new(tenants: Vec<Tenant>, namespaces: NamespaceLabels) -> Self {
        Self::of(tenants.into_iter().map(Arc::new).collect(), namespaces, false)
    }

    /// These tenants, the oldest first. Where several select one namespace, the oldest owns it.
    pub fn by_age(tenants: Vec<Arc<Tenant>>, namespaces: NamespaceLabels) -> Self {
        Self::of(tenants, namespaces, true)
    }

    fn of(tenants: Vec<Arc<Tenant>>, namespaces: NamespaceLabels, oldest_wins: bool) -> Self {
        let entries: Arc<[TenantEntry]> = tenants.into_iter().map(TenantEntry::of).collect();
        let all = Self {
            index: Arc::new(NamespaceIndex::of(&entries)),
            entries,
            namespaces: BTreeMap::new(),
            sole_owner: None,
            oldest_wins,
            stored: None,
        };
        all.with_namespace_labels(namespaces)
    }

    /// The same tenants, with the stored FlinkTenants that they were read from.
    pub fn with_stored(self, stored: StoredTenants) -> Self {
        Self { stored: Some(Arc::new(stored)), ..self }
    }

    /// The stored FlinkTenants that they were read from; `None` for tenants from files.
    pub fn stored(&self) -> Option<&Arc<StoredTenants>> {
        self.stored.as_ref()
    }

    /// The same tenants, where the one of this name owns everything; `None` if there is none.
    pub fn only(&self, name: &str) -> Option<Self> {
        let chosen = self.iter().find(|tenant| tenant.name == name)?;
        Some(Self { sole_owner: Some(chosen.clone()), ..self.clone() })
    }

    /// The same tenants, with the labels of more Namespaces.
    pub fn with_namespace_labels(&self, more: NamespaceLabels) -> Self {
        self.with_namespace_changes(more.into_iter().map(|(name, labels)| (name, Some(labels))))
    }

    /// The same tenants, after some Namespaces got these labels or, with `None`, were deleted.
    pub fn with_namespace_changes(
        &self,
        changes: impl IntoIterator<Item = (String, Option<BTreeMap<String, String>>)>,
    ) -> Self {
        let mut changed = self.clone();
        for (name, labels) in changes {
            match labels {
                Some(labels) => {
                    let entry = NamespaceEntry { labels, owner: OnceLock::new() };
                    changed.namespaces.insert(name, Arc::new(entry));
                }
                None => {
                    changed.namespaces.remove(&name);
                }
            }
        }
        changed
    }

    /// Every tenant.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Tenant>> {
        self.entries.iter().map(|entry| &entry.tenant).chain(&self.sole_owner)
    }

    /// Whether the labels of a Namespace are known, or no tenant selects by labels.
    pub fn can_find_owner(&self, namespace: &str) -> bool {
        !self.has_selectors() || self.namespaces.contains_key(namespace)
    }

    /// Whether the owner of any namespace depends on its labels.
    pub fn has_selectors(&self) -> bool {
        !self.index.by_labels.is_empty() || !self.index.unread.is_empty()
    }

    /// The owner of a namespace.
    pub fn owner(&self, namespace: &str) -> Owner {
        if let Some(tenant) = &self.sole_owner {
            return Owner::Tenant(tenant.clone());
        }
        match self.namespaces.get(namespace) {
            Some(known) if self.oldest_wins => {
                let index = known.owner.get_or_init(|| {
                    self.candidates(namespace, Some(&known.labels)).map(|(index, _)| index).next()
                });
                let entry = index.and_then(|index| self.entries.get(index));
                entry.map_or_else(|| self.no_owner(), |entry| Owner::Tenant(entry.tenant.clone()))
            }
            known => self.find_owner(namespace, known.map(|known| &known.labels)),
        }
    }

    /// The owner that a Namespace would have with these labels; `None` where one tenant owns
    /// everything.
    pub fn owner_with_labels(
        &self,
        namespace: &str,
        labels: &BTreeMap<String, String>,
    ) -> Option<Owner> {
        self.sole_owner.is_none().then(|| match self.namespaces.get(namespace) {
            // Cached there.
            Some(known) if known.labels == *labels => self.owner(namespace),
            _ => self.find_owner(namespace, Some(labels)),
        })
    }

    /// Whether more than one tenant selects a namespace.
    pub fn is_contested(&self, namespace: &str) -> bool {
        self.candidates(namespace, self.namespaces.get(namespace).map(|known| &known.labels))
            .nth(1)
            .is_some()
    }

    fn find_owner(&self, namespace: &str, labels: Option<&BTreeMap<String, String>>) -> Owner {
        let mut candidates = self.candidates(namespace, labels).map(|(_, entry)| &entry.tenant);
        let Some(first) = candidates.next() else { return self.no_owner() };
        let others: Vec<&Arc<Tenant>> =
            if self.oldest_wins { Vec::new() } else { candidates.collect() };
        if others.is_empty() {
            return Owner::Tenant(first.clone());
        }
        Owner::Ambiguous(
            std::iter::once(first).chain(others).map(|tenant| tenant.name.clone()).collect(),
        )
    }

    /// The owner of a namespace that no tenant is known to select.
    fn no_owner(&self) -> Owner {
        if self.index.unread.is_empty() {
            Owner::Unassigned
        } else {
            Owner::Unread(self.index.unread.keys().cloned().collect())
        }
    }

    /// The tenants that select a namespace, in their order. The work depends on how many patterns
    /// may match and on how many tenants select by labels, not on the number of tenants.
    fn candidates(
        &self,
        namespace: &str,
        labels: Option<&BTreeMap<String, String>>,
    ) -> impl Iterator<Item = (usize, &TenantEntry)> {
        let mut found = self.index.listing(namespace);
        if let Some(labels) = labels {
            let last_owner = labels.get(TENANT_LABEL);
            found.extend(last_owner.and_then(|name| self.index.unread.get(name)));
        }
        if labels.is_some() {
            let selects = |index: &&usize| {
                let entry = self.entries.get(**index);
                entry.is_some_and(|entry| entry.selection(namespace, labels).is_some())
            };
            found.extend(self.index.by_labels.iter().filter(selects));
        }
        found.sort_unstable();
        found.dedup();
        found.into_iter().filter_map(|index| Some((index, self.entries.get(index)?)))
    }
}

impl TenantEntry {
    fn of(tenant: Arc<Tenant>) -> Self {
        // The tenant's check refuses selectors that cannot be parsed.
        let selector = tenant.spec.namespaces.selector.clone();
        Self { selector: selector.and_then(|selector| selector.try_into().ok()), tenant }
    }

    fn names(&self) -> &[String] {
        &self.tenant.spec.namespaces.names
    }

    fn selection(
        &self,
        namespace: &str,
        labels: Option<&BTreeMap<String, String>>,
    ) -> Option<Selection> {
        let by_name = self
            .names()
            .iter()
            .position(|pattern| name_matches(pattern, namespace))
            .map(Selection::Name);
        by_name.or_else(|| {
            self.selector
                .as_ref()
                .zip(labels)
                .filter(|(selector, labels)| selector.matches(*labels))
                .map(|_| Selection::Selector)
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
