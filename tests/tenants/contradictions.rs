//! Contradictions of a tenant are warnings at their fields, and honest tenants have none.

use flinkgate::pipeline::tenant_check;
use flinkgate::rego::PolicySet;
use flinkgate::resource::{lists, yaml};
use flinkgate::tenant::check::FieldProblem;
use serde_json::{Value, json};
use std::path::Path;

fn problems(tenant: &Value) -> Vec<FieldProblem> {
    let set = PolicySet::built_in().unwrap();
    tenant_check::check(tenant, &set.rule_ids(), "2026-11-27".parse().unwrap()).1
}

/// `SEVERITY PLACE` of each problem of the spec of each document of the cases.
#[test]
fn contradictions_are_warnings_at_their_fields() {
    let text = std::fs::read_to_string("tests/data/tenants/contradictions.yaml").unwrap();
    let mut count = 0;
    for document in yaml::parse(&text) {
        for case in document.value.unwrap().as_array().unwrap() {
            let tenant = json!({"metadata": {"name": "a"}, "spec": case["spec"]});
            let found: Vec<String> = problems(&tenant)
                .into_iter()
                .map(|problem| {
                    format!("{:?} {}", problem.severity, &problem.pointer["/spec".len()..])
                })
                .collect();
            let expected: Vec<&str> = case["expect"]
                .as_array()
                .unwrap()
                .iter()
                .map(|line| line.as_str().unwrap())
                .collect();
            assert_eq!(found, expected, "{}", case["spec"]);
            count += 1;
        }
    }
    assert!(count > 40, "{count}");
}

/// Tenants that are wrong on purpose.
const WRONG: [&str; 2] = ["tests/data/tenants", "tests/data/field"];

#[test]
fn honest_tenants_have_no_problem() {
    let mut count = 0;
    for root in ["tests", "examples", "deploy", "benches/data", "policies"] {
        for entry in walkdir::WalkDir::new(root) {
            let path = entry.unwrap().into_path();
            let is_yaml = path.extension().is_some_and(|extension| extension == "yaml");
            if is_yaml && !WRONG.iter().any(|wrong| path.starts_with(wrong)) {
                count += check(&path);
            }
        }
    }
    assert!(count >= 8, "{count}");
}

fn check(path: &Path) -> usize {
    let text = std::fs::read_to_string(path).unwrap();
    if !text.contains("kind: FlinkTenant\n") {
        return 0;
    }
    let mut count = 0;
    for document in yaml::parse(&text) {
        for (_, tenant) in document.value.iter().flat_map(lists::items) {
            if tenant["kind"] == "FlinkTenant" {
                assert_eq!(problems(tenant), [], "{}", path.display());
                count += 1;
            }
        }
    }
    count
}
