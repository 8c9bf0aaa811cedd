//! The examples of the built-in rules, each with a gate of the tenant it supposes.

use crate::manifests::document;
use flinkgate::pipeline::{Gate, Unassigned};
use flinkgate::rego::PolicySet;
use flinkgate::resource::Resource;
use flinkgate::rules::Documentation;
use flinkgate::tenant::{FlinkTenantSpec, Tenant, Tenants, readable};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The rule whose bad example stands in a namespace of no tenant.
pub const UNASSIGNED: &str = "tenancy/unassigned-namespace";

/// The rule whose bad example stands in a namespace of two tenants.
pub const AMBIGUOUS: &str = "tenancy/ambiguous-namespace";

/// The rule whose bad example stands in a namespace of a tenant that cannot be read.
pub const UNREADABLE: &str = "tenancy/unreadable-tenant";

/// A rule's example as it would come to the gate.
pub fn resource(example: Option<&str>) -> Resource {
    Resource::from_manifest(document(
        example.expect("every built-in rule has both examples"),
        "an example",
    ))
    .unwrap()
}

/// The spec of the tenant that a rule's examples suppose, as JSON to add to.
pub fn spec(rule: &Documentation) -> Value {
    rule.tenant
        .as_deref()
        .map_or_else(|| serde_json::json!({}), |tenant| document(tenant, &rule.id))
}

/// A gate where every namespace belongs to one tenant with this spec.
pub fn gate(policies: &Arc<PolicySet>, spec: Value) -> Gate {
    let mut spec: FlinkTenantSpec = serde_json::from_value(spec).unwrap();
    spec.namespaces.names = vec!["*".into()];
    let tenant = Tenant { name: "examples".into(), spec, ..Tenant::default() };
    Gate::new(Tenants::new(vec![tenant], BTreeMap::new()), policies.clone(), Unassigned::Warn)
}

/// A gate where no namespace belongs to anybody.
pub fn gate_of_nobody(policies: &Arc<PolicySet>, unassigned: Unassigned) -> Gate {
    Gate::new(Tenants::new(Vec::new(), BTreeMap::new()), policies.clone(), unassigned)
}

/// The gate for a rule's bad example.
pub fn gate_for_bad(policies: &Arc<PolicySet>, rule: &Documentation) -> Gate {
    match rule.id.as_str() {
        UNASSIGNED => gate_of_nobody(policies, Unassigned::Deny),
        AMBIGUOUS => {
            let spec: FlinkTenantSpec =
                serde_json::from_value(serde_json::json!({"namespaces": {"names": ["*"]}}))
                    .unwrap();
            let tenant =
                |name: &str| Tenant { name: name.into(), spec: spec.clone(), ..Tenant::default() };
            Gate::new(
                Tenants::new(vec![tenant("payments"), tenant("search")], BTreeMap::new()),
                policies.clone(),
                Unassigned::Warn,
            )
        }
        UNREADABLE => {
            let today = "2026-11-27".parse().unwrap();
            let read = readable::read(&serde_json::json!({"labels": 7}), &[], today);
            let tenant = Tenant {
                name: "examples".into(),
                unread: read.unread,
                spec: serde_json::from_value(serde_json::json!({"namespaces": {"names": ["*"]}}))
                    .unwrap(),
                ..Tenant::default()
            };
            let tenants = Tenants::new(vec![tenant], BTreeMap::new());
            Gate::new(tenants, policies.clone(), Unassigned::Warn)
        }
        _ => gate(policies, spec(rule)),
    }
}

/// The built-in rules.
pub fn built_in() -> Arc<PolicySet> {
    Arc::new(PolicySet::built_in().unwrap())
}
