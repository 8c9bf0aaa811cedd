//! One mistake is one finding: no two rules report it at one place, and no rule reports it at two.

mod options;

use super::manifests::{files, read};
use super::rule_examples::{
    AMBIGUOUS, UNASSIGNED, UNREADABLE, built_in, gate, gate_for_bad, resource,
};
use flinkgate::pipeline::Gate;
use flinkgate::quota::Usage;
use flinkgate::resource::{Resource, yaml};
use flinkgate::rules::Finding;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

/// Pairs of rules that may report one place, and why these are two mistakes: after one is corrected, the
/// other is still there.
const TWO_MISTAKES: [(&str, &str, &str); 2] = [
    (
        "security/image-registry",
        "security/image-tag",
        "the registry and the tag of an image are two parts of it",
    ),
    (
        "flink/invalid-value",
        "security/inline-credentials",
        "a credential in plain text is one in the right form too",
    ),
];

fn are_two_mistakes(one: &str, other: &str) -> bool {
    TWO_MISTAKES.iter().any(|(first, second, _)| {
        (*first, *second) == (one, other) || (*first, *second) == (other, one)
    })
}

fn judge(gate: &Gate, resource: &Resource, as_is: bool) -> Vec<Finding> {
    let case = gate.case(resource, as_is);
    case.map(|case| gate.judge(case, &Usage::default()).findings).unwrap_or_default()
}

/// What a finding is about. A text has many options at its place.
fn place(finding: &Finding) -> (String, Option<String>) {
    let is_text =
        ["/data/", "/env/", "/volumeMounts/"].iter().any(|part| finding.pointer.contains(part));
    (finding.pointer.clone(), finding.facts.key.clone().filter(|_| is_text))
}

/// Pairs of rules at one place that are not two mistakes.
fn pairs(findings: &[Finding], name: &str) -> Vec<String> {
    let mut places: BTreeMap<_, BTreeSet<&str>> = BTreeMap::new();
    for finding in findings {
        places.entry(place(finding)).or_default().insert(&finding.rule);
    }
    let mut found = Vec::new();
    for ((pointer, _), rules) in places {
        let rules: Vec<&str> = rules.into_iter().collect();
        for (index, one) in rules.iter().enumerate() {
            for other in &rules[index + 1..] {
                if !are_two_mistakes(one, other) {
                    found.push(format!("{name}: {one} and {other} at {pointer}"));
                }
            }
        }
    }
    found
}

#[test]
fn no_two_rules_report_one_mistake_at_one_place() {
    let policies = built_in();
    let mut wrong = Vec::new();
    let mut count = 0;
    for rule in policies.catalog() {
        if [UNASSIGNED, AMBIGUOUS, UNREADABLE].contains(&rule.id.as_str()) {
            continue;
        }
        let gate = gate_for_bad(&policies, rule);
        for example in [&rule.bad, &rule.good] {
            let found = judge(&gate, &resource(example.as_deref()), rule.as_is);
            count += found.len();
            wrong.extend(pairs(&found, &rule.id));
        }
    }
    for file in files("tests/data/field", "yaml") {
        let folder = file.parent().unwrap();
        let name = file.file_name().unwrap().to_str().unwrap();
        if ["case.yaml", "tenant.yaml", "empty-tenant.yaml"].contains(&name) {
            continue;
        }
        let tenant = folder.join("tenant.yaml");
        let spec = if tenant.exists() { read(tenant)["spec"].clone() } else { json!({}) };
        let gate = gate(&policies, spec);
        for document in yaml::parse(&std::fs::read_to_string(&file).unwrap()) {
            let resource = document.value.and_then(|value| Resource::from_manifest(value).ok());
            let Some(resource) = resource else { continue };
            let found = judge(&gate, &resource, false);
            count += found.len();
            wrong.extend(pairs(&found, folder.file_name().unwrap().to_str().unwrap()));
        }
    }
    assert!(count > 200, "{count} findings");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
