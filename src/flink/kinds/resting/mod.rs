//! Flink objects that run nothing: jobs that have ended, and jobs that are suspended.
//!
//! Operators write it into the status, which other users may not write. One file an operator says
//! what its status means.

mod apache;
mod blue_green;
mod lyft;
mod spotify;

use crate::flink::Workload;
use crate::resource::{GroupVersionKind, pointer};
use serde_json::Value;

/// Why an object runs nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Rest {
    /// Its job finished, failed or was cancelled.
    Ended,
    /// `spec.job.state` is `suspended`.
    Suspended,
    /// It runs nothing itself: its [children](rests_with_children) may have ended.
    Children,
}

/// The states in which a job of Flink stays.
const ENDED: [&str; 3] = ["FINISHED", "FAILED", "CANCELED"];
/// Whether the status of a kept object was written after everything else.
const IS_OBSERVED: &str = "isObserved";

/// Whether a stored object runs nothing, as its operator reports.
pub fn rest(kind: &GroupVersionKind, object: &Value, workload: &Workload) -> Option<Rest> {
    match (kind.group.as_str(), kind.kind.as_str()) {
        ("flink.apache.org", "FlinkDeployment" | "FlinkSessionJob") => {
            apache::rest(object, workload)
        }
        ("flink.apache.org", "FlinkBlueGreenDeployment") => blue_green::rest(object),
        ("flinkoperator.k8s.io", "FlinkCluster") => spotify::rest(object),
        ("flink.k8s.io", "FlinkApplication") => lyft::rest(object),
        _ => None,
    }
}

/// Whether the status of an object of the Flink Kubernetes Operator is about the object's generation.
pub(super) fn is_of_generation(object: &Value) -> bool {
    apache::is_observed(object)
}

/// The field that suspends a job.
pub fn state_field(kind: &GroupVersionKind) -> &'static str {
    if kind.kind == "FlinkBlueGreenDeployment" { blue_green::STATE } else { apache::STATE }
}

/// Whether an object of this kind rests only where all objects rest that the operator made of it.
pub fn rests_with_children(kind: &str) -> bool {
    kind == "FlinkBlueGreenDeployment"
}

/// Whether the status is about the object as it is now, with the status that [`essential_status`]
/// keeps. The status of the Flink Kubernetes Operator says so itself. For others, the status must have
/// been written last: a job that its user has just started again has still the status of before.
pub fn is_observed(kind: &GroupVersionKind, object: &Value) -> bool {
    kind.group == "flink.apache.org"
        || pointer::at(object, "/status")
            .is_some_and(|status| status.get(IS_OBSERVED) == Some(&Value::Bool(true)))
}

/// The part of a status that decides about an object, to keep in place of the whole. `is_last` says
/// whether the status was written after everything else.
pub fn essential_status(kind: &GroupVersionKind, object: &Value, is_last: bool) -> Value {
    let mut kept = match (kind.group.as_str(), kind.kind.as_str()) {
        (_, "FlinkBlueGreenDeployment") => blue_green::essential_status(object),
        ("flinkoperator.k8s.io", _) => spotify::essential_status(object),
        ("flink.k8s.io", _) => lyft::essential_status(object),
        _ => apache::essential_status(object),
    };
    if let Some(fields) = kept.as_object_mut() {
        fields.insert(IS_OBSERVED.to_owned(), is_last.into());
    }
    kept
}

fn text_at<'o>(object: &'o Value, place: &str) -> &'o str {
    pointer::at(object, place).and_then(Value::as_str).unwrap_or_default()
}
