//! `scheduling/job-manager-anti-affinity`

use super::spreading::{self, Demand, Means};
use crate::flink::Role;
use crate::rules::{Findings, Level, Rule, Subject};
use crate::tenant::DEFAULT_TOPOLOGY_KEY;

/// JobManagers that may share a node.
pub static RULE: Rule = Rule {
    id: "scheduling/job-manager-anti-affinity",
    level: Level::Error,
    since: "0.1.0",
    title: "Anti-affinity of JobManagers",
    tenant_fields: &[
        "scheduling.antiAffinity.jobManager",
        "scheduling.antiAffinity.topologyKey",
        "scheduling.nodeSelector",
    ],
    as_is: true,
    page: include_str!("job_manager_anti_affinity.md"),
    check,
};

fn check(subject: &Subject<'_>, findings: &mut Findings) {
    let wanted = &subject.tenant.spec.scheduling.anti_affinity;
    let Some(strength) = wanted.job_manager else { return };
    let topology_key = wanted.topology_key.as_deref().unwrap_or(DEFAULT_TOPOLOGY_KEY);
    let (role, means) = (Role::JobManager, Means::AntiAffinity);
    spreading::check(subject, findings, &Demand { role, topology_key, strength, means });
}
