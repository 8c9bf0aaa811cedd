//! `storage/last-state`

use super::shared::allowed_directory;
use crate::flink::operator::version::OperatorVersion;
use crate::flink::options::{HIGH_AVAILABILITY_DIR, high_availability};
use crate::rules::{Advice, Findings, Level, Rule, Subject};

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
        Some(_) => Advice::set_option("high-availability.type", "kubernetes"),
        None => Advice::words(format!(
            "set `high-availability.type: kubernetes`, and `high-availability.storageDir` to {}",
            allowed_directory(subject)
        )),
    };
    let (level, message) = match subject
        .operator_version
        .is_some_and(OperatorVersion::refuses_last_state_without_ha)
    {
        true => (
            Level::Error,
            "the operator refuses `upgradeMode: last-state` without high availability before 1.10",
        ),
        false => (
            Level::Warning,
            "`upgradeMode: last-state` needs high availability, which is off: the last checkpoint \
                 is unknown once no JobManager answers",
        ),
    };
    findings
        .at(format!("{}/job/upgradeMode", subject.spec_place()))
        .level(level)
        .message(message)
        .advise(help);
}
