//! What must be known of other objects to check Flink's configuration in ConfigMaps: which pods
//! mount it, and what the mounted keys hold.
//!
//! Most reviews need nothing: a key with the name of Flink's file is checked in the review of its
//! ConfigMap.

use crate::flink::config_sources::{of_template, pod_templates};
use crate::flink::kinds::may_be_configuration;
use crate::flink::mounted_configuration::ReadKey;
use crate::flink::requester::Requester;
use crate::kinds;
use crate::pipeline::Gate;
use crate::resource::{GroupVersionResource, Operation, Resource};
use std::collections::{BTreeMap, BTreeSet};

/// The most ConfigMaps that are read for one object. One that needs more is refused: a further one
/// could hold what the others hide.
pub const MAX_CONFIG_MAPS: usize = 32;

/// What to look up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConfigurationLookup {
    /// The pods of the namespace, which may mount the ConfigMap under review.
    Pods,
    /// ConfigMaps by name, and the keys that the object's pods read as one of Flink's files; `None`
    /// for every key.
    ConfigMaps(BTreeMap<String, BTreeSet<ReadKey>>),
    /// More ConfigMaps than are read.
    TooMany,
}

/// What the check of an object needs; `None` for most.
pub fn configuration_lookup(gate: &Gate, resource: &Resource) -> Option<ConfigurationLookup> {
    let changes = matches!(resource.operation, Operation::Create | Operation::Update)
        && resource.sub_resource.as_deref().is_none_or(str::is_empty);
    if !changes || gate.context().requester(resource) == Requester::FlinkOperator {
        return None;
    }
    kinds::of(&resource.kind)?.lower?;
    if resource.kind.group.is_empty() && resource.kind.kind == "ConfigMap" {
        let may_be = may_be_configuration(&resource.object) && !gate.is_exempt(resource);
        return may_be.then_some(ConfigurationLookup::Pods);
    }
    let mut keys: BTreeMap<String, BTreeSet<ReadKey>> = BTreeMap::new();
    for (_, template) in pod_templates(&resource.object) {
        of_template(template, |source| {
            if !source.is_evident() && !source.config_map.is_empty() {
                let key = (source.key.as_deref().map(str::to_owned), source.file);
                keys.entry(source.config_map.to_owned()).or_default().insert(key);
            }
        });
    }
    match keys.len() {
        0 => None,
        number if number > MAX_CONFIG_MAPS => Some(ConfigurationLookup::TooMany),
        _ => Some(ConfigurationLookup::ConfigMaps(keys)),
    }
}

/// The resource of ConfigMaps.
pub fn config_maps() -> GroupVersionResource {
    GroupVersionResource {
        group: String::new(),
        version: "v1".into(),
        resource: "configmaps".into(),
    }
}
