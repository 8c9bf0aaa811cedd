//! Which tenant owns a namespace: by its name, by a prefix of its name, or by its labels.
//!
//! Goes in: tenants and the labels of Namespaces. Comes out: the [`Owner`] of a namespace, and the
//! [conflicts](OwnershipConflict) of tenants that select the same one. It does not check specs.

use super::{Tenant, name_matches};
use kube::core::{Selector, SelectorExt};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap};
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

/// Finds the tenants that select a namespace without asking all of them.
#[derive(Debug, Default)]
struct NamespaceIndex {
    /// Indices of tenants by the exact names that they list.
    by_name: HashMap<String, Vec<usize>>,
    /// Indices of tenants by the prefixes that they list.
    by_prefix: HashMap<String, Vec<usize>>,
    /// The lengths of those prefixes in bytes.
    prefix_lengths: BTreeSet<usize>,
    /// Indices of tenants that select by labels.
    by_labels: Vec<usize>,
}

impl NamespaceIndex {
    fn of(entries: &[TenantEntry]) -> Self {
        let mut index = Self::default();
        for (tenant, entry) in entries.iter().enumerate() {
            for pattern in entry.names() {
                let (map, name) = match pattern.strip_suffix('*') {
                    Some(prefix) => {
                        index.prefix_lengths.insert(prefix.len());
                        (&mut index.by_prefix, prefix)
                    }
                    None => (&mut index.by_name, pattern.as_str()),
                };
                map.entry(name.to_owned()).or_default().push(tenant);
            }
            if entry.selector.is_some() {
                index.by_labels.push(tenant);
            }
        }
        index
    }

    /// Indices of the tenants that list a namespace by name or prefix, in no order.
    fn listing(&self, namespace: &str) -> Vec<usize> {
        let prefixes = self.prefix_lengths.iter().filter_map(|length| namespace.get(..*length));
        let by_prefix = prefixes.filter_map(|prefix| self.by_prefix.get(prefix));
        by_prefix.chain(self.by_name.get(namespace)).flatten().copied().collect()
    }
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
}

impl Owner {
    /// The one tenant that owns the namespace.
    pub fn tenant(self) -> Option<Arc<Tenant>> {
        match self {
            Self::Tenant(tenant) => Some(tenant),
            Self::Unassigned | Self::Ambiguous(_) => None,
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

    /// Whether any tenant selects namespaces by labels.
    pub fn has_selectors(&self) -> bool {
        !self.index.by_labels.is_empty()
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
                entry.map_or(Owner::Unassigned, |entry| Owner::Tenant(entry.tenant.clone()))
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
        let Some(first) = candidates.next() else { return Owner::Unassigned };
        let others: Vec<&Arc<Tenant>> =
            if self.oldest_wins { Vec::new() } else { candidates.collect() };
        if others.is_empty() {
            return Owner::Tenant(first.clone());
        }
        Owner::Ambiguous(
            std::iter::once(first).chain(others).map(|tenant| tenant.name.clone()).collect(),
        )
    }

    /// The tenants that select a namespace, in their order. The work depends on how many patterns
    /// may match and on how many tenants select by labels, not on the number of tenants.
    fn candidates(
        &self,
        namespace: &str,
        labels: Option<&BTreeMap<String, String>>,
    ) -> impl Iterator<Item = (usize, &TenantEntry)> {
        let mut found = self.index.listing(namespace);
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

/// The namespaces that two name patterns both match, if there are any.
fn common_namespace(a: &str, b: &str) -> Option<String> {
    let (longer, shorter) = if a.trim_end_matches('*').len() >= b.trim_end_matches('*').len() {
        (a, b)
    } else {
        (b, a)
    };
    name_matches(shorter, longer.trim_end_matches('*'))
        .then(|| longer.to_string())
        .filter(|_| longer.ends_with('*') || name_matches(shorter, longer))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use serde_json::json;

    fn tenants() -> Tenants {
        let tenant = |name: &str, namespaces| Tenant {
            name: name.into(),
            spec: serde_json::from_value(json!({"namespaces": namespaces})).unwrap(),
            ..Tenant::default()
        };
        let labels = |team: &str| BTreeMap::from([("team".to_string(), team.to_string())]);
        Tenants::new(
            vec![
                tenant("payments", json!({"names": ["payments-prod", "pay-*"]})),
                tenant("fraud", json!({"selector": {"matchLabels": {"team": "fraud"}}})),
                tenant("empty", json!({})),
            ],
            BTreeMap::from([("detect".into(), labels("fraud")), ("pay-x".into(), labels("fraud"))]),
        )
    }

    fn owner(namespace: &str) -> String {
        match tenants().owner(namespace) {
            Owner::Tenant(tenant) => tenant.name.clone(),
            Owner::Unassigned => "none".into(),
            Owner::Ambiguous(names) => names.join(" and "),
        }
    }

    #[test]
    fn names_prefixes_and_labels_decide_the_owner() {
        let cases = [
            ("payments-prod", "payments"),
            ("pay-1", "payments"),
            ("payments-dev", "none"),
            ("detect", "fraud"),
            ("pay-x", "payments and fraud"),
            ("", "none"),
        ];
        for (namespace, expected) in cases {
            assert_eq!(owner(namespace), expected, "{namespace}");
        }
    }

    #[test]
    fn the_oldest_of_several_tenants_owns_a_namespace() {
        let all: Vec<Arc<Tenant>> = tenants().iter().cloned().collect();
        let labels = BTreeMap::from([("team".to_string(), "fraud".to_string())]);
        for (tenants, expected) in
            [(all.clone(), "payments"), (all.into_iter().rev().collect(), "fraud")]
        {
            let tenants =
                Tenants::by_age(tenants, BTreeMap::from([("pay-x".into(), labels.clone())]));
            for owner in [
                tenants.owner("pay-x"),
                tenants.owner("pay-x"),
                tenants.owner_with_labels("pay-x", &labels).unwrap(),
            ] {
                assert!(
                    matches!(&owner, Owner::Tenant(tenant) if tenant.name == expected),
                    "{owner:?}"
                );
            }
        }
    }

    #[test]
    fn changed_labels_change_the_owner() {
        let team = |team: &str| BTreeMap::from([("team".to_string(), team.to_string())]);
        let before = Tenants::by_age(
            tenants().iter().cloned().collect(),
            BTreeMap::from([("x".into(), team("fraud"))]),
        );
        assert!(matches!(before.owner("x"), Owner::Tenant(_)));
        let moved = before.with_namespace_changes([("x".to_string(), Some(team("none")))]);
        assert!(matches!(
            (before.owner("x"), moved.owner("x")),
            (Owner::Tenant(_), Owner::Unassigned)
        ));
        let gone = before.with_namespace_changes([("x".to_string(), None)]);
        assert!(
            matches!(gone.owner("x"), Owner::Unassigned)
                && !gone.can_find_owner("x")
                && before.can_find_owner("x")
        );
    }

    #[test]
    fn overlapping_patterns_are_found() {
        let cases = [
            ("a", "a", true),
            ("a", "b", false),
            ("a-*", "a-b", true),
            ("a-*", "a-b-*", true),
            ("a-*", "b-*", false),
            ("*", "x", true),
        ];
        for (a, b, overlap) in cases {
            assert_eq!(common_namespace(a, b).is_some(), overlap, "{a} {b}");
            assert_eq!(common_namespace(b, a).is_some(), overlap, "{b} {a}");
        }
    }

    #[test]
    fn the_built_in_tenant_owns_everything() {
        assert!(
            matches!(Tenants::built_in().owner("anything"), Owner::Tenant(tenant) if tenant.name == BUILT_IN_TENANT)
        );
    }
}
