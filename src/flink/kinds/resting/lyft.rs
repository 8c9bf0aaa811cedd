//! FlinkApplications of Lyft's operator.
//!
//! The operator keeps the cluster of a job that has ended, and its pods count. What it does not make
//! again before the spec changes is a cluster that a user deleted.

use super::{ENDED, Rest, text_at};
use serde_json::{Value, json};

const PHASE: &str = "/status/phase";
const JOB: &str = "/status/jobStatus/state";
const VERSIONS: &str = "versionStatuses";
/// The phases in which the operator makes nothing.
const SETTLED: [&str; 2] = ["Running", "DeployFailed"];

/// Why an object runs nothing.
pub(super) fn rest(object: &Value) -> Option<Rest> {
    // With several versions, one of them may run.
    let versions = object.get("status").and_then(|status| status.get(VERSIONS));
    let is_one = versions.and_then(Value::as_array).is_none_or(Vec::is_empty);
    let has_ended =
        SETTLED.contains(&text_at(object, PHASE)) && ENDED.contains(&text_at(object, JOB));
    (is_one && has_ended).then_some(Rest::Ended)
}

/// The part of a status that decides.
pub(super) fn essential_status(object: &Value) -> Value {
    let is_ended = rest(object).is_some();
    json!({"phase": text_at(object, PHASE), "jobStatus": {"state": if is_ended { text_at(object, JOB) } else { "" }}})
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;

    #[test]
    fn an_ended_job_in_a_settled_phase_rests() {
        let of = |phase: &str, job: &str, versions: Value| {
            let object = json!({"status": {"phase": phase, "jobStatus": {"state": job}, "versionStatuses": versions}});
            let kept = json!({"status": essential_status(&object)});
            assert_eq!(rest(&kept), rest(&object), "the kept part of the status says the same");
            rest(&object)
        };
        for job in ENDED {
            assert_eq!(of("Running", job, Value::Null), Some(Rest::Ended));
            assert_eq!(of("DeployFailed", job, json!([])), Some(Rest::Ended));
            assert_eq!(of("SubmittingJob", job, Value::Null), None);
            assert_eq!(of("Running", job, json!([{"jobStatus": {"state": "RUNNING"}}])), None);
        }
        assert_eq!(of("Running", "RUNNING", Value::Null), None);
        assert_eq!(of("DeployFailed", "", Value::Null), None);
    }
}
