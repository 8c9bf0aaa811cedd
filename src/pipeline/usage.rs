//! What the manifests of one input use together, by tenant: `used` offline is what the others use.

use super::Case;
use crate::quota::Usage;
use std::collections::BTreeMap;

/// Usage by tenant over an input.
#[derive(Clone, Debug, Default)]
pub struct InputUsage(BTreeMap<String, Usage>);

impl InputUsage {
    /// Counts what an object uses, if it is one tenant's.
    pub fn add(&mut self, case: &Case<'_>) {
        if let Some(tenant) = case.tenant() {
            self.0.entry(tenant.name.clone()).or_default().add(&case.usage());
        }
    }

    /// What the other objects of an object's tenant use.
    pub fn others(&self, case: &Case<'_>) -> Usage {
        let all = case.tenant().and_then(|tenant| self.0.get(&tenant.name));
        all.map(|all| all.without(&case.usage())).unwrap_or_default()
    }
}
