//! `flink/snapshot`

use crate::flink::Engine;
use crate::resource::pointer;
use crate::rules::words::shown;
use crate::rules::{Findings, Level, Rule, Subject};
use serde_json::Value;

/// Snapshots of no job, of several kinds or of none.
pub static RULE: Rule = Rule {
    id: "flink/snapshot",
    level: Level::Error,
    since: "0.1.0",
    title: "State snapshots",
    tenant_fields: &[],
    as_is: false,
    page: include_str!("snapshot.md"),
    check,
};

fn check(subject: &Subject<'_>, findings: &mut Findings) {
    if subject.resource.kind.kind != "FlinkStateSnapshot"
        || subject.workload.engine != Engine::Operator
    {
        return;
    }
    let Some(spec) = subject.object.get("spec").filter(|spec| spec.is_object()) else { return };
    let is_set = |field: &str| spec.get(field).is_some_and(|value| !value.is_null());
    match (is_set("savepoint"), is_set("checkpoint")) {
        (true, true) => {
            findings
                .at("/spec/checkpoint")
                .message("a snapshot is either a savepoint or a checkpoint, not both")
                .help("remove `spec.savepoint` or `spec.checkpoint`".to_owned());
        }
        (false, false) => {
            findings
                .at("/spec/savepoint")
                .message("the snapshot has neither `savepoint` nor `checkpoint`")
                .help("set `spec.savepoint: {}` or `spec.checkpoint: {}`".to_owned());
        }
        _ => {}
    }
    let text = |field: &str| pointer::at(spec, field).and_then(Value::as_str).unwrap_or_default();
    if pointer::at(spec, "/savepoint/alreadyExists") == Some(&Value::Bool(true)) {
        return;
    }
    if !is_set("jobReference") {
        findings
            .at("/spec/jobReference")
            .message("the snapshot has no `jobReference`")
            .help(
                "set `spec.jobReference` to the `kind` and `name` of a FlinkDeployment or FlinkSessionJob"
                    .to_owned(),
            );
    } else if subject.workload.target_missing {
        let (kind, name) = (text("/jobReference/kind"), text("/jobReference/name"));
        findings
            .at("/spec/jobReference/name")
            .message(format!("{} `{}` does not exist", shown(kind), shown(name)))
            .help("set `spec.jobReference` to an existing job".to_owned())
            .found(name);
    }
}
