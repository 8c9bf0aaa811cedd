//! Exposures, PodDisruptionBudgets and other objects of a cluster, scaling, restarts and costs:
//! every case of tests/data/exposed through `lint` and both webhooks, with equal results.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod cases;
mod manifests;

use cases::{asked, findings_in, folder, lines, lint, review, tenant, webhooks};
use flinkgate::pipeline::{Gate, Unassigned};
use flinkgate::rules::Finding;
use serde_json::{Value, json};
use std::collections::BTreeSet;

const FOLDER: &str = "tests/data/exposed";

/// The rules under test; an entry with a trailing slash is a family.
const RULES: [&str; 13] = [
    "network/",
    "cost/",
    "flink/restart-strategy",
    "flink/elasticity",
    "flink/metrics-reporter",
    "flink/logging",
    "security/automount-token",
    "security/host-aliases",
    "security/sidecars",
    "security/extended-resources",
    "security/runtime-class",
    "security/image-registry",
    "security/image-tag",
];

fn base(name: &str) -> Value {
    manifests::read(format!("{FOLDER}/bases/{name}.yaml"))
}

/// A case with its name, its object, and what is expected.
struct Case {
    name: String,
    tenant: Value,
    object: Value,
    said: BTreeSet<String>,
    /// The same of `lint`, which knows less than a cluster and refuses nothing.
    linted: BTreeSet<String>,
}

/// All cases, each in a separate namespace.
fn cases() -> Vec<Case> {
    let cases = cases::cases(&format!("{FOLDER}/cases")).into_iter().enumerate();
    let cases: Vec<Case> =
        cases.map(|(number, (name, case))| placed(number, name, &case)).collect();
    assert!(cases.len() > 100, "{}", cases.len());
    cases
}

fn placed(number: usize, name: String, case: &Value) -> Case {
    let namespace = format!("case-{number}");
    let kind = case.get("base").and_then(Value::as_str).unwrap_or("deployment");
    let mut object = base(kind);
    object["metadata"]["namespace"] = namespace.as_str().into();
    if let Some(patch) = case.get("patch") {
        json_patch::merge(&mut object, patch);
    }
    let place = if kind == "blue-green" {
        "/spec/template/spec/flinkConfiguration"
    } else {
        "/spec/flinkConfiguration"
    };
    for (key, value) in case.get("options").and_then(Value::as_object).into_iter().flatten() {
        object.pointer_mut(place).unwrap()[key] = value.clone();
    }
    assert!(case["said"].is_array(), "{name}");
    Case {
        name,
        tenant: tenant(&format!("tenant-{number}"), &[&namespace], &case["tenant"]),
        object,
        said: lines(&case["said"]),
        linted: lines(case.get("linted").unwrap_or(&case["said"])),
    }
}

/// `level rule place`, for the rules under test.
fn line(level: &str, rule: &str, place: &str) -> Option<String> {
    let about = RULES
        .iter()
        .any(|own| if own.ends_with('/') { rule.starts_with(own) } else { rule == *own });
    about.then(|| format!("{level} {rule} {place}"))
}

#[test]
fn linter_reports_files() {
    let cases = cases();
    let report =
        lint(&folder(cases.iter().map(|case| &case.tenant)), cases.iter().map(|case| &case.object));
    let mut wrong = Vec::new();
    for case in &cases {
        let own = findings_in(&report, &case.object["metadata"]["namespace"]);
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let said: BTreeSet<String> = own
            .iter()
            .filter_map(|own| {
                line(&text(&own["level"]), &text(&own["rule"]), &text(&own["pointer"]))
            })
            .collect();
        if said != case.linted {
            wrong.push(format!("{}: {said:?}, not {:?}", case.name, case.linted));
        }
        assert!(own.into_iter().all(|finding| !finding["help"].is_null()), "{}", case.name);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The findings of the validating webhook after mutation.
fn validated(gate: &Gate, review: &Value) -> Vec<Finding> {
    let [_, validated] = webhooks(gate, asked(review));
    validated
}

#[test]
fn webhooks_report_the_same_for_requests() {
    let cases = cases();
    let gate = cases::gate(&folder(cases.iter().map(|case| &case.tenant)), Unassigned::Warn);
    for case in &cases {
        let findings = validated(&gate, &review("CREATE", &case.object, &Value::Null));
        let said: BTreeSet<String> = findings
            .iter()
            .filter_map(|own| line(own.level.as_str(), &own.rule, &own.pointer))
            .collect();
        assert_eq!(said, case.said, "{}", case.name);
    }
}

/// A gate of one tenant, `payments`, that has hosts and types of Services.
fn gate() -> Gate {
    let spec = json!({"network": {"ingressHosts": ["*.payments.example.com"], "serviceTypes": ["ClusterIP"]}});
    cases::gate(&folder([&tenant("payments", &["payments"], &spec)]), Unassigned::Deny)
}

fn changed(base: &str, patch: Value) -> Value {
    let mut object = self::base(base);
    object["metadata"]["namespace"] = "payments".into();
    json_patch::merge(&mut object, &patch);
    object
}

#[test]
fn existing_objects_are_checked_only_on_change() {
    let gate = gate();
    let snippet =
        json!({"metadata": {"annotations": {"nginx.ingress.kubernetes.io/server-snippet": "x"}}});
    let finalizer =
        json!({"metadata": {"finalizers": ["service.kubernetes.io/load-balancer-cleanup"]}});
    for (name, before, patch, refused) in [
        (
            "a finalizer",
            changed("service", json!({"spec": {"type": "LoadBalancer"}})),
            finalizer,
            false,
        ),
        (
            "a status",
            changed("ingress", snippet.clone()),
            json!({"status": {"loadBalancer": {}}}),
            false,
        ),
        ("a type", changed("service", json!({})), json!({"spec": {"type": "NodePort"}}), true),
        ("an annotation", changed("ingress", json!({})), snippet.clone(), true),
        (
            "an annotation of an object that leaves",
            changed("ingress", json!({"metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}})),
            snippet,
            true,
        ),
        (
            "a host",
            changed("ingress", json!({})),
            json!({"spec": {"rules": [{"host": "evil.io"}]}}),
            true,
        ),
    ] {
        let mut after = before.clone();
        json_patch::merge(&mut after, &patch);
        let findings = validated(&gate, &review("UPDATE", &after, &before));
        assert_eq!(
            findings.iter().any(|finding| finding.level == flinkgate::rules::Level::Error),
            refused,
            "{name}: {findings:?}"
        );
    }
}

#[test]
fn objects_outside_tenants_are_ignored() {
    let gate = gate();
    for base in ["service", "ingress"] {
        let mut object = changed(
            base,
            json!({"spec": {"type": "NodePort", "rules": [{"host": "x.example.com"}]}}),
        );
        object["metadata"]["namespace"] = "elsewhere".into();
        assert_eq!(validated(&gate, &review("CREATE", &object, &Value::Null)), []);
    }
}
