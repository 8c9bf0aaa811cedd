//! Where `lint` and `render` meet the pipeline: tenants and policies, loaded with what the input
//! says of them.

use super::args::{OnlyTenantArgs, OperatorArgs, TenantArgs};
use super::input::Manifest;
use crate::flink::FlinkContext;
use crate::flink::config_sources::pod_templates;
use crate::flink::kinds::is_claim;
use crate::kubernetes::placement::binds_to_node;
use crate::pipeline::{Gate, Unassigned, operator_defaults};
use crate::rego::PolicySet;
use crate::report::RuleInfo;
use crate::resource::fields::elements;
use crate::resource::pointer;
use crate::rules::Documentation;
use crate::tenant::load::{TenantProblem, labels};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

impl OperatorArgs {
    /// What is known beside the objects of an input: the operator's defaults, and what `manifests`
    /// say of others.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn context<'a>(
        &self,
        manifests: impl IntoIterator<Item = &'a Manifest>,
    ) -> anyhow::Result<FlinkContext> {
        let operator =
            self.operator_config.as_deref().map(operator_defaults).transpose()?.unwrap_or_default();
        let mut context = FlinkContext::default()
            .with_operator(operator)
            .with_operator_version(self.operator_version);
        for Manifest { resource, .. } in manifests {
            match (resource.kind.group.as_str(), resource.kind.kind.as_str()) {
                ("", "ConfigMap") => context.configuration_mut().add_config_map(
                    &resource.namespace,
                    &resource.name,
                    &resource.object,
                ),
                ("", "LimitRange") => {
                    context.add_limit_range(&resource.namespace, &resource.object);
                }
                ("flink.apache.org", kind @ "FlinkDeployment") => {
                    context.add_object(
                        kind,
                        &resource.namespace,
                        &resource.name,
                        Some(resource.object.clone()),
                    );
                }
                _ => {}
            }
            for (_, template) in pod_templates(&resource.object) {
                let spec = template.get("spec").unwrap_or(&Value::Null);
                for claim in elements(spec, "volumes").iter().filter_map(claim_of_volume) {
                    if !binds_to_node(spec) {
                        let object = format!("{}/{}", resource.kind.kind, resource.name);
                        context.add_claim_user(&resource.namespace, claim, object);
                    }
                }
                context.configuration_mut().add_readers(&resource.namespace, template);
            }
            if is_claim(resource) {
                context.add_claim(&resource.namespace, &resource.name, &resource.object);
            }
        }
        Ok(context)
    }
}

/// The gate for an input: its tenants, these policies, and the Namespaces among `manifests`, the
/// input's own objects, which are looked at only where labels make a namespace a tenant's. What is
/// worth a warning goes to standard error.
///
/// # Errors
/// When a tenant cannot be read or is wrong.
pub fn load(
    tenants: &TenantArgs,
    only: &OnlyTenantArgs,
    policies: PolicySet,
    unassigned: Unassigned,
    context: FlinkContext,
    manifests: impl FnOnce() -> Vec<Manifest>,
) -> anyhow::Result<Gate> {
    let (gate, warnings) = Gate::load_tenants(&tenants.tenants, Arc::new(policies), unassigned)?;
    let gate = gate.with_context(Arc::new(context));
    warn(&gate, &warnings);
    Ok(match &only.tenant {
        Some(name) => gate.only(name)?,
        None if gate.tenants().has_selectors() => {
            gate.with_namespace_labels(namespaces(manifests()))
        }
        None => gate,
    })
}

/// Prints the warnings about policies and tenants to standard error.
pub fn warn(gate: &Gate, tenants: &[TenantProblem]) {
    for warning in gate.warnings(tenants) {
        super::terminal::report(&format!("warning: {warning}"));
    }
}

/// The rules' documentation, as reports take it.
pub fn rules(gate: &Gate) -> Vec<RuleInfo> {
    gate.policies().catalog().iter().map(rule_info).collect()
}

/// One rule's documentation, as reports take it.
pub fn rule_info(rule: &Documentation) -> RuleInfo {
    RuleInfo {
        id: rule.id.clone(),
        title: rule.title.clone(),
        description: rule.description.clone(),
        help: rule.help.clone().unwrap_or_default(),
        level: rule.level,
        is_builtin: rule.builtin,
    }
}

fn claim_of_volume(volume: &Value) -> Option<&str> {
    pointer::at(volume, "/persistentVolumeClaim/claimName")?.as_str()
}

/// The labels of the Namespaces among these objects.
pub fn namespaces(manifests: Vec<Manifest>) -> BTreeMap<String, BTreeMap<String, String>> {
    let namespaces = manifests
        .into_iter()
        .map(|manifest| manifest.resource)
        .filter(|resource| resource.kind.group.is_empty() && resource.kind.kind == "Namespace");
    namespaces.map(|resource| (resource.name, labels(&resource.object))).collect()
}
