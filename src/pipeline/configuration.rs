//! What must be known of other objects to check Flink's configuration in ConfigMaps: which pods
//! mount it, and what the mounted keys hold.
//!
//! Most reviews need nothing. A key with the name of Flink's file is checked in the review of its
//! ConfigMap; a workload is judged with what its processes read.

use crate::flink::FlinkContext;
use crate::flink::config_file::{CONFIG, keys_of_config_map};
use crate::flink::config_sources::{MOST_CONFIG_MAPS, of_template, pod_templates};
use crate::flink::kinds::{changes_unclear_text, is_made_from_template, may_be_configuration};
use crate::flink::mounted_configuration::ReadKey;
use crate::flink::requester::Requester;
use crate::kinds;
use crate::mutate;
use crate::pipeline::Gate;
use crate::resource::{Operation, Resource};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What to look up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConfigurationLookup {
    /// The pods of the namespace and what makes pods: they may mount the ConfigMap under review.
    Pods,
    /// ConfigMaps by name, and the keys that the object's pods read as one of Flink's files; `None`
    /// for every key. An object with more than [`MOST_CONFIG_MAPS`] is refused.
    ConfigMaps(BTreeMap<String, BTreeSet<ReadKey>>),
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
        // A file without options is Flink's too, if pods mount it: then it gets those of the tenant.
        let old = resource.old_object.as_ref().filter(|_| resource.operation == Operation::Update);
        let may_be = keys_of_config_map(&resource.object).contains(CONFIG)
            || [Some(&resource.object), old].into_iter().flatten().any(may_be_configuration)
            || (gives_options(gate, resource) && changes_unclear_text(&resource.object, old));
        let may_be = may_be && !gate.is_exempt(resource);
        return may_be.then_some(ConfigurationLookup::Pods);
    }
    // A pod follows from a template that was judged with its files, and must not wait for them.
    // Unless the template is of a custom resource that need not have the options of the file.
    let is_judged = !is_made_from_template(resource, &gate.context())
        || gate.tenants().owner(&resource.namespace).tenant().is_some_and(|tenant| {
            let configuration = &tenant.spec.flink.configuration;
            !tenant.spec.mutation.custom_resources && !configuration.enforced.is_empty()
        });
    let reads_evident = is_judged && !gate.is_exempt(resource);
    let mut keys: BTreeMap<String, BTreeSet<ReadKey>> = BTreeMap::new();
    for (_, template) in pod_templates(&resource.object) {
        of_template(template, |source| {
            let is_one_too_many =
                keys.len() >= MOST_CONFIG_MAPS && !keys.contains_key(source.config_map);
            if (reads_evident || !source.is_evident())
                && !source.config_map.is_empty()
                && !is_one_too_many
            {
                let key = (source.key.as_deref().map(str::to_owned), source.file);
                keys.entry(source.config_map.to_owned()).or_default().insert(key);
            }
        });
    }
    (!keys.is_empty()).then_some(ConfigurationLookup::ConfigMaps(keys))
}

/// Whether the tenant gives options to files: a file without options lacks them.
fn gives_options(gate: &Gate, resource: &Resource) -> bool {
    gate.tenants().owner(&resource.namespace).tenant().is_some_and(|tenant| {
        let configuration = &tenant.spec.flink.configuration;
        !configuration.enforced.is_empty()
            || !configuration.defaults.is_empty()
            || tenant.spec.storage.checkpoints.volume.is_some()
    })
}

impl Gate {
    /// The same gate, where the known ConfigMaps have what mutation adds to them: files show them as they
    /// are before it.
    pub fn with_completed_files(&self) -> Self {
        let mut context = FlinkContext::clone(&self.context());
        context.configuration_mut().change_files(|namespace, file, config| {
            if let Some(tenant) = self.tenants().owner(namespace).tenant() {
                mutate::complete_file(file, config, &tenant.spec);
            }
        });
        self.with_context(Arc::new(context))
    }
}
