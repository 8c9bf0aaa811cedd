//! `storage/savepoint-dir`

use super::shared::allowed_directory;
use crate::flink::Engine;
use crate::flink::options::{Names, SAVEPOINT_DIR};
use crate::flink::state::name_for;
use crate::flink::workload::is_canary;
use crate::rules::{Findings, Level, Rule, Subject};
use serde_json::Value;

/// Savepoints without a directory.
pub static RULE: Rule = Rule {
    id: "storage/savepoint-dir",
    level: Level::Error,
    since: "0.1.0",
    title: "Directory for savepoints",
    tenant_fields: &["storage.checkpoints.locations", "storage.checkpoints.volume"],
    as_is: true,
    page: include_str!("savepoint_dir.md"),
    check,
};

const PERIODIC: Names = &["kubernetes.operator.periodic.savepoint.interval"];
const MAX_AGE: Names = &["kubernetes.operator.job.upgrade.last-state.max.allowed.checkpoint.age"];

fn check(subject: &Subject<'_>, findings: &mut Findings) {
    let workload = subject.workload;
    let Some(job) = subject.spec().and_then(|spec| spec.get("job")).filter(|job| !job.is_null())
    else {
        return;
    };
    let is_submitted =
        || workload.session.is_some() && !is_canary(&subject.resource.kind, subject.object);
    let is_deployed =
        workload.engine == Engine::Operator && (workload.declares_cluster || is_submitted());
    let directory = workload.option(SAVEPOINT_DIR);
    // An empty one is reported where it is.
    if !is_deployed || directory.is_some() {
        return;
    }
    let place = |field: &str| format!("{}/job/{field}", subject.spec_place());
    let mut report = |place: String, why: &str| {
        let option = name_for(SAVEPOINT_DIR, workload.version);
        findings
            .at(place)
            .message(format!("{why} needs a savepoint directory, but `{option}` is not set"))
            .help(format!("set `{option}` to {}", allowed_directory(subject)))
            .key(option);
    };
    if job.get("upgradeMode").and_then(Value::as_str) == Some("savepoint") {
        report(place("upgradeMode"), "`upgradeMode: savepoint`");
    }
    if job.get("savepointTriggerNonce").is_some_and(|nonce| !nonce.is_null()) {
        report(place("savepointTriggerNonce"), "`savepointTriggerNonce`");
    }
    for (key, entry) in [PERIODIC, MAX_AGE].iter().filter_map(|names| workload.option(names)) {
        report(subject.option_place(key, entry), &format!("`{key}`"));
    }
}
