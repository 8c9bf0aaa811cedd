//! What rules derive from a tenant, computed once when the tenant is loaded.

use super::readable::{Instead, UnreadPart};
use super::{Amount, FlinkTenantSpec, PodSecurityLevel, Tenant, duration};
use crate::flink::claims::claim_for;
use crate::flink::image::glob;
use crate::flink::options::names_of;
use crate::flink::state::DEFAULT_MOUNT_PATH;
use crate::flink::text_form::TextForm;
use crate::kubernetes::pod_security::{Standard, minor_version};
use crate::resource::quantity::Quantity;
use std::collections::BTreeMap;
use std::ops::Deref;
use std::sync::Arc;

/// A tenant with parsed values for the rules.
#[derive(Clone, Debug, Default)]
pub struct PreparedTenant {
    /// The FlinkTenant's name.
    pub name: String,
    /// Its spec as written.
    pub spec: SharedSpec,
    /// The Pod Security Standard of its pods; `None` for level `privileged`.
    pub standard: Option<Standard>,
    /// Values of options in `flink.configuration.enforced` and `.defaults`, as text.
    given: BTreeMap<String, Vec<String>>,
    /// `flink.restartStrategy.minDelay` in nanoseconds.
    pub min_restart_delay: Option<i128>,
    /// Pattern of the names of state claims, with a star for the cluster's name.
    pub state_claim: Option<String>,
    /// URIs and paths under which state may be stored; `None` for any.
    pub state_locations: Option<Vec<String>>,
    /// The parts of the FlinkTenant that could not be read, and of which something else holds.
    pub unread: Vec<UnreadPart>,
    /// The largest size of a claim.
    pub largest_claim: Option<Size>,
    /// The largest size of a state claim.
    pub largest_state_claim: Option<Size>,
}

/// The spec of a tenant that others hold too: a spec takes a few KiB, and there may be thousands.
#[derive(Clone, Debug, Default)]
pub struct SharedSpec(Arc<Tenant>);

impl Deref for SharedSpec {
    type Target = FlinkTenantSpec;

    fn deref(&self) -> &FlinkTenantSpec {
        &self.0.spec
    }
}

/// A size as text and as a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Size {
    /// As written in the spec.
    pub text: String,
    /// The number.
    pub quantity: Quantity,
}

impl Size {
    fn of(amount: Option<&Amount>) -> Option<Self> {
        let text = amount?.0.clone();
        Some(Self { quantity: Quantity::parse(&text).ok()?, text })
    }
}

impl PreparedTenant {
    /// Prepares a checked tenant.
    pub fn new(tenant: &Arc<Tenant>) -> Self {
        let spec = &tenant.spec;
        let pod_security = &spec.security.pod_security;
        let minor = pod_security.version.as_deref().and_then(minor_version).unwrap_or(u64::MAX);
        let standard = (pod_security.level != PodSecurityLevel::Privileged)
            .then_some(Standard { level: pod_security.level, minor });
        let mut given: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let configuration = &spec.flink.configuration;
        for (key, value) in configuration.enforced.iter().chain(&configuration.defaults) {
            // The options of an object have what Flink reads of a text.
            let read = TextForm::Lines.value(&value.text()).to_owned();
            let values = [value.text(), read];
            // Flinkgate writes an enforced option under the name that the version reads.
            for name in names_of(key) {
                given.entry(name.to_owned()).or_default().extend(values.clone());
            }
            given.entry(key.clone()).or_default().extend(values);
        }
        let volume = spec.storage.checkpoints.volume.as_ref();
        let state_claim = volume.map(|volume| claim_for(&volume.claim_name, "*"));
        let mut state_locations = spec.storage.checkpoints.locations.clone();
        if let Some(volume) = volume {
            let path = volume.mount_path.as_deref().unwrap_or(DEFAULT_MOUNT_PATH).to_owned();
            let locations = state_locations.get_or_insert_default();
            if !locations.contains(&path) {
                locations.push(path);
            }
        }
        let largest_claim = Size::of(spec.storage.claims.max_size.as_ref());
        let state_size = Size::of(volume.and_then(|volume| volume.size.as_ref()));
        let largest_state_claim = largest_claim
            .iter()
            .chain(&state_size)
            .max_by_key(|size| size.quantity)
            .filter(|_| largest_claim.is_some())
            .cloned();
        let restarts = spec.flink.restart_strategy.as_ref();
        let min_restart_delay =
            restarts.and_then(|restarts| restarts.min_delay.as_deref()).and_then(duration);
        // What is passed over changes nothing for objects.
        let matters =
            |part: &&UnreadPart| matches!(part.instead, Instead::Stricter | Instead::Refusal);
        Self {
            name: tenant.name.clone(),
            unread: tenant.unread.iter().filter(matters).cloned().collect(),
            standard,
            given,
            min_restart_delay,
            state_claim,
            state_locations,
            largest_claim,
            largest_state_claim,
            spec: SharedSpec(Arc::clone(tenant)),
        }
    }

    /// Whether a claim has the name of a state claim.
    pub fn is_state_claim(&self, name: &str) -> bool {
        self.state_claim.as_deref().is_some_and(|pattern| glob(pattern, name))
    }

    /// Whether the tenant's configuration sets an option to this value, so that users cannot change
    /// it.
    pub fn gives_option(&self, key: &str, value: &str) -> bool {
        self.given.get(key).is_some_and(|values| values.iter().any(|given| given == value))
    }
}
