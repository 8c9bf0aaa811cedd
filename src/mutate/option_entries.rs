//! Labels and node selectors that options give Flink's pods: they stand over those of the pod
//! template, so the tenant's own must not be among them with another value.

use super::Conflict;
use super::context::Context;
use crate::flink::Role;
use crate::flink::map_options::map_entries;
use crate::resource::pointer;
use crate::tenant::DEFAULT_TOPOLOGY_KEY;

const LABEL: &str = "tenancy/label";
const NODE_SELECTOR: &str = "scheduling/node-selector";
const NODE_NAME_LABEL: &str = "kubernetes.node-name-label";

pub(super) fn judge(context: &Context<'_>, conflicts: &mut Vec<Conflict>) {
    let config = &context.workload.config;
    let place = |key: &str, written: &Option<String>| {
        let options =
            context.workload.config_pointer.as_deref().unwrap_or("/spec/flinkConfiguration");
        written.clone().unwrap_or_else(|| pointer::join(options, key))
    };
    let roles = [Role::JobManager, Role::TaskManager]
        .into_iter()
        .filter(|role| context.workload.options_make(*role));
    for component in roles.filter_map(Role::component) {
        let given = [
            ("labels", &context.tenant.labels, LABEL),
            ("node-selector", &context.tenant.scheduling.node_selector, NODE_SELECTOR),
        ];
        for (field, wanted, rule) in given.into_iter().filter(|(_, wanted, _)| !wanted.is_empty()) {
            let option = format!("kubernetes.{component}.{field}");
            for pair in map_entries(config, &option) {
                let Some(wanted) = wanted.get(&pair.key).filter(|wanted| **wanted != pair.value)
                else {
                    continue;
                };
                let pointer = place(pair.option, &pair.entry.pointer);
                // One word about an option is enough, however often its text repeats a key.
                if conflicts
                    .iter()
                    .any(|conflict| conflict.rule == rule && conflict.pointer == pointer)
                {
                    continue;
                }
                let message = format!(
                    "option {option} must give pods {}={wanted}, not {:?}",
                    pair.key,
                    shown(&pair.value)
                );
                let help = Some(format!("leave {} out: Flinkgate sets it", pair.key));
                conflicts.push(Conflict { rule, message, pointer, help });
            }
        }
    }
    // Flink keeps TaskManagers off nodes by this label, and what it says of nodes replaces what the
    // pod template says of them.
    if context.workload.options_make(Role::TaskManager)
        && !context.tenant.scheduling.node_selector.is_empty()
        && let Some(entry) =
            config.entry(NODE_NAME_LABEL).filter(|entry| entry.value != DEFAULT_TOPOLOGY_KEY)
    {
        conflicts.push(Conflict {
            rule: NODE_SELECTOR,
            message: format!(
                "option {NODE_NAME_LABEL} must name the label that tells nodes apart, not {:?}",
                shown(&entry.value)
            ),
            pointer: place(NODE_NAME_LABEL, &entry.pointer),
            help: Some(format!("write {DEFAULT_TOPOLOGY_KEY} or leave it out")),
        });
    }
}

/// A value for a message, cut to what fits in one.
fn shown(value: &str) -> String {
    value.chars().take(100).collect()
}
