//! Reports that other tools read, held to what those tools demand.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use assert_cmd::Command;
use serde_json::{Value, json};

/// Objects with errors, warnings and nothing; a key that is there twice; a broken document, a
/// missing file.
fn report(format: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: größe}\n";
    let bad = "spec:\n  containers:\n    - {name: \"<a> & b\", image: x, image: x, securityContext: {privileged: true}}\n";
    let good = format!("{pod}spec: {{containers: [{{name: a, image: 'a:1'}}]}}\n");
    for (name, text) in [
        ("a b.yaml", format!("{pod}{bad}---\n{good}")),
        ("broken.yaml", format!("{good}---\nkind: [\n")),
    ] {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    let run = Command::cargo_bin("flinkgate")
        .unwrap()
        .args(["lint", "--format", format, "a b.yaml", "broken.yaml", "missing.yaml"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert_eq!(run.status.code(), Some(2));
    String::from_utf8(run.stdout).unwrap()
}

#[test]
fn junit_has_the_names_and_counts_that_jenkins_reads() {
    let text = report("junit");
    let report = quick_junit::Report::deserialize_from_str(&text).unwrap();
    let (mut tests, mut failures, mut errors) = (0, 0, 0);
    for suite in &report.test_suites {
        assert!(!suite.name.as_str().is_empty());
        let (mut failed, mut broken) = (0, 0);
        for case in &suite.test_cases {
            assert!(
                !case.name.as_str().is_empty()
                    && case.classname.as_ref().is_some_and(|name| !name.as_str().is_empty())
            );
            if let quick_junit::TestCaseStatus::NonSuccess { kind, message, ty, .. } = &case.status
            {
                assert!(message.is_some() && ty.is_some(), "{case:?}");
                match kind {
                    quick_junit::NonSuccessKind::Failure => failed += 1,
                    quick_junit::NonSuccessKind::Error => broken += 1,
                }
            }
        }
        assert_eq!(
            (suite.tests, suite.failures, suite.errors, suite.skipped),
            (suite.test_cases.len(), failed, broken, 0)
        );
        (tests, failures, errors) = (tests + suite.tests, failures + failed, errors + broken);
    }
    assert_eq!((report.tests, report.failures, report.errors), (tests, failures, errors));
    assert!(failures == 1 && errors == 2, "{text}");
}

#[test]
fn sarif_is_valid_by_the_standards_schema() {
    let schema: Value =
        serde_json::from_str(include_str!("data/sarif/sarif-schema-2.1.0.json")).unwrap();
    let log: Value = serde_json::from_str(&report("sarif")).unwrap();
    assert_eq!(violations(&schema, &schema, &log, "$"), Vec::<String>::new());
    assert!(
        log["runs"][0]["results"].as_array().unwrap().len() >= 2
            && log["runs"][0]["tool"]["driver"]["rules"][0]["id"].is_string()
    );
}

#[test]
fn the_check_against_the_schema_finds_what_is_wrong() {
    let schema: Value =
        serde_json::from_str(include_str!("data/sarif/sarif-schema-2.1.0.json")).unwrap();
    let log: Value = serde_json::from_str(&report("sarif")).unwrap();
    for (pointer, wrong) in [
        ("/version", json!("2.0")),
        ("/runs/0/tool", json!({"driver": {}})),
        ("/runs/0/results/0/level", json!("fatal")),
        ("/runs/0/results/0/ruleIndex", json!(-2)),
        ("/runs/0/results/0/message", json!({"txt": "x"})),
        ("/runs/0/results/0/locations/0/physicalLocation/region/startLine", json!(0)),
        ("/runs/0/columnKind", json!(1)),
        ("/runs/0/tool/driver/rules", json!([{"id": "a"}, {"id": "a"}])),
    ] {
        let mut log = log.clone();
        *log.pointer_mut(pointer).unwrap() = wrong;
        assert_ne!(violations(&schema, &schema, &log, "$"), Vec::<String>::new(), "{pointer}");
    }
}

/// What a value has against a schema, for the keywords that SARIF's schema uses.
fn violations(root: &Value, schema: &Value, value: &Value, at: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (keyword, wanted) in schema.as_object().unwrap() {
        let holds = match keyword.as_str() {
            "$schema" | "$id" | "title" | "default" | "definitions" | "format" | "properties" => {
                true
            }
            "$ref" => {
                let definition =
                    root.pointer(wanted.as_str().unwrap().strip_prefix('#').unwrap()).unwrap();
                found.extend(violations(root, definition, value, at));
                true
            }
            "type" => wanted.as_str().map_or_else(
                || wanted.as_array().unwrap().iter().any(|one| is_a(value, one)),
                |_| is_a(value, wanted),
            ),
            "enum" => wanted.as_array().unwrap().contains(value),
            "required" => wanted
                .as_array()
                .unwrap()
                .iter()
                .all(|field| value.get(field.as_str().unwrap()).is_some()),
            "minimum" => value.as_f64().is_none_or(|number| number >= wanted.as_f64().unwrap()),
            "maximum" => value.as_f64().is_none_or(|number| number <= wanted.as_f64().unwrap()),
            "minItems" => {
                value.as_array().is_none_or(|items| items.len() as u64 >= wanted.as_u64().unwrap())
            }
            "uniqueItems" => value.as_array().is_none_or(|items| {
                items.iter().enumerate().all(|(i, item)| !items[..i].contains(item))
            }),
            "items" => {
                let items = value.as_array().into_iter().flatten().enumerate();
                found.extend(items.flat_map(|(index, item)| {
                    violations(root, wanted, item, &format!("{at}[{index}]"))
                }));
                true
            }
            "additionalProperties" => {
                let known = |field: &str| schema["properties"].get(field).is_some();
                let others =
                    value.as_object().into_iter().flatten().filter(|(field, _)| !known(field));
                let others: Vec<_> = others.collect();
                if wanted.is_object() {
                    found.extend(others.iter().flat_map(|(field, other)| {
                        violations(root, wanted, other, &format!("{at}.{field}"))
                    }));
                }
                wanted != &json!(false) || others.is_empty()
            }
            "anyOf" => wanted
                .as_array()
                .unwrap()
                .iter()
                .any(|one| violations(root, one, value, at).is_empty()),
            "oneOf" => {
                wanted
                    .as_array()
                    .unwrap()
                    .iter()
                    .filter(|one| violations(root, one, value, at).is_empty())
                    .count()
                    == 1
            }
            other => panic!("the schema's keyword {other} at {at} is not checked yet"),
        };
        if !holds {
            found.push(format!("{at}: {keyword} {wanted}"));
        }
    }
    for (field, inner) in schema["properties"].as_object().into_iter().flatten() {
        if let Some(value) = value.get(field) {
            found.extend(violations(root, inner, value, &format!("{at}.{field}")));
        }
    }
    found
}

fn is_a(value: &Value, name: &Value) -> bool {
    match name.as_str().unwrap() {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "number" => value.is_number(),
        "integer" => value.is_i64() || value.is_u64(),
        "null" => value.is_null(),
        other => panic!("{other}"),
    }
}
