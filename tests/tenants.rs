//! FlinkTenants from files: messages about invalid ones, owners of namespaces, and the CRD.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "tenants/contradictions.rs"]
mod contradictions;
#[path = "tenants/given.rs"]
mod given;
#[path = "tenants/judged.rs"]
mod judged;

use assert_cmd::Command;
use flinkgate::resource::yaml;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::process::Output;

fn lint(tenants: &str, input: &str, arguments: &[&str]) -> Output {
    let tenants = format!("tests/data/tenants/{tenants}");
    let mut command = Command::cargo_bin("flinkgate").unwrap();
    command.args(["lint", input, "--tenants", &tenants]).args(arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn every_problem_is_reported_with_its_place() {
    let cases = [
        "unknown-field.yaml",
        "bad-quantity.yaml",
        "wrong-types.yaml",
        "wrong-enforcement.yaml",
        "wrong-options.yaml",
        "wrong-storage.yaml",
        "unknown-rule.yaml",
        "bad-namespaces.yaml",
        "nameless.yaml",
        "same-name.yaml",
        "same-namespace.yaml",
        "overlapping-patterns.yaml",
        "same-by-labels.yaml",
        "wrong-labels.yaml",
        "malformed.yaml",
        "wrong-demands.yaml",
        "wrong-version.yaml",
        "no-object.yaml",
        "empty",
        "not-there.yaml",
    ];
    let mut messages = String::new();
    for case in cases {
        let output = lint(case, "examples/manifests/etl.yaml", &[]);
        assert_eq!(
            (output.status.code(), text(&output.stdout)),
            (Some(2), String::new()),
            "{case}"
        );
        let errors = text(&output.stderr);
        let placed = errors.contains(&format!("  tests/data/tenants/{case}:"));
        assert_eq!(placed, !["empty", "not-there.yaml"].contains(&case), "{case}: {errors}");
        let _ = writeln!(messages, "### {case}\n{errors}");
    }
    insta::assert_snapshot!(messages);
}

#[test]
fn an_ended_exemption_is_a_warning_and_unused() {
    let output = lint("expired-exemption.yaml", "examples/manifests/etl.yaml", &[]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stdout));
    insta::assert_snapshot!(text(&output.stderr));
    let refused = lint("expired-exemption.yaml", "examples/manifests/refused.yaml", &[]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(text(&refused.stdout).contains("error[security/privileged]"));
}

/// A rule may have gone with its policy: the tenant's other rules stay.
#[test]
fn an_unknown_rule_is_a_warning_and_unused() {
    let refused = lint("only-unknown-rules.yaml", "examples/manifests/refused.yaml", &[]);
    assert_eq!(refused.status.code(), Some(1), "{}", text(&refused.stderr));
    assert!(text(&refused.stdout).contains("error[security/privileged]"));
    let warnings = text(&refused.stderr);
    for warning in [
        "only-unknown-rules.yaml:8:14: there is no rule `security/priviledged`: did you mean `security/privileged`?",
        "only-unknown-rules.yaml:10:15: there is no rule `storag/*`: run `flinkgate rules` for the list",
    ] {
        assert!(warnings.contains(warning), "{warnings}");
    }
}

/// A Pod that every tenant refuses, so that the finding names the tenant.
fn pod(namespace: &str) -> String {
    let spec = json!({"containers": [{"name": "tool", "image": "tool:1", "securityContext": {"privileged": true}}]});
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "tool", "namespace": namespace}, "spec": spec}).to_string()
}

fn namespace(name: &str, team: &str) -> String {
    json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": {"team": team}}}).to_string()
}

#[test]
fn names_patterns_and_labels_decide_the_owner() {
    let input = [
        pod("payments-prod"),
        pod("payments-dev"),
        pod("pay-roll"),
        pod("detect"),
        pod("other"),
        pod("unknown"),
        pod("pay-risk"),
        namespace("detect", "fraud"),
        namespace("other", "another"),
        namespace("pay-risk", "risk"),
    ];
    let arguments =
        ["lint", "-", "--format", "json", "--tenants", "tests/data/tenants/namespaces.yaml"];
    let output = Command::cargo_bin("flinkgate")
        .unwrap()
        .args(arguments)
        .write_stdin(input.join("\n---\n"))
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let findings = report["findings"].as_array().unwrap();
    let of = |namespace: &str, field: &str| {
        let mut found: Vec<&str> = findings
            .iter()
            .filter(|finding| {
                finding["object"]["namespace"] == namespace && finding["rule"] != "security/seccomp"
            })
            .map(|finding| finding[field].as_str().unwrap_or("none"))
            .collect();
        found.dedup();
        found
    };
    for (namespace, tenant) in
        [("payments-prod", "payments"), ("pay-roll", "payments"), ("detect", "fraud")]
    {
        assert_eq!(of(namespace, "tenant"), [tenant], "{namespace}");
        assert_eq!(of(namespace, "rule"), ["security/privileged"], "{namespace}");
    }
    for namespace in ["payments-dev", "other", "unknown"] {
        assert_eq!(of(namespace, "rule"), [""; 0], "{namespace}");
    }
    assert_eq!(of("pay-risk", "rule"), ["tenancy/ambiguous-namespace"]);
    assert_eq!(
        of("pay-risk", "message"),
        ["several tenants claim namespace `pay-risk`: `payments`, `fraud`"]
    );
}

/// The definitions of FlinkTenant, FlinkPolicy and FlinkTenantLedger.
fn definitions() -> [Value; 3] {
    let output = Command::cargo_bin("flinkgate").unwrap().arg("crds").output().unwrap();
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), String::new()));
    let documents: Vec<_> = yaml::parse(&text(&output.stdout))
        .into_iter()
        .filter_map(|document| document.value)
        .collect();
    documents.try_into().unwrap()
}

#[test]
fn the_definitions_have_not_changed() {
    let [tenant, policy, ledger] = definitions();
    insta::assert_json_snapshot!(tenant);
    insta::assert_json_snapshot!("the_definition_of_policies", policy);
    insta::assert_json_snapshot!("the_definition_of_ledgers", ledger);
}

/// Fields that accept anything: the value of an option is a string, a number or a boolean, and what
/// containers run as is a word or ids, which a structural schema cannot express. The webhook checks them.
const ANYTHING: [&str; 3] = [
    "/spec/flink/configuration/defaults/*",
    "/spec/flink/configuration/enforced/*",
    "/spec/security/runAs",
];

/// Checks what the API server requires of a structural schema, and that no unknown field is accepted
/// or silently dropped.
fn check(schema: &Value, at: &str) {
    if schema.get("x-kubernetes-preserve-unknown-fields").is_some() {
        assert!(ANYTHING.contains(&at), "{at} accepts anything");
        return;
    }
    if schema["x-kubernetes-int-or-string"] == true {
        assert!(schema.get("type").is_none() && schema.get("anyOf").is_none(), "{at}");
        return;
    }
    for keyword in
        ["$ref", "definitions", "$defs", "oneOf", "anyOf", "allOf", "not", "patternProperties"]
    {
        assert_eq!(schema.get(keyword), None, "{keyword} at {at}");
    }
    match schema["type"].as_str() {
        Some("object") => {
            let properties = schema.get("properties").and_then(Value::as_object);
            assert!(
                schema.get("additionalProperties").is_none() || properties.is_none(),
                "{at} has both kinds of fields"
            );
            assert!(
                schema["additionalProperties"].as_bool().is_none(),
                "{at} has additionalProperties without a schema"
            );
            let known = properties.is_some()
                || schema.get("additionalProperties").is_some()
                || at == "/metadata";
            assert!(known, "{at} has no fields");
            properties
                .into_iter()
                .flatten()
                .for_each(|(name, field)| check(field, &format!("{at}/{name}")));
            if let Some(field) = schema.get("additionalProperties") {
                check(field, &format!("{at}/*"));
            }
        }
        Some("array") => check(&schema["items"], &format!("{at}/0")),
        Some("string" | "integer" | "number" | "boolean") => {}
        other => panic!("{at} is of type {other:?}"),
    }
    assert!(
        at.is_empty()
            || !schema["description"].is_null()
            || !at.starts_with("/spec")
            || at.ends_with(['*', '0']),
        "{at} has no description"
    );
}

#[test]
fn the_schemas_are_structural_and_describe_every_field() {
    for definition in definitions() {
        assert_eq!(definition["kind"], "CustomResourceDefinition");
        assert_eq!(definition["spec"]["scope"], "Cluster");
        let versions = definition["spec"]["versions"].as_array().unwrap();
        assert_eq!(versions.len(), 1);
        assert_eq!(versions[0]["subresources"]["status"], json!({}));
        check(&versions[0]["schema"]["openAPIV3Schema"], "");
    }
}

#[test]
fn the_example_tenants_are_valid() {
    for file in ["payments.yaml", "sandbox.yaml"] {
        let tenants = format!("../../../examples/tenants/{file}");
        let output = lint(&tenants, "examples/tenants", &[]);
        assert_eq!(
            (output.status.code(), text(&output.stderr)),
            (Some(0), String::new()),
            "{file}"
        );
    }
}
