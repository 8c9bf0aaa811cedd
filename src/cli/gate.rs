//! Where `lint` and `render` meet the pipeline: tenants and policies loaded once, manifests judged together.

use super::input::Manifest;
use crate::pipeline::{Case, Gate, InputUsage, Judgement, Unassigned};
use crate::quota::Usage;
use crate::report::RuleInfo;
use crate::tenant::load::{TenantProblem, labels};
use rayon::prelude::*;
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

/// The gate for an input: its tenants and policies, and the Namespaces that the input itself holds. What is
/// worth a warning about them goes to standard error.
///
/// # Errors
/// When a tenant or a policy cannot be read or is wrong.
pub fn load(tenants: &TenantArgs, policies: &[PathBuf], unassigned: Unassigned, manifests: &[Manifest]) -> anyhow::Result<Gate> {
    let (gate, warnings) = Gate::load(&tenants.tenants, policies, unassigned)?;
    warn(&gate, &warnings);
    let gate = gate.with_namespaces(namespaces(manifests));
    Ok(match &tenants.tenant {
        Some(name) => gate.only(name)?,
        None => gate,
    })
}

/// Tells what is worth a warning about policies and tenants.
pub fn warn(gate: &Gate, tenants: &[TenantProblem]) {
    for warning in gate.policies().warnings() {
        eprintln!("warning: {warning}");
    }
    for warning in tenants {
        eprintln!("warning: {warning}");
    }
}

/// Judges all manifests, which share their tenants' quotas; one judgement a manifest, in their order.
pub fn judge(gate: &Gate, manifests: &[Manifest], as_is: bool) -> Vec<Judgement> {
    let cases = manifests.par_iter().map(|manifest| gate.case(&manifest.resource, as_is));
    if !gate.counts() {
        return cases.map(|case| case.map(|case| gate.judge(case, &Usage::default())).unwrap_or_default()).collect();
    }
    let cases: Vec<Option<Case<'_>>> = cases.collect();
    let mut usage = InputUsage::default();
    for case in cases.iter().flatten() {
        usage.add(case);
    }
    let judge = |case: Case<'_>| {
        let used = usage.others(&case);
        gate.judge(case, &used)
    };
    cases.into_par_iter().map(|case| case.map(judge).unwrap_or_default()).collect()
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

fn namespaces(manifests: &[Manifest]) -> BTreeMap<String, BTreeMap<String, String>> {
    let namespaces = manifests
        .iter()
        .map(|manifest| &manifest.resource)
        .filter(|resource| resource.kind.group.is_empty() && resource.kind.kind == "Namespace");
    namespaces.map(|resource| (resource.name.clone(), labels(&resource.object))).collect()
}
