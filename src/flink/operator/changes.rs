//! What may not change in an object that exists.
//!
//! The operator compares with `status.reconciliationStatus.lastReconciledSpec`: what runs, which is
//! not what is stored where a stored change was refused, so that a change back must be possible.
//! The stored object's status is read, never the one that comes with the request. Who may write the
//! status could forge it, and would gain nothing: these checks keep a cluster from changes that the
//! operator cannot make, they guard nobody's secrets. An object that the operator has looked at
//! without deploying anything may change in every way. Where it has not looked yet, or its word
//! cannot be read, the stored spec counts.

use super::{Declared, Found, Subject};
use crate::flink::workload::is_canary;
use crate::resource::{Operation, Resource, pointer};
use serde::Deserialize;
use serde_json::Value;

const ANEW: &str = "delete the object and create it anew, or use another name";

/// What the operator wrote of the object that it deployed; there is more in it, which is passed
/// over.
#[derive(Deserialize)]
struct Reconciled {
    spec: Running,
}

/// A spec, as far as it is compared. Values are of any type: what is wrong with them is told
/// elsewhere.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Running {
    job: Option<RunningJob>,
    mode: Option<Value>,
    flink_version: Option<Value>,
    deployment_name: Option<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RunningJob {
    state: Option<Value>,
    upgrade_mode: Option<Value>,
    savepoint_redeploy_nonce: Option<Value>,
}

/// What runs of this object; `None` where nothing does, or it is new. Offline the object may bring
/// its own status along.
fn last(resource: &Resource, object: &Value) -> Option<Running> {
    let old = resource.old_object.as_ref().filter(|_| resource.operation == Operation::Update);
    if old.is_some_and(is_canary) {
        return None;
    }
    let stored = || Running::deserialize(old?.get("spec")?).ok();
    let status = pointer::at(old.unwrap_or(object), "/status/reconciliationStatus")
        .filter(|status| status.is_object());
    let Some(status) = status else { return stored() };
    let text = status.get("lastReconciledSpec").and_then(Value::as_str)?;
    serde_json::from_str::<Reconciled>(text).map(|last| last.spec).ok().or_else(stored)
}

/// Changes of a FlinkDeployment that the operator cannot make.
pub(super) fn deployment(
    declared: &Declared<'_>,
    resource: &Resource,
    object: &Value,
    found: &mut Found,
) {
    let Some(last) = last(resource, object) else { return };
    match (&last.job, declared.field("/job")) {
        (None, Some(_)) => {
            found.tell_with_help(
                Subject::Change,
                declared.at("/job"),
                "a session cluster cannot become an application's",
                ANEW,
            );
        }
        (Some(_), None) => {
            found.tell_with_help(
                Subject::Change,
                declared.at("/job"),
                "an application's cluster cannot become a session cluster",
                ANEW,
            );
        }
        (Some(before), Some(_)) => job(declared, &last, before, found),
        (None, None) => {}
    }
    let (before, now) =
        (text(&last.mode).unwrap_or("native"), declared.text("/mode").unwrap_or("native"));
    if before != now {
        let message = format!("the mode cannot change from {before} to {now}");
        found.tell_with_help(Subject::Change, declared.at("/mode"), message, ANEW);
    }
}

fn job(declared: &Declared<'_>, last: &Running, before: &RunningJob, found: &mut Found) {
    let nonce = declared.field("/job/savepointRedeployNonce");
    if nonce.is_some()
        && nonce != before.savepoint_redeploy_nonce.as_ref()
        && declared.text("/job/initialSavepointPath").is_none()
    {
        found.tell_with_help(
            Subject::Change,
            declared.at("/job/savepointRedeployNonce"),
            "a new savepointRedeployNonce starts the job from a savepoint, and initialSavepointPath names none",
            "write the savepoint in spec.job.initialSavepointPath",
        );
    }
    let suspended = text(&before.state) == Some("suspended")
        && text(&before.upgrade_mode) == Some("last-state");
    let version = declared.field("/flinkVersion");
    let changed = version.is_some() && version != last.flink_version.as_ref();
    if suspended
        && changed
        && declared.text("/job/upgradeMode").unwrap_or("stateless") != "stateless"
    {
        found.tell_with_help(
            Subject::Change,
            declared.at("/flinkVersion"),
            "the Flink version cannot change while the job is suspended with its last state, which another version may not read",
            "resume the job with its present version first, then change the version",
        );
    }
}

/// A job stays in its session cluster.
pub(super) fn session_job(
    declared: &Declared<'_>,
    resource: &Resource,
    object: &Value,
    found: &mut Found,
) {
    let Some(now) = declared.field("/deploymentName") else { return };
    if last(resource, object)
        .and_then(|last| last.deployment_name)
        .is_some_and(|before| before != *now)
    {
        found.tell_with_help(
            Subject::Change,
            declared.at("/deploymentName"),
            "a job cannot move to another session cluster",
            "create another FlinkSessionJob, from a savepoint of this one if its state counts",
        );
    }
}

fn text(value: &Option<Value>) -> Option<&str> {
    value.as_ref().and_then(Value::as_str)
}
