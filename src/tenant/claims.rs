//! Whose a namespace is: by name, by a name's beginning, by the Namespace's labels.

use super::{Tenant, name_matches};
use kube::core::{Selector, SelectorExt};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, OnceLock};

/// Labels of Namespace objects, by name.
pub type NamespaceLabels = BTreeMap<String, BTreeMap<String, String>>;

/// FlinkTenants as a cluster told them, right or wrong: by name, when each was created and its
/// spec.
pub type Told = BTreeMap<String, (i64, Arc<Value>)>;

/// All tenants that are known.
#[derive(Clone, Debug)]
pub struct Tenants {
    claims: Arc<[Claims]>,
    index: Arc<ClaimIndex>,
    namespaces: BTreeMap<String, Arc<Known>>,
    everything: Option<Arc<Tenant>>,
    /// Whether the first of several claimants has the namespace; else it is open whose it is.
    first_keeps: bool,
    told: Option<Arc<Told>>,
}

#[derive(Debug)]
struct Claims {
    tenant: Arc<Tenant>,
    selector: Option<Selector>,
}

/// A Namespace whose labels are known.
#[derive(Debug)]
struct Known {
    labels: BTreeMap<String, String>,
    /// Index of its tenant, found when it is first asked for. Only shared among values with the
    /// same claims.
    owner: OnceLock<Option<usize>>,
}

/// The tenants by what they claim, so that the owner of a namespace is found without asking all.
#[derive(Debug, Default)]
struct ClaimIndex {
    /// Indices of tenants by the exact names that they claim.
    by_name: HashMap<String, Vec<usize>>,
    /// Indices of tenants by the beginnings of names that they claim.
    by_prefix: HashMap<String, Vec<usize>>,
    /// The lengths of those beginnings in bytes.
    prefix_lengths: BTreeSet<usize>,
    /// Indices of tenants that select by labels.
    by_labels: Vec<usize>,
}

impl ClaimIndex {
    fn of(all: &[Claims]) -> Self {
        let mut index = Self::default();
        for (tenant, claims) in all.iter().enumerate() {
            for pattern in claims.names() {
                let (map, name) = match pattern.strip_suffix('*') {
                    Some(prefix) => {
                        index.prefix_lengths.insert(prefix.len());
                        (&mut index.by_prefix, prefix)
                    }
                    None => (&mut index.by_name, pattern.as_str()),
                };
                map.entry(name.to_owned()).or_default().push(tenant);
            }
            if claims.selector.is_some() {
                index.by_labels.push(tenant);
            }
        }
        index
    }

    /// Indices of the tenants that claim a namespace by its name, in no order.
    fn named(&self, namespace: &str) -> Vec<usize> {
        let prefixes = self.prefix_lengths.iter().filter_map(|length| namespace.get(..*length));
        let by_prefix = prefixes.filter_map(|prefix| self.by_prefix.get(prefix));
        by_prefix.chain(self.by_name.get(namespace)).flatten().copied().collect()
    }
}

/// Whose a namespace is.
#[derive(Clone, Debug)]
pub enum Owner {
    /// This tenant's.
    Tenant(Arc<Tenant>),
    /// Nobody's.
    Unassigned,
    /// More than one tenant claims it: their names.
    Ambiguous(Vec<String>),
}

impl Owner {
    /// The one tenant whose it is.
    pub fn tenant(self) -> Option<Arc<Tenant>> {
        match self {
            Self::Tenant(tenant) => Some(tenant),
            Self::Unassigned | Self::Ambiguous(_) => None,
        }
    }
}

/// Name of the tenant that everything belongs to where no tenants are given.
pub const BUILT_IN_TENANT: &str = "default";

impl Tenants {
    /// Without any tenant given, everything belongs to one with an empty spec.
    pub fn built_in() -> Self {
        let everything = Tenant { name: BUILT_IN_TENANT.into(), ..Tenant::default() };
        Self {
            everything: Some(Arc::new(everything)),
            ..Self::new(Vec::new(), NamespaceLabels::new())
        }
    }

    /// These tenants and no other; selectors that do not parse were refused when the tenants were
    /// checked.
    pub fn new(tenants: Vec<Tenant>, namespaces: NamespaceLabels) -> Self {
        Self::of(tenants.into_iter().map(Arc::new).collect(), namespaces, false)
    }

    /// These tenants, the oldest first: where several claim one namespace, the oldest of them has
    /// it.
    pub fn by_age(tenants: Vec<Arc<Tenant>>, namespaces: NamespaceLabels) -> Self {
        Self::of(tenants, namespaces, true)
    }

    fn of(tenants: Vec<Arc<Tenant>>, namespaces: NamespaceLabels, first_keeps: bool) -> Self {
        let claims: Arc<[Claims]> = tenants.into_iter().map(Claims::of).collect();
        let known = Self {
            index: Arc::new(ClaimIndex::of(&claims)),
            claims,
            namespaces: BTreeMap::new(),
            everything: None,
            first_keeps,
            told: None,
        };
        known.with_namespaces(namespaces)
    }

    /// The same tenants, with the FlinkTenants that they follow from.
    pub fn from_told(self, told: Told) -> Self {
        Self { told: Some(Arc::new(told)), ..self }
    }

    /// The FlinkTenants that they follow from; `None` for those from files.
    pub fn told(&self) -> Option<&Arc<Told>> {
        self.told.as_ref()
    }

    /// The same tenants where everything belongs to the one of this name; `None` if there is none.
    pub fn only(&self, name: &str) -> Option<Self> {
        let chosen = self.iter().find(|tenant| tenant.name == name)?;
        Some(Self { everything: Some(chosen.clone()), ..self.clone() })
    }

    /// The same tenants, with the labels of more Namespaces known.
    pub fn with_namespaces(&self, more: NamespaceLabels) -> Self {
        self.with_changes(more.into_iter().map(|(name, labels)| (name, Some(labels))))
    }

    /// The same tenants after some Namespaces got these labels or, at `None`, went away.
    pub fn with_changes(
        &self,
        changes: impl IntoIterator<Item = (String, Option<BTreeMap<String, String>>)>,
    ) -> Self {
        let mut changed = self.clone();
        for (name, labels) in changes {
            match labels {
                Some(labels) => {
                    changed
                        .namespaces
                        .insert(name, Arc::new(Known { labels, owner: OnceLock::new() }));
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
        self.claims.iter().map(|claims| &claims.tenant).chain(&self.everything)
    }

    /// Whether the labels of a Namespace are known, or no tenant asks for labels.
    pub fn can_place(&self, namespace: &str) -> bool {
        self.index.by_labels.is_empty() || self.namespaces.contains_key(namespace)
    }

    /// Whether labels make any namespace a tenant's.
    pub fn by_labels(&self) -> bool {
        !self.index.by_labels.is_empty()
    }

    /// Whose `namespace` is.
    pub fn owner(&self, namespace: &str) -> Owner {
        if let Some(everything) = &self.everything {
            return Owner::Tenant(everything.clone());
        }
        match self.namespaces.get(namespace) {
            Some(known) if self.first_keeps => {
                let index = known.owner.get_or_init(|| {
                    self.claimants(namespace, Some(&known.labels)).map(|(index, _)| index).next()
                });
                let claims = index.and_then(|index| self.claims.get(index));
                claims.map_or(Owner::Unassigned, |claims| Owner::Tenant(claims.tenant.clone()))
            }
            known => self.settle(namespace, known.map(|known| &known.labels)),
        }
    }

    /// Whose a Namespace would be with these labels; `None` where everything is one tenant's,
    /// whatever is claimed.
    pub fn owner_with(&self, namespace: &str, labels: &BTreeMap<String, String>) -> Option<Owner> {
        self.everything.is_none().then(|| match self.namespaces.get(namespace) {
            // Found once, and remembered.
            Some(known) if known.labels == *labels => self.owner(namespace),
            _ => self.settle(namespace, Some(labels)),
        })
    }

    /// Whether more than one tenant claims `namespace`.
    pub fn is_contested(&self, namespace: &str) -> bool {
        self.claimants(namespace, self.namespaces.get(namespace).map(|known| &known.labels))
            .nth(1)
            .is_some()
    }

    fn settle(&self, namespace: &str, labels: Option<&BTreeMap<String, String>>) -> Owner {
        let mut claimants = self.claimants(namespace, labels).map(|(_, claims)| &claims.tenant);
        let Some(first) = claimants.next() else { return Owner::Unassigned };
        let others: Vec<&Arc<Tenant>> =
            if self.first_keeps { Vec::new() } else { claimants.collect() };
        if others.is_empty() {
            return Owner::Tenant(first.clone());
        }
        Owner::Ambiguous(
            std::iter::once(first).chain(others).map(|tenant| tenant.name.clone()).collect(),
        )
    }

    /// The tenants that claim a namespace, in their order. The work depends on how many patterns
    /// may match and on how many tenants select by labels, not on the number of tenants.
    fn claimants(
        &self,
        namespace: &str,
        labels: Option<&BTreeMap<String, String>>,
    ) -> impl Iterator<Item = (usize, &Claims)> {
        let mut found = self.index.named(namespace);
        if labels.is_some() {
            let selects = |index: &&usize| {
                let claims = self.claims.get(**index);
                claims.is_some_and(|claims| claims.claim(namespace, labels).is_some())
            };
            found.extend(self.index.by_labels.iter().filter(selects));
        }
        found.sort_unstable();
        found.dedup();
        found.into_iter().filter_map(|index| Some((index, self.claims.get(index)?)))
    }

    /// What the tenant at this place claims although one before it does.
    pub fn double_claims(&self, index: usize) -> Vec<DoubleClaim> {
        let Some(later) = self.claims.get(index) else { return Vec::new() };
        self.doubles(later, self.claims.get(..index).unwrap_or_default())
    }

    /// What a tenant would claim although an older one does. Older than a new tenant are all; than
    /// one that is there already, those before it.
    pub fn double_claims_of(&self, tenant: Tenant) -> Vec<DoubleClaim> {
        let place = self
            .claims
            .iter()
            .position(|claims| claims.tenant.name == tenant.name)
            .unwrap_or(self.claims.len());
        self.doubles(&Claims::of(Arc::new(tenant)), self.claims.get(..place).unwrap_or_default())
    }

    fn doubles(&self, later: &Claims, earlier: &[Claims]) -> Vec<DoubleClaim> {
        let mut found: Vec<DoubleClaim> = Vec::new();
        for earlier in earlier {
            for (index, pattern) in later.names().iter().enumerate() {
                let common =
                    earlier.names().iter().find_map(|other| common_namespace(pattern, other));
                found.extend(common.map(|common| {
                    let what = if common.ends_with('*') {
                        format!("namespaces {common}")
                    } else {
                        format!("the namespace {common}")
                    };
                    DoubleClaim { earlier: earlier.tenant.clone(), claim: Claim::Name(index), what }
                }));
            }
        }
        for (namespace, known) in &self.namespaces {
            let Some(claim) = later.claim(namespace, Some(&known.labels)) else { continue };
            let Some(first) = earlier
                .iter()
                .find(|earlier| earlier.claim(namespace, Some(&known.labels)).is_some())
            else {
                continue;
            };
            // What names alone say already is not said again.
            if !found.iter().any(|double| {
                double.earlier.name == first.tenant.name && matches!(double.claim, Claim::Name(_))
            }) {
                let what = format!("the namespace {namespace}");
                found.push(DoubleClaim { earlier: first.tenant.clone(), claim, what });
            }
        }
        found
    }
}

/// How a tenant claims a namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// By the entry of `spec.namespaces.names` at this place.
    Name(usize),
    /// By `spec.namespaces.selector`.
    Selector,
}

/// A claim on what an earlier tenant claims too.
#[derive(Clone, Debug)]
pub struct DoubleClaim {
    /// The earlier tenant.
    pub earlier: Arc<Tenant>,
    /// How the later one claims.
    pub claim: Claim,
    /// What both claim: `the namespace x`, `namespaces x-*`.
    pub what: String,
}

impl DoubleClaim {
    /// What to tell the later tenant.
    pub fn message(&self, later: &str) -> String {
        let earlier = &self.earlier;
        let source = if earlier.source.is_empty() {
            String::new()
        } else {
            format!(" ({})", earlier.source)
        };
        format!(
            "tenants {later:?} and {:?}{source} both claim {}: a namespace belongs to one tenant",
            earlier.name, self.what
        )
    }
}

impl Claims {
    fn of(tenant: Arc<Tenant>) -> Self {
        Self {
            selector: tenant
                .spec
                .namespaces
                .selector
                .clone()
                .and_then(|selector| selector.try_into().ok()),
            tenant,
        }
    }

    fn names(&self) -> &[String] {
        &self.tenant.spec.namespaces.names
    }

    fn claim(&self, namespace: &str, labels: Option<&BTreeMap<String, String>>) -> Option<Claim> {
        let by_name = self
            .names()
            .iter()
            .position(|pattern| name_matches(pattern, namespace))
            .map(Claim::Name);
        by_name.or_else(|| {
            self.selector
                .as_ref()
                .zip(labels)
                .filter(|(selector, labels)| selector.matches(*labels))
                .map(|_| Claim::Selector)
        })
    }
}

/// A namespace that two name patterns both claim, if there is one.
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
            Owner::Unassigned => "nobody".into(),
            Owner::Ambiguous(names) => names.join(" and "),
        }
    }

    #[test]
    fn a_namespace_belongs_to_whom_its_name_its_beginning_or_its_labels_say() {
        let cases = [
            ("payments-prod", "payments"),
            ("pay-1", "payments"),
            ("payments-dev", "nobody"),
            ("detect", "fraud"),
            ("pay-x", "payments and fraud"),
            ("", "nobody"),
        ];
        for (namespace, expected) in cases {
            assert_eq!(owner(namespace), expected, "{namespace}");
        }
    }

    #[test]
    fn the_oldest_of_several_claimants_keeps_the_namespace() {
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
                tenants.owner_with("pay-x", &labels).unwrap(),
            ] {
                assert!(
                    matches!(&owner, Owner::Tenant(tenant) if tenant.name == expected),
                    "{owner:?}"
                );
            }
        }
    }

    #[test]
    fn a_namespace_changes_hands_with_its_labels_and_goes() {
        let team = |team: &str| BTreeMap::from([("team".to_string(), team.to_string())]);
        let before = Tenants::by_age(
            tenants().iter().cloned().collect(),
            BTreeMap::from([("x".into(), team("fraud"))]),
        );
        assert!(matches!(before.owner("x"), Owner::Tenant(_)));
        let moved = before.with_changes([("x".to_string(), Some(team("none")))]);
        assert!(matches!(
            (before.owner("x"), moved.owner("x")),
            (Owner::Tenant(_), Owner::Unassigned)
        ));
        let gone = before.with_changes([("x".to_string(), None)]);
        assert!(
            matches!(gone.owner("x"), Owner::Unassigned)
                && !gone.can_place("x")
                && before.can_place("x")
        );
    }

    #[test]
    fn overlapping_names_are_found() {
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
    fn without_tenants_everything_belongs_to_the_built_in_one() {
        assert!(
            matches!(Tenants::built_in().owner("anything"), Owner::Tenant(tenant) if tenant.name == BUILT_IN_TENANT)
        );
    }
}
