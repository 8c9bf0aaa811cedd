//! An object's whole way: kubectl, API server, Flinkgate, etcd.

use super::support::access::Access;
use super::support::flinkgate::{self, Flinkgate};
use super::support::shared;
use super::support::wait::until;
use ::flinkgate::resource::yaml;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use std::fs;
use std::path::Path;

/// Registers both webhooks by URL, for the Flink kinds in one namespace, and waits until the API
/// server asks them.
fn register(admin: &Access, gate: &Flinkgate, ca: &Path, namespace: &str, refused: &str) {
    let ca_bundle = STANDARD.encode(fs::read(ca).unwrap());
    let configuration = |kind: &str, path: &str| {
        json!({"apiVersion": "admissionregistration.k8s.io/v1", "kind": kind, "metadata": {"name": namespace}, "webhooks": [{
            "name": format!("{path}.flinkgate.dev"),
            "clientConfig": {"url": format!("https://{}/{path}", gate.webhooks), "caBundle": ca_bundle},
            "rules": [{"apiGroups": ["flink.apache.org"], "apiVersions": ["*"], "operations": ["CREATE", "UPDATE"], "resources": ["*"], "scope": "Namespaced"}],
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
            "admissionReviewVersions": ["v1"], "sideEffects": "None", "failurePolicy": "Fail", "timeoutSeconds": 10}]})
    };
    for (kind, path) in
        [("MutatingWebhookConfiguration", "mutate"), ("ValidatingWebhookConfiguration", "validate")]
    {
        admin.apply(&configuration(kind, path).to_string());
    }
    until("the API server asks Flinkgate", || {
        match admin.try_kubectl(&["create", "--dry-run=server", "-f", "-"], refused) {
            Err(complaint) if complaint.contains("denied the request") => Ok(()),
            other => Err(format!("{other:?}")),
        }
    });
}

#[test]
fn a_good_flink_deployment_is_stored_as_rendered_and_a_bad_one_refused_with_every_finding() {
    let control_plane = shared();
    let namespace = control_plane.namespace("payments");
    let folder = tempfile::tempdir().unwrap();
    // The examples' tenant and manifests, in a namespace of this test's own.
    let here = |from: &str, to: &str| {
        let text = fs::read_to_string(from).unwrap().replace("payments-prod", &namespace);
        let path = folder.path().join(to);
        fs::write(&path, &text).unwrap();
        (path.to_str().unwrap().to_owned(), text)
    };
    let (tenant, _) = here("examples/tenants/payments.yaml", "tenant.yaml");
    let (good, good_text) = here("examples/manifests/etl.yaml", "good.yaml");
    let (bad, bad_text) = here("examples/manifests/refused.yaml", "bad.yaml");
    let ca = folder.path().join("ca.crt");
    let gate = Flinkgate::start(
        control_plane,
        &["--tenants", &tenant, "--tls-ca-out", ca.to_str().unwrap()],
    );
    gate.wait_ready();
    register(control_plane, &gate, &ca, &namespace, &bad_text);

    control_plane.create(&good_text);
    let stored = control_plane.get(&["flinkdeployment", "etl", "--namespace", &namespace]);
    let rendered = flinkgate::output(&["render", &good, "--tenants", &tenant]);
    let rendered = yaml::parse(&rendered).remove(0).value.unwrap();
    assert_eq!(stored["spec"], rendered["spec"]);
    assert_eq!(stored["metadata"]["labels"], rendered["metadata"]["labels"]);
    assert_ne!(
        rendered["spec"],
        yaml::parse(&good_text).remove(0).value.unwrap()["spec"],
        "nothing was rendered"
    );

    let refusal = control_plane.refused(&["create", "-f", "-"], &bad_text);
    let report = flinkgate::output(&[
        "lint",
        &bad,
        "--tenants",
        &tenant,
        "--format",
        "json",
        "--fail-on",
        "never",
    ]);
    let report: Value = serde_json::from_str(&report).unwrap();
    let findings: Vec<&Value> = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|finding| finding["level"] == "error")
        .collect();
    assert!(findings.len() > 3, "{report:#}");
    for finding in findings {
        for field in ["rule", "message"] {
            let text = finding[field].as_str().unwrap();
            assert!(refusal.contains(text), "{text:?} is not said in {refusal}");
        }
    }
    control_plane.refused(&["get", "flinkdeployment", "miner", "--namespace", &namespace], "");
    gate.logged("the refusal", |line| {
        line["message"] == "decision" && line["decision"] == "refused" && line["name"] == "miner"
    });
}
