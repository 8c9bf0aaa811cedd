//! `scheduling/task-manager-anti-affinity`

use super::spreading::{self, Demand, Means};
use crate::flink::Role;
use crate::rules::{Findings, Level, Rule, Subject};
use crate::tenant::DEFAULT_TOPOLOGY_KEY;

/// TaskManagers that may share a node.
pub static RULE: Rule = Rule {
    id: "scheduling/task-manager-anti-affinity",
    level: Level::Error,
    since: "0.1.0",
    title: "Anti-affinity of TaskManagers",
    tenant_fields: &[
        "scheduling.antiAffinity.taskManager",
        "scheduling.antiAffinity.topologyKey",
        "scheduling.nodeSelector",
    ],
    as_is: true,
    page: include_str!("task_manager_anti_affinity.md"),
    check,
};

fn check(subject: &Subject<'_>, findings: &mut Findings) {
    let wanted = &subject.tenant.spec.scheduling.anti_affinity;
    let Some(strength) = wanted.task_manager else { return };
    let topology_key = wanted.topology_key.as_deref().unwrap_or(DEFAULT_TOPOLOGY_KEY);
    let (role, means) = (Role::TaskManager, Means::AntiAffinity);
    spreading::check(subject, findings, &Demand { role, topology_key, strength, means });
}
