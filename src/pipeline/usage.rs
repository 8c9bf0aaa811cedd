//! What the manifests of one input use together, by tenant: `used` offline is what the others use.

use crate::quota::Usage;
use std::collections::BTreeMap;

/// Usage by tenant over an input.
#[derive(Clone, Debug, Default)]
pub struct InputUsage(BTreeMap<String, Usage>);

impl InputUsage {
    /// Counts one object's usage.
    pub fn add(&mut self, tenant: &str, usage: &Usage) {
        self.0.entry(tenant.to_string()).or_default().add(usage);
    }

    /// What a tenant's other objects use.
    pub fn others(&self, tenant: &str, own: &Usage) -> Usage {
        self.0.get(tenant).map(|all| all.without(own)).unwrap_or_default()
    }
}
