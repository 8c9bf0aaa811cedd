//! PodDisruptionBudgets: every case of tests/data/disruption-budgets through `lint`, which knows the whole input, and through
//! `review`, which knows one object.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use assert_cmd::Command;
use flinkgate::resource::yaml;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

const FOLDER: &str = "tests/data/disruption-budgets";
const RULE: &str = "scheduling/disruption-budget";

fn read(file: &Path) -> Value {
    let [document] = yaml::parse(&std::fs::read_to_string(file).unwrap()).try_into().expect("one document");
    assert_eq!(document.problems, [], "{}", file.display());
    document.value.unwrap()
}

fn base(name: &str) -> Value {
    let own = PathBuf::from(format!("{FOLDER}/bases/{name}.yaml"));
    if own.exists() { read(&own) } else { read(Path::new(&format!("tests/data/ways-round/bases/{name}.yaml"))) }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

/// A case with its objects in a namespace of their own.
struct Case {
    name: String,
    tenant: Value,
    objects: Vec<Value>,
    lint: Value,
    review: Value,
}

fn cases() -> Vec<Case> {
    let cases = read(Path::new(&format!("{FOLDER}/cases.yaml")));
    let cases: Vec<_> = list(&cases).iter().enumerate().map(|(number, case)| of(number, case)).collect();
    assert!(cases.len() > 30, "{}", cases.len());
    cases
}

fn of(number: usize, case: &Value) -> Case {
    let namespace = format!("case-{number}");
    let spec = json!({"namespaces": {"names": [namespace]}, "scheduling": {"disruptionBudgets": case.get("wants").unwrap_or(&json!({}))}});
    let meta = json!({"name": format!("tenant-{number}")});
    let budgets = list(&case["budgets"]).iter().enumerate().map(|(index, spec)| {
        let meta = json!({"name": format!("budget-{index}")});
        json!({"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": meta, "spec": spec})
    });
    let objects = list(&case["objects"]).iter().map(|object| {
        let mut made = base(object["base"].as_str().unwrap());
        json_patch::merge(&mut made, object.get("patch").unwrap_or(&json!({})));
        made
    });
    let mut objects: Vec<Value> = objects.chain(budgets).collect();
    objects.iter_mut().for_each(|object| object["metadata"]["namespace"] = namespace.as_str().into());
    Case {
        name: case["name"].as_str().unwrap().to_owned(),
        tenant: json!({"apiVersion": "flinkgate.dev/v1alpha1", "kind": "FlinkTenant", "metadata": meta, "spec": spec}),
        objects,
        lint: case["lint"].clone(),
        review: case["review"].clone(),
    }
}

fn tenants(cases: &[Case]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let text: Vec<String> = cases.iter().map(|case| case.tenant.to_string()).collect();
    std::fs::write(folder.path().join("tenants.yaml"), text.join("\n---\n")).unwrap();
    folder
}

fn flinkgate(tenants: &TempDir, arguments: &[&str], input: String) -> Value {
    let mut command = Command::cargo_bin("flinkgate").unwrap();
    let output = command.args(arguments).arg("--tenants").arg(tenants.path()).write_stdin(input).output().unwrap();
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)))
}

/// What a case expects, and what was said, where the two differ.
fn difference(case: &Case, expected: &Value, said: &BTreeMap<String, String>) -> Option<String> {
    let expected = expected.as_object().cloned().unwrap_or_default();
    let same = expected.len() == said.len()
        && expected.iter().all(|(place, part)| said.get(place).is_some_and(|said| said.contains(part.as_str().unwrap())));
    (!same).then(|| format!("{}: {said:?}, not {expected:?}", case.name))
}

#[test]
fn the_linter_knows_the_whole_input() {
    let cases = cases();
    let input: Vec<String> = cases.iter().flat_map(|case| &case.objects).map(Value::to_string).collect();
    let report = flinkgate(&tenants(&cases), &["lint", "-", "--format", "json"], input.join("\n---\n"));
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut wrong = Vec::new();
    for case in &cases {
        let namespace = &case.objects[0]["metadata"]["namespace"];
        let own = list(&report["findings"]).iter().filter(|own| own["rule"] == RULE && own["object"]["namespace"] == *namespace);
        let said = own.inspect(|own| assert!(own["level"] == "warning" && !own["help"].is_null(), "{own}"));
        let said = said.map(|own| (format!("{} {}", text(&own["object"]["name"]), text(&own["pointer"])), text(&own["message"])));
        wrong.extend(difference(case, &case.lint, &said.collect()));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_review_knows_one_object_and_says_no_more() {
    let cases = cases();
    let tenants = tenants(&cases);
    let mut wrong = Vec::new();
    for case in cases.iter().filter(|case| case.objects.len() < 3) {
        let mut said = BTreeMap::new();
        for object in &case.objects {
            let (group, version) = object["apiVersion"].as_str().unwrap().split_once('/').unwrap();
            let review = json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {"uid": "1",
                "kind": {"group": group, "version": version, "kind": object["kind"]},
                "resource": {"group": group, "version": version, "resource": "x"}, "operation": "CREATE",
                "name": object["metadata"]["name"], "namespace": object["metadata"]["namespace"],
                "userInfo": {"username": "alice"}, "object": object}});
            let answer = flinkgate(&tenants, &["review"], review.to_string());
            let name = object["metadata"]["name"].as_str().unwrap_or_default();
            for warning in list(&answer["response"]["warnings"]).iter().filter_map(Value::as_str).filter(|warning| warning.contains(RULE)) {
                let place = warning.split_whitespace().find(|word| word.contains("spec")).unwrap_or_default();
                said.insert(format!("{name} {place}"), warning.to_owned());
            }
        }
        let expected = case.review.as_object().map(serde_json::Map::len).unwrap_or_default();
        let parts = case.review.as_object().into_iter().flatten().map(|(_, part)| part.as_str().unwrap());
        if said.len() != expected || !parts.into_iter().all(|part| said.values().any(|said| said.contains(part))) {
            wrong.push(format!("{}: {said:?}", case.name));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_budget_in_another_file_counts_and_one_in_another_namespace_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let tenants = tempfile::tempdir().unwrap();
    let spec = json!({"namespaces": {"names": ["a", "b"]}, "scheduling": {"disruptionBudgets": {"taskManager": true}}});
    let tenant = json!({"apiVersion": "flinkgate.dev/v1alpha1", "kind": "FlinkTenant", "metadata": {"name": "t"}, "spec": spec});
    std::fs::write(tenants.path().join("tenant.yaml"), tenant.to_string()).unwrap();
    let mut cluster = base("deployment");
    cluster["metadata"]["namespace"] = "a".into();
    std::fs::write(folder.path().join("cluster.yaml"), cluster.to_string()).unwrap();
    for (namespace, count) in [("a", 0), ("b", 1)] {
        let budget = json!({"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "etl", "namespace": namespace},
            "spec": {"minAvailable": 3, "selector": {"matchLabels": {"app": "etl", "component": "taskmanager"}}}});
        std::fs::write(folder.path().join("budget.yaml"), budget.to_string()).unwrap();
        let report = flinkgate(&tenants, &["lint", folder.path().to_str().unwrap(), "--format", "json"], String::new());
        let said: Vec<_> = list(&report["findings"]).iter().filter(|finding| finding["rule"] == RULE).collect();
        assert_eq!(said.len(), count, "{namespace}: {said:?}");
        assert!(said.iter().all(|said| said["help"] == "add one with minAvailable: 3 that selects app: etl, component: taskmanager"));
    }
}
