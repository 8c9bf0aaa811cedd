//! `flinkgate serve` from files enforces a tenant's limits over everything that it admits. Its
//! ledgers are in memory.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod serve_support;

use serde_json::{Value, json};
use serve_support::Client;
use serve_support::process::{Process, ask, ca};
use tempfile::TempDir;

const TENANTS: &str = r#"
apiVersion: flinkgate.dev/v1alpha1
kind: FlinkTenant
metadata: {name: payments}
spec:
  namespaces: {names: [payments-prod, payments-dev]}
  security: {podSecurity: {level: privileged}}
  quota: {hard: {cpu: "20"}, perCluster: {taskManagers: 8}}
---
apiVersion: flinkgate.dev/v1alpha1
kind: FlinkTenant
metadata: {name: sandbox}
spec:
  namespaces: {names: [sandbox]}
  security: {podSecurity: {level: privileged}}
  quota: {hard: {cpu: "4"}}
  rules: [{rule: quota/exceeded, enforcement: Warn}]
"#;

/// A server and a client.
struct Gate {
    client: Client,
    _process: Process,
    _folder: TempDir,
}

async fn start() -> Gate {
    let folder = tempfile::tempdir().unwrap();
    let (tenants, ca_file) = (folder.path().join("tenants.yaml"), folder.path().join("ca.crt"));
    std::fs::write(&tenants, TENANTS).unwrap();
    let process = Process::start(&[
        "--tls-ca-out",
        ca_file.to_str().unwrap(),
        "--tenants",
        tenants.to_str().unwrap(),
    ]);
    let client = Client::connect(process.webhooks, &ca(&ca_file), rustls::DEFAULT_VERSIONS, false)
        .await
        .unwrap();
    Gate { client, _process: process, _folder: folder }
}

/// A FlinkDeployment with a JobManager of one core and TaskManagers of two cores.
fn deployment(namespace: &str, name: &str, uid: &str, task_managers: u64) -> Value {
    json!({"apiVersion": "flink.apache.org/v1beta1", "kind": "FlinkDeployment",
        "metadata": {"name": name, "namespace": namespace, "uid": uid, "resourceVersion": "7"},
        "spec": {"flinkVersion": "v1_20", "image": "registry.example.com/flink:1.20", "serviceAccount": "flink", "mode": "standalone",
            "jobManager": {"resource": {"cpu": 1, "memory": "2048m"}},
            "taskManager": {"resource": {"cpu": 2, "memory": "2048m"}, "replicas": task_managers}}})
}

impl Gate {
    async fn review(
        &mut self,
        operation: &str,
        object: &Value,
        old: Option<&Value>,
        dry_run: bool,
    ) -> Value {
        let request = json!({"uid": "r", "operation": operation, "dryRun": dry_run, "name": object["metadata"]["name"],
            "namespace": object["metadata"]["namespace"], "userInfo": {"username": "ada"},
            "kind": {"group": "flink.apache.org", "version": "v1beta1", "kind": "FlinkDeployment"},
            "object": if operation == "DELETE" { &Value::Null } else { object }, "oldObject": old});
        let review = json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request});
        ask(&mut self.client, "/validate", review.to_string()).await
    }

    async fn creates(
        &mut self,
        namespace: &str,
        name: &str,
        uid: &str,
        task_managers: u64,
    ) -> Value {
        self.review("CREATE", &deployment(namespace, name, uid, task_managers), None, false).await
    }
}

fn message(answer: &Value) -> &str {
    answer["status"]["message"].as_str().unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn admitted_objects_count_until_they_are_deleted() {
    let mut gate = start().await;
    assert_eq!(gate.creates("payments-prod", "etl", "1", 5).await["allowed"], true);
    // A repeated review of the same object counts once.
    assert_eq!(gate.creates("payments-prod", "etl", "1", 5).await["allowed"], true);
    let refused = gate.creates("payments-dev", "scoring", "2", 5).await;
    insta::assert_snapshot!(message(&refused), @r#"
    tenant `payments` refuses FlinkDeployment payments-dev/scoring: 1 finding
    spec:
      quota/exceeded: tenant `payments`: this object requests 11 more cpu (11 used, the quota is 20); largest users of cpu: `FlinkDeployment/payments-prod/etl` (11)
        help: 4 of the 5 TaskManagers would fit
    learn more: flinkgate explain quota/exceeded
    "#);
    assert_eq!(
        (&refused["status"]["code"], &refused["status"]["reason"]),
        (&json!(403), &json!("Forbidden"))
    );
    // A dry run reserves nothing.
    let small = deployment("payments-dev", "scoring", "2", 4);
    for dry_run in [true, true, false] {
        assert_eq!(gate.review("CREATE", &small, None, dry_run).await["allowed"], true);
    }
    assert_eq!(gate.creates("payments-dev", "third", "3", 1).await["allowed"], false);
    let first = deployment("payments-prod", "etl", "1", 5);
    assert_eq!(gate.review("DELETE", &first, Some(&first), false).await["allowed"], true);
    assert_eq!(gate.creates("payments-dev", "third", "3", 1).await["allowed"], true);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_update_requests_only_its_increase() {
    let mut gate = start().await;
    let sizes =
        [5, 3, 6, 7].map(|task_managers| deployment("payments-prod", "etl", "1", task_managers));
    gate.review("CREATE", &sizes[0], None, false).await;
    gate.creates("payments-dev", "other", "2", 3).await;
    for (from, to, allowed) in [(0, 1, true), (1, 2, true), (2, 3, false), (2, 0, true)] {
        let answer = gate.review("UPDATE", &sizes[to], Some(&sizes[from]), false).await;
        assert_eq!(answer["allowed"], allowed, "{} to {}: {answer:#}", sizes[from], sizes[to]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_has_all_findings_and_reserves_nothing() {
    let mut gate = start().await;
    let mut object = deployment("payments-prod", "etl", "1", 9);
    let refused = gate.review("CREATE", &object, None, false).await;
    insta::assert_snapshot!(message(&refused), @r#"
    tenant `payments` refuses FlinkDeployment payments-prod/etl: 1 finding
    spec:
      quota/per-cluster: this cluster requests 9 taskManagers, the limit is 8
        help: request at most 8 taskManagers, or ask the platform team for more
    learn more: flinkgate explain quota/per-cluster
    "#);
    object["spec"]["taskManager"]["replicas"] = json!(20);
    object["spec"]["flinkVersion"] = json!("v0_1");
    let refused = gate.review("CREATE", &object, None, false).await;
    for rule in ["quota/exceeded", "quota/per-cluster", "flink/version"] {
        assert!(message(&refused).contains(rule), "{refused:#}");
    }
    assert_eq!(gate.creates("payments-dev", "whole", "2", 8).await["allowed"], true);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_that_only_gets_a_warning_counts() {
    let mut gate = start().await;
    assert_eq!(gate.creates("sandbox", "a", "1", 1).await["warnings"], Value::Null);
    for (name, uid) in [("b", "2"), ("c", "3")] {
        let admitted = gate.creates("sandbox", name, uid, 1).await;
        assert_eq!(admitted["allowed"], true, "{admitted:#}");
        assert!(
            admitted["warnings"][0]
                .as_str()
                .unwrap()
                .starts_with("quota/exceeded: tenant `sandbox`: this object requests 3 more cpu"),
            "{admitted:#}"
        );
    }
    let warning =
        gate.creates("sandbox", "d", "4", 1).await["warnings"][0].as_str().unwrap().to_owned();
    assert!(warning.contains("(9 used, the quota is 4)"), "{warning}");
}

#[tokio::test(flavor = "multi_thread")]
async fn blue_and_green_shrink_together() {
    let mut gate = start().await;
    let blue_green = |task_managers: u64| {
        let template = deployment("payments-prod", "etl", "1", task_managers)["spec"].clone();
        json!({"apiVersion": "flink.apache.org/v1beta1", "kind": "FlinkBlueGreenDeployment",
            "metadata": {"name": "etl", "namespace": "payments-prod", "uid": "1", "resourceVersion": "7"},
            "spec": {"template": {"spec": template}}})
    };
    let mut review = async |object: &Value| {
        let request = json!({"uid": "r", "operation": "CREATE", "name": "etl",
            "namespace": "payments-prod", "userInfo": {"username": "ada"},
            "kind": {"group": "flink.apache.org", "version": "v1beta1", "kind": "FlinkBlueGreenDeployment"},
            "object": object});
        let review = json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request});
        ask(&mut gate.client, "/validate", review.to_string()).await
    };
    // Two JobManagers and 14 TaskManagers request 30 of 20 cores.
    let refused = review(&blue_green(7)).await;
    let help =
        "help: 4 of the 7 TaskManagers of each cluster would fit: the 2 clusters shrink together";
    assert!(message(&refused).contains(help), "{}", message(&refused));
    assert_eq!(review(&blue_green(5)).await["allowed"], false);
    assert_eq!(review(&blue_green(4)).await["allowed"], true);
}
