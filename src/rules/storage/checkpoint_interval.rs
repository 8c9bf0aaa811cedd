//! `storage/checkpoint-interval`

use crate::flink::options::CHECKPOINT_INTERVAL;
use crate::flink::values::parse_duration;
use crate::flink::version::FlinkVersion;
use crate::rules::words::shown;
use crate::rules::{Advice, Findings, Level, Rule, Subject};

/// Intervals that turn checkpoints off.
pub static RULE: Rule = Rule {
    id: "storage/checkpoint-interval",
    level: Level::Error,
    since: "0.1.0",
    title: "Checkpoint interval for upgradeMode last-state",
    tenant_fields: &[],
    as_is: false,
    page: include_str!("checkpoint_interval.md"),
    check,
};

/// Below it Flink takes no checkpoints, in nanoseconds.
const SHORTEST_INTERVAL: i128 = 10_000_000;
/// The version that is assumed if the object names none.
const NEWEST: FlinkVersion = FlinkVersion::new(2, 3);

fn check(subject: &Subject<'_>, findings: &mut Findings) {
    if !subject.is_for_operator() || subject.upgrade_mode() != Some("last-state") {
        return;
    }
    let Some((key, entry)) = subject.option(CHECKPOINT_INTERVAL) else { return };
    let interval = parse_duration(&entry.value, subject.workload.version.unwrap_or(NEWEST));
    if interval.is_some_and(|interval| interval < SHORTEST_INTERVAL) {
        let found = shown(&entry.value);
        findings
            .at(subject.option_place(key, entry))
            .message(format!(
                "`{key}` is `{found}`, which turns checkpoints off, but \
                 `upgradeMode: last-state` needs a checkpoint"
            ))
            .advise(Advice::set_option(key, "60s"))
            .key(key)
            .found(found);
    }
}
