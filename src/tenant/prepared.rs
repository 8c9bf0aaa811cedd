//! What rules derive from a tenant, computed once when the tenant is loaded.

use super::{FlinkTenantSpec, PodSecurityLevel, Tenant};
use crate::flink::claims::claim_for;
use crate::kubernetes::pod_security::{Standard, minor_version};
use std::collections::BTreeMap;

/// A tenant with parsed values for the rules.
#[derive(Clone, Debug, Default)]
pub struct PreparedTenant {
    /// The FlinkTenant's name.
    pub name: String,
    /// Its spec as written.
    pub spec: FlinkTenantSpec,
    /// The Pod Security Standard of its pods; `None` for level `privileged`.
    pub standard: Option<Standard>,
    /// Values of options in `flink.configuration.enforced` and `.defaults`, as text.
    given: BTreeMap<String, Vec<String>>,
    /// Pattern of the names of state claims, with a star for the cluster's name.
    pub state_claim: Option<String>,
}

impl PreparedTenant {
    /// Prepares a checked tenant.
    pub fn new(tenant: &Tenant) -> Self {
        let spec = tenant.spec.clone();
        let pod_security = &spec.security.pod_security;
        let minor = pod_security.version.as_deref().and_then(minor_version).unwrap_or(u64::MAX);
        let standard = (pod_security.level != PodSecurityLevel::Privileged)
            .then_some(Standard { level: pod_security.level, minor });
        let mut given: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let configuration = &spec.flink.configuration;
        for (key, value) in configuration.enforced.iter().chain(&configuration.defaults) {
            given.entry(key.clone()).or_default().push(value.text());
        }
        let volume = spec.storage.checkpoints.volume.as_ref();
        let state_claim = volume.map(|volume| claim_for(&volume.claim_name, "*"));
        Self { name: tenant.name.clone(), standard, given, state_claim, spec }
    }

    /// Whether the tenant's configuration sets an option to this value, so that users cannot change
    /// it.
    pub fn gives_option(&self, key: &str, value: &str) -> bool {
        self.given.get(key).is_some_and(|values| values.iter().any(|given| given == value))
    }
}
