//! The objects with which the operator checks itself.

use crate::resource::{GroupVersionKind, pointer};
use serde_json::Value;

/// Label of the FlinkDeployments and FlinkSessionJobs with which the operator checks itself; it runs
/// nothing for them.
pub const CANARY_LABEL: &str = "flink.apache.org/canary";

/// The kinds for which the operator reads that label.
const CANARY_KINDS: [&str; 2] = ["FlinkDeployment", "FlinkSessionJob"];

/// Whether an object is a canary: the operator neither validates nor deploys it. On other kinds the
/// label means nothing, and what the operator deployed before runs on under the label.
pub fn is_canary(kind: &GroupVersionKind, object: &Value) -> bool {
    let was_deployed = || {
        pointer::at(object, "/status/reconciliationStatus/lastReconciledSpec")
            .and_then(Value::as_str)
            .is_some_and(|spec| !spec.is_empty())
    };
    kind.group == "flink.apache.org"
        && CANARY_KINDS.contains(&kind.kind.as_str())
        && has_canary_label(object)
        && !was_deployed()
}

fn has_canary_label(object: &Value) -> bool {
    let labels = object.get("metadata").and_then(|metadata| metadata.get("labels"));
    labels
        .and_then(|labels| labels.get(CANARY_LABEL))
        .and_then(Value::as_str)
        .is_some_and(|value| value.eq_ignore_ascii_case("true"))
}
