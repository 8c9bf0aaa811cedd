//! What the manifests of one input use together, by tenant. Offline, `used` is what the others use.

use super::Case;
use crate::quota::Usage;
use std::collections::{BTreeMap, BTreeSet};

/// Usage by tenant over an input.
#[derive(Clone, Debug, Default)]
pub struct InputUsage(BTreeMap<String, Usage>);

impl InputUsage {
    /// Counts what an object uses, if a tenant owns it.
    pub fn add(&mut self, case: &Case<'_>) {
        if let Some(tenant) = case.tenant() {
            self.0.entry(tenant.name.clone()).or_default().add(&case.usage());
        }
    }

    /// Counts what another part of the input uses.
    pub fn add_all(&mut self, other: &Self) {
        for (tenant, usage) in &other.0 {
            self.0.entry(tenant.clone()).or_default().add(usage);
        }
    }

    /// Whether any of these tenants uses anything.
    pub fn has_any(&self, tenants: &BTreeSet<String>) -> bool {
        self.0.keys().any(|tenant| tenants.contains(tenant))
    }

    /// The tenants with their usage.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Usage)> {
        self.0.iter().map(|(tenant, usage)| (tenant.as_str(), usage))
    }

    /// What the other objects of the same tenant use.
    pub fn others(&self, case: &Case<'_>) -> Usage {
        let all = case.tenant().and_then(|tenant| self.0.get(&tenant.name));
        all.map(|all| all.without(&case.usage())).unwrap_or_default()
    }
}
