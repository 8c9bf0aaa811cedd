//! `flinkgate impact`, asked of an API server that has these objects.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod manifests;

use assert_cmd::Command;
use axum::http::{StatusCode, Uri};
use flinkgate::quota::ledger::ObjectRef;
use flinkgate::quota::ledger::admitted::{AdmittedSpecs, Change, ledger_name};
use flinkgate::tenant::FlinkTenantSpec;
use manifests::document;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;
use tempfile::TempDir;

/// What an API server answers, by path: an object, or the status of an error.
type Answers = BTreeMap<String, Result<Value, u16>>;

const TENANTS: &str = "/apis/flinkgate.dev/v1alpha1/flinktenants";

fn ledger_path(tenant: &str) -> String {
    format!("/apis/flinkgate.dev/v1alpha1/flinktenantledgers/{}", ledger_name(tenant))
}

fn deployment_path(name: &str) -> String {
    format!("/apis/flink.apache.org/v1beta1/namespaces/payments-prod/flinkdeployments/{name}")
}

/// Starts an API server, and writes the kubeconfig that leads to it.
fn api_server(answers: Answers) -> TempDir {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap();
    let answers = Arc::new(answers);
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async move {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            let answer = move |uri: Uri| {
                let found = answers.get(uri.path()).cloned().unwrap_or(Err(404));
                async move {
                    let (code, body) = match found {
                        Ok(object) => (200, object),
                        Err(code) => (
                            code,
                            json!({"kind": "Status", "apiVersion": "v1", "status": "Failure",
                                "code": code, "message": "no", "reason": "No"}),
                        ),
                    };
                    (StatusCode::from_u16(code).unwrap(), body.to_string())
                }
            };
            axum::serve(listener, axum::Router::new().fallback(answer)).await.unwrap();
        });
    });
    let folder = tempfile::tempdir().unwrap();
    let kubeconfig = json!({"apiVersion": "v1", "kind": "Config", "current-context": "c",
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
        "clusters": [{"name": "c", "cluster": {"server": format!("http://{address}")}}],
        "users": [{"name": "u", "user": {}}]});
    fs::write(folder.path().join("kubeconfig"), kubeconfig.to_string()).unwrap();
    folder
}

/// Exit status, standard output and standard error of `flinkgate impact`.
fn impact(folder: &TempDir, arguments: &[&str]) -> (i32, String, String) {
    let output = Command::cargo_bin("flinkgate")
        .unwrap()
        .arg("impact")
        .args(arguments)
        .env("KUBECONFIG", folder.path().join("kubeconfig"))
        .env_remove("KUBERNETES_SERVICE_HOST")
        .current_dir(folder.path())
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

/// The tenant's spec, with these values.
fn spec(label: &str, path: &str, secret: &str) -> Value {
    json!({"namespaces": {"names": ["payments-prod"]}, "labels": {"cost-center": label},
        "storage": {"checkpoints": {"volume": {"claimName": "{cluster}-state", "mountPath": path, "size": "1Gi"}}},
        "security": {"serviceAccounts": ["flink"]},
        "flink": {"configuration": {"enforced": {"s3.secret-key": secret}}}})
}

fn tenant(name: &str, spec: &Value, clusters: i64) -> Value {
    json!({"apiVersion": "flinkgate.dev/v1alpha1", "kind": "FlinkTenant",
        "metadata": {"name": name}, "spec": spec, "status": {"clusters": clusters}})
}

/// A FlinkDeployment as it is stored under a spec, by `flinkgate render`.
fn stored(name: &str, uid: &str, spec: &Value) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let manifest = json!({"apiVersion": "flink.apache.org/v1beta1", "kind": "FlinkDeployment",
        "metadata": {"name": name, "namespace": "payments-prod"},
        "spec": {"image": "registry.example.com/flink/etl:1", "flinkVersion": "v1_20", "serviceAccount": "flink",
            "jobManager": {"resource": {"cpu": 1, "memory": "2g"}},
            "taskManager": {"resource": {"cpu": 1, "memory": "2g"}},
            "job": {"jarURI": "local:///opt/job.jar", "parallelism": 1, "upgradeMode": "savepoint"}}});
    fs::write(folder.path().join("a.yaml"), manifest.to_string()).unwrap();
    fs::write(folder.path().join("tenant.yaml"), tenant("payments", spec, 0).to_string()).unwrap();
    let output = Command::cargo_bin("flinkgate")
        .unwrap()
        .args(["render", "a.yaml", "--tenants", "tenant.yaml"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    let mut object = document(&String::from_utf8(output.stdout).unwrap(), "render");
    object["metadata"]["uid"] = uid.into();
    object
}

/// The record of what these FlinkDeployments, by name and UID, were admitted with.
fn record(tenant: &str, admitted: &[(&str, &str, &Value)]) -> Value {
    let mut record = AdmittedSpecs::default();
    for (name, uid, spec) in admitted {
        let spec: FlinkTenantSpec = serde_json::from_value((*spec).clone()).unwrap();
        record.apply(&Change::Admitted {
            object: ObjectRef::new("FlinkDeployment", "payments-prod", *name),
            uid: (*uid).into(),
            spec: spec.kept_text().unwrap(),
        });
    }
    let (specs, admitted) = record.stored();
    json!({"apiVersion": "flinkgate.dev/v1alpha1", "kind": "FlinkTenantLedger",
        "metadata": {"name": ledger_name(tenant)}, "spec": {"tenant": tenant},
        "status": {"specs": specs, "admitted": admitted}})
}

fn list(items: &[Value]) -> Value {
    json!({"apiVersion": "flinkgate.dev/v1alpha1", "kind": "FlinkTenantList", "metadata": {}, "items": items})
}

/// A tenant that has changed, with clusters of before, of now, one that is gone and one that was
/// created again; and a tenant without clusters.
fn answers() -> Answers {
    let (before, now) = (spec("4711", "/state", "hunter2"), spec("4712", "/data", "hunter3"));
    let clusters = [
        ("etl", "u1", &before),
        ("fraud", "u2", &now),
        ("gone", "u3", &before),
        ("again", "u4", &before),
    ];
    [
        (
            TENANTS.to_owned(),
            Ok(list(&[tenant("payments", &now, 3), tenant("empty", &json!({}), 0)])),
        ),
        (ledger_path("payments"), Ok(record("payments", &clusters))),
        (deployment_path("etl"), Ok(stored("etl", "u1", &before))),
        (deployment_path("fraud"), Ok(stored("fraud", "u2", &now))),
        (deployment_path("again"), Ok(stored("again", "u5", &now))),
    ]
    .into()
}

#[test]
fn clusters_of_an_earlier_spec_are_named_with_what_differs() {
    let folder = api_server(answers());
    let (code, text, errors) = impact(&folder, &[]);
    assert_eq!((code, errors.as_str()), (1, ""));
    insta::assert_snapshot!("impact_text", text);
    let (code, json, errors) = impact(&folder, &["-o", "json", "--tenant", "payments"]);
    assert_eq!((code, errors.as_str()), (1, ""));
    insta::assert_snapshot!("impact_json", json);
    for text in [text, json] {
        assert!(!text.contains("hunter"), "{text}");
    }
}

#[test]
fn tenants_and_namespaces_are_selected() {
    let folder = api_server(answers());
    for arguments in [["--tenant", "empty"], ["--namespace", "payments-test"]] {
        let (code, text, errors) = impact(&folder, &arguments);
        assert_eq!((code, errors.as_str()), (0, ""), "{arguments:?}");
        assert!(text.contains("tenant empty: 0 clusters have values"), "{text}");
        assert!(!text.contains("FlinkDeployment/"), "{text}");
    }
    let (code, text, _) = impact(&folder, &["-n", "payments-prod"]);
    assert_eq!((code, text.matches("FlinkDeployment/").count()), (1, 1), "{text}");
}

#[test]
fn a_planned_change_is_compared_with_all_clusters() {
    let folder = api_server(answers());
    let planned = spec("4711", "/state", "hunter2");
    fs::write(folder.path().join("new.yaml"), tenant("payments", &planned, 0).to_string()).unwrap();
    let (code, text, errors) = impact(&folder, &["--tenants", "new.yaml"]);
    assert_eq!((code, errors.as_str()), (1, ""));
    insta::assert_snapshot!("impact_planned", text);
    let newcomer = json!({"apiVersion": "flinkgate.dev/v1alpha1", "kind": "FlinkTenant",
        "metadata": {"name": "newcomer"}, "spec": {}});
    fs::write(folder.path().join("other.yaml"), newcomer.to_string()).unwrap();
    let (code, text, _) = impact(&folder, &["--tenants", "other.yaml"]);
    assert_eq!(code, 0);
    assert_eq!(text, "tenant newcomer: 0 clusters would have values of an earlier spec\n");
    let (code, _, errors) = impact(&folder, &["--tenants", "other.yaml", "--tenant", "payments"]);
    assert_eq!(code, 2);
    assert_eq!(errors, "error: the files of `--tenants` have no FlinkTenant `payments`\n");
}

/// A lowered quota is not part of what clusters were admitted with.
#[test]
fn clusters_that_can_grow_beyond_the_quota_are_listed() {
    let mut spec = spec("4711", "/state", "a");
    let record = record("payments", &[("etl", "u1", &spec), ("fraud", "u2", &spec)]);
    let mut autoscaled = stored("etl", "u1", &spec);
    let options = &mut autoscaled["spec"]["flinkConfiguration"];
    options["job.autoscaler.enabled"] = json!("true");
    options["job.autoscaler.vertex.max-parallelism"] = json!("80");
    spec["quota"] = json!({"perCluster": {"taskManagers": 100}});
    let answers: Answers = [
        (TENANTS.to_owned(), Ok(list(&[tenant("payments", &spec, 2)]))),
        (ledger_path("payments"), Ok(record)),
        (deployment_path("etl"), Ok(autoscaled)),
        (deployment_path("fraud"), Ok(stored("fraud", "u2", &spec))),
    ]
    .into();
    let folder = api_server(answers);
    let (code, text, errors) = impact(&folder, &[]);
    assert_eq!((code, errors.as_str()), (0, ""));
    assert_eq!(text, "tenant payments: 0 clusters have values of an earlier spec\n");
    spec["quota"]["perCluster"]["taskManagers"] = json!(3);
    fs::write(folder.path().join("new.yaml"), tenant("payments", &spec, 0).to_string()).unwrap();
    let (code, text, errors) = impact(&folder, &["--tenants", "new.yaml"]);
    assert_eq!((code, errors.as_str()), (0, ""));
    let expected = "tenant payments: 0 clusters would have values of an earlier spec\n\
        tenant payments: 1 cluster could grow beyond the quota\n  \
          FlinkDeployment/payments-prod/etl\n    \
            the autoscaler may scale this job to 80 taskManagers, the limit of one cluster is 3\n    \
            help: set `job.autoscaler.vertex.max-parallelism: 3`\n";
    assert_eq!(text, expected);
    let (_, json, _) = impact(&folder, &["--tenants", "new.yaml", "-o", "json"]);
    let report: Value = serde_json::from_str(&json).unwrap();
    let growing = &report["tenants"][0]["growing"];
    assert_eq!((growing[0]["name"].as_str(), growing[1].is_null()), (Some("etl"), true));
}

#[test]
fn workloads_are_named_if_they_run_a_cluster() {
    let (before, now) = (spec("4711", "/state", "a"), spec("4712", "/state", "a"));
    // The first reference is text that names no object.
    let workload = |kind: &str, name: &str, command: &str, owner: &str| {
        json!({"apiVersion": "apps/v1", "kind": kind,
            "metadata": {"name": name, "namespace": "payments-prod", "uid": name, "ownerReferences": [
                {"apiVersion": "apps/v1", "kind": "Deployment", "name": "a b/../c?", "uid": owner},
                {"apiVersion": "apps/v1", "kind": "Deployment", "name": "jm", "uid": owner, "controller": true}]},
            "spec": {"replicas": 1, "selector": {"matchLabels": {"app": name}},
                "template": {"metadata": {"labels": {"app": name}}, "spec": {"containers":
                    [{"name": "main", "image": "registry.example.com/flink/etl:1", "args": [command]}]}}}})
    };
    let mut record = AdmittedSpecs::default();
    let mut answers: Answers =
        [(TENANTS.to_owned(), Ok(list(&[tenant("payments", &now, 1)])))].into();
    for (kind, name, command, owner) in [
        ("Deployment", "jm", "jobmanager", "none"),
        ("Deployment", "web", "serve", "none"),
        ("ReplicaSet", "jm-1", "jobmanager", "jm"),
        ("ReplicaSet", "forged", "jobmanager", "gone"),
    ] {
        let spec: FlinkTenantSpec = serde_json::from_value(before.clone()).unwrap();
        record.apply(&Change::Admitted {
            object: ObjectRef::new(kind, "payments-prod", name),
            uid: name.into(),
            spec: spec.kept_text().unwrap(),
        });
        let plural = format!("{}s", kind.to_lowercase());
        let path = format!("/apis/apps/v1/namespaces/payments-prod/{plural}/{name}");
        answers.insert(path, Ok(workload(kind, name, command, owner)));
    }
    let (specs, admitted) = record.stored();
    let ledger = json!({"apiVersion": "flinkgate.dev/v1alpha1", "kind": "FlinkTenantLedger",
        "metadata": {"name": ledger_name("payments")}, "spec": {"tenant": "payments"},
        "status": {"specs": specs, "admitted": admitted}});
    answers.insert(ledger_path("payments"), Ok(ledger));
    let (code, text, _) = impact(&api_server(answers), &[]);
    assert_eq!(code, 1);
    assert!(text.contains("  Deployment/payments-prod/jm\n    labels.cost-center"), "{text}");
    assert!(text.contains("ReplicaSet/payments-prod/forged") && !text.contains("jm-1"), "{text}");
    assert!(!text.contains("web") && !text.contains("keeps"), "{text}");
}

#[test]
fn the_page_shows_what_the_command_prints() {
    let page = fs::read_to_string("docs/tenant-changes.md").unwrap();
    let example =
        page.split("$ flinkgate impact --tenants tenants/payments.yaml\n").nth(1).unwrap();
    let example = example.split("```").next().unwrap();
    let (before, now) = (spec("4711", "/state", "a"), spec("4712", "/data", "a"));
    let folder = api_server(
        [
            (TENANTS.to_owned(), Ok(list(&[tenant("payments", &before, 1)]))),
            (ledger_path("payments"), Ok(record("payments", &[("etl", "u1", &before)]))),
            (deployment_path("etl"), Ok(stored("etl", "u1", &before))),
        ]
        .into(),
    );
    fs::write(folder.path().join("payments.yaml"), tenant("payments", &now, 0).to_string())
        .unwrap();
    assert_eq!(
        impact(&folder, &["--tenants", "payments.yaml"]),
        (1, example.into(), String::new())
    );
    assert_eq!(impact(&folder, &[]).0, 0);
}

#[test]
fn a_spec_that_was_dropped_is_named_as_such() {
    let mut answers = answers();
    let mut ledger = answers[&ledger_path("payments")].clone().unwrap();
    ledger["status"]["specs"] = json!([]);
    answers.insert(ledger_path("payments"), Ok(ledger));
    let (code, text, _) = impact(&api_server(answers), &["--tenant", "payments"]);
    assert_eq!((code, text.matches("its spec is no longer recorded").count()), (1, 2), "{text}");
}

#[test]
fn what_cannot_be_read_is_an_error_with_its_remedy() {
    let with = |path: String, answer: Result<Value, u16>| {
        let mut answers = answers();
        answers.insert(path, answer);
        answers
    };
    let invalid = list(&[tenant("payments", &json!({"labels": 7}), 3)]);
    let cases = [
        (Answers::new(), "no_definition"),
        (with(TENANTS.into(), Err(401)), "wrong_credentials"),
        (with(TENANTS.into(), Err(403)), "forbidden_tenants"),
        (with(TENANTS.into(), Err(500)), "failing_server"),
        (with(TENANTS.into(), Ok(invalid)), "invalid_tenant"),
        (with(ledger_path("payments"), Err(404)), "no_record"),
        (with(ledger_path("payments"), Err(403)), "forbidden_record"),
        (with(deployment_path("etl"), Err(403)), "forbidden_object"),
    ];
    let mut errors: Vec<String> = Vec::new();
    for (answers, name) in cases {
        let (code, text, error) = impact(&api_server(answers), &[]);
        assert_eq!((code, text.as_str()), (2, ""), "{name}");
        errors.push(format!("{name}: {error}"));
    }
    let (code, _, error) = impact(&api_server(answers()), &["--tenant", "nobody"]);
    assert_eq!(code, 2);
    errors.push(format!("no_tenant: {error}"));
    insta::assert_snapshot!("impact_errors", errors.concat());
}

#[test]
fn without_a_cluster_it_could_not_run() {
    let folder = tempfile::tempdir().unwrap();
    let (code, _, errors) = impact(&folder, &[]);
    assert_eq!(code, 2);
    assert!(errors.starts_with("error: no cluster: set KUBECONFIG to a readable file"), "{errors}");
}
