//! What an upgrade starts from: upgradeMode last-state needs checkpoints that are taken, found and
//! kept.

use super::super::{as_text, get};
use super::{Found, Subject, shown};
use crate::flink::options::{CHECKPOINT_INTERVAL, high_availability};
use crate::flink::values::parse_duration;
use crate::flink::version::FlinkVersion;

const RETENTION: &[&str] = &["execution.checkpointing.externalized-checkpoint-retention"];
const CANCELS: &str = "kubernetes.operator.job.upgrade.last-state.job-cancel.enabled";
/// Below it Flink takes no checkpoints, in nanoseconds.
const SHORTEST_INTERVAL: i128 = 10_000_000;
/// Whose durations are read where the object names no version.
const NEWEST: FlinkVersion = FlinkVersion::new(2, 3);

pub(super) fn judge(subject: &Subject<'_>, found: &mut Found) {
    if !subject.is_for_operator() {
        return;
    }
    let workload = subject.workload;
    let last_state = subject.upgrade_mode() == Some("last-state");
    let available = high_availability(&workload.config).is_some();
    if last_state && workload.declares_cluster && !available {
        let message = "upgradeMode last-state without high availability: once no JobManager answers, nobody knows the last checkpoint";
        found.add(
            "lastState",
            &format!("{}/job/upgradeMode", subject.spec_place()),
            message.into(),
            None,
        );
    }
    if last_state
        && let Some((key, entry)) = subject.option(CHECKPOINT_INTERVAL)
        && parse_duration(&entry.value, workload.version.unwrap_or(NEWEST))
            .is_some_and(|interval| interval < SHORTEST_INTERVAL)
    {
        let message = format!(
            "option {key} is {:?}, so no checkpoint is ever taken, and upgradeMode last-state needs one",
            shown(&entry.value)
        );
        found.add("checkpointInterval", &subject.place(key, entry), message, None);
    }
    if let Some((key, entry)) = subject.option(RETENTION)
        && !entry.value.trim().eq_ignore_ascii_case("RETAIN_ON_CANCELLATION")
    {
        // Without high availability the operator cancels the job and starts it from what is left.
        let cancels = !available
            || workload
                .config
                .get(CANCELS)
                .is_some_and(|value| value.trim().eq_ignore_ascii_case("true"));
        let volume = get(subject.tenant, &["storage", "checkpoints", "volume"]);
        let why = if last_state && cancels {
            "upgradeMode last-state cancels the job and starts it from its last checkpoint"
        } else if as_text(&volume["reclaim"]) == Some("Retain") {
            "this tenant keeps the state of its jobs"
        } else {
            return;
        };
        let message = format!(
            "option {key} is {:?}, so checkpoints go when the job is cancelled, and {why}",
            shown(&entry.value)
        );
        found.add("checkpointRetention", &subject.place(key, entry), message, None);
    }
}
