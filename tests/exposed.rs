//! Ways in from outside, what stands beside Flink, how jobs scale and restart, and what is paid for: every case of
//! tests/data/exposed through `lint` and through both webhooks, which say the same.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use assert_cmd::Command;
use flinkgate::admission::review::Review;
use flinkgate::pipeline::{Gate, Unassigned};
use flinkgate::policy::Finding;
use flinkgate::resource::yaml;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::Path;

const FOLDER: &str = "tests/data/exposed";

/// The rules that cases are about; an entry that ends in a slash is a family.
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

fn read(file: &Path) -> Value {
    let [document] = yaml::parse(&std::fs::read_to_string(file).unwrap()).try_into().expect("one document");
    assert_eq!(document.problems, [], "{}", file.display());
    document.value.unwrap()
}

fn base(name: &str) -> Value {
    read(Path::new(&format!("{FOLDER}/bases/{name}.yaml")))
}

/// A case with its name, its object, and what is expected.
struct Case {
    name: String,
    tenant: Value,
    object: Value,
    said: BTreeSet<String>,
}

/// All cases, each in a namespace of its own.
fn cases() -> Vec<Case> {
    let mut files: Vec<_> = std::fs::read_dir(format!("{FOLDER}/cases")).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    let mut cases = Vec::new();
    for file in files {
        for case in read(&file).as_array().unwrap() {
            let name = format!("{}: {}", file.file_stem().unwrap().display(), case["name"].as_str().unwrap());
            let namespace = format!("case-{}", cases.len());
            let kind = case.get("base").and_then(Value::as_str).unwrap_or("deployment");
            let mut object = base(kind);
            object["metadata"]["namespace"] = namespace.as_str().into();
            if let Some(patch) = case.get("patch") {
                json_patch::merge(&mut object, patch);
            }
            let place = if kind == "blue-green" { "/spec/template/spec/flinkConfiguration" } else { "/spec/flinkConfiguration" };
            for (key, value) in case.get("options").and_then(Value::as_object).into_iter().flatten() {
                object.pointer_mut(place).unwrap()[key] = value.clone();
            }
            let mut spec = case.get("tenant").cloned().unwrap_or(json!({}));
            spec["namespaces"] = json!({"names": [namespace]});
            let meta = json!({"name": format!("tenant-{}", cases.len())});
            let tenant = json!({"apiVersion": "flinkgate.dev/v1alpha1", "kind": "FlinkTenant", "metadata": meta, "spec": spec});
            let said = case["said"].as_array().unwrap().iter().map(|line| line.as_str().unwrap().to_owned()).collect();
            cases.push(Case { name, tenant, object, said });
        }
    }
    assert!(cases.len() > 100, "{}", cases.len());
    cases
}

fn tenants(cases: &[Case]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let text: Vec<String> = cases.iter().map(|case| case.tenant.to_string()).collect();
    std::fs::write(folder.path().join("tenants.yaml"), text.join("\n---\n")).unwrap();
    folder
}

/// `level rule place`, of the rules that cases are about.
fn line(level: &str, rule: &str, place: &str) -> Option<String> {
    let about = RULES.iter().any(|own| if own.ends_with('/') { rule.starts_with(own) } else { rule == *own });
    about.then(|| format!("{level} {rule} {place}"))
}

#[test]
fn the_linter_says_it_of_files() {
    let cases = cases();
    let folder = tenants(&cases);
    let input: Vec<String> = cases.iter().map(|case| case.object.to_string()).collect();
    let mut lint = Command::cargo_bin("flinkgate").unwrap();
    lint.args(["lint", "-", "--format", "json", "--tenants"]).arg(folder.path()).write_stdin(input.join("\n---\n"));
    let output = lint.output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
    let findings = report["findings"].as_array().unwrap();
    let mut wrong = Vec::new();
    for case in &cases {
        let own = findings.iter().filter(|finding| finding["object"]["namespace"] == case.object["metadata"]["namespace"]);
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let said: BTreeSet<String> =
            own.clone().filter_map(|own| line(&text(&own["level"]), &text(&own["rule"]), &text(&own["pointer"]))).collect();
        if said != case.said {
            wrong.push(format!("{}: {said:?}, not {:?}", case.name, case.said));
        }
        assert!(own.into_iter().all(|finding| !finding["help"].is_null()), "{}", case.name);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What the API server would send.
fn review(operation: &str, object: &Value, old: &Value) -> Value {
    let version = object["apiVersion"].as_str().unwrap();
    let (group, version) = version.split_once('/').unwrap_or(("", version));
    let kind = object["kind"].as_str().unwrap();
    json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {
        "uid": "1", "kind": {"group": group, "version": version, "kind": kind},
        "resource": {"group": group, "version": version, "resource": "x"}, "operation": operation,
        "name": object["metadata"]["name"], "namespace": object["metadata"]["namespace"],
        "userInfo": {"username": "alice"}, "object": object, "oldObject": old}})
}

/// What the validating webhook says of what the mutating one left.
fn validated(gate: &Gate, review: &Value) -> Vec<Finding> {
    let mut resource = Review::parse(review.to_string().as_bytes()).unwrap().resource().unwrap();
    if let Some(patch) = &gate.mutate(&resource).patch {
        json_patch::patch(&mut resource.object, patch).unwrap();
    }
    gate.validate(&resource).findings
}

#[test]
fn the_webhooks_say_the_same_of_requests() {
    let cases = cases();
    let folder = tenants(&cases);
    let (gate, warnings) = Gate::load(&[folder.path().to_owned()], &[], Unassigned::Warn).unwrap();
    assert!(warnings.is_empty());
    for case in &cases {
        let findings = validated(&gate, &review("CREATE", &case.object, &Value::Null));
        let said: BTreeSet<String> = findings.iter().filter_map(|own| line(own.level.as_str(), &own.rule, &own.pointer)).collect();
        assert_eq!(said, case.said, "{}", case.name);
    }
}

/// A gate of one tenant, `payments`, that has hosts and types of Services.
fn gate() -> Gate {
    let folder = tempfile::tempdir().unwrap();
    let spec = json!({"namespaces": {"names": ["payments"]},
        "network": {"ingressHosts": ["*.payments.example.com"], "serviceTypes": ["ClusterIP"]}});
    let tenant = json!({"apiVersion": "flinkgate.dev/v1alpha1", "kind": "FlinkTenant", "metadata": {"name": "payments"}, "spec": spec});
    std::fs::write(folder.path().join("tenant.yaml"), tenant.to_string()).unwrap();
    Gate::load(&[folder.path().to_owned()], &[], Unassigned::Deny).unwrap().0
}

fn changed(base: &str, patch: Value) -> Value {
    let mut object = self::base(base);
    object["metadata"]["namespace"] = "payments".into();
    json_patch::merge(&mut object, &patch);
    object
}

#[test]
fn what_was_there_before_is_judged_only_when_it_changes() {
    let gate = gate();
    let snippet = json!({"metadata": {"annotations": {"nginx.ingress.kubernetes.io/server-snippet": "x"}}});
    let finalizer = json!({"metadata": {"finalizers": ["service.kubernetes.io/load-balancer-cleanup"]}});
    for (name, before, patch, refused) in [
        ("a finalizer", changed("service", json!({"spec": {"type": "LoadBalancer"}})), finalizer, false),
        ("a status", changed("ingress", snippet.clone()), json!({"status": {"loadBalancer": {}}}), false),
        ("a type", changed("service", json!({})), json!({"spec": {"type": "NodePort"}}), true),
        ("an annotation", changed("ingress", json!({})), snippet.clone(), true),
        (
            "an annotation of an object that leaves",
            changed("ingress", json!({"metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}})),
            snippet,
            false,
        ),
        ("a host", changed("ingress", json!({})), json!({"spec": {"rules": [{"host": "evil.io"}]}}), true),
    ] {
        let mut after = before.clone();
        json_patch::merge(&mut after, &patch);
        let findings = validated(&gate, &review("UPDATE", &after, &before));
        assert_eq!(findings.iter().any(|finding| finding.level == flinkgate::policy::Level::Error), refused, "{name}: {findings:?}");
    }
}

#[test]
fn services_and_ingresses_of_nobody_are_let_alone() {
    let gate = gate();
    for base in ["service", "ingress"] {
        let mut object = changed(base, json!({"spec": {"type": "NodePort", "rules": [{"host": "x.example.com"}]}}));
        object["metadata"]["namespace"] = "elsewhere".into();
        assert_eq!(validated(&gate, &review("CREATE", &object, &Value::Null)), []);
    }
}
