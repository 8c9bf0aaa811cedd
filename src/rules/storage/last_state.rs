//! `storage/last-state`

use super::shared::allowed_directory;
use crate::flink::options::{HIGH_AVAILABILITY_DIR, high_availability};
use crate::rules::{Findings, Level, Rule, Subject};

/// upgradeMode last-state without high availability.
pub static RULE: Rule = Rule {
    id: "storage/last-state",
    level: Level::Warning,
    since: "0.1.0",
    title: "High availability for upgradeMode last-state",
    tenant_fields: &["storage.checkpoints.locations", "storage.checkpoints.volume"],
    as_is: false,
    page: include_str!("last_state.md"),
    check,
};

fn check(subject: &Subject<'_>, findings: &mut Findings) {
    let config = &subject.workload.config;
    if !subject.is_for_operator()
        || !subject.workload.declares_cluster
        || subject.upgrade_mode() != Some("last-state")
        || high_availability(config).is_some()
    {
        return;
    }
    let help = match config.first(HIGH_AVAILABILITY_DIR) {
        Some(_) => "set `high-availability.type: kubernetes`".into(),
        None => format!(
            "set `high-availability.type: kubernetes`, and `high-availability.storageDir` to {}",
            allowed_directory(subject)
        ),
    };
    findings
        .at(format!("{}/job/upgradeMode", subject.spec_place()))
        .message(
            "`upgradeMode: last-state` needs high availability, which is off: the last checkpoint \
             is unknown once no JobManager answers",
        )
        .help(help);
}
