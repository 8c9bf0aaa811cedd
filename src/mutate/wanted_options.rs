//! The options of a tenant that a configuration lacks, wherever Flink gets the configuration from: a
//! file in a ConfigMap, the variables or the arguments of a process.

use super::configuration_files;
use crate::flink::Workload;
use crate::flink::catalog::{self, KeyLookup, Release, mirrored_names};
use crate::flink::config::FlinkConfig;
use crate::flink::map_options::hiding_map;
use crate::flink::options::{
    self, CHECKPOINT_DIR, HIGH_AVAILABILITY, HIGH_AVAILABILITY_DIR, SAVEPOINT_DIR,
    is_read_by_operator,
};
use crate::flink::state::name_for;
use crate::flink::version::FlinkVersion;
use crate::tenant::FlinkTenantSpec;

/// The id under which high availability keeps its data in Kubernetes.
const CLUSTER_ID: &str = "kubernetes.cluster-id";

/// An option that a configuration lacks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct MissingOption {
    pub(super) key: String,
    pub(super) value: String,
    /// Whether the tenant enforces it. Otherwise it is a default.
    pub(super) is_enforced: bool,
}

/// What is known of the Flink that reads a configuration.
pub(super) struct Reader<'r> {
    /// The oldest version that may read it. An option that has another name there gets both.
    pub(super) oldest: FlinkVersion,
    /// What Flink reads of a value; `None` if it cannot read the option.
    pub(super) value: &'r dyn Fn(&str, &str) -> Option<String>,
    /// The directory for the cluster's state on the tenant's claim.
    pub(super) state_root: Option<String>,
}

/// The tenant's options that a configuration lacks: enforced options, then defaults, then state
/// directories. An option is there if it has a value under any of its names.
pub(super) fn missing(
    config: &FlinkConfig,
    tenant: &FlinkTenantSpec,
    reader: &Reader<'_>,
) -> Vec<MissingOption> {
    let wanted = &tenant.flink.configuration;
    let mut found: Vec<MissingOption> = Vec::new();
    let mut add = |key: &str, value: &str, is_enforced| {
        let is_known = found.iter().any(|option| option.key == key);
        if let Some(value) = (reader.value)(key, value).filter(|_| !is_known) {
            found.push(MissingOption { key: key.into(), value, is_enforced });
        }
    };
    let enforced = wanted.enforced.iter().map(|(key, value)| (key, value, true));
    let defaults = wanted.defaults.iter().filter(|(key, _)| {
        let is_other = |name: &str| wanted.enforced.contains_key(name);
        !is_other(key) && !options::names_of(key).any(is_other)
    });
    let defaults = defaults.map(|(key, value)| (key, value, false));
    for (key, value, is_enforced) in enforced.chain(defaults) {
        let is_there = is_set(config, key) || is_read_by_operator(key);
        if is_there || hiding_map(config, key, |text| value.is(text)).is_some() {
            continue;
        }
        let text = value.text();
        if !is_enforced && needs_cluster_id(key, &text) && !is_set(config, CLUSTER_ID) {
            continue;
        }
        add(key, &text, is_enforced);
        if let Some(name) = name_in(key, reader.oldest) {
            add(name, &text, is_enforced);
        }
    }
    let Some(root) = &reader.state_root else { return found };
    let by_tenant = |names: &[&str]| {
        found.iter().any(|option| names.contains(&option.key.as_str()))
            || names.iter().any(|name| wanted.enforced.contains_key(*name))
    };
    let mut with_given = FlinkConfig::default();
    found.iter().for_each(|option| with_given.set(&*option.key, &*option.value, None));
    let is_on = |config| options::high_availability(config).is_some();
    let high_availability = is_on(config) || is_on(&with_given);
    let oldest = Some(reader.oldest);
    let directories = [
        (CHECKPOINT_DIR, name_for(CHECKPOINT_DIR, oldest), "checkpoints", true),
        (SAVEPOINT_DIR, name_for(SAVEPOINT_DIR, oldest), "savepoints", true),
        (HIGH_AVAILABILITY_DIR, options::canonical(HIGH_AVAILABILITY_DIR), "ha", high_availability),
    ];
    let directories = directories.into_iter().filter(|(names, _, _, wanted)| {
        *wanted && config.first(names).is_none() && !by_tenant(names)
    });
    let directories: Vec<_> = directories
        .filter_map(|(_, key, folder, _)| {
            let value = (reader.value)(key, &format!("{root}/{folder}"))?;
            Some(MissingOption { key: key.into(), value, is_enforced: false })
        })
        .collect();
    found.extend(directories);
    found
}

/// What a file of Flink in a ConfigMap has once it is admitted: what contradicts an enforced option is
/// reported at the ConfigMap.
pub fn complete_file(file: &'static str, config: &mut FlinkConfig, tenant: &FlinkTenantSpec) {
    let workload = Workload { config: std::mem::take(config), ..Workload::default() };
    let mut options = configuration_files::lacking_options(tenant, file, &workload);
    // Then a stored file has what it will have.
    options.retain(|_| tenant.mutation.custom_resources);
    *config = workload.config;
    for MissingOption { key, value, .. } in options {
        config.set(key, value, None);
    }
    for (key, value) in &tenant.flink.configuration.enforced {
        let others = options::names_of(key).map(str::to_owned).chain(mirrored_names(key));
        for name in std::iter::once(key.clone()).chain(others) {
            if config.exact(&name).is_some() {
                config.correct(&name, &value.text());
            }
        }
    }
}

/// Whether a JobManager does not start with an option unless it has the id of its cluster, which operators
/// and native clients set.
fn needs_cluster_id(key: &str, value: &str) -> bool {
    HIGH_AVAILABILITY.contains(&key) && value.trim().to_ascii_lowercase().contains("kubernetes")
}

/// Whether a configuration has an option under any of its names.
fn is_set(config: &FlinkConfig, key: &str) -> bool {
    config.exact(key).is_some()
        || options::names_of(key).any(|name| config.exact(name).is_some())
        || mirrored_names(key).any(|name| config.exact(&name).is_some())
}

/// The other name under which a version reads an option that it does not know under this one.
pub(super) fn name_in(key: &str, version: FlinkVersion) -> Option<&'static str> {
    let release = Release::of(version);
    match catalog::find(key) {
        KeyLookup::Readings(readings) if catalog::reading(readings, release).is_none() => {
            catalog::other_name(key, release)
        }
        _ => None,
    }
}
