//! What may not change in an object that exists.
//!
//! The operator compares with `status.reconciliationStatus.lastReconciledSpec`: what runs, which is not what is stored where a
//! stored change was refused, so that a change back must be possible. The stored object's status is read, never the one that
//! comes with the request. Who may write the status could forge it, and would gain nothing: these checks keep a cluster
//! from changes that the operator cannot make, they guard nobody's secrets. An object that the operator has looked at without
//! deploying anything may change in every way. Where it has not looked yet, or its word cannot be read, the stored spec counts.

use super::{Declared, Found, Subject};
use crate::flink::workload::is_canary;
use crate::resource::{Operation, pointer};
use serde_json::Value;
use std::borrow::Cow;

/// What runs of this object; `None` where nothing does, or it is new. Offline the object may bring its own status along.
fn last<'a>(declared: &Declared<'a>) -> Option<Cow<'a, Value>> {
    let old = declared.resource.old_object.as_ref().filter(|_| declared.resource.operation == Operation::Update);
    if old.is_some_and(is_canary) {
        return None;
    }
    let stored = || old.and_then(|old| old.get("spec")).filter(|spec| spec.is_object()).map(Cow::Borrowed);
    let status = pointer::at(old.unwrap_or(declared.object), "/status/reconciliationStatus").filter(|status| status.is_object());
    let Some(status) = status else { return stored() };
    match status.get("lastReconciledSpec").and_then(Value::as_str) {
        None => None,
        Some(text) => match serde_json::from_str::<Value>(text).ok().as_mut().and_then(|last| last.get_mut("spec")).map(Value::take) {
            Some(spec) if spec.is_object() => Some(Cow::Owned(spec)),
            _ => stored(),
        },
    }
}

fn at<'v>(spec: &'v Value, path: &str) -> Option<&'v Value> {
    pointer::at(spec, path).filter(|value| !value.is_null())
}

/// Changes of a FlinkDeployment that the operator cannot make.
pub(super) fn deployment(declared: &Declared<'_>, found: &mut Found) {
    let Some(last) = last(declared) else { return };
    let spec = declared.spec;
    let anew = "delete the object and create it anew, or use another name";
    match (at(&last, "/job").is_some(), at(spec, "/job").is_some()) {
        (false, true) => {
            found.tell_with_help(Subject::Change, declared.at("/job"), "a session cluster cannot become an application's", anew);
        }
        (true, false) => {
            found.tell_with_help(Subject::Change, declared.at("/job"), "an application's cluster cannot become a session cluster", anew);
        }
        (true, true) => job(declared, &last, found),
        (false, false) => {}
    }
    let mode = |spec| at(spec, "/mode").and_then(Value::as_str).unwrap_or("native");
    let (before, now) = (mode(&last), mode(spec));
    if before != now {
        let message = format!("the mode cannot change from {before} to {now}");
        found.tell_with_help(Subject::Change, declared.at("/mode"), message, anew);
    }
}

fn job(declared: &Declared<'_>, last: &Value, found: &mut Found) {
    let spec = declared.spec;
    let nonce = at(spec, "/job/savepointRedeployNonce");
    if nonce.is_some() && nonce != at(last, "/job/savepointRedeployNonce") && declared.text("/job/initialSavepointPath").is_none() {
        found.tell_with_help(
            Subject::Change,
            declared.at("/job/savepointRedeployNonce"),
            "a new savepointRedeployNonce starts the job from a savepoint, and initialSavepointPath names none",
            "write the savepoint in spec.job.initialSavepointPath",
        );
    }
    let text = |spec, path| at(spec, path).and_then(Value::as_str);
    let suspended = text(last, "/job/state") == Some("suspended") && text(last, "/job/upgradeMode") == Some("last-state");
    let changed = declared.field("/flinkVersion").is_some() && at(last, "/flinkVersion") != at(spec, "/flinkVersion");
    if suspended && changed && text(spec, "/job/upgradeMode").unwrap_or("stateless") != "stateless" {
        found.tell_with_help(
            Subject::Change,
            declared.at("/flinkVersion"),
            "the Flink version cannot change while the job is suspended with its last state, which another version may not read",
            "resume the job with its present version first, then change the version",
        );
    }
}

/// A job stays in its session cluster.
pub(super) fn session_job(declared: &Declared<'_>, found: &mut Found) {
    let Some(last) = last(declared) else { return };
    let (before, now) = (at(&last, "/deploymentName"), declared.field("/deploymentName"));
    if before.is_some() && now.is_some() && before != now {
        let message = "a job cannot move to another session cluster";
        found.tell_with_help(
            Subject::Change,
            declared.at("/deploymentName"),
            message,
            "create another FlinkSessionJob, from a savepoint of this one if its state counts",
        );
    }
}
