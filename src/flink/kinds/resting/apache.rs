//! FlinkDeployments and FlinkSessionJobs of the Flink Kubernetes Operator.
//!
//! A status is about the generation that the operator observed: after a change of the spec it says
//! nothing. While the operator upgrades an object, its job has ended too, and starts again.

use super::{ENDED, Rest, text_at};
use crate::flink::Workload;
use crate::resource::pointer;
use serde_json::{Value, json};

/// Whether the operator starts a failed job again.
const RESTARTS: &str = "kubernetes.operator.job.restart.failed";

/// The field that suspends a job.
pub(super) const STATE: &str = "/spec/job/state";
const GENERATION: &str = "/metadata/generation";
const OBSERVED: &str = "/status/observedGeneration";
const JOB: &str = "/status/jobStatus/state";
const LIFECYCLE: &str = "/status/lifecycleState";
const RECONCILIATION: &str = "/status/reconciliationStatus/state";
const RECONCILED: &str = "/status/reconciliationStatus/lastReconciledSpec";

/// Why an object runs nothing.
pub(super) fn rest(object: &Value, workload: &Workload) -> Option<Rest> {
    let text = |place: &str| text_at(object, place);
    if pointer::at(object, "/spec/job").is_none_or(Value::is_null)
        || !matches!(text(RECONCILIATION), "" | "DEPLOYED" | "ROLLED_BACK")
    {
        return None;
    }
    if text(STATE) == "suspended" {
        return (text(LIFECYCLE) == "SUSPENDED").then_some(Rest::Suspended);
    }
    let job = text(JOB);
    let restarts = || {
        job == "FAILED"
            && workload
                .config
                .get(RESTARTS)
                .is_some_and(|value| value.trim().eq_ignore_ascii_case("true"))
    };
    (ENDED.contains(&job) && is_observed(object) && !restarts()).then_some(Rest::Ended)
}

/// Whether the status is about the object's generation.
pub(super) fn is_observed(object: &Value) -> bool {
    let number = |place: &str| pointer::at(object, place).and_then(Value::as_i64);
    // Older operators do not write it. A status of an object that never changed is about that.
    number(GENERATION).is_some_and(|now| number(OBSERVED).map_or(now == 1, |seen| seen == now))
}

/// The part of a status that decides.
pub(super) fn essential_status(object: &Value) -> Value {
    let text = |place: &str| pointer::at(object, place).cloned().unwrap_or_default();
    let was_deployed = pointer::at(object, RECONCILED)
        .and_then(Value::as_str)
        .is_some_and(|spec| !spec.is_empty());
    json!({
        "jobStatus": {"state": text(JOB)},
        "lifecycleState": text(LIFECYCLE),
        "observedGeneration": text(OBSERVED),
        "reconciliationStatus": {
            "state": text(RECONCILIATION),
            "lastReconciledSpec": if was_deployed { "{}" } else { "" },
        },
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use crate::flink::kinds::resting;
    use crate::kinds::lower;
    use crate::resource::Resource;

    fn rest_of(change: impl Fn(&mut Value)) -> Option<Rest> {
        let mut object = json!({"apiVersion": "flink.apache.org/v1beta1", "kind": "FlinkDeployment",
            "metadata": {"name": "etl", "generation": 2},
            "spec": {"flinkVersion": "v1_20", "job": {"state": "running"}, "flinkConfiguration": {}},
            "status": {"jobStatus": {"state": "FINISHED"}, "lifecycleState": "STABLE", "observedGeneration": 2,
                "reconciliationStatus": {"state": "DEPLOYED", "lastReconciledSpec": "{}"}}});
        change(&mut object);
        let resource = Resource::from_manifest(object.clone()).unwrap();
        let of = |object: &Value| {
            resting::rest(&resource.kind, object, &lower(&resource, object).unwrap())
        };
        let found = of(&object);
        let mut kept = object.clone();
        kept["status"] = resting::essential_status(&resource.kind, &object, true);
        assert_eq!(of(&kept), found, "the kept part of the status says the same");
        found
    }

    #[test]
    fn a_job_rests_when_its_operator_says_so_of_this_generation() {
        let status = |place: &'static str, value: Value| {
            rest_of(move |object| *object["status"].pointer_mut(place).unwrap() = value.clone())
        };
        for (place, value, expected) in [
            ("/jobStatus/state", "FINISHED", Some(Rest::Ended)),
            ("/jobStatus/state", "FAILED", Some(Rest::Ended)),
            ("/jobStatus/state", "CANCELED", Some(Rest::Ended)),
            ("/jobStatus/state", "RUNNING", None),
            ("/jobStatus/state", "RECONCILING", None),
            ("/jobStatus/state", "FAILING", None),
            ("/reconciliationStatus/state", "UPGRADING", None),
            ("/reconciliationStatus/state", "ROLLING_BACK", None),
        ] {
            assert_eq!(status(place, value.into()), expected, "{place} {value}");
        }
        assert_eq!(status("/observedGeneration", 1.into()), None);
        assert_eq!(status("/observedGeneration", Value::Null), None);
        let first = |object: &mut Value| {
            object["metadata"]["generation"] = 1.into();
            object["status"]["observedGeneration"] = Value::Null;
        };
        assert_eq!(rest_of(first), Some(Rest::Ended));
        assert_eq!(rest_of(|object| object["status"] = Value::Null), None);
    }

    #[test]
    fn a_failed_job_that_is_restarted_does_not_rest() {
        let failed = |restarts: &'static str| {
            rest_of(move |object| {
                object["status"]["jobStatus"]["state"] = "FAILED".into();
                object["spec"]["flinkConfiguration"][RESTARTS] = restarts.into();
            })
        };
        assert_eq!((failed("true"), failed("false")), (None, Some(Rest::Ended)));
    }

    #[test]
    fn a_suspended_job_rests_once_its_operator_has_suspended_it() {
        let suspended = |lifecycle: &'static str, state: &'static str| {
            rest_of(move |object| {
                object["spec"]["job"]["state"] = "suspended".into();
                object["status"]["lifecycleState"] = lifecycle.into();
                object["status"]["reconciliationStatus"]["state"] = state.into();
            })
        };
        assert_eq!(suspended("SUSPENDED", "DEPLOYED"), Some(Rest::Suspended));
        assert_eq!(suspended("STABLE", "DEPLOYED"), None);
        assert_eq!(suspended("SUSPENDED", "UPGRADING"), None);
        let resumed = rest_of(|object| object["status"]["lifecycleState"] = "SUSPENDED".into());
        assert_eq!(resumed, Some(Rest::Ended), "the job of this generation has finished");
    }
}
