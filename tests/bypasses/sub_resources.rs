//! Sub-resources that change what was judged: bindings, status, the labels of Namespaces.

use assert_cmd::Command;
use flinkgate::kinds::{Asked, Decision, KINDS, Kind, Origin, SUB_RESOURCES, Webhook};
use serde_json::{Value, json};
use std::collections::BTreeSet;

const SCHEDULER: &str = "system:kube-scheduler";
const NAMESPACE_CONTROLLER: &str = "system:serviceaccount:kube-system:namespace-controller";
const OPERATOR: &str = "system:serviceaccount:flink-operators:flink-operator";

/// What each kind serves: Kubernetes 1.35's discovery, and the operators' definitions.
const SERVED: [(&str, &[&str]); 22] = [
    (
        "Pod",
        &[
            "attach",
            "binding",
            "ephemeralcontainers",
            "eviction",
            "exec",
            "log",
            "portforward",
            "proxy",
            "resize",
            "status",
        ],
    ),
    ("Binding", &[]),
    ("PersistentVolumeClaim", &["status"]),
    ("ConfigMap", &[]),
    ("Service", &["proxy", "status"]),
    ("ReplicationController", &["scale", "status"]),
    ("PodTemplate", &[]),
    ("Namespace", &["finalize", "status"]),
    ("Ingress", &["status"]),
    ("Deployment", &["scale", "status"]),
    ("StatefulSet", &["scale", "status"]),
    ("ReplicaSet", &["scale", "status"]),
    ("DaemonSet", &["status"]),
    ("Job", &["status"]),
    ("CronJob", &["status"]),
    ("PodDisruptionBudget", &["status"]),
    ("FlinkDeployment", &["scale", "status"]),
    ("FlinkSessionJob", &["status"]),
    ("FlinkStateSnapshot", &["status"]),
    ("FlinkBlueGreenDeployment", &["status"]),
    ("FlinkCluster", &["status"]),
    ("FlinkApplication", &["status"]),
];

fn asked(kind: &Kind) -> BTreeSet<&'static str> {
    let is_validating = |asked: &&Asked| matches!(asked.webhook, Webhook::Validating(_));
    kind.webhooks
        .iter()
        .filter(is_validating)
        .flat_map(|asked| asked.sub_resources.iter().copied())
        .filter(|sub_resource| !sub_resource.is_empty())
        .collect()
}

#[test]
fn every_sub_resource_is_decided_and_asked_about_accordingly() {
    for kind in KINDS.iter().filter(|kind| !kind.webhooks.is_empty()) {
        let decided: BTreeSet<_> = SUB_RESOURCES
            .iter()
            .filter(|one| one.kinds.contains(&kind.kind))
            .map(|one| one.name)
            .collect();
        if kind.origin != Origin::Flinkgate {
            let served = SERVED.iter().find(|(name, _)| *name == kind.kind).unwrap().1;
            assert_eq!(decided, served.iter().copied().collect(), "{}", kind.kind);
        }
        let judged: BTreeSet<_> = SUB_RESOURCES
            .iter()
            .filter(|one| one.kinds.contains(&kind.kind) && one.decision != Decision::Passed)
            .map(|one| one.name)
            .collect();
        assert_eq!(asked(kind), judged, "{}", kind.kind);
    }
    for one in SUB_RESOURCES {
        assert!(
            !one.reason.is_empty()
                && one.kinds.iter().all(|kind| KINDS.iter().any(|row| row.kind == *kind))
        );
    }
}

/// The rules that refuse a request; empty for an admission.
fn refusals(tenant: &Value, request: &Value) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let (tenants, review) = (folder.path().join("tenant.json"), folder.path().join("review.json"));
    std::fs::write(&tenants, tenant.to_string()).unwrap();
    let mut request = request.clone();
    request["uid"] = json!("u");
    let body =
        json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request});
    std::fs::write(&review, body.to_string()).unwrap();
    let output = Command::cargo_bin("flinkgate")
        .unwrap()
        .args(["review", review.to_str().unwrap(), "--tenants", tenants.to_str().unwrap()])
        .output()
        .unwrap();
    let reply: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
    let causes = reply["response"]["status"]["details"]["causes"].as_array().cloned();
    let allowed = reply["response"]["allowed"] == true;
    let rules: Vec<String> = causes
        .unwrap_or_default()
        .iter()
        .map(|cause| cause["reason"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(allowed, rules.is_empty(), "{reply:#}");
    rules
}

fn tenant(spec: Value) -> Value {
    let mut spec = spec;
    spec["namespaces"] = json!({"names": ["strict", "strict-dev"]});
    json!({"apiVersion": "flinkgate.dev/v1alpha1", "kind": "FlinkTenant", "metadata": {"name": "s"}, "spec": spec})
}

fn user(name: &str) -> Value {
    json!({"username": name, "groups": ["system:authenticated"]})
}

fn binding(user_name: &str, through_pod: bool) -> Value {
    let (resource, sub_resource) =
        if through_pod { ("pods", json!("binding")) } else { ("bindings", Value::Null) };
    json!({"kind": {"group": "", "version": "v1", "kind": "Binding"},
        "resource": {"group": "", "version": "v1", "resource": resource}, "subResource": sub_resource,
        "name": "x", "namespace": "strict", "operation": "CREATE", "userInfo": user(user_name),
        "object": {"apiVersion": "v1", "kind": "Binding", "metadata": {"name": "x", "namespace": "strict"},
            "target": {"kind": "Node", "name": "other-tenants-node"}}})
}

#[test]
fn only_schedulers_bind_pods() {
    let open = tenant(json!({}));
    let listed =
        tenant(json!({"scheduling": {"schedulerNames": ["default-scheduler", "volcano"]}}));
    let default = tenant(json!({"scheduling": {"schedulerNames": ["default-scheduler"]}}));
    let volcano = "system:serviceaccount:volcano-system:volcano-scheduler";
    for through_pod in [true, false] {
        for (tenant, user, is_admitted) in [
            (&open, SCHEDULER, true),
            (&listed, SCHEDULER, true),
            (&default, "system:serviceaccount:kube-system:my-scheduler", true),
            (&open, volcano, true),
            (&listed, volcano, true),
            (&default, volcano, false),
            (&listed, "system:serviceaccount:kueue-system:kueue", false),
            (&listed, "system:serviceaccount:strict:volcano-scheduler", false),
            (&listed, "system:serviceaccount:strict-dev:volcano", false),
            (&open, "system:serviceaccount:strict:flink", false),
            (&open, "ada", false),
            (&open, "volcano", false),
            (&listed, "", false),
        ] {
            let refusals = refusals(tenant, &binding(user, through_pod));
            let expected: &[&str] = if is_admitted { &[] } else { &["scheduling/binding"] };
            assert_eq!(refusals, expected, "{user} {through_pod}");
        }
    }
}

fn status(kind: (&str, &str, &str), user_name: &str, old: Value, new: Value) -> Value {
    let (group, kind, plural) = kind;
    let version = if group == "flink.apache.org" { "v1beta1" } else { "v1" };
    let api_version =
        if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") };
    let object = |with: &Value| {
        let mut object = json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": "x", "namespace": "strict"}, "spec": {}});
        for (place, value) in with.as_object().unwrap() {
            object[place] = value.clone();
        }
        object["metadata"]["name"] = json!("x");
        object["metadata"]["namespace"] = json!("strict");
        object
    };
    json!({"kind": {"group": group, "version": version, "kind": kind},
        "resource": {"group": group, "version": version, "resource": plural}, "subResource": "status",
        "name": "x", "namespace": "strict", "operation": "UPDATE", "userInfo": user(user_name),
        "object": object(&new), "oldObject": object(&old)})
}

#[test]
fn only_the_operator_writes_the_status_of_flink() {
    let tenant = tenant(json!({}));
    let old = json!({"status": {"reconciliationStatus": {"lastReconciledSpec": "{}"}}});
    let new = json!({"status": {"reconciliationStatus": {"lastReconciledSpec": "{\"spec\":{\"image\":\"evil\"}}"}}});
    for kind in [
        ("flink.apache.org", "FlinkDeployment", "flinkdeployments"),
        ("flink.apache.org", "FlinkSessionJob", "flinksessionjobs"),
        ("flink.apache.org", "FlinkStateSnapshot", "flinkstatesnapshots"),
        ("flink.apache.org", "FlinkBlueGreenDeployment", "flinkbluegreendeployments"),
    ] {
        for (user, is_admitted) in [
            (OPERATOR, true),
            ("system:serviceaccount:argo:sync", true),
            ("ada", false),
            ("system:serviceaccount:strict:flink", false),
            ("", false),
        ] {
            let request = status(kind, user, old.clone(), new.clone());
            let expected: &[&str] = if is_admitted { &[] } else { &["tenancy/status"] };
            assert_eq!(refusals(&tenant, &request), expected, "{kind:?} {user}");
        }
        // The same again.
        assert!(refusals(&tenant, &status(kind, "ada", old.clone(), old.clone())).is_empty());
    }
}

#[test]
fn status_is_no_second_way_to_metadata() {
    let tenant = tenant(json!({}));
    let labels = json!({"metadata": {"labels": {"component": "jobmanager"}}});
    let annotations = json!({"metadata": {"annotations": {"external-dns.alpha.kubernetes.io/hostname": "bank.example.com"}}});
    let phase = json!({"status": {"phase": "Succeeded"}});
    let condition = json!({"status": {"conditions": [{"type": "gate", "status": "True"}]}});
    let address = json!({"status": {"loadBalancer": {"ingress": [{"ip": "203.0.113.7"}]}}});
    let pod = ("", "Pod", "pods");
    let service = ("", "Service", "services");
    for (kind, change, is_admitted) in [
        (pod, &labels, false),
        (pod, &annotations, false),
        (pod, &phase, false),
        (pod, &condition, true),
        (service, &annotations, false),
        (service, &address, false),
        (service, &condition, true),
        (("networking.k8s.io", "Ingress", "ingresses"), &annotations, false),
        (("networking.k8s.io", "Ingress", "ingresses"), &address, true),
        (("apps", "ReplicaSet", "replicasets"), &labels, false),
        (("apps", "Deployment", "deployments"), &condition, true),
    ] {
        let by = |user: &str| refusals(&tenant, &status(kind, user, json!({}), change.clone()));
        let expected: &[&str] = if is_admitted { &[] } else { &["tenancy/status"] };
        assert_eq!(by("ada"), expected, "{kind:?} {change}");
        for component in [
            "system:node:a",
            "system:serviceaccount:kube-system:job-controller",
            "system:serviceaccount:metallb-system:controller",
        ] {
            assert!(by(component).is_empty(), "{component} {kind:?} {change}");
        }
    }
}

fn namespace(user_name: &str, sub_resource: &str, labels: [Value; 2], is_leaving: bool) -> Value {
    let object = |labels: &Value, finalizers: &[&str]| {
        let mut object = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "strict", "labels": labels}, "spec": {"finalizers": finalizers}});
        if is_leaving {
            object["metadata"]["deletionTimestamp"] = json!("2026-11-22T02:00:00Z");
        }
        object
    };
    let [old, new] = labels;
    json!({"kind": {"group": "", "version": "v1", "kind": "Namespace"},
        "resource": {"group": "", "version": "v1", "resource": "namespaces"}, "subResource": sub_resource,
        "name": "strict", "operation": "UPDATE", "userInfo": user(user_name),
        "object": object(&new, &[]), "oldObject": object(&old, &["kubernetes"])})
}

#[test]
fn no_sub_resource_moves_a_namespace() {
    let tenant = tenant(json!({}));
    let own = json!({"flinkgate.dev/tenant": "s", "team": "a"});
    for sub_resource in ["", "status", "finalize"] {
        for is_leaving in [false, true] {
            let by = |user: &str, new: Value| {
                refusals(&tenant, &namespace(user, sub_resource, [own.clone(), new], is_leaving))
            };
            for forged in [json!({}), json!({"flinkgate.dev/tenant": "t"}), json!({"team": "a"})] {
                assert_eq!(by("ada", forged), ["tenancy/namespace-label"], "{sub_resource}");
            }
            assert!(by(NAMESPACE_CONTROLLER, own.clone()).is_empty());
            assert!(by("ada", json!({"flinkgate.dev/tenant": "s", "team": "b"})).is_empty());
        }
    }
}

#[test]
fn components_of_the_cluster_never_wait() {
    let output = Command::cargo_bin("flinkgate").unwrap().arg("webhooks").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let webhooks: Vec<Value> = flinkgate::resource::yaml::parse(&text)
        .into_iter()
        .filter_map(|document| document.value)
        .filter(|object| object["kind"] == "ValidatingWebhookConfiguration")
        .flat_map(|object| object["webhooks"].as_array().unwrap().clone())
        .collect();
    let conditions = |name: &str| {
        let name = format!("{name}.flinkgate.dev");
        let webhook = webhooks.iter().find(|webhook| webhook["name"] == *name).unwrap();
        webhook["matchConditions"].to_string()
    };
    for (name, user) in [
        ("bindings", "startsWith('system:')"),
        ("bindings", "system:masters"),
        ("status", "system:serviceaccount:kube-system:"),
        ("flink-status", ":flink-operator"),
        ("flink-status", "system:serviceaccount:kube-system:"),
        ("workloads", "system:serviceaccount:kube-system:deployment-controller"),
    ] {
        assert!(conditions(name).contains(user), "{name}");
    }
    // The controller that deletes Namespaces changes no label.
    assert!(conditions("namespaces").contains("tenant-label-changes"));
}

#[test]
fn lint_refuses_a_binding() {
    let output = Command::cargo_bin("flinkgate")
        .unwrap()
        .args([
            "lint",
            "--format",
            "json",
            "tests/data/bypasses/25-sub-resources-that-nobody-asks-about.yaml",
        ])
        .output()
        .unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["findings"][0]["rule"], "scheduling/binding", "{report:#}");
}
