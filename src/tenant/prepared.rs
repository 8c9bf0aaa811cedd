//! What rules need of a tenant and is worked out once, when the tenant is loaded.

use super::{FlinkTenantSpec, PodSecurityLevel, Tenant, duration};
use crate::flink::claims::claim_for;
use crate::kubernetes::pod_security::{Standard, minor_version};
use std::collections::BTreeMap;

/// A tenant with everything parsed that rules compare objects with.
#[derive(Clone, Debug, Default)]
pub struct PreparedTenant {
    /// The FlinkTenant's name.
    pub name: String,
    /// Its spec as written.
    pub spec: FlinkTenantSpec,
    /// The Pod Security Standard that pods are held to; `None` for level `privileged`.
    pub standard: Option<Standard>,
    /// Values that `flink.configuration.enforced` and `.defaults` give options, as text.
    given: BTreeMap<String, Vec<String>>,
    /// `flink.restartStrategy.minDelay` in nanoseconds.
    pub min_restart_delay: Option<i128>,
    /// Pattern of the claims that clusters are given for their state, with a star for the
    /// cluster's name.
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
        let restarts = spec.flink.restart_strategy.as_ref();
        let min_restart_delay =
            restarts.and_then(|restarts| restarts.min_delay.as_deref()).and_then(duration);
        let name = tenant.name.clone();
        Self { name, standard, given, min_restart_delay, state_claim, spec }
    }

    /// Whether the tenant's own configuration gives an option this value, so that no author of an
    /// object can change it.
    pub fn gives_option(&self, key: &str, value: &str) -> bool {
        self.given.get(key).is_some_and(|values| values.iter().any(|given| given == value))
    }
}
