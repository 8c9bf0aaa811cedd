//! Where `lint` and `render` meet the pipeline: tenants and policies, loaded with what the input says of them.

use super::input::Manifest;
use crate::pipeline::{Gate, Unassigned};
use crate::report::RuleInfo;
use crate::tenant::load::{TenantProblem, labels};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Which tenants are there, and which one an object belongs to.
#[derive(Debug, Default, clap::Args)]
pub struct TenantArgs {
    /// File or folder with FlinkTenants; may be given several times
    #[arg(long = "tenants", value_name = "PATH")]
    pub tenants: Vec<PathBuf>,
    /// Take everything as this tenant's, whatever its namespace
    #[arg(long = "tenant", value_name = "NAME", requires = "tenants")]
    pub tenant: Option<String>,
}

/// The gate for an input: its tenants and policies, and the Namespaces among `manifests`, the input's own objects, which
/// are looked at only where labels make a namespace a tenant's. What is worth a warning goes to standard error.
///
/// # Errors
/// When a tenant or a policy cannot be read or is wrong.
pub fn load(
    tenants: &TenantArgs,
    policies: &[PathBuf],
    unassigned: Unassigned,
    manifests: impl FnOnce() -> Vec<Manifest>,
) -> anyhow::Result<Gate> {
    let (gate, warnings) = Gate::load(&tenants.tenants, policies, unassigned)?;
    warn(&gate, &warnings);
    Ok(match &tenants.tenant {
        Some(name) => gate.only(name)?,
        None if gate.tenants().by_labels() => gate.with_namespaces(namespaces(manifests())),
        None => gate,
    })
}

/// Tells what is worth a warning about policies and tenants.
pub fn warn(gate: &Gate, tenants: &[TenantProblem]) {
    for warning in gate.warnings(tenants) {
        eprintln!("warning: {warning}");
    }
}

/// The rules' documentation, as reports take it.
pub fn rules(gate: &Gate) -> Vec<RuleInfo> {
    let rules = gate.policies().rules().iter();
    rules
        .map(|rule| RuleInfo {
            id: rule.id.clone(),
            title: rule.title.clone(),
            description: rule.description.clone(),
            help: rule.help.clone().unwrap_or_default(),
            level: rule.level,
        })
        .collect()
}

fn namespaces(manifests: Vec<Manifest>) -> BTreeMap<String, BTreeMap<String, String>> {
    let namespaces = manifests
        .into_iter()
        .map(|manifest| manifest.resource)
        .filter(|resource| resource.kind.group.is_empty() && resource.kind.kind == "Namespace");
    namespaces.map(|resource| (resource.name, labels(&resource.object))).collect()
}
