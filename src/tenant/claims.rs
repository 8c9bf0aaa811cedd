//! Whose a namespace is: by name, by a name's beginning, by the Namespace's labels.

use super::{Tenant, name_matches};
use kube::core::{Selector, SelectorExt};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Labels of Namespace objects, by name.
pub type NamespaceLabels = BTreeMap<String, BTreeMap<String, String>>;

/// All tenants that are known.
#[derive(Clone, Debug)]
pub struct Tenants {
    tenants: Vec<Claims>,
    namespaces: NamespaceLabels,
    everything: Option<Arc<Tenant>>,
}

#[derive(Clone, Debug)]
struct Claims {
    tenant: Arc<Tenant>,
    selector: Option<Selector>,
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

/// Name of the tenant that everything belongs to where no tenants are given.
pub const BUILT_IN_TENANT: &str = "default";

impl Tenants {
    /// Without any tenant given, everything belongs to one with an empty spec.
    pub fn built_in() -> Self {
        let everything = Tenant { name: BUILT_IN_TENANT.into(), ..Tenant::default() };
        Self { tenants: Vec::new(), namespaces: NamespaceLabels::new(), everything: Some(Arc::new(everything)) }
    }

    /// These tenants and no other; selectors that do not parse were refused when the tenants were checked.
    pub fn new(tenants: Vec<Tenant>, namespaces: NamespaceLabels) -> Self {
        let tenants = tenants
            .into_iter()
            .map(|tenant| Claims {
                selector: tenant.spec.namespaces.selector.clone().and_then(|s| s.try_into().ok()),
                tenant: Arc::new(tenant),
            })
            .collect();
        Self { tenants, namespaces, everything: None }
    }

    /// The same tenants where everything belongs to the one of this name; `None` if there is none.
    pub fn only(&self, name: &str) -> Option<Self> {
        let chosen = self.iter().find(|tenant| tenant.name == name)?;
        Some(Self { everything: Some(chosen.clone()), ..self.clone() })
    }

    /// The same tenants, with the labels of more Namespaces known.
    pub fn with_namespaces(&self, more: NamespaceLabels) -> Self {
        let mut known = self.clone();
        known.namespaces.extend(more);
        known
    }

    /// Every tenant.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Tenant>> {
        self.tenants.iter().map(|claims| &claims.tenant).chain(&self.everything)
    }

    /// Whether labels make any namespace a tenant's.
    pub fn by_labels(&self) -> bool {
        self.tenants.iter().any(|claims| claims.selector.is_some())
    }

    /// Whose `namespace` is.
    pub fn owner(&self, namespace: &str) -> Owner {
        if let Some(everything) = &self.everything {
            return Owner::Tenant(everything.clone());
        }
        let labels = self.namespaces.get(namespace);
        let mut claiming = self.tenants.iter().filter(|claims| claims.claims(namespace, labels)).map(|claims| &claims.tenant);
        let Some(first) = claiming.next() else { return Owner::Unassigned };
        let others: Vec<&Arc<Tenant>> = claiming.collect();
        if others.is_empty() {
            return Owner::Tenant(first.clone());
        }
        Owner::Ambiguous(std::iter::once(first).chain(others).map(|tenant| tenant.name.clone()).collect())
    }
}

impl Claims {
    fn claims(&self, namespace: &str, labels: Option<&BTreeMap<String, String>>) -> bool {
        self.tenant.spec.namespaces.names.iter().any(|pattern| name_matches(pattern, namespace))
            || self.selector.as_ref().zip(labels).is_some_and(|(selector, labels)| selector.matches(labels))
    }
}

/// A namespace that two name patterns both claim, if there is one.
pub(super) fn common_namespace(a: &str, b: &str) -> Option<String> {
    let (longer, shorter) = if a.trim_end_matches('*').len() >= b.trim_end_matches('*').len() { (a, b) } else { (b, a) };
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
            source: String::new(),
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
    fn overlapping_names_are_found() {
        let cases =
            [("a", "a", true), ("a", "b", false), ("a-*", "a-b", true), ("a-*", "a-b-*", true), ("a-*", "b-*", false), ("*", "x", true)];
        for (a, b, overlap) in cases {
            assert_eq!(common_namespace(a, b).is_some(), overlap, "{a} {b}");
            assert_eq!(common_namespace(b, a).is_some(), overlap, "{b} {a}");
        }
    }

    #[test]
    fn without_tenants_everything_belongs_to_the_built_in_one() {
        assert!(matches!(Tenants::built_in().owner("anything"), Owner::Tenant(tenant) if tenant.name == BUILT_IN_TENANT));
    }
}
