//! Cases as data: tenants and objects through the command `lint`, and through both webhooks.
#![allow(dead_code)]

use crate::manifests::read;
use assert_cmd::Command;
use flinkgate::admission::review::Review;
use flinkgate::pipeline::{Gate, Unassigned};
use flinkgate::resource::Resource;
use flinkgate::rules::Finding;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use tempfile::TempDir;

/// The cases of all files of a folder, each with its file's name in front of its own.
pub fn cases(folder: &str) -> Vec<(String, Value)> {
    let mut files: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    let mut cases = Vec::new();
    for file in files {
        for case in read(&file).as_array().unwrap() {
            cases.push((
                format!(
                    "{}: {}",
                    file.file_stem().unwrap().display(),
                    case["name"].as_str().unwrap()
                ),
                case.clone(),
            ));
        }
    }
    cases
}

/// The elements of a list; none where there is no list.
pub fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

/// The lines of a list.
pub fn lines(value: &Value) -> BTreeSet<String> {
    list(value).iter().map(|line| line.as_str().unwrap().to_owned()).collect()
}

/// A tenant that has these namespaces.
pub fn tenant(name: &str, namespaces: &[&str], spec: &Value) -> Value {
    let mut spec = spec.clone();
    spec["namespaces"] = json!({"names": namespaces});
    json!({"apiVersion": "flinkgate.dev/v1alpha1", "kind": "FlinkTenant", "metadata": {"name": name}, "spec": spec})
}

/// A folder with a file of these tenants.
pub fn folder<'v>(tenants: impl IntoIterator<Item = &'v Value>) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("tenants.yaml"), documents(tenants)).unwrap();
    folder
}

/// A gate with the tenants of a folder.
pub fn gate(tenants: &TempDir, unassigned: Unassigned) -> Gate {
    let (gate, warnings) = Gate::load(&[tenants.path().to_owned()], &[], unassigned).unwrap();
    // Some cases leave the claim to others, or have a tenant whose rules refuse its own options.
    let is_expected = |message: &str| {
        message.contains("only with a `size`") || message.starts_with("jobs get a finding of `")
    };
    assert!(warnings.iter().all(|warning| is_expected(&warning.message)), "{warnings:?}");
    gate
}

fn documents<'v>(objects: impl IntoIterator<Item = &'v Value>) -> String {
    objects.into_iter().map(Value::to_string).collect::<Vec<_>>().join("\n---\n")
}

/// What `flinkgate` answers in JSON.
pub fn flinkgate(arguments: &[&str], input: String) -> Value {
    let output = Command::cargo_bin("flinkgate")
        .unwrap()
        .args(arguments)
        .write_stdin(input)
        .output()
        .unwrap();
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)))
}

/// What `lint` reports of objects that are one input.
pub fn lint<'v>(tenants: &TempDir, objects: impl IntoIterator<Item = &'v Value>) -> Value {
    flinkgate(
        &["lint", "-", "--format", "json", "--tenants", tenants.path().to_str().unwrap()],
        documents(objects),
    )
}

/// What a report says of the objects of a namespace.
pub fn findings_in<'r>(report: &'r Value, namespace: &Value) -> Vec<&'r Value> {
    let findings = report["findings"].as_array().unwrap().iter();
    findings.filter(|finding| finding["object"]["namespace"] == *namespace).collect()
}

/// What the API server would send.
pub fn review(operation: &str, object: &Value, old: &Value) -> Value {
    let version = object["apiVersion"].as_str().unwrap();
    let (group, version) = version.split_once('/').unwrap_or(("", version));
    let kind = object["kind"].as_str().unwrap();
    json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {
        "uid": "1", "kind": {"group": group, "version": version, "kind": kind},
        "resource": {"group": group, "version": version, "resource": format!("{}s", kind.to_lowercase())},
        "operation": operation, "name": object["metadata"]["name"], "namespace": object["metadata"]["namespace"],
        "userInfo": {"username": "alice"}, "object": object, "oldObject": old}})
}

/// What a review asks about.
pub fn asked(review: &Value) -> Resource {
    Review::parse(review.to_string().as_bytes()).unwrap().resource().unwrap()
}

/// What the mutating webhook says, and the validating one of what that left.
pub fn webhooks(gate: &Gate, mut resource: Resource) -> [Vec<Finding>; 2] {
    let mutation = gate.mutate(&resource);
    match &mutation.patch {
        Some(patch) => json_patch::patch(&mut resource.object, patch).unwrap(),
        // A refusal brings no patch; what would be said then is asked all the same.
        None => resource.object = gate.mutated(&resource),
    }
    [mutation.findings, gate.validate(&resource).findings]
}
