//! Where a policy from the cluster holds, and how strictly: a FlinkPolicy's `match` and
//! `enforcement`.

use crate::rules::Level;
use crate::tenant::{Enforcement, name_matches};
use regorus::Value;

/// Where a policy holds; an empty list leaves nothing out.
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
    /// Whether the policy holds for the object in this `input`.
    pub(super) fn covers(&self, input: &Value) -> bool {
        let among = |patterns: &[String], value: &Value| {
            patterns.is_empty()
                || value
                    .as_string()
                    .is_ok_and(|name| patterns.iter().any(|pattern| name_matches(pattern, name)))
        };
        among(&self.namespaces, &input["request"]["namespace"])
            && among(&self.kinds, &input["request"]["kind"]["kind"])
            && among(&self.tenants, &input["tenant"]["name"])
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
    use serde_json::json;

    #[test]
    fn a_policy_holds_where_all_of_its_lists_say_so() {
        let input = Value::from(json!({
            "request": {"namespace": "payments-prod", "kind": {"kind": "FlinkDeployment"}}, "tenant": {"name": "payments"}}));
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
            assert_eq!(scope.covers(&input), expected, "{scope:?}");
        }
        let of_a_tenant = Scope { tenants: list("*"), ..Scope::default() };
        assert!(!of_a_tenant.covers(&Value::from(json!({"tenant": null}))));
    }
}
