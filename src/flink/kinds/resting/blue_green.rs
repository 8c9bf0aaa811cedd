//! FlinkBlueGreenDeployments of the Flink Kubernetes Operator.
//!
//! Their own status keeps `RUNNING` when the job has ended: the operator looks only for changes of the
//! spec once a colour is active. So their children decide, as long as the operator has nothing to do
//! for them.

use super::{Rest, text_at};
use crate::resource::{pointer, steps};
use serde_json::{Value, json};

/// The field that suspends a job.
pub(super) const STATE: &str = "/spec/template/spec/job/state";
const TRANSITION: &str = "/status/blueGreenState";
const RECONCILED: &str = "/status/lastReconciledSpec";
/// The states in which one colour runs and the other one is gone.
const ACTIVE: [&str; 2] = ["ACTIVE_BLUE", "ACTIVE_GREEN"];

/// Why an object may run nothing.
pub(super) fn rest(object: &Value) -> Option<Rest> {
    let is_active = ACTIVE.contains(&text_at(object, TRANSITION));
    if !is_active || !is_reconciled(object) {
        return None;
    }
    let is_suspended = text_at(object, STATE) == "suspended";
    Some(if is_suspended { Rest::Suspended } else { Rest::Children })
}

/// Whether the operator has made its children of this spec.
fn is_reconciled(object: &Value) -> bool {
    let reconciled: Option<Value> = serde_json::from_str(text_at(object, RECONCILED)).ok();
    let spec = object.get("spec").filter(|spec| spec.is_object());
    spec.zip(reconciled.as_ref().and_then(|reconciled| pointer::at(reconciled, "/spec")))
        .is_some_and(|(spec, reconciled)| has_all(reconciled, spec))
}

/// Whether a spec that the operator wrote has everything of the user's. The operator adds defaults,
/// leaves empty fields out, and writes numbers in its own way.
fn has_all(written: &Value, spec: &Value) -> bool {
    steps::step();
    let is_empty = |value: &Value| match value {
        Value::Null => true,
        Value::Array(elements) => elements.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        _ => false,
    };
    match (written, spec) {
        (Value::Object(written), Value::Object(spec)) => spec.iter().all(|(key, value)| {
            is_empty(value) || written.get(key).is_some_and(|written| has_all(written, value))
        }),
        (Value::Array(written), Value::Array(spec)) => {
            written.len() == spec.len()
                && written.iter().zip(spec).all(|(written, value)| has_all(written, value))
        }
        (Value::Number(written), Value::Number(value)) => written.as_f64() == value.as_f64(),
        (written, value) if is_scalar(written) && is_scalar(value) => text(written) == text(value),
        _ => false,
    }
}

fn is_scalar(value: &Value) -> bool {
    !(value.is_array() || value.is_object() || value.is_null())
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The part of a status that decides.
pub(super) fn essential_status(object: &Value) -> Value {
    // Only of one that the operator has nothing to do for, whose spec it has.
    let reconciled = if is_reconciled(object) { text_at(object, RECONCILED) } else { "" };
    json!({"blueGreenState": text_at(object, TRANSITION), "lastReconciledSpec": reconciled})
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;

    fn rest_of(change: impl Fn(&mut Value)) -> Option<Rest> {
        let spec = |cpu: Value, more: Value| {
            let mut spec = json!({"flinkVersion": "v1_20", "jobManager": {"resource": {"cpu": cpu, "memory": "2048m"}},
                "job": {"parallelism": 2, "args": ["a"], "state": "running"}});
            spec.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            json!({"configuration": {"a": "1"}, "template": {"spec": spec}})
        };
        let written = spec(1.0.into(), json!({"mode": "native", "ingress": null}));
        let mut object = json!({"spec": spec(1.into(), json!({"ingress": null, "flinkConfiguration": {}})),
            "status": {"blueGreenState": "ACTIVE_GREEN", "jobStatus": {"state": "RUNNING"},
                "lastReconciledSpec": json!({"apiVersion": "v1beta1", "spec": written}).to_string()}});
        change(&mut object);
        let found = rest(&object);
        let mut kept = object.clone();
        kept["status"] = essential_status(&object);
        assert_eq!(rest(&kept), found, "the kept part of the status says the same");
        found
    }

    #[test]
    fn children_decide_once_the_operator_has_nothing_to_do() {
        assert_eq!(rest_of(|_| {}), Some(Rest::Children));
        for state in ["TRANSITIONING_TO_BLUE", "SAVEPOINTING_GREEN", "INITIALIZING_BLUE", ""] {
            assert_eq!(rest_of(|object| object["status"]["blueGreenState"] = state.into()), None);
        }
        for (place, value) in [
            ("/spec/template/spec/job/parallelism", json!(3)),
            ("/spec/template/spec/job/args", json!(["a", "b"])),
            ("/spec/template/spec/job/args", json!(["b"])),
            ("/spec/configuration/a", json!("2")),
            ("/spec/template/spec/job", json!({"restartNonce": 1})),
            ("/status/lastReconciledSpec", json!("")),
            ("/status/lastReconciledSpec", json!("{}")),
            ("/status", Value::Null),
        ] {
            let changed = |object: &mut Value| *object.pointer_mut(place).unwrap() = value.clone();
            assert_eq!(rest_of(changed), None, "{place} {value}");
        }
        let as_text = |object: &mut Value| object["spec"]["configuration"]["a"] = 1.into();
        assert_eq!(rest_of(as_text), Some(Rest::Children));
    }

    #[test]
    fn a_suspended_one_is_reconciled_first() {
        let suspend = |object: &mut Value| {
            object["spec"]["template"]["spec"]["job"]["state"] = "suspended".into();
        };
        assert_eq!(rest_of(suspend), None);
        let reconciled = |object: &mut Value| {
            suspend(object);
            let spec = json!({"spec": object["spec"]}).to_string();
            object["status"]["lastReconciledSpec"] = spec.into();
        };
        assert_eq!(rest_of(reconciled), Some(Rest::Suspended));
    }
}
