//! A FlinkStateSnapshot: of one job, as a savepoint or as a checkpoint.

use super::{Found, Subject, shown};
use crate::resource::pointer;
use serde_json::Value;

/// One of the two, and whose.
pub(super) fn snapshot(object: &Value, of_nothing: bool, found: &mut Found) {
    let Some(spec) = object.get("spec").filter(|spec| spec.is_object()) else { return };
    let is_set = |field: &str| spec.get(field).is_some_and(|value| !value.is_null());
    match (is_set("savepoint"), is_set("checkpoint")) {
        (true, true) => {
            let message = "a snapshot is a savepoint or a checkpoint, not both";
            found.tell(Subject::Snapshot, "/spec/checkpoint", message);
        }
        (false, false) => found.tell(
            Subject::Snapshot,
            "/spec/savepoint",
            "the snapshot is neither a savepoint nor a checkpoint",
        ),
        _ => {}
    }
    let exists =
        pointer::at(spec, "/savepoint/alreadyExists").and_then(Value::as_bool).unwrap_or(false);
    if !exists && !is_set("jobReference") {
        let help =
            "write kind and name of a FlinkDeployment or FlinkSessionJob in spec.jobReference";
        found.tell_with_help(
            Subject::Snapshot,
            "/spec/jobReference",
            "the snapshot names no job",
            help,
        );
    } else if !exists && of_nothing {
        let text =
            |field: &str| pointer::at(spec, field).and_then(Value::as_str).unwrap_or_default();
        let message = format!(
            "there is no {} {} to take a snapshot of",
            text("/jobReference/kind"),
            shown(text("/jobReference/name"))
        );
        found.tell(Subject::Snapshot, "/spec/jobReference/name", message);
    }
}
