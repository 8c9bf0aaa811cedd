//! The API server's mutating admission: calls webhooks in order, and calls those again after which
//! the object changed.

use super::objects::{append, as_array};
use flinkgate::pipeline::Gate;
use flinkgate::resource::Resource;
use flinkgate::rules::{Finding, Level};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// A mutating webhook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hook {
    /// Flinkgate's webhook.
    Ours,
    /// Another webhook; the value is whether it may be called again.
    Other { again: bool },
}

/// The changes of another webhook.
#[derive(Clone, Debug)]
pub struct Additions {
    /// Its container, which always has the same name.
    pub sidecar: Value,
    /// Whether the container is inserted first.
    pub first: bool,
    /// The lists of a FlinkDeployment's common pod template that get an element. Lists merge by
    /// position. If a role has a list too, appending to the common one changes the wrong element,
    /// for every webhook.
    pub lists: Vec<&'static str>,
}

/// Lists of a pod template that webhooks append to.
pub const LISTS: [&str; 3] = ["containers", "volumes", "tolerations"];

/// The lists that no role has in either of these states of a FlinkDeployment.
pub fn lists_without_roles(states: [&Value; 2], kind: &str) -> Vec<&'static str> {
    let base = if kind == "FlinkBlueGreenDeployment" { "/spec/template/spec" } else { "/spec" };
    let is_free = |list: &&str| {
        let has = |state: &&Value, role: &&str| {
            state
                .pointer(&format!("{base}/{role}/podTemplate/spec/{list}"))
                .is_some_and(|found| !found.is_null())
        };
        !states
            .iter()
            .any(|state| ["jobManager", "taskManager"].iter().any(|role| has(state, role)))
    };
    LISTS.into_iter().filter(is_free).collect()
}

/// The result of a request.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// The stored object and the findings of its validation.
    Stored(Value, BTreeSet<(String, Level, String)>),
    /// The refusal of a mutating webhook.
    Refused(BTreeSet<(String, Level, String)>),
}

/// Sends an object through the webhooks in this order, and then to validation.
pub fn admit(gate: &Gate, request: &Resource, order: &[Hook], additions: &Additions) -> Outcome {
    let mut object = request.object.clone();
    let mut left: Vec<Option<Value>> = vec![None; order.len()];
    for round in 0..2 {
        for (hook, left) in order.iter().zip(&mut left) {
            let may_again = !matches!(hook, Hook::Other { again: false });
            if round == 1 && (!may_again || left.as_ref() == Some(&object)) {
                continue;
            }
            match hook {
                Hook::Ours => {
                    let answer =
                        gate.mutate(&Resource { object: object.clone(), ..request.clone() });
                    if answer.findings.iter().any(|finding| finding.level == Level::Error) {
                        return Outcome::Refused(reported(&answer.findings));
                    }
                    if let Some(patch) = &answer.patch {
                        json_patch::patch(&mut object, patch).unwrap();
                    }
                }
                Hook::Other { .. } => add(&mut object, &request.kind.kind, additions),
            }
            *left = Some(object.clone());
        }
    }
    let findings = validated(gate, &Resource { object: object.clone(), ..request.clone() });
    Outcome::Stored(without_order(&object), reported(&findings))
}

/// The findings of validation. Policies have a time limit, which a busy machine may exceed; then
/// validation is repeated.
pub fn validated(gate: &Gate, resource: &Resource) -> Vec<Finding> {
    let answers = (0..50).map(|_| gate.validate(resource));
    answers.into_iter().find(|answer| answer.failed_evaluations() == 0).unwrap().findings
}

/// Findings without the places, which depend on the order of lists.
pub fn reported(findings: &[Finding]) -> BTreeSet<(String, Level, String)> {
    findings
        .iter()
        .map(|finding| (finding.rule.to_string(), finding.level, finding.message.clone()))
        .collect()
}

fn add(object: &mut Value, kind: &str, additions: &Additions) {
    object["metadata"]["annotations"]["sidecar.example.com/status"] = "injected".into();
    if kind == "Pod" {
        object["metadata"]["labels"]["sidecar.example.com/rev"] = "7".into();
        let spec = &mut object["spec"];
        let containers = as_array(&mut spec["containers"]);
        if !containers.iter().any(|container| container["name"] == additions.sidecar["name"]) {
            containers.insert(
                if additions.first { 0 } else { containers.len() },
                additions.sidecar.clone(),
            );
        }
        for container in containers {
            append(&mut container["env"], json!({"name": "SIDECAR", "value": "here"}));
        }
        append(&mut spec["volumes"], json!({"name": "sidecar-socket", "emptyDir": {}}));
        append(
            &mut spec["tolerations"],
            json!({"key": "sidecar.example.com/only", "operator": "Exists"}),
        );
        return;
    }
    let base = if kind == "FlinkBlueGreenDeployment" {
        &mut object["spec"]["template"]["spec"]
    } else {
        &mut object["spec"]
    };
    let has_option = base["flinkConfiguration"].get("pipeline.name").is_some();
    if !has_option {
        base["flinkConfiguration"]["pipeline.name"] = "by another".into();
    }
    base["podTemplate"]["metadata"]["labels"]["sidecar.example.com/rev"] = "7".into();
    for list in &additions.lists {
        let element = match *list {
            "containers" => additions.sidecar.clone(),
            "volumes" => json!({"name": "sidecar-socket", "emptyDir": {}}),
            _ => json!({"key": "sidecar.example.com/only", "operator": "Exists"}),
        };
        append(&mut base["podTemplate"]["spec"][*list], element);
    }
}

/// The value with every list sorted.
pub fn without_order(value: &Value) -> Value {
    match value {
        Value::Object(fields) => fields
            .iter()
            .map(|(key, value)| (key.clone(), without_order(value)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
        Value::Array(elements) => {
            let mut sorted: Vec<Value> = elements.iter().map(without_order).collect();
            sorted.sort_by_key(Value::to_string);
            sorted.into()
        }
        other => other.clone(),
    }
}
