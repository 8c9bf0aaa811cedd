//! Flink is recognised by what runs: names and ports of Services and Ingresses prove nothing.

use crate::cases::{asked, flinkgate, folder, review, tenant};
use crate::fake_cluster::FakeCluster;
use crate::manifests::read;
use flinkgate::admission::answer::Webhook;
use flinkgate::pipeline::{Gate, Unassigned};
use flinkgate::resource::yaml;
use flinkgate::rules::Level;
use serde_json::{Value, json};

const TENANT: &str = "tests/data/field/service-named-rest/tenant.yaml";

/// The objects of the case: two applications with Services and Ingresses, of which one has no pods.
fn field() -> Vec<Value> {
    let text =
        std::fs::read_to_string("tests/data/field/service-named-rest/manifest.yaml").unwrap();
    yaml::parse(&text).into_iter().filter_map(|document| document.value).collect()
}

fn tenants() -> Gate {
    Gate::load(&[TENANT.into()], &[], Unassigned::Warn).unwrap().0
}

/// The levels of `network/rest-exposure` in `lint`, each once.
fn levels(tenant: &str, objects: &[Value]) -> Vec<String> {
    let text = objects.iter().map(|object| format!("---\n{object}\n")).collect::<String>();
    let report = flinkgate(&["lint", "--format", "json", "--tenants", tenant, "-"], text);
    let findings = report["findings"].as_array().unwrap().iter();
    let mut found: Vec<String> = findings
        .filter(|finding| finding["rule"] == "network/rest-exposure")
        .map(|finding| finding["level"].as_str().unwrap().to_owned())
        .collect();
    found.sort();
    found.dedup();
    found
}

/// Whether a webhook refuses an object for its exposure, in a cluster with these others.
fn is_refused(gate: Gate, webhook: Webhook, object: &Value, others: &[Value]) -> bool {
    let resource = asked(&review("CREATE", object, &Value::Null));
    let findings = FakeCluster::new(gate, others.to_vec()).answer(webhook, resource).findings;
    let mut errors = findings.iter().filter(|finding| finding.level == Level::Error);
    errors.any(|finding| finding.rule == "network/rest-exposure")
}

fn service(name: &str, kind: &str, port: Value) -> Value {
    json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": "a"},
        "spec": {"type": kind, "selector": {"app": "shop"}, "ports": [{"name": "rest", "port": 8081, "targetPort": port}]}})
}

fn ingress(name: &str, port: Value) -> Value {
    json!({"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": "shop", "namespace": "a"},
        "spec": {"rules": [{"host": "shop.example.com", "http": {"paths": [{"path": "/", "pathType": "Prefix",
            "backend": {"service": {"name": name, "port": port}}}]}}]}})
}

/// A workload of the application, with Flink's ports and no Flink.
fn workload(kind: &str) -> Value {
    let pod = json!({"metadata": {"labels": {"app": "shop"}},
        "spec": {"containers": [{"name": "main", "image": "registry.example.com/shop:1.0", "ports": [{"name": "rest", "containerPort": 8081}]}]}});
    let metadata = json!({"name": "shop", "namespace": "a", "labels": {"app": "shop"}});
    if kind == "Pod" {
        return json!({"apiVersion": "v1", "kind": kind, "metadata": metadata, "spec": pod["spec"]});
    }
    json!({"apiVersion": "apps/v1", "kind": kind, "metadata": metadata,
        "spec": {"selector": {"matchLabels": {"app": "shop"}}, "template": pod}})
}

const NAMES: [&str; 5] =
    ["shop", "shop-rest", "jobmanager", "flink-jobmanager", "etl-rest-api-rest"];

/// Services and Ingresses that are called like Flink's.
fn namesakes() -> Vec<[Value; 2]> {
    let mut found = Vec::new();
    for name in NAMES {
        for kind in ["NodePort", "LoadBalancer"] {
            for port in [json!(8081), json!("rest"), json!("ui"), json!(8080)] {
                let backend = match &port {
                    Value::String(_) => json!({"name": "rest"}),
                    _ => json!({"number": 8081}),
                };
                found.push([service(name, kind, port), ingress(name, backend)]);
            }
        }
    }
    found
}

#[test]
fn the_case_has_no_finding_at_any_door() {
    let objects = field();
    assert_eq!(levels(TENANT, &objects), [""; 0]);
    for (index, object) in objects.iter().enumerate() {
        let mut others = objects.clone();
        others.remove(index);
        for webhook in [Webhook::Mutate, Webhook::Validate] {
            for others in [&others, &Vec::new()] {
                assert!(!is_refused(tenants(), webhook, object, others), "{webhook:?} {object}");
            }
        }
    }
}

/// The same objects in a namespace of their own.
fn moved(namespace: usize, objects: &[Value]) -> Vec<Value> {
    let mut objects = objects.to_vec();
    for object in &mut objects {
        object["metadata"]["namespace"] = format!("n-{namespace}").into();
    }
    objects
}

#[test]
fn names_and_ports_of_other_applications_prove_nothing() {
    let flink = read("tests/data/exposed/bases/deployment.yaml");
    let (mut alone, mut with_flink) = (Vec::new(), Vec::new());
    for [service, ingress] in namesakes() {
        for kind in ["Deployment", "StatefulSet", "ReplicaSet", "DaemonSet", "Pod"] {
            let mut objects = vec![workload(kind), service.clone(), ingress.clone()];
            alone.extend(moved(alone.len(), &objects));
            // A cluster that they do not select changes nothing.
            objects.push(flink.clone());
            with_flink.extend(moved(with_flink.len(), &objects));
        }
        for object in [&service, &ingress] {
            assert!(!is_refused(tenants(), Webhook::Validate, object, &[workload("Pod")]));
        }
    }
    assert_eq!(levels(TENANT, &alone), [""; 0]);
    assert_eq!(levels(TENANT, &with_flink), [""; 0]);
}

#[test]
fn unknown_pods_are_at_most_an_information() {
    let mut objects = Vec::new();
    for both in namesakes() {
        let (service, ingress) = both.split_at(1);
        for alone in [service, ingress, &both] {
            objects.extend(moved(objects.len(), alone));
        }
    }
    for spec in [
        json!({"network": {"serviceTypes": ["ClusterIP"], "requireAuthentication": true}}),
        json!({"network": {"serviceTypes": ["ClusterIP"]}}),
        json!({"network": {"requireAuthentication": true}}),
        json!({}),
    ] {
        let folder = folder(&[tenant("auth", &["*"], &spec)]);
        let found = levels(folder.path().to_str().unwrap(), &objects);
        assert_eq!(found, ["info"], "{spec}");
    }
}

#[test]
fn unknown_pods_are_reported() {
    let found = levels(TENANT, &[service("shop-rest", "LoadBalancer", json!(8081))]);
    assert_eq!(found, ["info"]);
    let found = levels(TENANT, &[ingress("shop-rest", json!({"number": 80}))]);
    assert_eq!(found, ["info"]);
}

/// Case 18 of the ways to get past Flinkgate: the Service selects a JobManager by another label and
/// another name of its port.
#[test]
fn a_selected_job_manager_is_found_whatever_it_is_called() {
    let strict = "tests/data/bypasses/tenants/strict.yaml";
    let service = read("tests/data/bypasses/18-rest-port-by-other-labels-and-names.yaml");
    let mut flink = read("tests/data/exposed/bases/deployment.yaml");
    flink["metadata"]["namespace"] = "strict".into();
    flink["spec"]["podTemplate"] = json!({"spec": {"containers": [
        {"name": "flink-main-container", "ports": [{"name": "foo", "containerPort": 8081}]}]}});
    let mut closed = service.clone();
    closed["spec"]["type"] = "ClusterIP".into();
    assert_eq!(levels(strict, &[flink.clone(), service.clone()]), ["error"]);
    assert_eq!(levels(strict, &[flink.clone(), closed.clone()]), [""; 0]);
    let gate = || Gate::load(&[strict.into()], &[], Unassigned::Warn).unwrap().0;
    let cluster = [flink.clone()];
    assert!(is_refused(gate(), Webhook::Validate, &service, &cluster));
    assert!(!is_refused(gate(), Webhook::Validate, &closed, &cluster));
    // The cluster that comes after its Service.
    assert!(is_refused(gate(), Webhook::Validate, &flink, std::slice::from_ref(&service)));
    assert!(!is_refused(gate(), Webhook::Validate, &flink, std::slice::from_ref(&closed)));
    // A webhook that sees no cluster cannot exclude a JobManager. `lint` refuses nothing.
    let alone = |object: &Value| {
        let findings = gate().validate(&asked(&review("CREATE", object, &Value::Null))).findings;
        let mut errors = findings.iter().filter(|finding| finding.level == Level::Error);
        errors.any(|finding| finding.rule == "network/rest-exposure")
    };
    assert!(alone(&service));
    assert!(!alone(&closed));
    assert_eq!(levels(strict, &[service]), ["info"]);
}
