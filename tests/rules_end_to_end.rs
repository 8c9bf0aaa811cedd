//! Every built-in rule through the gate: its examples, and what tenants' enforcement, overrides and
//! exemptions make of it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod help_values;
mod known;
mod manifests;
mod one_finding;
mod rule_examples;

use flinkgate::pipeline::deletion::claim_users;
use flinkgate::pipeline::{Gate, Unassigned};
use flinkgate::quota::Usage;
use flinkgate::resource::{Operation, Resource};
use flinkgate::rules::{Documentation, Finding, Level};
use rule_examples::{
    AMBIGUOUS, UNASSIGNED, UNREADABLE, built_in, gate, gate_for_bad, gate_of_nobody, resource, spec,
};
use serde_json::{Value, json};

fn found(gate: &Gate, rule: &Documentation, example: &Option<String>) -> Vec<Finding> {
    let resource = resource(example.as_deref());
    if rule.id == "storage/claim-in-use" {
        // Asked of the deletion of a claim that the example mounts or does not.
        let claim = json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "etl-state"}});
        let deletion =
            Resource { operation: Operation::Delete, ..Resource::from_manifest(claim).unwrap() };
        let users = claim_users("etl-state", &[resource.object]);
        return gate.refuse_deletion(&deletion, &users).findings;
    }
    gate.case(&resource, rule.as_is)
        .map(|case| gate.judge(case, &Usage::default()).findings)
        .unwrap_or_default()
}

fn of<'a>(findings: &'a [Finding], rule: &Documentation) -> Vec<&'a Finding> {
    findings.iter().filter(|finding| finding.rule == rule.id).collect()
}

/// The rules that hold outside any one tenant, so that none can lower or except them.
const OUTSIDE_TENANTS: [&str; 3] = [UNASSIGNED, AMBIGUOUS, UNREADABLE];

/// What every rule that holds for tenants says of its bad example when its tenant's spec is
/// changed.
fn with_change(
    change: impl Fn(&Documentation, &mut Value),
    check: impl Fn(&Documentation, Vec<Finding>),
) {
    let policies = built_in();
    for rule in
        policies.catalog().iter().filter(|rule| !OUTSIDE_TENANTS.contains(&rule.id.as_str()))
    {
        let mut spec = spec(rule);
        change(rule, &mut spec);
        check(rule, found(&gate(&policies, spec), rule, &rule.bad));
    }
}

/// Names with one capital letter; `JobManager` has two.
const NAMES: [&str; 8] =
    ["Deployment", "Flink", "Ingress", "Java", "Job", "Kubernetes", "Secret", "Service"];

/// Holds the finding of a built-in rule in Rust to the form of messages: no capital letter at the
/// beginning unless it is a name, no full stop at the end, values in backticks.
fn assert_plain(rule: &Documentation, finding: &Finding) {
    if !rule.builtin || !rule.path.starts_with("src/rules/") {
        return;
    }
    for text in [finding.message.as_str(), finding.help.as_deref().unwrap_or_default()] {
        let Some(word) = text.split_whitespace().next() else { panic!("{finding:?}") };
        assert!(!text.ends_with('.'), "{}: a full stop: {text}", rule.id);
        assert!(!text.contains('\n') && text.trim() == text, "{}: {text:?}", rule.id);
        let capitals = word.chars().filter(|letter| letter.is_uppercase()).count();
        let is_name = capitals > 1 || NAMES.contains(&word);
        let begins_with_capital = word.starts_with(char::is_uppercase);
        assert!(!begins_with_capital || is_name, "{}: a capital letter: {text}", rule.id);
        assert_eq!(text.matches('`').count() % 2, 0, "{}: an open backtick: {text}", rule.id);
        let prose: String = text.split('`').step_by(2).collect();
        assert!(!prose.contains('"'), "{}: write backticks for quotes: {text}", rule.id);
    }
}

#[test]
fn every_rule_refuses_its_bad_example_and_passes_its_good_one() {
    let policies = built_in();
    assert!(policies.catalog().len() >= 25);
    for rule in policies.catalog() {
        let bad = found(&gate_for_bad(&policies, rule), rule, &rule.bad);
        let own = of(&bad, rule);
        assert!(!own.is_empty(), "{} has nothing to say of its bad example: {bad:?}", rule.id);
        for finding in own {
            assert_eq!(finding.level, rule.level, "{}", rule.id);
            assert!(finding.pointer.starts_with('/'), "{} points nowhere", rule.id);
            assert!(!finding.message.is_empty() && finding.help.is_some(), "{finding:?}");
            assert_plain(rule, finding);
        }
        let good = found(&gate(&policies, spec(rule)), rule, &rule.good);
        assert!(
            of(&good, rule).is_empty(),
            "{} speaks against its good example: {good:?}",
            rule.id
        );
    }
}

#[test]
fn a_good_example_breaks_no_rule_at_all() {
    let policies = built_in();
    for rule in policies.catalog() {
        let good = found(&gate(&policies, spec(rule)), rule, &rule.good);
        assert!(good.iter().all(|finding| finding.level < Level::Error), "{}: {good:?}", rule.id);
    }
}

#[test]
fn a_tenant_that_warns_is_never_refused() {
    let warn = |_: &Documentation, spec: &mut Value| spec["enforcement"] = json!("Warn");
    with_change(warn, |rule, findings| {
        assert!(!of(&findings, rule).is_empty(), "{}", rule.id);
        assert!(
            findings.iter().all(|finding| finding.level <= Level::Warning),
            "{}: {findings:?}",
            rule.id
        );
    });
}

#[test]
fn a_tenant_that_is_audited_sees_information_only() {
    let audit = |_: &Documentation, spec: &mut Value| spec["enforcement"] = json!("Audit");
    with_change(audit, |rule, findings| {
        assert!(!of(&findings, rule).is_empty(), "{}", rule.id);
        assert!(
            findings.iter().all(|finding| finding.level == Level::Info),
            "{}: {findings:?}",
            rule.id
        );
    });
}

#[test]
fn an_override_by_exact_id_wins_over_its_family_in_either_order() {
    for exact_first in [true, false] {
        let change = |rule: &Documentation, spec: &mut Value| {
            let mut rules = vec![
                json!({"rule": rule.id, "enforcement": "Enforce"}),
                json!({"rule": format!("{}/*", rule.family), "enforcement": "Warn"}),
                json!({"rule": "*", "enforcement": "Audit"}),
            ];
            if !exact_first {
                rules.reverse();
            }
            spec["enforcement"] = json!("Audit");
            spec["rules"] = json!(rules);
        };
        with_change(change, |rule, findings| {
            for finding in findings {
                let expected = match &finding.rule {
                    // Enforce raises warnings; what is only to be known stays so.
                    id if *id == rule.id && rule.level == Level::Info => Level::Info,
                    id if *id == rule.id => Level::Error,
                    id if id.starts_with(&format!("{}/", rule.family)) => Level::Warning,
                    _ => Level::Info,
                };
                assert_eq!(
                    finding.level, expected,
                    "{} on the example of {}",
                    finding.rule, rule.id
                );
            }
        });
    }
}

#[test]
fn an_exemption_takes_the_rule_away_and_leaves_the_others() {
    let plain = |_: &Documentation, _: &mut Value| {};
    let mut before = Vec::new();
    let collected = std::cell::RefCell::new(&mut before);
    with_change(plain, |_, findings| collected.borrow_mut().push(findings));
    let before = std::cell::RefCell::new(before.into_iter());
    let exempt = |rule: &Documentation, spec: &mut Value| {
        spec["exemptions"] = json!([{"rules": [rule.id], "reason": "a test"}])
    };
    with_change(exempt, |rule, mut findings| {
        let mut expected = before.borrow_mut().next().unwrap();
        let places: Vec<_> =
            of(&expected, rule).iter().map(|finding| finding.pointer.clone()).collect();
        expected.retain(|finding| finding.rule != rule.id);
        // A rule that was silent in favour of this one speaks again.
        findings.retain(|finding| expected.contains(finding) || !places.contains(&finding.pointer));
        assert_eq!(findings, expected, "{}", rule.id);
    });
}

#[test]
fn an_exemption_holds_until_its_end_for_what_it_names() {
    let cases = [
        (json!({"until": "2020-01-01"}), true),
        (json!({"until": "9999-12-31"}), false),
        (json!({"names": ["e*", "t*"], "namespaces": ["default"]}), false),
        (json!({"names": ["another"]}), true),
        (json!({"namespaces": ["another-*"]}), true),
    ];
    for (terms, holds) in cases {
        let change = |rule: &Documentation, spec: &mut Value| {
            let mut exemption = terms.clone();
            exemption["rules"] = json!([format!("{}/*", rule.family)]);
            spec["exemptions"] = json!([exemption]);
        };
        with_change(change, |rule, findings| {
            assert_eq!(!of(&findings, rule).is_empty(), holds, "{} {terms}", rule.id)
        });
    }
}

#[test]
fn what_becomes_of_flink_in_nobodys_namespace_is_a_choice() {
    let policies = built_in();
    let rule = policies.documentation(UNASSIGNED).unwrap();
    for (unassigned, expected) in [
        (Unassigned::Allow, vec![]),
        (Unassigned::Warn, vec![Level::Warning]),
        (Unassigned::Deny, vec![Level::Error]),
    ] {
        let findings = found(&gate_of_nobody(&policies, unassigned), rule, &rule.bad);
        assert_eq!(
            findings.iter().map(|finding| finding.level).collect::<Vec<_>>(),
            expected,
            "{unassigned:?}"
        );
        assert!(findings.iter().all(|finding| finding.rule == UNASSIGNED), "{findings:?}");
    }
}
