//! Reviews from a grammar: bytes choose the kind, the fields and their values, so that a changed
//! byte is another review and not broken JSON.

mod edits;
mod kinds;
mod pods;
mod tenants;
mod values;

pub use edits::edited;
pub use kinds::tenant;
pub use tenants::{NAMESPACES, gate};
pub use values::CANARY;

use flinkgate::kinds::{KINDS, Kind, SUB_RESOURCES};
use serde_json::{Value, json};

/// The choices that are left. When all are made, each further one is the first.
pub struct Choices<'a>(std::slice::Iter<'a, u8>);

impl<'a> Choices<'a> {
    pub fn new(data: &'a [u8]) -> Self {
        Self(data.iter())
    }

    pub fn below(&mut self, bound: usize) -> usize {
        usize::from(self.0.next().copied().unwrap_or_default()) % bound.max(1)
    }

    pub fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }

    /// Two of three times.
    pub fn often(&mut self) -> bool {
        self.below(3) > 0
    }

    /// One of eight times, and not when no choice is left.
    pub fn rarely(&mut self) -> bool {
        self.below(8) == 7
    }

    pub fn list(
        &mut self,
        most: usize,
        mut element: impl FnMut(&mut Self, usize) -> Value,
    ) -> Value {
        let count = self.below(most + 1);
        (0..count).map(|index| element(self, index)).collect()
    }
}

/// Kinds with rules about many fields, which come most often.
const MAIN: [&str; 8] = [
    "FlinkDeployment",
    "Pod",
    "FlinkSessionJob",
    "Deployment",
    "FlinkBlueGreenDeployment",
    "ConfigMap",
    "Ingress",
    "StatefulSet",
];

/// Senders of requests. Which of them a tenant can be does not matter here.
const USERS: [&str; 9] = [
    "alice",
    "alice",
    "system:serviceaccount:restricted:flink",
    "system:serviceaccount:flink-operator:flink-operator",
    "system:serviceaccount:kube-system:deployment-controller",
    "system:kube-scheduler",
    "system:node:a",
    "system:serviceaccount:flinkgate:flinkgate",
    "system:anonymous",
];

/// The body of an AdmissionReview.
pub fn review(data: &[u8]) -> Vec<u8> {
    let mut choices = Choices::new(data);
    let row = match choices.below(3) {
        0 => flinkgate::kinds::named(choices.of(&MAIN)).unwrap(),
        _ => &KINDS[choices.below(KINDS.len())],
    };
    // A further namespace, which no tenant owns.
    let namespace = choices.of(&NAMESPACES);
    let object = kinds::object(row, &mut choices, namespace);
    let operation =
        choices.of(&["CREATE", "CREATE", "CREATE", "UPDATE", "UPDATE", "DELETE", "CONNECT"]);
    let old = match operation {
        "UPDATE" => changed(row, &object, &mut choices, namespace),
        "DELETE" => object.clone(),
        _ => Value::Null,
    };
    let sub_resource = if choices.rarely() { sub_resource(row, &mut choices) } else { "" };
    wrap(row, namespace, operation, sub_resource, object, old, &mut choices)
}

fn wrap(
    row: &Kind,
    namespace: &str,
    operation: &str,
    sub_resource: &str,
    object: Value,
    old: Value,
    choices: &mut Choices<'_>,
) -> Vec<u8> {
    let user = choices.of(&USERS);
    let groups: &[&str] = if choices.rarely() { &["system:masters"] } else { &["tenants"] };
    let is_scale = sub_resource == "scale" && choices.often();
    let (object, old, kind) = if is_scale {
        let scale = |replicas: Value| {
            json!({"apiVersion": "autoscaling/v1", "kind": "Scale",
            "metadata": object["metadata"], "spec": {"replicas": replicas}})
        };
        let kind = json!({"group": "autoscaling", "version": "v1", "kind": "Scale"});
        (scale(values::number(choices)), scale(json!(1)), kind)
    } else {
        let kind = json!({"group": row.group, "version": row.version, "kind": row.kind});
        (object, old, kind)
    };
    let mut request = json!({
        "uid": "0815", "operation": operation, "namespace": namespace,
        "name": object["metadata"]["name"].as_str().unwrap_or_default(), "kind": kind,
        "resource": {"group": row.group, "version": row.version, "resource": row.plural},
        "dryRun": choices.rarely(),
        "userInfo": {"username": user, "groups": groups},
        "object": if operation == "DELETE" { Value::Null } else { object },
        "oldObject": old});
    if !sub_resource.is_empty() {
        request["subResource"] = sub_resource.into();
    }
    json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request})
        .to_string()
        .into_bytes()
}

/// A sub-resource that the kind has.
fn sub_resource(row: &Kind, choices: &mut Choices<'_>) -> &'static str {
    let names: Vec<&str> = SUB_RESOURCES
        .iter()
        .filter(|sub_resource| sub_resource.kinds.contains(&row.kind))
        .map(|sub_resource| sub_resource.name)
        .collect();
    names.get(choices.below(names.len())).copied().unwrap_or("")
}

/// An old object: the same, with another value of one field, or with other metadata; or any other
/// of the kind.
fn changed(row: &Kind, object: &Value, choices: &mut Choices<'_>, namespace: &str) -> Value {
    let mut old = object.clone();
    match choices.below(4) {
        0 => old["metadata"]["annotations"] = json!({"note": "before"}),
        1 => old["metadata"]["deletionTimestamp"] = json!("2026-11-27T00:00:00Z"),
        2 => {
            if let Some(fields) = old["spec"].as_object_mut() {
                let name = fields.keys().nth(choices.below(fields.len())).cloned();
                fields.remove(&name.unwrap_or_default());
            }
        }
        _ => old = kinds::object(row, choices, namespace),
    }
    old
}
