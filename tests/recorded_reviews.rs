//! What the gate says of every recorded review: nothing that Flink or its operator wrote is in the
//! way of an empty spec.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod manifests;

use flinkgate::admission::answer::{Answer, Decision};
use flinkgate::admission::review::Review;
use flinkgate::pipeline::{Gate, Unassigned};
use flinkgate::resource::Resource;
use manifests::files;
use serde_json::{Value, json};
use std::fmt::Write;
use std::path::{Path, PathBuf};

fn gate(tenant: &Path) -> Gate {
    Gate::load(&[tenant.to_owned()], &[], Unassigned::Warn).unwrap().0
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/recorded")
}

fn said(answer: &Answer) -> String {
    let mut text = answer.decision().as_str().to_owned();
    if let Some(patch) = &answer.patch {
        write!(text, " {} operations", patch.0.len()).unwrap();
    }
    for rule in answer.rules() {
        write!(text, " {rule}").unwrap();
    }
    text
}

/// One line a review: what the mutating webhook says, and the validating one of the patched object.
fn lines(gate: &Gate) -> String {
    let files = files("tests/data/recorded", "json");
    assert!(files.len() > 100);
    let mut lines = String::new();
    for file in files {
        let body = std::fs::read(&file).unwrap();
        let mut resource = Review::parse(&body).unwrap().resource().unwrap();
        let mutated = gate.mutate(&resource);
        if let Some(patch) = &mutated.patch {
            json_patch::patch(&mut resource.object, patch).unwrap();
        }
        let validated = gate.validate(&resource);
        assert_eq!(
            mutated.failed_evaluations() + validated.failed_evaluations(),
            0,
            "{}",
            file.display()
        );
        if validated.decision() == Decision::Refused {
            assert!(validated.findings.iter().all(|finding| !finding.message.is_empty()));
        }
        let name = file.strip_prefix(root()).unwrap().with_extension("");
        writeln!(
            lines,
            "{}: mutate {}; validate {}",
            name.display(),
            said(&mutated),
            said(&validated)
        )
        .unwrap();
    }
    lines
}

#[test]
fn a_tenant_with_an_empty_spec_lets_flink_and_its_operator_work() {
    let folder = tempfile::tempdir().unwrap();
    let tenant = folder.path().join("tenant.yaml");
    let text = "apiVersion: flinkgate.dev/v1alpha1\nkind: FlinkTenant\nmetadata: {name: payments}\nspec: {namespaces: {names: [payments-prod]}}\n";
    std::fs::write(&tenant, text).unwrap();
    insta::assert_snapshot!(lines(&gate(&tenant)));
}

#[test]
fn a_strict_tenant_patches_and_refuses_by_its_rules() {
    let tenant = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/tenants/payments.yaml");
    insta::assert_snapshot!(lines(&gate(&tenant)));
}

/// A review as the API server sends it of an object of the operator's.
fn review(
    user: &str,
    operation: &str,
    sub_resource: Option<&str>,
    object: &Value,
    old: &Value,
) -> Resource {
    let shown = if object.is_null() { old } else { object };
    let name = if operation == "DELETE" { "" } else { shown["metadata"]["name"].as_str().unwrap() };
    let body = json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {
        "uid": "1", "kind": {"group": "flink.apache.org", "version": "v1beta1", "kind": shown["kind"]}, "subResource": sub_resource,
        "resource": {"group": "flink.apache.org", "version": "v1beta1", "resource": "x"}, "operation": operation, "name": name,
        "namespace": "payments-prod", "userInfo": {"username": user}, "object": object, "oldObject": old}});
    Review::parse(body.to_string().as_bytes()).unwrap().resource().unwrap()
}

/// A FlinkDeployment in which everything is wrong, as it may be stored from before Flinkgate came.
fn stored() -> Value {
    json!({"apiVersion": "flink.apache.org/v1beta1", "kind": "FlinkDeployment",
        "metadata": {"name": "etl.v2", "namespace": "payments-prod"},
        "spec": {"flinkVersion": "v1_14", "image": "evil.example.com/flink:latest",
            "flinkConfiguration": {"kubernetes.cluster-id": "another"}, "jobManager": {"replicas": 2},
            "job": {"parallelism": 0, "upgradeMode": "savepoint"}}})
}

fn with(object: &Value, patch: Value) -> Value {
    let mut object = object.clone();
    json_patch::merge(&mut object, &patch);
    object
}

#[test]
fn what_the_operator_and_the_cluster_write_by_themselves_passes_whatever_is_stored() {
    let stored = stored();
    let finalizer = with(
        &stored,
        json!({"metadata": {"finalizers": ["flinkdeployments.flink.apache.org/finalizer"]}}),
    );
    let annotated =
        with(&stored, json!({"metadata": {"annotations": {"a": "b"}, "labels": {"c": "d"}}}));
    let leaving =
        with(&finalizer, json!({"metadata": {"deletionTimestamp": "2026-11-21T12:00:00Z"}}));
    let changed = with(
        &leaving,
        json!({"metadata": {"finalizers": null}, "status": {"lifecycleState": "DELETED"}}),
    );
    // The operator sends the spec as it reads it, which is not what is stored.
    let status = with(
        &stored,
        json!({"spec": {"job": {"args": [], "state": "running"}}, "status": {"lifecycleState": "CREATED"}}),
    );
    let canary = json!({"apiVersion": "flink.apache.org/v1beta1", "kind": "FlinkDeployment",
        "metadata": {"name": "canary", "namespace": "payments-prod", "labels": {"flink.apache.org/canary": "true"}}});
    let canary_with_spec =
        with(&canary, json!({"spec": {"flinkConfiguration": {}, "restartNonce": 1}}));
    let snapshot = json!({"apiVersion": "flink.apache.org/v1beta1", "kind": "FlinkStateSnapshot",
        "metadata": {"name": "etl-savepoint-upgrade-1795247565531", "namespace": "payments-prod"}, "spec": {"backoffLimit": 0,
        "savepoint": {"path": "s3://anywhere/savepoint-1", "alreadyExists": true, "disposeOnDelete": false, "formatType": "CANONICAL"}}});
    let none = Value::Null;
    let operator = "system:serviceaccount:flink-operator:flink-operator";
    let namespaces = "system:serviceaccount:kube-system:namespace-controller";
    let cases = [
        ("a finalizer is added", review(operator, "UPDATE", None, &finalizer, &stored)),
        ("labels and annotations change", review(operator, "UPDATE", None, &annotated, &stored)),
        (
            "a finalizer is removed while the object leaves",
            review(operator, "UPDATE", None, &changed, &leaving),
        ),
        ("the status is written", review(operator, "UPDATE", Some("status"), &status, &stored)),
        ("a canary without a spec is made", review("admin", "CREATE", None, &canary, &none)),
        ("the canary gets a spec", review(operator, "UPDATE", None, &canary_with_spec, &canary)),
        (
            "the canary's spec changes",
            review(
                operator,
                "UPDATE",
                None,
                &with(&canary_with_spec, json!({"spec": {"restartNonce": 2}})),
                &canary_with_spec,
            ),
        ),
        (
            "a savepoint of an upgrade is recorded",
            review(operator, "CREATE", None, &snapshot, &none),
        ),
        ("the namespace goes away", review(namespaces, "DELETE", None, &none, &stored)),
    ];
    let gate = gate(&Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/tenants/payments.yaml"));
    for (name, mut resource) in cases {
        let mutated = gate.mutate(&resource);
        if let Some(patch) = &mutated.patch {
            json_patch::patch(&mut resource.object, patch).unwrap();
        }
        assert_eq!(
            (said(&mutated).as_str(), said(&gate.validate(&resource)).as_str()),
            ("admitted", "admitted"),
            "{name}"
        );
    }
    // The same object, changed by a person, is refused for all of it.
    let person = review(
        "alice@example.com",
        "UPDATE",
        None,
        &with(&stored, json!({"spec": {"restartNonce": 1}})),
        &stored,
    );
    assert_eq!(gate.validate(&person).decision(), Decision::Refused);
}
