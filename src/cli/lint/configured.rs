//! The gate by which FlinkTenants and FlinkPolicies of an input are judged: the tenants and policies
//! in force, and those of the input in their order, as if a user applied the files.

use crate::admission::flinkgate_kinds::is_configuration;
use crate::cli::gate::namespaces;
use crate::cli::input::Texts;
use crate::pipeline::Gate;
use crate::rego::{PolicySource, assemble, flink_policy};
use crate::resource::Resource;
use crate::rules::enforcement;
use crate::tenant::{Tenant, Tenants, readable};
use serde_json::Value;
use std::sync::Arc;

/// The gate; `None` if the input has neither kind.
pub(super) fn gate(gate: &Gate, texts: &Texts) -> Option<Gate> {
    let manifests = texts.configuration();
    let objects =
        manifests.iter().map(|manifest| &manifest.resource).filter(|it| is_configuration(it));
    objects.clone().next()?;
    let policies: Vec<PolicySource> = objects.clone().filter_map(policy).collect();
    let base = gate.policies().sources();
    // A policy that is refused is left out, and so is reported where it is judged.
    let set = match policies.is_empty() {
        true => None,
        false => assemble(base, others(base, policies)).ok(),
    };
    let set = set.map_or_else(|| Arc::clone(gate.policies()), |set| Arc::new(set.set));
    let rules = set.rule_ids();
    let mut tenants: Vec<Arc<Tenant>> = gate.tenants().iter().cloned().collect();
    for tenant in objects.filter_map(|object| tenant(object, &rules)) {
        if !tenants.iter().any(|known| known.name == tenant.name) {
            tenants.push(Arc::new(tenant));
        }
    }
    let labels = if tenants.iter().any(|tenant| tenant.spec.namespaces.selector.is_some()) {
        namespaces(texts.mentioning("Namespace"))
    } else {
        Default::default()
    };
    Some(gate.renewed(Tenants::by_age(tenants, labels), set))
}

fn policy(object: &Resource) -> Option<PolicySource> {
    let spec = object.object.get("spec").filter(|_| object.kind.kind == "FlinkPolicy")?;
    Some(flink_policy::read(spec.clone()).ok()?.source(&object.name))
}

/// The policies that are not in force already, in their last version.
fn others(base: &[PolicySource], mut policies: Vec<PolicySource>) -> Vec<PolicySource> {
    policies.retain(|policy| !base.iter().any(|known| known.path == policy.path));
    policies
}

fn tenant(object: &Resource, rules: &[&str]) -> Option<Tenant> {
    if object.kind.kind != "FlinkTenant" {
        return None;
    }
    let spec = object.object.get("spec").unwrap_or(&Value::Null);
    let spec = readable::read(spec, rules, enforcement::today()).spec;
    Some(Tenant { name: object.name.clone(), spec, ..Tenant::default() })
}
