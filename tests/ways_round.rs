//! No Flink option bypasses a rule about fields: every case of tests/data/ways-round through `lint`
//! and through both webhooks, with a valid counterpart that passes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod cases;
mod manifests;

use cases::{asked, findings_in, flinkgate, folder, lint, review, tenant};
use flinkgate::pipeline::{Gate, Unassigned};
use flinkgate::rules::{Finding, Level};
use manifests::read;
use serde_json::{Value, json};
use std::collections::BTreeSet;

const FOLDER: &str = "tests/data/ways-round";

/// Option values that no output may contain.
const SECRET: &str = "do-not-tell";

fn cases() -> Vec<(String, Value)> {
    let cases = cases::cases(&format!("{FOLDER}/cases"));
    assert!(cases.len() > 100);
    cases
}

/// The object of a case, or of its counterpart, in a namespace.
fn object(case: &Value, variant: &Value, namespace: &str) -> Value {
    let base =
        variant.get("base").or(case.get("base")).and_then(Value::as_str).unwrap_or("deployment");
    let mut object = read(format!("{FOLDER}/bases/{base}.yaml"));
    object["metadata"]["namespace"] = namespace.into();
    if let Some(patch) = variant.get("patch") {
        json_patch::merge(&mut object, patch);
    }
    let options = variant["options"].as_object().cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let container = "/spec/template/spec/containers/0";
    for (key, value) in &options {
        match base {
            "native" => {
                let script = object.pointer_mut(&format!("{container}/args/2")).unwrap();
                *script = format!("{}-D{key}='{}' ", script.as_str().unwrap(), text(value)).into();
            }
            "standalone" => {
                let properties = object.pointer_mut(&format!("{container}/env/0/value")).unwrap();
                *properties =
                    format!("{}{key}: {}\n", properties.as_str().unwrap(), text(value)).into();
            }
            "blue-green" => {
                object["spec"]["template"]["spec"]["flinkConfiguration"][key] = value.clone()
            }
            _ => object["spec"]["flinkConfiguration"][key] = value.clone(),
        }
    }
    object
}

/// A case with its name, its bad and its valid object.
type PlacedCase = (String, Value, [Value; 2]);

/// The tenants of all cases, and the bad and the valid object of each case, each in a separate
/// namespace.
fn setting() -> (Vec<Value>, Vec<PlacedCase>) {
    let mut tenants = Vec::new();
    let mut objects = Vec::new();
    for (index, (name, case)) in cases().into_iter().enumerate() {
        let namespaces = ["bad", "honest"].map(|which| format!("case-{index}-{which}"));
        let [bad, honest] = namespaces.each_ref().map(String::as_str);
        tenants.push(tenant(&format!("case-{index}"), &[bad, honest], &case["tenant"]));
        let bad = object(&case, &case, bad);
        let honest = object(&case, &case["honest"], honest);
        objects.push((name, case, [bad, honest]));
    }
    (tenants, objects)
}

#[test]
fn linter_finds_every_bypass() {
    let (tenants, objects) = setting();
    let report = lint(&folder(&tenants), objects.iter().flat_map(|(_, _, pair)| pair));
    let mut wrong = Vec::new();
    for (name, case, [bad, honest]) in &objects {
        let of = |object: &Value| {
            let own = findings_in(&report, &object["metadata"]["namespace"]).into_iter();
            own.filter(|finding| finding["rule"] == case["rule"]).collect::<Vec<_>>()
        };
        let level = case.get("level").unwrap_or(&json!("error")).clone();
        let (found, passed) = (of(bad), of(honest));
        if !found
            .iter()
            .any(|finding| finding["pointer"] == case["pointer"] && finding["level"] == level)
        {
            let all = findings_in(&report, &bad["metadata"]["namespace"]);
            wrong.push(format!(
                "{name}: {} says nothing at {}; there is {all:?}",
                case["rule"], case["pointer"]
            ));
        }
        if !passed.is_empty() {
            wrong.push(format!("{name}: the honest one is refused: {passed:?}"));
        }
        assert!(found.iter().all(|finding| !finding["help"].is_null()), "{name}: {found:?}");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(!report.to_string().contains(SECRET));
}

/// The findings of both webhooks.
fn webhooks(gate: &Gate, object: &Value) -> BTreeSet<Finding> {
    cases::webhooks(gate, asked(&review("CREATE", object, &Value::Null)))
        .into_iter()
        .flatten()
        .collect()
}

#[test]
fn webhooks_find_every_bypass() {
    let (tenants, objects) = setting();
    let gate = cases::gate(&folder(&tenants), Unassigned::Warn);
    for (name, case, [bad, honest]) in &objects {
        let level = if case.get("level").is_some() { Level::Warning } else { Level::Error };
        let said = webhooks(&gate, bad);
        let told = |finding: &&Finding| *finding.rule == case["rule"] && finding.level == level;
        let finding = said.iter().find(told).unwrap_or_else(|| panic!("{name}: {said:?}"));
        assert!(
            said.iter().filter(told).any(|finding| finding.pointer == case["pointer"]),
            "{name}: {finding:?}"
        );
        assert!(said.iter().all(|finding| !finding.message.contains(SECRET)), "{name}: {said:?}");
        assert!(
            webhooks(&gate, honest).iter().all(|finding| *finding.rule != case["rule"]),
            "{name}: the honest one"
        );
    }
}

#[test]
fn review_refuses_access_to_the_operator() {
    let cases = setting().1;
    let (_, case, [bad, _]) =
        cases.iter().find(|(_, case, _)| case["rule"] == "flink/operator-files").unwrap();
    let response = flinkgate(
        &["review", "--webhook", "validate"],
        review("CREATE", bad, &Value::Null).to_string(),
    );
    assert_eq!(response["response"]["allowed"], false);
    let causes = response["response"]["status"]["details"]["causes"].as_array().unwrap();
    assert!(causes.iter().any(|cause| cause["reason"] == case["rule"]), "{causes:?}");
}

#[test]
fn every_key_has_a_case() {
    let mut keys: BTreeSet<String> = BTreeSet::new();
    for (_, case) in cases() {
        keys.extend(case["options"].as_object().into_iter().flatten().map(|(key, _)| key.clone()));
    }
    let listed = std::fs::read_to_string(format!("{FOLDER}/keys.txt")).unwrap();
    let covered = |key: &str| {
        keys.iter().any(|own| own == key || (key.ends_with('.') && own.starts_with(key)))
    };
    let missing: Vec<_> =
        listed.lines().filter(|key| !key.starts_with('#') && !covered(key)).collect();
    assert_eq!(missing, [""; 0]);
}

#[test]
fn flink_config_maps_may_name_files() {
    let data = json!({"config.yaml": "kubernetes.pod-template-file.taskmanager: /tmp/template.yaml\n$internal.deployment.config-dir: /opt/flink/conf\n"});
    let meta = json!({"name": "flink-config-etl", "namespace": "payments-prod"});
    let object = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": data});
    let gate = Gate::load(&["examples/tenants".into()], &[], Unassigned::Deny).unwrap().0;
    assert_eq!(webhooks(&gate, &object), BTreeSet::new());
}
