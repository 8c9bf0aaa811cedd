//! What Services and Ingresses lead to: decided by the pods that they select, not by names.

use crate::cases::{folder, lint, tenant};
use crate::manifests::read;
use flinkgate::resource::yaml;
use serde_json::{Value, json};

fn documents(file: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(format!("tests/data/bypasses/{file}.yaml")).unwrap();
    yaml::parse(&text).into_iter().filter_map(|document| document.value).collect()
}

/// The findings of `network/rest-exposure` as `level kind/name`.
fn exposed(spec: &Value, objects: &[Value]) -> Vec<String> {
    let mut objects = objects.to_vec();
    objects.iter_mut().for_each(|object| object["metadata"]["namespace"] = "a".into());
    let report = lint(&folder(&[tenant("auth", &["a"], spec)]), &objects);
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|finding| finding["rule"] == "network/rest-exposure")
        .map(|finding| {
            let object = &finding["object"];
            format!(
                "{} {}/{}",
                text(&finding["level"]),
                text(&object["kind"]),
                text(&object["name"])
            )
        })
        .collect()
}

fn limits() -> Value {
    json!({"network": {"serviceTypes": ["ClusterIP"], "requireAuthentication": true}})
}

fn flink(patch: Value) -> Value {
    let mut object = read("tests/data/exposed/bases/deployment.yaml");
    json_patch::merge(&mut object, &patch);
    object
}

fn service(spec: Value) -> Value {
    json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"}, "spec": spec})
}

fn ingress(backend: Value) -> Value {
    json!({"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": "i"},
        "spec": {"rules": [{"host": "a.example.com", "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}}]}})
}

#[test]
fn names_and_ports_of_other_applications_prove_nothing() {
    let objects = documents("service-named-rest");
    for spec in [limits(), json!({})] {
        assert_eq!(exposed(&spec, &objects), [""; 0], "{spec}");
    }
}

#[test]
fn selected_job_managers_are_exposed_however_they_are_called() {
    let named = json!({"spec": {"podTemplate": {"spec": {"containers": [
        {"name": "flink-main-container", "ports": [{"name": "foo", "containerPort": 8081}, {"name": "metrics", "containerPort": 8082}]}]}}}});
    let other = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "labels": {"app": "shop"}},
        "spec": {"containers": [{"name": "a", "image": "x:1"}]}});
    for (patch, selector, target, is_exposed) in [
        (json!({}), json!({"app": "etl"}), json!(8081), true),
        (json!({}), json!({"type": "flink-native-kubernetes"}), json!("rest"), true),
        (named.clone(), json!({"app": "etl"}), json!("foo"), true),
        (
            json!({"spec": {"flinkConfiguration": {"rest.port": 9100}}}),
            json!({"app": "etl"}),
            json!(9100),
            true,
        ),
        (
            json!({"spec": {"flinkConfiguration": {"rest.bind-port": "6120-6130"}}}),
            json!({"app": "etl"}),
            json!(6124),
            true,
        ),
        (
            json!({"spec": {"flinkConfiguration": {"kubernetes.jobmanager.labels": "x:y"}}}),
            json!({"x": "y"}),
            json!(8081),
            true,
        ),
        (
            json!({"spec": {"podTemplate": {"metadata": {"labels": {"x": "y"}}}}}),
            json!({"x": "y"}),
            json!(8081),
            true,
        ),
        (
            json!({"spec": {"mode": "standalone"}}),
            json!({"type": "flink-standalone-kubernetes"}),
            json!(8081),
            true,
        ),
        (json!({}), json!({"app": "etl"}), json!(6123), false),
        (json!({}), json!({"app": "etl"}), json!("blobserver"), false),
        (json!({}), json!({"app": "etl", "component": "taskmanager"}), json!(8081), false),
        (json!({}), json!({"app": "shop"}), json!(8081), false),
        (json!({}), json!({"app": "kafka"}), json!("rest"), false),
    ] {
        let spec = json!({"type": "LoadBalancer", "selector": selector, "ports": [{"port": 80, "targetPort": target}]});
        let found =
            exposed(&limits(), &[flink(patch.clone()), other.clone(), service(spec.clone())]);
        let expected: &[&str] = if is_exposed { &["error Service/s"] } else { &[] };
        assert_eq!(found, expected, "{patch} {spec}");
    }
}

#[test]
fn ingresses_lead_where_their_services_lead() {
    let to = |name: &str, port: Value| ingress(json!({"service": {"name": name, "port": port}}));
    let by_number = json!({"number": 80});
    let flink_service = service(
        json!({"selector": {"app": "etl"}, "ports": [{"name": "web", "port": 80, "targetPort": 8081}, {"name": "rpc", "port": 81, "targetPort": 6123}]}),
    );
    let alias = |name: &str| {
        let mut alias = service(json!({"type": "ExternalName", "externalName": name}));
        alias["metadata"]["name"] = "alias".into();
        alias
    };
    for (objects, is_exposed) in [
        (vec![to("s", by_number.clone()), flink_service.clone()], true),
        (vec![to("s", json!({"name": "web"})), flink_service.clone()], true),
        (vec![to("s", json!({"number": 81})), flink_service.clone()], false),
        (vec![to("etl-rest", by_number.clone())], true),
        (
            vec![
                to("alias", by_number.clone()),
                flink_service.clone(),
                alias("s.a.svc.cluster.local"),
            ],
            true,
        ),
        (vec![to("alias", by_number.clone()), alias("etl-rest.victim.svc.cluster.local")], true),
        (vec![to("alias", by_number.clone()), alias("db.example.org")], false),
        (vec![to("shop", by_number.clone()), service(json!({"selector": {"app": "shop"}}))], false),
    ] {
        let mut all = vec![flink(json!({}))];
        all.extend(objects.clone());
        let found = exposed(&json!({"network": {"requireAuthentication": true}}), &all);
        let expected: &[&str] = if is_exposed { &["error Ingress/i"] } else { &[] };
        assert_eq!(found, expected, "{objects:#?}");
    }
}
