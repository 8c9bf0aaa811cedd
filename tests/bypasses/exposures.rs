//! What Services and Ingresses lead to: decided by the pods that they select, not by names.

use crate::cases::{asked, folder, gate, lint, review, tenant};
use crate::fake_cluster::FakeCluster;
use crate::manifests::read;
use flinkgate::admission::answer::Webhook;
use flinkgate::pipeline::Unassigned;
use serde_json::{Value, json};

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

const PROMETHEUS: &str = "org.apache.flink.metrics.prometheus.PrometheusReporterFactory";

/// A cluster with metrics at this port.
fn prometheus(port: u16) -> Value {
    json!({"spec": {
        "flinkConfiguration": {"metrics.reporter.prom.port": format!("{port}-{}", port + 5), "metrics.reporter.prom.factory.class": PROMETHEUS},
        "podTemplate": {"spec": {"containers": [{"name": "flink-main-container", "ports": [{"name": "metrics", "containerPort": port}]}]}}}})
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
        (prometheus(9999), json!({"app": "etl"}), json!(9999), false),
        (prometheus(9999), json!({"app": "etl"}), json!("metrics"), false),
        (prometheus(9999), json!({"app": "etl"}), json!(8081), true),
        (
            json!({"spec": {"flinkConfiguration": {"env.java.opts.jobmanager": "-Da=b -Dcom.sun.management.jmxremote.port=8789 -Dc=d"}}}),
            json!({"app": "etl"}),
            json!(8789),
            false,
        ),
        (
            json!({"spec": {"flinkConfiguration": {"rest.port": 9100, "metrics.reporter.prom.port": 9100,
                "metrics.reporter.prom.factory.class": PROMETHEUS}}}),
            json!({"app": "etl"}),
            json!(9100),
            true,
        ),
        (
            json!({"spec": {"flinkConfiguration": {"metrics.reporter.own.port": 9100}}}),
            json!({"app": "etl"}),
            json!(9100),
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
        (vec![to("alias", by_number.clone()), alias("jm-0.jm.victim.svc.cluster.local")], true),
        (vec![to("alias", by_number.clone()), alias("10-0-0-7.a.pod.cluster.local")], true),
        (vec![to("alias", by_number.clone()), alias("10.0.0.7")], true),
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

#[test]
fn a_second_class_must_authenticate_too() {
    for (by_annotation, is_exposed) in [("traefik", true), ("nginx", false)] {
        let mut ingress =
            ingress(json!({"service": {"name": "etl-rest", "port": {"number": 8081}}}));
        ingress["spec"]["ingressClassName"] = "nginx".into();
        ingress["metadata"]["annotations"] = json!({"kubernetes.io/ingress.class": by_annotation,
            "nginx.ingress.kubernetes.io/auth-url": "https://sso.example.com"});
        let found = exposed(&limits(), &[flink(json!({})), ingress]);
        assert_eq!(!found.is_empty(), is_exposed, "{by_annotation}: {found:?}");
    }
}

#[test]
fn annotations_lead_to_services_too() {
    let action = |service: &str| {
        json!({"type": "forward", "forwardConfig": {"targetGroups": [{"ServiceName": service, "servicePort": "80"}]}}).to_string()
    };
    for (key, value, is_exposed) in [
        ("alb.ingress.kubernetes.io/actions.web", action("s"), true),
        ("alb.ingress.kubernetes.io/actions.web", action("shop"), false),
        ("nginx.ingress.kubernetes.io/default-backend", "s".into(), true),
        ("nginx.ingress.kubernetes.io/default-backend", "shop".into(), false),
        ("higress.io/destination", "100% s.a.svc.cluster.local:80".into(), true),
        ("higress.io/destination", "100% shop.a.svc.cluster.local:80".into(), false),
        ("nginx.ingress.kubernetes.io/proxy-body-size", "s".into(), false),
    ] {
        let mut ingress =
            ingress(json!({"service": {"name": "web", "port": {"name": "use-annotation"}}}));
        ingress["metadata"]["annotations"] = json!({key: value});
        let mut shop = service(json!({"selector": {"app": "shop"}, "ports": [{"port": 80}]}));
        shop["metadata"]["name"] = "shop".into();
        let own = service(
            json!({"selector": {"app": "etl"}, "ports": [{"port": 80, "targetPort": 8081}]}),
        );
        let found = exposed(&limits(), &[flink(json!({})), own, shop, ingress]);
        let expected: &[&str] = if is_exposed { &["error Ingress/i"] } else { &[] };
        assert_eq!(found, expected, "{key}: {value}");
    }
}

#[test]
fn other_ports_of_a_known_job_manager_are_not_rest() {
    let options = "-Dcom.sun.management.jmxremote.port=8789";
    let container = json!({"name": "jobmanager", "image": "flink:1.20", "args": ["jobmanager"],
        "ports": [{"name": "jmx", "containerPort": 8789}, {"name": "own", "containerPort": 8789}],
        "env": [{"name": "FLINK_PROPERTIES", "value": format!("env.java.opts.jobmanager: {options}\n")}]});
    let labels = json!({"app": "flink", "component": "jobmanager"});
    let job_manager = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "jm"}, "spec": {
        "selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}}}});
    for (target, is_exposed) in [(json!("jmx"), false), (json!("own"), false), (json!(8081), true)]
    {
        let service = service(
            json!({"type": "NodePort", "selector": labels, "ports": [{"port": 80, "targetPort": target}]}),
        );
        let found = exposed(&limits(), &[job_manager.clone(), service]);
        assert_eq!(!found.is_empty(), is_exposed, "{target}: {found:?}");
    }
}

/// The errors of `network/rest-exposure` about an object in a cluster with these others.
fn in_cluster(objects: &[Value], object: &Value, user: &str) -> Vec<String> {
    let tenants = folder(&[tenant("auth", &["a"], &limits())]);
    let mut object = object.clone();
    object["metadata"]["namespace"] = "a".into();
    let mut resource = asked(&review("CREATE", &object, &Value::Null));
    resource.user.username = user.into();
    let cluster = FakeCluster::new(gate(&tenants, Unassigned::Warn), objects.to_vec());
    let findings = cluster.answer(Webhook::Validate, resource).findings.into_iter();
    findings.filter(|one| one.rule == "network/rest-exposure").map(|one| one.message).collect()
}

#[test]
fn the_order_of_creation_does_not_matter_in_a_cluster() {
    let open = |selector: Value| {
        service(
            json!({"type": "LoadBalancer", "selector": selector, "ports": [{"port": 80, "targetPort": 8081}]}),
        )
    };
    let closed =
        service(json!({"selector": {"app": "etl"}, "ports": [{"port": 80, "targetPort": 8081}]}));
    let to_service = ingress(json!({"service": {"name": "s", "port": {"number": 80}}}));
    let mut signed_in = to_service.clone();
    signed_in["metadata"]["annotations"] =
        json!({"nginx.ingress.kubernetes.io/auth-url": "https://sso.example.com"});
    let to = |name: &str| ingress(json!({"service": {"name": name, "port": {"number": 80}}}));
    let (to_operators, to_orders) = (to("etl-rest"), to("orders-rest"));
    let named = |name: &str, service: &Value| {
        let mut service = service.clone();
        service["metadata"]["name"] = name.into();
        service
    };
    let (etl, alice) = (flink(json!({})), "alice");
    let running = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "labels": {"any": "thing"}},
        "spec": {"containers": [{"name": "a", "image": "flink:1.20", "args": ["jobmanager"]}]}});
    for (objects, object, user, findings) in [
        // A Service of what exists, and of others.
        (vec![etl.clone()], open(json!({"app": "etl"})), alice, 1),
        (vec![etl.clone()], open(json!({"app": "shop"})), alice, 0),
        (vec![], open(json!({"app": "schema-registry"})), alice, 0),
        (vec![running.clone()], open(json!({"any": "thing"})), alice, 1),
        (vec![running.clone()], open(json!({"any": "other"})), alice, 0),
        (vec![], open(json!(null)), alice, 1),
        // A cluster that an existing Service selects.
        (vec![open(json!({"app": "etl"}))], etl.clone(), alice, 1),
        (vec![open(json!({"app": "shop"}))], etl.clone(), alice, 0),
        (vec![closed.clone()], etl.clone(), alice, 0),
        // An Ingress, its Service and the cluster, in every order.
        (vec![closed.clone(), etl.clone()], to_service.clone(), alice, 1),
        (vec![to_service.clone(), etl.clone()], closed.clone(), alice, 1),
        (vec![to_service.clone(), closed.clone()], etl.clone(), alice, 1),
        // The operator's Service has a known name, and others may have a similar one.
        (vec![], to_operators.clone(), alice, 0),
        (vec![etl.clone()], to_operators.clone(), alice, 1),
        (vec![to_operators.clone()], etl.clone(), alice, 1),
        (vec![], to_orders.clone(), alice, 0),
        (vec![etl.clone()], to_orders.clone(), alice, 0),
        (vec![to_orders.clone()], etl.clone(), alice, 0),
        (vec![to_orders.clone(), etl.clone()], named("orders-rest", &closed), alice, 1),
        (vec![closed.clone(), etl.clone()], signed_in.clone(), alice, 0),
        (vec![signed_in.clone(), etl.clone()], closed.clone(), alice, 0),
        (vec![signed_in.clone(), closed.clone()], etl.clone(), alice, 0),
    ] {
        let found = in_cluster(&objects, &object, user);
        assert_eq!(found.len(), findings, "{object}\n{objects:#?}\n{found:#?}");
    }
}

#[test]
fn pods_that_replace_others_are_not_refused() {
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "etl-0", "labels": {"app": "etl"}},
        "spec": {"containers": [{"name": "flink-main-container", "image": "flink:1.20", "args": ["kubernetes-jobmanager.sh", "kubernetes-session"]}]}});
    let open =
        service(json!({"type": "NodePort", "selector": {"app": "etl"}, "ports": [{"port": 8081}]}));
    let of_controller = "system:serviceaccount:kube-system:replicaset-controller";
    assert_eq!(in_cluster(std::slice::from_ref(&open), &pod, of_controller), [""; 0]);
    assert_eq!(in_cluster(&[open], &pod, "alice").len(), 1);
}
