//! `flink/immutable`

use crate::flink::operator::DeclaredSpec;
use crate::flink::workload::is_canary;
use crate::resource::{Operation, pointer};
use crate::rules::words::shown;
use crate::rules::{Advice, Findings, Level, Rule, Subject};
use serde::Deserialize;
use serde_json::Value;
use std::borrow::Cow;

/// Changes of an existing object that the operator cannot make.
///
/// The operator compares with `status.reconciliationStatus.lastReconciledSpec`: what runs, which
/// differs from what is stored where the operator refused a stored change. So a change back must be
/// possible. The stored object's status is read, never the one in the request. A user who may write
/// the status could forge it but would gain nothing: these checks protect a cluster from changes
/// that the operator cannot make, not secrets. An object that the operator has reconciled without
/// deploying anything may change in every way. Where it has not reconciled the object, or its
/// status cannot be read, the stored spec counts.
pub static RULE: Rule = Rule {
    id: "flink/immutable",
    level: Level::Error,
    since: "0.1.0",
    title: "Immutable fields",
    tenant_fields: &[],
    as_is: false,
    page: include_str!("immutable.md"),
    check,
};

const NATIVE: &str = "native";
const STATELESS: &str = "stateless";

/// The part of `lastReconciledSpec` that is read.
#[derive(Deserialize)]
struct Reconciled<'a> {
    #[serde(borrow)]
    spec: Running<'a>,
}

/// The fields of a spec that are compared.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Running<'a> {
    #[serde(borrow)]
    job: Option<RunningJob<'a>>,
    #[serde(borrow)]
    mode: Option<Field<'a>>,
    #[serde(borrow)]
    flink_version: Option<Field<'a>>,
    #[serde(borrow)]
    deployment_name: Option<Field<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RunningJob<'a> {
    #[serde(borrow)]
    state: Option<Field<'a>>,
    #[serde(borrow)]
    upgrade_mode: Option<Field<'a>>,
    #[serde(borrow)]
    savepoint_redeploy_nonce: Option<Field<'a>>,
}

/// A value of any type: other rules report a wrong one.
#[derive(Deserialize)]
#[serde(untagged)]
enum Field<'a> {
    Text(#[serde(borrow)] Cow<'a, str>),
    Other(Value),
}

impl Field<'_> {
    fn is(&self, value: &Value) -> bool {
        match self {
            Self::Text(text) => value.as_str() == Some(text),
            Self::Other(other) => value == other,
        }
    }
}

fn check(subject: &Subject<'_>, findings: &mut Findings) {
    if let Some(job) = subject.session_job() {
        session_job(subject, &job, findings);
    } else if subject.resource.kind.kind == "FlinkDeployment"
        && let Some(cluster) = subject.operators_cluster()
    {
        deployment(subject, &cluster, findings);
    }
}

/// What runs of this object; `None` where nothing runs, or the object is new. Offline the object's
/// own status counts.
fn running<'a>(subject: &Subject<'a>) -> Option<Running<'a>> {
    let resource = subject.resource;
    let old = resource.old_object.as_ref().filter(|_| resource.operation == Operation::Update);
    if old.is_some_and(|old| is_canary(&resource.kind, old)) {
        return None;
    }
    let stored = || Running::deserialize(old?.get("spec")?).ok();
    let status = pointer::at(old.unwrap_or(subject.object), "/status/reconciliationStatus")
        .filter(|status| status.is_object());
    let Some(status) = status else { return stored() };
    let text = status.get("lastReconciledSpec").and_then(Value::as_str)?;
    serde_json::from_str::<Reconciled<'_>>(text).map(|last| last.spec).ok().or_else(stored)
}

fn deployment(subject: &Subject<'_>, cluster: &DeclaredSpec<'_>, findings: &mut Findings) {
    let Some(running) = running(subject) else { return };
    let mut kind = |message: &str, help: &str| {
        findings.at(cluster.at("/job")).message(message).help(help.to_owned());
    };
    match (&running.job, cluster.field("/job")) {
        (None, Some(_)) => kind(
            "a session cluster cannot become an application cluster",
            "remove `spec.job`, or create another FlinkDeployment",
        ),
        (Some(_), None) => kind(
            "an application cluster cannot become a session cluster",
            "keep `spec.job`, or create another FlinkDeployment",
        ),
        (Some(before), Some(_)) => job(&running, before, cluster, findings),
        (None, None) => {}
    }
    let before = text(&running.mode).unwrap_or(NATIVE);
    let now = cluster.text("/mode").unwrap_or(NATIVE);
    if before != now {
        findings
            .at(cluster.at("/mode"))
            .message(format!("the mode cannot change from `{}` to `{}`", shown(before), shown(now)))
            .advise(Advice::set("mode", before).in_words(format!(
                "set `spec.mode: {}`, or create another FlinkDeployment",
                shown(before)
            )))
            .wanted(before)
            .found(now);
    }
}

fn job(
    running: &Running<'_>,
    before: &RunningJob<'_>,
    cluster: &DeclaredSpec<'_>,
    findings: &mut Findings,
) {
    let has_changed = |path: &str, before: &Option<Field<'_>>| {
        let now = cluster.field(path);
        now.is_some_and(|now| before.as_ref().is_none_or(|before| !before.is(now)))
    };
    if has_changed("/job/savepointRedeployNonce", &before.savepoint_redeploy_nonce)
        && cluster.text("/job/initialSavepointPath").is_none()
    {
        findings
            .at(cluster.at("/job/savepointRedeployNonce"))
            .message("a new `savepointRedeployNonce` needs a savepoint in `initialSavepointPath`")
            .help("set `spec.job.initialSavepointPath` to the savepoint to start from".to_owned());
    }
    if text(&before.state) == Some("suspended")
        && text(&before.upgrade_mode) == Some("last-state")
        && has_changed("/flinkVersion", &running.flink_version)
        && cluster.text("/job/upgradeMode").unwrap_or(STATELESS) != STATELESS
    {
        findings
            .at(cluster.at("/flinkVersion"))
            .message(
                "`flinkVersion` cannot change while the job is suspended with `upgradeMode: last-state`",
            )
            .help("resume the job with its current version, then change the version".to_owned());
    }
}

/// A job stays in its session cluster.
fn session_job(subject: &Subject<'_>, job: &DeclaredSpec<'_>, findings: &mut Findings) {
    let Some(now) = job.field("/deploymentName") else { return };
    let before = running(subject).and_then(|running| running.deployment_name);
    let Some(before) = before.filter(|before| !before.is(now)) else { return };
    let help = match &before {
        Field::Text(name) => {
            format!("set `spec.deploymentName: {}`, or create another FlinkSessionJob", shown(name))
        }
        Field::Other(_) => "create another FlinkSessionJob".into(),
    };
    findings
        .at(job.at("/deploymentName"))
        .message("a job cannot move to another session cluster")
        .help(help);
}

fn text<'a>(field: &'a Option<Field<'_>>) -> Option<&'a str> {
    match field {
        Some(Field::Text(text)) => Some(text),
        _ => None,
    }
}
