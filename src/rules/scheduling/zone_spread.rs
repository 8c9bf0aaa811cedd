//! `scheduling/zone-spread`

use super::spreading::{self, Demand, Means};
use crate::flink::Role;
use crate::kubernetes::placement::ZONE;
use crate::rules::{Findings, Level, Rule, Subject};

/// Pods that may all run in one zone.
pub static RULE: Rule = Rule {
    id: "scheduling/zone-spread",
    level: Level::Error,
    since: "0.1.0",
    title: "Spread over zones",
    tenant_fields: &["scheduling.zoneSpread", "scheduling.nodeSelector"],
    as_is: true,
    page: include_str!("zone_spread.md"),
    check,
};

fn check(subject: &Subject<'_>, findings: &mut Findings) {
    let wanted = &subject.tenant.spec.scheduling.zone_spread;
    for (role, strength) in
        [(Role::JobManager, wanted.job_manager), (Role::TaskManager, wanted.task_manager)]
    {
        if let Some(strength) = strength {
            let (topology_key, means) = (ZONE, Means::TopologySpread);
            spreading::check(subject, findings, &Demand { role, topology_key, strength, means });
        }
    }
}
