//! `storage/checkpoint-retention`

use crate::flink::options::{Names, high_availability};
use crate::rules::words::shown;
use crate::rules::{Advice, Findings, Level, Rule, Subject};
use crate::tenant::Reclaim;

/// Checkpoints that are deleted when a job is cancelled.
pub static RULE: Rule = Rule {
    id: "storage/checkpoint-retention",
    level: Level::Error,
    since: "0.1.0",
    title: "Retention of checkpoints",
    tenant_fields: &["storage.checkpoints.volume"],
    as_is: false,
    page: include_str!("checkpoint_retention.md"),
    check,
};

const RETENTION: Names = &["execution.checkpointing.externalized-checkpoint-retention"];
const RETAIN: &str = "RETAIN_ON_CANCELLATION";
/// Whether the operator cancels a job that it upgrades with last-state.
const CANCELS: &str = "kubernetes.operator.job.upgrade.last-state.job-cancel.enabled";

fn check(subject: &Subject<'_>, findings: &mut Findings) {
    if !subject.is_for_operator() {
        return;
    }
    let Some((key, entry)) = subject.option(RETENTION) else { return };
    if entry.value.trim().eq_ignore_ascii_case(RETAIN) {
        return;
    }
    let config = &subject.workload.config;
    // Without high availability the operator cancels the job and starts it from what is left.
    let cancels = || {
        let cancels = config.get(CANCELS).map(str::trim);
        high_availability(config).is_none()
            || cancels.is_some_and(|cancels| cancels.eq_ignore_ascii_case("true"))
    };
    let volume = subject.tenant.spec.storage.checkpoints.volume.as_ref();
    let why = if subject.upgrade_mode() == Some("last-state") && cancels() {
        "`upgradeMode: last-state` cancels the job and starts it from its last checkpoint"
    } else if volume.is_some_and(|volume| volume.reclaim.unwrap_or_default() == Reclaim::Retain) {
        "the tenant retains the state of its jobs"
    } else {
        return;
    };
    let found = shown(&entry.value);
    findings
        .at(subject.option_place(key, entry))
        .message(format!(
            "`{key}` is `{found}`, so checkpoints are deleted when the job is cancelled, but {why}"
        ))
        .advise(Advice::set_option(key, RETAIN))
        .key(key)
        .wanted(RETAIN)
        .found(found);
}
