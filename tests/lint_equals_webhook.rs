//! One verdict from both doors: what the linter says of a manifest is what the two webhooks say of
//! it together.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod cases;
mod manifests;
mod rule_examples;

use base64::Engine as _;
use cases::{flinkgate, review};
use flinkgate::pipeline::{Gate, Judgement, Unassigned};
use flinkgate::quota::Usage;
use flinkgate::rego::PolicySet;
use flinkgate::resource::{Operation, Resource};
use flinkgate::rules::{Finding, Level};
use rule_examples::{built_in, gate, gate_for_bad, resource, spec};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Every manifest with the gate it is held against: the examples of the repository and of every
/// rule.
fn cases() -> Vec<(String, Gate, Resource)> {
    let policies = built_in();
    let (tenants, _) =
        Gate::load_tenants(&["examples/tenants".into()], policies.clone(), Unassigned::Deny)
            .unwrap();
    let mut cases = Vec::new();
    for file in std::fs::read_dir("examples/manifests").unwrap() {
        let file = file.unwrap().path();
        let manifest = Resource::from_manifest(manifests::read(&file)).unwrap();
        cases.push((file.display().to_string(), tenants.clone(), manifest));
    }
    assert!(cases.len() >= 3);
    let (payments, sandbox) = (tenants.only("payments").unwrap(), tenants.only("sandbox").unwrap());
    for rule in policies.catalog() {
        let mut lenient = spec(rule);
        lenient["enforcement"] = json!("Warn");
        let bad = resource(rule.bad.as_deref());
        let good = resource(rule.good.as_deref());
        // An update from something else: what was there before decides over quotas and what may
        // still be changed.
        let before = with_object(&good, json!({"metadata": {"name": "before"}, "spec": {}})).object;
        let update =
            Resource { operation: Operation::Update, old_object: Some(before), ..bad.clone() };
        cases.extend([
            (format!("bad {}", rule.id), gate_for_bad(&policies, rule), bad.clone()),
            (format!("good {}", rule.id), gate(&policies, spec(rule)), good.clone()),
            (format!("bad update {}", rule.id), gate_for_bad(&policies, rule), update),
            (format!("bad {} of a lenient tenant", rule.id), gate(&policies, lenient), bad.clone()),
            (format!("bad {} of payments", rule.id), payments.clone(), bad),
            (format!("good {} of payments", rule.id), payments.clone(), good.clone()),
            (format!("good {} of sandbox", rule.id), sandbox.clone(), good),
        ]);
    }
    cases
}

fn with_object(resource: &Resource, object: Value) -> Resource {
    Resource { object, ..resource.clone() }
}

/// All that the two webhooks say, and whether the object passes both.
fn webhooks(gate: &Gate, resource: &Resource) -> (BTreeSet<Finding>, bool) {
    let findings: BTreeSet<Finding> =
        cases::webhooks(gate, resource.clone()).into_iter().flatten().collect();
    let admitted = findings.iter().all(|finding| finding.level < Level::Error);
    (findings, admitted)
}

/// What lint says of an object that is alone in its input.
fn judge(gate: &Gate, resource: &Resource) -> Judgement {
    gate.case(resource, false).map(|case| gate.judge(case, &Usage::default())).unwrap_or_default()
}

#[test]
fn the_linter_says_what_both_webhooks_say() {
    for (name, gate, resource) in cases() {
        let judgement = judge(&gate, &resource);
        let linted: BTreeSet<Finding> = judgement.findings.iter().cloned().collect();
        assert_eq!(linted.len(), judgement.findings.len(), "{name}: a finding twice");
        let (expected, admitted) = webhooks(&gate, &resource);
        assert_eq!(linted, expected, "{name}");
        assert_eq!(linted.iter().all(|finding| finding.level < Level::Error), admitted, "{name}");
    }
}

#[test]
fn the_patch_makes_the_object_that_the_linter_judges() {
    let (mut patched, mut refused) = (0, 0);
    for (name, gate, resource) in cases() {
        let answer = gate.mutate(&resource);
        let judged = judge(&gate, &resource).mutated.unwrap_or_else(|| resource.object.clone());
        assert_eq!(judged, gate.mutated(&resource), "{name}");
        if answer.findings.iter().any(|finding| finding.level == Level::Error) {
            assert_eq!(answer.patch, None, "{name}: refused and changed");
            refused += 1;
            continue;
        }
        let mut stored = resource.object.clone();
        if let Some(patch) = &answer.patch {
            json_patch::patch(&mut stored, patch).unwrap();
            patched += 1;
        }
        assert_eq!(stored, judged, "{name}");
        assert_eq!(
            gate.mutate(&with_object(&resource, stored)).patch,
            None,
            "{name}: a second pass changes it again"
        );
    }
    assert!(
        patched > 10 && refused > 3,
        "only {patched} objects were changed and {refused} refused"
    );
}

#[test]
fn the_virtual_machine_agrees_with_the_interpreter() {
    let policies = PolicySet::load(&["library".into()]).unwrap();
    let mut reported = 0;
    for (name, gate, resource) in cases() {
        let Some(case) = gate.case(&resource, false) else { continue };
        let input = gate.input(&case, &Usage::default(), |input| input.value().unwrap());
        let mut machine = policies.evaluate(input.clone());
        let mut interpreter = policies.evaluate_with_interpreter(input).unwrap();
        machine.sort();
        interpreter.sort();
        reported += machine.len();
        assert_eq!(machine, interpreter, "{name}");
    }
    assert!(reported > 100, "the library reports only {reported} findings");
}

/// `rule: message` of everything that refuses.
fn refusals<'a>(items: &'a Value, rule: &str) -> BTreeSet<(&'a str, &'a str)> {
    let items = items.as_array().map(Vec::as_slice).unwrap_or_default();
    items
        .iter()
        .map(|item| (item[rule].as_str().unwrap(), item["message"].as_str().unwrap()))
        .collect()
}

#[test]
fn the_commands_lint_and_review_agree() {
    for (file, passes) in
        [("examples/manifests/etl.yaml", true), ("examples/manifests/refused.yaml", false)]
    {
        let mut object = manifests::read(file);
        let tenants = ["--tenants", "examples/tenants"];
        let linted = flinkgate(
            &["lint", "-", "--format", "json", tenants[0], tenants[1]],
            object.to_string(),
        );
        let mutated = flinkgate(
            &["review", "--webhook", "mutate", tenants[0], tenants[1]],
            review("CREATE", &object, &Value::Null).to_string(),
        );
        assert_eq!(mutated["response"]["allowed"], true, "{file}");
        let patch = base64::engine::general_purpose::STANDARD
            .decode(mutated["response"]["patch"].as_str().unwrap())
            .unwrap();
        let patch: json_patch::Patch = serde_json::from_slice(&patch).unwrap();
        json_patch::patch(&mut object, &patch).unwrap();
        let validated = flinkgate(
            &["review", "--webhook", "validate", tenants[0], tenants[1]],
            review("CREATE", &object, &Value::Null).to_string(),
        );
        assert_eq!(validated["response"]["allowed"], passes, "{file}");
        let causes = &validated["response"]["status"]["details"]["causes"];
        assert_eq!(refusals(&linted["findings"], "rule"), refusals(causes, "reason"), "{file}");
    }
}
