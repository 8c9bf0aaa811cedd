//! What the Flink operator refuses, and what it overlooks, case by case (`tests/data/operator-validator/`), through the
//! commands `lint` and `review`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use flinkgate::resource::{Resource, yaml};
use rayon::prelude::*;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

const BINARY: &str = env!("CARGO_BIN_EXE_flinkgate");

const TENANT: &str = "apiVersion: flinkgate.dev/v1alpha1
kind: FlinkTenant
metadata: {name: payments}
spec: {namespaces: {names: [payments]}}
";

fn read(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/operator-validator").join(name);
    let [document] = yaml::parse(&std::fs::read_to_string(path).unwrap()).try_into().expect("one document");
    assert_eq!(document.problems, []);
    document.value.unwrap()
}

/// One case, with the objects that it is about.
struct Case {
    name: String,
    object: Value,
    old: Option<Value>,
    /// Whether the object alone tells all, so that it can be linted.
    offline: bool,
    /// `level rule pointer: message`.
    found: BTreeSet<String>,
}

/// All cases of a file. A patch may not take away the base's namespace, so that the tenant is always the same.
fn cases(file: &str) -> Vec<Case> {
    let bases = read("bases.yaml");
    let cases = read(file);
    let cases = cases.as_array().unwrap().iter();
    cases
        .map(|case| {
            let name = case["name"].as_str().unwrap().to_owned();
            let base = &bases[case["kind"].as_str().unwrap()];
            let patched = |patch: &Value| {
                let mut object = base.clone();
                json_patch::merge(&mut object, patch);
                object
            };
            let mut object = patched(&case["patch"]);
            let mut old = case.get("old").map(patched);
            if let Some(last) = case.get("last") {
                let mut spec = base["spec"].clone();
                let status = match last.as_str() {
                    Some("none") => json!({"state": "UPGRADING"}),
                    Some(broken) => json!({"lastReconciledSpec": broken}),
                    None => {
                        json_patch::merge(&mut spec, last);
                        json!({"lastReconciledSpec": json!({"spec": spec, "resource_metadata": {}}).to_string()})
                    }
                };
                let status = json!({"reconciliationStatus": status});
                object["status"] = status.clone();
                old.as_mut().unwrap()["status"] = status;
            }
            let offline = old.is_none() || case["last"].is_object();
            let found = case["found"].as_array().unwrap().iter().map(|line| line.as_str().unwrap().to_owned()).collect();
            Case { name, object, old, offline, found }
        })
        .collect()
}

fn run(arguments: &[&str]) -> Value {
    let output = std::process::Command::new(BINARY).args(arguments).output().unwrap();
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)))
}

/// What the linter finds in the objects of all cases, by file.
fn linted(folder: &Path, tenant: &str) -> BTreeMap<PathBuf, BTreeSet<String>> {
    let report = run(&["lint", folder.to_str().unwrap(), "--tenants", tenant, "--format", "json"]);
    assert_eq!(report["errors"].as_array().map_or(0, Vec::len), 0, "{report}");
    let mut found = BTreeMap::<_, BTreeSet<_>>::new();
    for finding in report["findings"].as_array().unwrap() {
        let text = |field: &str| finding[field].as_str().unwrap();
        let line = format!("{} {} {}: {}", text("level"), text("rule"), text("pointer"), text("message"));
        found.entry(PathBuf::from(text("file"))).or_default().insert(line);
    }
    found
}

fn review(case: &Case) -> Value {
    let resource = Resource::from_manifest(case.object.clone()).unwrap();
    let name = if resource.name.is_empty() { "etl-x7x7x".to_owned() } else { resource.name.clone() };
    json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {
        "uid": "1", "kind": resource.kind, "name": name, "namespace": resource.namespace, "userInfo": {"username": "alice"},
        "resource": {"group": "flink.apache.org", "version": "v1beta1", "resource": "x"},
        "operation": if case.old.is_some() { "UPDATE" } else { "CREATE" }, "object": case.object, "oldObject": case.old}})
}

/// The review of a case refuses and warns of what was found, and of nothing else.
fn assert_reviewed(case: &Case, reply: &Value) {
    let name = &case.name;
    let response = &reply["response"];
    let of_level = |level: &str| -> BTreeSet<String> {
        let lines = case.found.iter().filter_map(|line| line.strip_prefix(level)?.split_once(": "));
        // Without the pointer, which reviews write in another way.
        lines.map(|(place, message)| format!("{}: {message}", place.split_once(" /").unwrap().0)).collect()
    };
    let (errors, warnings) = (of_level("error "), of_level("warning "));
    assert_eq!(response["allowed"], errors.is_empty(), "{name}: {response}");
    let causes = response["status"]["details"]["causes"].as_array().into_iter().flatten();
    let told: BTreeSet<String> =
        causes.map(|cause| format!("{}: {}", cause["reason"].as_str().unwrap(), cause["message"].as_str().unwrap())).collect();
    assert_eq!(told, errors, "{name}");
    let told: Vec<&str> = response["warnings"].as_array().into_iter().flatten().map(|warning| warning.as_str().unwrap()).collect();
    for warning in &warnings {
        let message: String = warning.split_once(": ").unwrap().1.chars().take(60).collect();
        assert!(told.iter().any(|told| told.contains(&message)), "{name}: {warning} in {told:?}");
    }
}

fn judge(file: &str) {
    let cases = cases(file);
    let folder = tempfile::tempdir().unwrap();
    let tenant = folder.path().join("tenant.yaml");
    std::fs::write(&tenant, TENANT).unwrap();
    let tenant = tenant.to_str().unwrap();
    let objects = folder.path().join("objects");
    std::fs::create_dir(&objects).unwrap();
    let path = |number: usize| objects.join(format!("{number}.json"));
    for (number, case) in cases.iter().enumerate().filter(|(_, case)| case.offline) {
        std::fs::write(path(number), case.object.to_string()).unwrap();
    }
    let linted = linted(&objects, tenant);
    for (number, case) in cases.iter().enumerate().filter(|(_, case)| case.offline) {
        assert_eq!(linted.get(&path(number)).cloned().unwrap_or_default(), case.found, "{}", case.name);
    }
    cases.par_iter().enumerate().for_each(|(number, case)| {
        // A generated name is there by the time of this review.
        if case.object["metadata"].get("generateName").is_some() {
            return;
        }
        let file = folder.path().join(format!("review-{number}.json"));
        std::fs::write(&file, review(case).to_string()).unwrap();
        assert_reviewed(case, &run(&["review", file.to_str().unwrap(), "--tenants", tenant]));
    });
}

#[test]
fn deployments_are_refused_for_what_the_operator_refuses_and_told_what_it_overlooks() {
    judge("deployments.yaml");
}

#[test]
fn options_and_fields_that_disagree_are_told_with_the_one_that_counts() {
    judge("overridden.yaml");
}

#[test]
fn session_jobs_and_snapshots_are_refused_for_what_the_operator_refuses() {
    judge("jobs.yaml");
}

#[test]
fn changes_that_the_operator_cannot_make_are_refused_and_all_others_pass() {
    judge("changes.yaml");
}
