//! FlinkClusters of Spotify's operator.
//!
//! When a job has ended, the operator deletes the cluster's components as `cleanupPolicy` says, by
//! default all of them unless the job failed. The state `Stopped` says that none is left. A changed spec
//! is another revision, and starts the cluster again.

use super::{Rest, text_at};
use serde_json::{Value, json};

const STATE: &str = "/status/state";
const JOB: &str = "/status/components/job/state";
const CURRENT: &str = "/status/revision/currentRevision";
const NEXT: &str = "/status/revision/nextRevision";
const RESTARTS: &str = "/spec/job/restartPolicy";
const ENDED: [&str; 2] = ["Succeeded", "Cancelled"];
const FAILED: [&str; 3] = ["Failed", "Lost", "DeployFailed"];

/// Why an object runs nothing.
pub(super) fn rest(object: &Value) -> Option<Rest> {
    let text = |place: &str| text_at(object, place);
    let job = text(JOB);
    let restarts = text(RESTARTS) == "FromSavepointOnFailure";
    let has_ended = ENDED.contains(&job) || (FAILED.contains(&job) && !restarts);
    (text(STATE) == "Stopped" && has_ended && text(CURRENT) == text(NEXT)).then_some(Rest::Ended)
}

/// The part of a status that decides.
pub(super) fn essential_status(object: &Value) -> Value {
    let text = |place: &str| text_at(object, place);
    json!({"state": text(STATE), "components": {"job": {"state": text(JOB)}},
        "revision": {"currentRevision": text(CURRENT), "nextRevision": text(NEXT)}})
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;

    #[test]
    fn a_stopped_cluster_rests() {
        let rest_of = |place: &str, value: &str| {
            let mut object = json!({"spec": {"job": {"restartPolicy": "Never"}}, "status": {"state": "Stopped",
                "components": {"job": {"state": "Succeeded"}}, "revision": {"currentRevision": "etl-1", "nextRevision": "etl-1"}}});
            *object.pointer_mut(place).unwrap() = value.into();
            let mut kept = object.clone();
            kept["status"] = essential_status(&object);
            assert_eq!(rest(&kept), rest(&object), "the kept part of the status says the same");
            rest(&object)
        };
        for job in ["Succeeded", "Failed", "Lost", "DeployFailed", "Cancelled"] {
            assert_eq!(rest_of(JOB, job), Some(Rest::Ended), "{job}");
        }
        for job in ["Running", "Restarting", "Updating", "Pending", ""] {
            assert_eq!(rest_of(JOB, job), None, "{job}");
        }
        for state in ["Running", "Stopping", "PartiallyStopped", "Updating", "Reconciling", ""] {
            assert_eq!(rest_of(STATE, state), None, "{state}");
        }
        assert_eq!(rest_of(NEXT, "etl-2"), None);
    }

    #[test]
    fn a_failed_job_that_is_restarted_does_not_rest() {
        let of = |policy: &str| {
            rest(&json!({"spec": {"job": {"restartPolicy": policy}},
                "status": {"state": "Stopped", "components": {"job": {"state": "Failed"}}}}))
        };
        assert_eq!((of("Never"), of("FromSavepointOnFailure")), (Some(Rest::Ended), None));
    }
}
