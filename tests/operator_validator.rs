//! What the Flink operator refuses, and what it overlooks, case by case
//! (`tests/data/operator-validator/`), through the commands `lint` and `review`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod cases;
mod manifests;

use cases::{flinkgate, lines, review};
use rayon::prelude::*;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

const TENANT: &str = "apiVersion: flinkgate.dev/v1alpha1
kind: FlinkTenant
metadata: {name: payments}
spec: {namespaces: {names: [payments]}}
";

fn read(name: &str) -> Value {
    manifests::read(format!("tests/data/operator-validator/{name}"))
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

/// All cases of a file. A patch may not take away the base's namespace, so that the tenant is
/// always the same.
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
            assert!(case["found"].is_array(), "{name}");
            Case { name, object, old, offline, found: lines(&case["found"]) }
        })
        .collect()
}

/// What the linter finds in the objects of all cases, by file.
fn linted(folder: &Path, tenant: &str) -> BTreeMap<PathBuf, BTreeSet<String>> {
    let report = flinkgate(
        &["lint", folder.to_str().unwrap(), "--tenants", tenant, "--format", "json"],
        String::new(),
    );
    assert_eq!(report["errors"].as_array().map_or(0, Vec::len), 0, "{report}");
    let mut found = BTreeMap::<_, BTreeSet<_>>::new();
    for finding in report["findings"].as_array().unwrap() {
        let text = |field: &str| finding[field].as_str().unwrap();
        let line =
            format!("{} {} {}: {}", text("level"), text("rule"), text("pointer"), text("message"));
        found.entry(PathBuf::from(text("file"))).or_default().insert(line);
    }
    found
}

/// The review of a case refuses and warns of what was found, and of nothing else.
fn assert_reviewed(case: &Case, reply: &Value) {
    let name = &case.name;
    let response = &reply["response"];
    let of_level = |level: &str| -> BTreeSet<String> {
        let lines = case.found.iter().filter_map(|line| line.strip_prefix(level)?.split_once(": "));
        // Without the pointer, which reviews write in another way.
        lines
            .map(|(place, message)| format!("{}: {message}", place.split_once(" /").unwrap().0))
            .collect()
    };
    let (errors, warnings) = (of_level("error "), of_level("warning "));
    assert_eq!(response["allowed"], errors.is_empty(), "{name}: {response}");
    let causes = response["status"]["details"]["causes"].as_array().into_iter().flatten();
    let told: BTreeSet<String> = causes
        .map(|cause| {
            format!("{}: {}", cause["reason"].as_str().unwrap(), cause["message"].as_str().unwrap())
        })
        .collect();
    assert_eq!(told, errors, "{name}");
    let told: Vec<&str> = response["warnings"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|warning| warning.as_str().unwrap())
        .collect();
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
        assert_eq!(
            linted.get(&path(number)).cloned().unwrap_or_default(),
            case.found,
            "{}",
            case.name
        );
    }
    cases.par_iter().for_each(|case| {
        // A generated name is there by the time of this review.
        if case.object["metadata"].get("generateName").is_some() {
            return;
        }
        let (operation, old) =
            if let Some(old) = &case.old { ("UPDATE", old) } else { ("CREATE", &Value::Null) };
        let review = review(operation, &case.object, old);
        assert_reviewed(case, &flinkgate(&["review", "--tenants", tenant], review.to_string()));
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

/// The operator reads its allowed schemes as a list of Flink: elements are separated by `;`, or it is a
/// list of YAML.
#[test]
fn allowed_schemes_of_the_operator_are_a_list() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let bases = read("bases.yaml");
    let (mut job, mut cluster) =
        (bases["FlinkSessionJob"].clone(), bases["FlinkDeployment"].clone());
    job["spec"]["job"]["jarURI"] = json!("file:///opt/jars/clicks.jar");
    cluster["metadata"]["name"] = job["spec"]["deploymentName"].clone();
    cluster["spec"]["job"].take();
    let list = json!({"apiVersion": "v1", "kind": "List", "items": [cluster, job]});
    let (job, tenant) = (file("job.json", &list.to_string()), file("tenant.yaml", TENANT));
    for (schemes, is_allowed) in [
        ("https;file", true),
        ("https; FILE", true),
        ("[https, file]", true),
        ("https,file", false),
        ("https", false),
    ] {
        let option = "kubernetes.operator.user.artifacts.allowed-schemes";
        let config = file("config.yaml", &format!("{option}: {schemes}\n"));
        let arguments =
            ["lint", &job, "--tenants", &tenant, "--operator-config", &config, "--format", "json"];
        let report = flinkgate(&arguments, String::new());
        let refused = report["findings"].as_array().unwrap().iter().any(|finding| {
            finding["message"] == "the operator does not fetch JARs with scheme `file`"
        });
        assert_eq!(refused, !is_allowed, "{schemes}: {report}");
    }
}
