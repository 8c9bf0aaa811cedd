//! What takes savepoints needs a directory for them.

use super::{Declared, Found, Subject};
use crate::flink::options::{CHECKPOINT_DIR, Names, SAVEPOINT_DIR};
use crate::flink::version::FlinkVersion;

const PERIODIC: Names = &["kubernetes.operator.periodic.savepoint.interval"];
const MAX_AGE: Names = &["kubernetes.operator.job.upgrade.last-state.max.allowed.checkpoint.age"];

/// First version that reads the option under its present name.
const RENAMED: FlinkVersion = FlinkVersion::new(1, 20);

/// A savepoint directory where something asks for savepoints of a job.
pub(super) fn directory(declared: &Declared<'_>, found: &mut Found) {
    if declared.field("/job").is_none() || !declared.is_blank(SAVEPOINT_DIR) {
        return;
    }
    let by_mode = declared.text("/job/upgradeMode") == Some("savepoint");
    let nonce = declared.field("/job/savepointTriggerNonce").is_some();
    let periodic = declared.option(PERIODIC);
    let age = declared.option(MAX_AGE);
    if !by_mode && !nonce && periodic.is_none() && age.is_none() {
        return;
    }
    let old = declared.workload.version.is_some_and(|version| version < RENAMED);
    let option = SAVEPOINT_DIR.get(usize::from(old)).copied().unwrap_or_default();
    let mut tell = |place: String, why: String| {
        found.tell_with_help(
            Subject::SavepointDir,
            place,
            format!("{why} needs a savepoint directory, and option {option} names none"),
            format!(
                "set {option} to a durable directory, beside {}",
                CHECKPOINT_DIR.get(usize::from(old)).copied().unwrap_or_default()
            ),
        );
    };
    if by_mode {
        tell(declared.at("/job/upgradeMode"), "upgradeMode savepoint".into());
    }
    if nonce {
        tell(declared.at("/job/savepointTriggerNonce"), "a savepoint triggered by hand".into());
    }
    for (key, entry) in [periodic, age].into_iter().flatten() {
        tell(declared.place_of(key, Some(entry)), format!("option {key}"));
    }
}
