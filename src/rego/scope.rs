//! Where a policy from the cluster applies, and how strictly: a FlinkPolicy's `match` and
//! `enforcement`.

use crate::resource::Resource;
use crate::rules::Level;
use crate::tenant::{Enforcement, name_matches};

/// What decides whether a policy applies to a request, before `input` is built.
#[derive(Clone, Copy, Debug)]
pub struct Target<'a> {
    /// The object's namespace.
    pub namespace: &'a str,
    /// The object's kind.
    pub kind: &'a str,
    /// The tenant that owns the namespace.
    pub tenant: Option<&'a str>,
}

impl<'a> Target<'a> {
    /// The target of a request in a tenant's namespace.
    pub fn of(resource: &'a Resource, tenant: &'a str) -> Self {
        let (namespace, kind) = (&resource.namespace, &resource.kind.kind);
        Self { namespace, kind, tenant: Some(tenant) }
    }
}

/// Where a policy applies and how strictly; everywhere by default. An empty list leaves nothing out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    /// Namespaces, exact or with a trailing star.
    pub namespaces: Vec<String>,
    /// Tenants, exact or with a trailing star.
    pub tenants: Vec<String>,
    /// Kinds, such as FlinkDeployment.
    pub kinds: Vec<String>,
    /// The most that its findings do.
    pub enforcement: Enforcement,
}

impl Scope {
    /// Whether the policy applies to a request.
    pub(super) fn covers(&self, target: &Target<'_>) -> bool {
        let among = |patterns: &[String], name: Option<&str>| {
            patterns.is_empty()
                || name
                    .is_some_and(|name| patterns.iter().any(|pattern| name_matches(pattern, name)))
        };
        among(&self.namespaces, Some(target.namespace))
            && among(&self.kinds, Some(target.kind))
            && among(&self.tenants, target.tenant)
    }

    /// The level of a finding, at most what the enforcement lets it be.
    pub(super) fn lower(&self, level: Level) -> Level {
        match self.enforcement {
            Enforcement::Enforce => level,
            Enforcement::Warn => level.min(Level::Warning),
            Enforcement::Audit => level.min(Level::Info),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_applies_where_all_of_its_lists_match() {
        let target = Target {
            namespace: "payments-prod",
            kind: "FlinkDeployment",
            tenant: Some("payments"),
        };
        let list = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        for (namespaces, tenants, kinds, expected) in [
            ("", "", "", true),
            ("payments-*", "payments", "Pod FlinkDeployment", true),
            ("payments-dev payments-prod", "", "", true),
            ("payments", "", "", false),
            ("", "fraud", "", false),
            ("payments-*", "", "Pod", false),
        ] {
            let scope = Scope {
                namespaces: list(namespaces),
                tenants: list(tenants),
                kinds: list(kinds),
                ..Scope::default()
            };
            assert_eq!(scope.covers(&target), expected, "{scope:?}");
        }
        let any_tenant = Scope { tenants: list("*"), ..Scope::default() };
        assert!(!any_tenant.covers(&Target { tenant: None, ..target }));
    }
}
