//! Labels and node selectors that options set on Flink's pods. They override the pod template, so
//! they must not contradict the tenant's.

use super::context::Context;
use super::{Conflict, Difference, EntryDifference, PodMap};
use crate::flink::Role;
use crate::flink::map_options::map_entries;
use crate::resource::pointer;
use crate::tenant::DEFAULT_TOPOLOGY_KEY;

/// The option for the label by which Flink identifies nodes.
pub const NODE_NAME_LABEL: &str = "kubernetes.node-name-label";

pub(super) fn judge(context: &Context<'_>, conflicts: &mut Vec<Conflict>) {
    let config = &context.workload.config;
    let place = |key: &str, written: &Option<String>| {
        let options =
            context.workload.config_pointer.as_deref().unwrap_or("/spec/flinkConfiguration");
        written.clone().unwrap_or_else(|| pointer::join(options, key))
    };
    let roles = [Role::JobManager, Role::TaskManager]
        .into_iter()
        .filter(|role| context.workload.options_apply_to(*role));
    for component in roles.filter_map(Role::component) {
        let given = [
            (PodMap::Labels, "labels", &context.tenant.labels),
            (PodMap::NodeSelector, "node-selector", &context.tenant.scheduling.node_selector),
        ];
        for (map, field, wanted) in given.into_iter().filter(|(_, _, wanted)| !wanted.is_empty()) {
            let option = format!("kubernetes.{component}.{field}");
            for pair in map_entries(config, &option) {
                let Some(wanted) = wanted.get(&pair.key).filter(|wanted| **wanted != pair.value)
                else {
                    continue;
                };
                let pointer = place(pair.option, &pair.entry.pointer);
                // One conflict per option is enough, even if its text repeats a key.
                let is_same = |conflict: &Conflict| {
                    matches!(&conflict.difference, Difference::Entry(entry) if entry.map == map)
                        && conflict.pointer == pointer
                };
                if conflicts.iter().any(is_same) {
                    continue;
                }
                let difference = Difference::Entry(EntryDifference {
                    map,
                    option: Some(option.clone()),
                    wanted: wanted.clone(),
                    found: Some(pair.value),
                    key: pair.key,
                });
                conflicts.push(Conflict { pointer, difference });
            }
        }
    }
    // Flink excludes nodes for TaskManagers by this label. Its node affinity replaces that of the
    // pod template.
    if context.workload.options_apply_to(Role::TaskManager)
        && !context.tenant.scheduling.node_selector.is_empty()
        && let Some(entry) =
            config.entry(NODE_NAME_LABEL).filter(|entry| entry.value != DEFAULT_TOPOLOGY_KEY)
    {
        conflicts.push(Conflict {
            pointer: place(NODE_NAME_LABEL, &entry.pointer),
            difference: Difference::NodeNameLabel { found: entry.value.clone() },
        });
    }
}
