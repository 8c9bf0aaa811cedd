//! What a workload of Kubernetes requires of its template.

use super::fault::{Fault, Reason, Report};
use super::fields::{is_given, object, text};
use super::place::Place;
use super::selectors;
use crate::kubernetes::placement::{Label, selects};
use crate::resource::pointer;
use serde_json::Value;

/// How a kind runs its pods.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Runs {
    /// It replaces pods that end, and finds its pods by a selector.
    Always,
    /// The same, and its selector is made from the labels where it is missing.
    AlwaysByMap,
    /// Until they succeed. Its selector is made for it.
    ToCompletion,
}

/// The kinds, each with the place of its template.
const KINDS: [(&str, Runs, &str); 7] = [
    ("Deployment", Runs::Always, "/spec/template"),
    ("StatefulSet", Runs::Always, "/spec/template"),
    ("ReplicaSet", Runs::Always, "/spec/template"),
    ("DaemonSet", Runs::Always, "/spec/template"),
    ("ReplicationController", Runs::AlwaysByMap, "/spec/template"),
    ("Job", Runs::ToCompletion, "/spec/template"),
    ("CronJob", Runs::ToCompletion, "/spec/jobTemplate/spec/template"),
];

/// Reports what the API server refuses of a workload because of its template. Places are those of
/// the object.
pub fn workload(kind: &str, object_: &Value, report: &mut Report<'_>) {
    let Some((_, runs, place)) = KINDS.iter().find(|(name, ..)| *name == kind) else { return };
    let Some(template) = pointer::at(object_, place).filter(|template| template.is_object()) else {
        return;
    };
    let root = Place::ROOT;
    let at_spec = root.field("spec");
    let (at_job, at_job_spec);
    let at = if *runs == Runs::ToCompletion && kind == "CronJob" {
        at_job = at_spec.field("jobTemplate");
        at_job_spec = at_job.field("spec");
        at_job_spec.field("template")
    } else {
        at_spec.field("template")
    };
    let spec = object(object_, "spec").unwrap_or(&Value::Null);
    if *runs == Runs::Always {
        selector(spec, template, &at_spec, report);
    }
    let own = object(template, "spec").unwrap_or(&Value::Null);
    let at = at.field("spec");
    if *runs == Runs::ToCompletion && !is_given(own, "restartPolicy") {
        report(&at, Fault::Missing("restartPolicy"));
    }
    let Some(policy) = text(own, "restartPolicy") else { return deadline(*runs, own, &at, report) };
    let allowed: &[&str] = match runs {
        Runs::Always | Runs::AlwaysByMap => &["Always"],
        Runs::ToCompletion => &["OnFailure", "Never"],
    };
    if !allowed.contains(&policy) && ["Always", "OnFailure", "Never"].contains(&policy) {
        report(&at.field("restartPolicy"), Fault::Unsupported(policy, allowed));
    }
    deadline(*runs, own, &at, report);
}

fn deadline(runs: Runs, spec: &Value, at: &Place<'_>, report: &mut Report<'_>) {
    if runs != Runs::ToCompletion && is_given(spec, "activeDeadlineSeconds") {
        report(&at.field("activeDeadlineSeconds"), Fault::Refused(Reason::Deadline));
    }
}

fn selector(spec: &Value, template: &Value, at: &Place<'_>, report: &mut Report<'_>) {
    let Some(selector) = object(spec, "selector") else {
        return report(at, Fault::Missing("selector"));
    };
    selectors::label_selector(spec, "selector", at, report);
    let is_empty = |field| match selector.get(field) {
        Some(Value::Object(labels)) => labels.is_empty(),
        Some(Value::Array(expressions)) => expressions.is_empty(),
        _ => true,
    };
    if is_empty("matchLabels") && is_empty("matchExpressions") {
        return report(&at.field("selector"), Fault::Refused(Reason::EmptySelector));
    }
    let labels = pointer::at(template, "/metadata/labels").unwrap_or(&Value::Null);
    let label = |key: &str| match labels.get(key).and_then(Value::as_str) {
        Some(value) => Label::Value(value),
        None => Label::Absent,
    };
    if !selects(Some(selector), label) {
        report(&at.field("selector"), Fault::Refused(Reason::Selector));
    }
}
