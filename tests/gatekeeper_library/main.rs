//! Every case of every suite of Gatekeeper's library, which is not part of this repository:
//!
//! `GATEKEEPER_LIBRARY=~/gatekeeper-library cargo test --test gatekeeper_library`, with a clone of
//! open-policy-agent/gatekeeper-library.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use flinkgate::rego::gatekeeper::{Gatekeeper, Inventory, PolicyObject, Review};
use flinkgate::resource::{Resource, yaml};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};

/// The variable with the folder of the library.
const LIBRARY: &str = "GATEKEEPER_LIBRARY";

fn suites(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            suites(&path, found);
        } else if path.ends_with("suite.yaml") {
            found.push(path);
        }
    }
}

/// The objects of a file.
fn objects(path: &Path) -> Vec<PolicyObject> {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{path:?}: {error}"));
    let documents = yaml::parse(&text);
    if documents.iter().any(|document| document.value.is_none() && !document.problems.is_empty()) {
        return PolicyObject::read_leniently(&path.display().to_string(), &text).unwrap();
    }
    let objects = documents.into_iter().filter_map(|document| {
        Some(PolicyObject {
            file: path.display().to_string(),
            value: document.value.filter(|value| !value.is_null())?,
            positions: document.positions,
            prefix: String::new(),
        })
    });
    objects.collect()
}

/// Whether an assertion holds, as Gatekeeper's own test command reads it.
fn holds(assertion: &Value, messages: &[String]) -> bool {
    let wanted = assertion["message"].as_str().unwrap_or_default();
    assert!(!wanted.contains(['*', '(', '[', '\\', '^', '|', '+']), "a pattern: {wanted}");
    let matching = messages.iter().filter(|message| message.contains(wanted)).count();
    match &assertion["violations"] {
        Value::Null | Value::Bool(true) => matching > 0,
        Value::Bool(false) => matching == 0,
        Value::Number(number) => number.as_u64() == Some(matching as u64),
        Value::String(text) if text == "yes" => matching > 0,
        Value::String(text) if text == "no" => matching == 0,
        other => panic!("unknown assertion {other}"),
    }
}

#[test]
fn every_case_of_the_library_agrees() {
    let mut paths = Vec::new();
    let library =
        std::env::var_os(LIBRARY).expect("GATEKEEPER_LIBRARY names a clone of the library");
    suites(&Path::new(&library).join("library"), &mut paths);
    paths.sort();
    let (mut cases, mut wrong) = (0, Vec::new());
    for path in &paths {
        let folder = path.parent().unwrap();
        let suite = &objects(path)[0].value;
        for test in suite["tests"].as_array().unwrap() {
            let file = |value: &Value| objects(&folder.join(value.as_str().unwrap()));
            let mut policies = file(&test["template"]);
            policies.extend(file(&test["constraint"]));
            let gatekeeper = match Gatekeeper::new(&policies) {
                Ok(gatekeeper) => gatekeeper,
                Err(error) => {
                    wrong.push(format!("{}: {error}", folder.display()));
                    continue;
                }
            };
            for case in test["cases"].as_array().unwrap() {
                cases += 1;
                let object = file(&case["object"]).remove(0).value;
                let inventory: Vec<Resource> = case["inventory"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .flat_map(&file)
                    .map(|object| Resource::from_manifest(object.value).unwrap())
                    .collect();
                let inventory = Inventory::of(inventory.iter());
                let found = gatekeeper.findings(&Review::of_object(&object, None), &inventory);
                let failed: Vec<_> =
                    found.iter().filter(|finding| finding.failed_evaluation).collect();
                let messages: Vec<String> =
                    found.iter().map(|finding| finding.message.clone()).collect();
                let asserted = case["assertions"].as_array().unwrap();
                if !failed.is_empty() || !asserted.iter().all(|it| holds(it, &messages)) {
                    wrong.push(format!(
                        "{} {}: {messages:?}",
                        folder.display(),
                        case["name"].as_str().unwrap_or_default()
                    ));
                }
            }
        }
    }
    let sum = format!("{} suites, {cases} cases, {} disagree", paths.len(), wrong.len());
    assert!(wrong.is_empty(), "{sum}:\n{}", wrong.join("\n"));
    assert!(paths.len() >= 49 && cases >= 250, "{sum}");
}
