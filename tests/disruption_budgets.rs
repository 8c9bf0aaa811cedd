//! PodDisruptionBudgets: every case of tests/data/disruption-budgets through `lint`, which knows
//! the whole input, and through `review`, which knows one object.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod cases;
mod manifests;

use cases::{findings_in, flinkgate, folder, lint, list, review, tenant};
use manifests::read;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::PathBuf;

const FOLDER: &str = "tests/data/disruption-budgets";
const RULE: &str = "scheduling/disruption-budget";

fn base(name: &str) -> Value {
    let own = PathBuf::from(format!("{FOLDER}/bases/{name}.yaml"));
    if own.exists() { read(own) } else { read(format!("tests/data/ways-round/bases/{name}.yaml")) }
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
    let cases = read(format!("{FOLDER}/cases.yaml"));
    let cases: Vec<_> =
        list(&cases).iter().enumerate().map(|(number, case)| of(number, case)).collect();
    assert!(cases.len() > 30, "{}", cases.len());
    cases
}

fn of(number: usize, case: &Value) -> Case {
    let namespace = format!("case-{number}");
    let spec =
        json!({"scheduling": {"disruptionBudgets": case.get("wants").unwrap_or(&json!({}))}});
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
    objects
        .iter_mut()
        .for_each(|object| object["metadata"]["namespace"] = namespace.as_str().into());
    Case {
        name: case["name"].as_str().unwrap().to_owned(),
        tenant: tenant(&format!("tenant-{number}"), &[&namespace], &spec),
        objects,
        lint: case["lint"].clone(),
        review: case["review"].clone(),
    }
}

/// What a case expects, and what was said, where the two differ.
fn difference(case: &Case, expected: &Value, said: &BTreeMap<String, String>) -> Option<String> {
    let expected = expected.as_object().cloned().unwrap_or_default();
    let same = expected.len() == said.len()
        && expected.iter().all(|(place, part)| {
            said.get(place).is_some_and(|said| said.contains(part.as_str().unwrap()))
        });
    (!same).then(|| format!("{}: {said:?}, not {expected:?}", case.name))
}

#[test]
fn the_linter_knows_the_whole_input() {
    let cases = cases();
    let report = lint(
        &folder(cases.iter().map(|case| &case.tenant)),
        cases.iter().flat_map(|case| &case.objects),
    );
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut wrong = Vec::new();
    for case in &cases {
        let own = findings_in(&report, &case.objects[0]["metadata"]["namespace"])
            .into_iter()
            .filter(|own| own["rule"] == RULE);
        let said = own
            .inspect(|own| assert!(own["level"] == "warning" && !own["help"].is_null(), "{own}"));
        let said = said.map(|own| {
            (
                format!("{} {}", text(&own["object"]["name"]), text(&own["pointer"])),
                text(&own["message"]),
            )
        });
        wrong.extend(difference(case, &case.lint, &said.collect()));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_review_knows_one_object_and_says_no_more() {
    let cases = cases();
    let tenants = folder(cases.iter().map(|case| &case.tenant));
    let mut wrong = Vec::new();
    for case in cases.iter().filter(|case| case.objects.len() < 3) {
        let mut said = BTreeMap::new();
        for object in &case.objects {
            let arguments = ["review", "--tenants", tenants.path().to_str().unwrap()];
            let answer = flinkgate(&arguments, review("CREATE", object, &Value::Null).to_string());
            let name = object["metadata"]["name"].as_str().unwrap_or_default();
            for warning in list(&answer["response"]["warnings"])
                .iter()
                .filter_map(Value::as_str)
                .filter(|warning| warning.contains(RULE))
            {
                let place = warning
                    .split_whitespace()
                    .find(|word| word.contains("spec"))
                    .unwrap_or_default();
                said.insert(format!("{name} {place}"), warning.to_owned());
            }
        }
        let expected = case.review.as_object().map(serde_json::Map::len).unwrap_or_default();
        let parts =
            case.review.as_object().into_iter().flatten().map(|(_, part)| part.as_str().unwrap());
        if said.len() != expected
            || !parts.into_iter().all(|part| said.values().any(|said| said.contains(part)))
        {
            wrong.push(format!("{}: {said:?}", case.name));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_budget_in_another_file_counts_and_one_in_another_namespace_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let spec = json!({"scheduling": {"disruptionBudgets": {"taskManager": true}}});
    let tenants = cases::folder([&tenant("t", &["a", "b"], &spec)]);
    let mut cluster = base("deployment");
    cluster["metadata"]["namespace"] = "a".into();
    std::fs::write(folder.path().join("cluster.yaml"), cluster.to_string()).unwrap();
    for (namespace, count) in [("a", 0), ("b", 1)] {
        let budget = json!({"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "etl", "namespace": namespace},
            "spec": {"minAvailable": 3, "selector": {"matchLabels": {"app": "etl", "component": "taskmanager"}}}});
        std::fs::write(folder.path().join("budget.yaml"), budget.to_string()).unwrap();
        let [folder, tenants] = [&folder, &tenants].map(|folder| folder.path().to_str().unwrap());
        let report =
            flinkgate(&["lint", folder, "--tenants", tenants, "--format", "json"], String::new());
        let said: Vec<_> =
            list(&report["findings"]).iter().filter(|finding| finding["rule"] == RULE).collect();
        assert_eq!(said.len(), count, "{namespace}: {said:?}");
        assert!(said.iter().all(|said| said["help"]
            == "add a PodDisruptionBudget with `minAvailable: 3` and `selector: {matchLabels: {app: etl, component: taskmanager}}`"));
    }
}
