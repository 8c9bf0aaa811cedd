//! What the API server asks about, and what happens when nobody answers: the webhooks point at a
//! port that nobody listens on, so whatever they match is refused, and whatever is admitted was
//! never asked about.

use super::support::access::Access;
use super::support::flinkgate;
use super::support::ports::Port;
use super::support::wait::until;
use super::support::{ControlPlane, Options, crds};
use serde_json::{Value, json};

const TENANT: &str = "payments";
const OTHER: &str = "elsewhere";
const OWN: &str = "flinkgate-system";

/// A pod that nobody schedules: kwok's nodes cannot resize what runs on them.
fn waiting_pod() -> Value {
    let mut pod = pod("waiting");
    pod["spec"]["schedulerName"] = json!("nobody");
    pod["spec"]["containers"][0]["resources"] = json!({"requests": {"cpu": "1"}});
    pod
}

/// What the API server says when a webhook that it had to ask gives no answer.
const NO_ANSWER: &str = "failed calling webhook";

fn pod(name: &str) -> Value {
    let spec = json!({"containers": [{"name": "c", "image": "example.com/c:1"}]});
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec})
}

fn workload(api_version: &str, kind: &str, name: &str) -> Value {
    let labels = json!({"app": name});
    let mut template = pod(name);
    template["metadata"] = json!({"labels": labels});
    let mut spec =
        json!({"template": {"metadata": template["metadata"], "spec": template["spec"]}});
    if kind == "Job" {
        spec["template"]["spec"]["restartPolicy"] = json!("Never");
        spec["suspend"] = json!(true);
    } else {
        spec["selector"] = json!({"matchLabels": labels});
        spec["replicas"] = json!(0);
    }
    if kind == "StatefulSet" {
        spec["serviceName"] = json!(name);
    }
    json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": name}, "spec": spec})
}

fn claim(name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": name},
        "spec": {"accessModes": ["ReadWriteOnce"], "storageClassName": "none", "resources": {"requests": {"storage": "1Gi"}}}})
}

fn service(name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": {"ports": [{"port": 8081}]}})
}

fn ingress(name: &str) -> Value {
    let backend = json!({"service": {"name": "old", "port": {"number": 8081}}});
    json!({"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": name}, "spec": {"defaultBackend": backend}})
}

fn flink(kind: &str, name: &str) -> Value {
    let spec = match kind {
        "FlinkSessionJob" => {
            json!({"deploymentName": "etl", "job": {"jarURI": "https://example.com/a.jar", "parallelism": 1}})
        }
        "FlinkStateSnapshot" => {
            json!({"jobReference": {"kind": "FlinkDeployment", "name": "etl"}, "savepoint": {}})
        }
        "FlinkBlueGreenDeployment" => json!({"template": {"spec": {"image": "flink:2.0"}}}),
        _ => {
            json!({"image": "flink:2.0", "flinkVersion": "v1_20", "serviceAccount": "flink", "taskManager": {"replicas": 1}})
        }
    };
    json!({"apiVersion": "flink.apache.org/v1beta1", "kind": kind, "metadata": {"name": name}, "spec": spec})
}

fn own(kind: &str, name: &str) -> Value {
    json!({"apiVersion": "flinkgate.dev/v1alpha1", "kind": kind, "metadata": {"name": name}, "spec": {}})
}

fn namespace(name: &str, labels: Value) -> Value {
    json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}})
}

/// Both configurations, pointing at a port where nobody listens.
fn shut() -> (Port, String) {
    let port = Port::reserve().unwrap();
    let url = format!("https://127.0.0.1:{}", port.number());
    (port, flinkgate::output(&["webhooks", "--url", &url]))
}

fn create(admin: &Access, namespace: &str, object: &Value) -> Result<String, String> {
    admin.try_kubectl(&["create", "--namespace", namespace, "-f", "-"], &object.to_string())
}

fn patch(admin: &Access, arguments: &[&str], patch: &Value) -> Result<String, String> {
    admin.try_kubectl(
        &[&["patch", "--type=merge", "--patch", &patch.to_string()], arguments].concat(),
        "",
    )
}

/// A patch that finds containers by their names, as kubectl sends it for kinds of Kubernetes' own.
fn patch_pod(
    admin: &Access,
    name: &str,
    arguments: &[&str],
    patch: &Value,
) -> Result<String, String> {
    admin.try_kubectl(
        &[&["patch", "pod", name, "--namespace", TENANT, "--patch", &patch.to_string()], arguments]
            .concat(),
        "",
    )
}

/// An object, created as a dry run until webhooks are in force, or no longer.
fn wait_until_asked(admin: &Access, namespace: &str, object: &Value, asked: bool) {
    until("the API server knows of the webhooks", || {
        let answer = admin.try_kubectl(
            &["create", "--dry-run=server", "--namespace", namespace, "-f", "-"],
            &object.to_string(),
        );
        let refused = answer.as_ref().is_err_and(|complaint| complaint.contains(NO_ANSWER));
        if refused == asked { Ok(()) } else { Err(format!("{answer:?}")) }
    });
}

#[track_caller]
fn asked(what: &str, answer: Result<String, String>) {
    match answer {
        Err(complaint) if complaint.contains(NO_ANSWER) => {}
        other => panic!("{what}: Flinkgate was not asked: {other:?}"),
    }
}

#[track_caller]
fn not_asked(what: &str, answer: Result<String, String>) {
    if let Err(complaint) = answer {
        panic!("{what} was refused: {complaint}");
    }
}

/// A cluster in which things were created before the gate was shut.
fn cluster_with_objects() -> ControlPlane {
    let admin = ControlPlane::start(Options { nodes: 1, ..Options::default() });
    crds::install(&admin);
    for name in [TENANT, OTHER, OWN] {
        admin.kubectl(&["create", "namespace", name]);
        admin.kubectl(&[
            "wait",
            "--for=create",
            "--timeout=60s",
            "--namespace",
            name,
            "serviceaccount/default",
        ]);
    }
    admin.kubectl(&[
        "label",
        "namespace",
        TENANT,
        OWN,
        "kube-system",
        "flinkgate.dev/tenant=payments",
    ]);
    for namespace in [TENANT, OTHER] {
        for object in [
            pod("old"),
            pod("evicted"),
            waiting_pod(),
            workload("apps/v1", "Deployment", "old"),
            workload("apps/v1", "StatefulSet", "old"),
            workload("batch/v1", "Job", "old"),
            claim("old"),
            service("old"),
            ingress("old"),
            flink("FlinkDeployment", "old"),
            flink("FlinkDeployment", "kept"),
            flink("FlinkDeployment", "canary"),
        ] {
            create(&admin, namespace, &object).unwrap();
        }
        admin.kubectl(&[
            "label",
            "flinkdeployment",
            "canary",
            "flink.apache.org/canary=true",
            "--namespace",
            namespace,
        ]);
        admin.kubectl(&[
            "wait",
            "--for=condition=Ready",
            "pod/old",
            "pod/evicted",
            "--timeout=60s",
            "--namespace",
            namespace,
        ]);
    }
    create(&admin, "", &own("FlinkTenant", "old")).unwrap();
    let finalizer = json!({"metadata": {"finalizers": ["example.com/kept"]}});
    patch(&admin, &["flinkdeployment", "kept", "--namespace", TENANT], &finalizer).unwrap();
    admin
}

#[test]
fn a_gate_that_is_down_stops_tenants_flink_objects_and_pods_and_nothing_else() {
    let admin = cluster_with_objects();
    let (_port, configurations) = shut();
    admin.apply(&configurations);
    wait_until_asked(&admin, OTHER, &flink("FlinkDeployment", "new"), true);
    wait_until_asked(&admin, TENANT, &pod("new"), true);

    what_tenants_do_waits(&admin);
    what_does_not_concern_flinkgate_goes_on(&admin);
    what_changes_nothing_and_what_goes_away_never_waits(&admin);

    // The escape: nothing can hinder it.
    admin.kubectl(&[
        "delete",
        "validatingwebhookconfiguration,mutatingwebhookconfiguration",
        "flinkgate",
    ]);
    wait_until_asked(&admin, TENANT, &pod("new"), false);
    wait_until_asked(&admin, OTHER, &flink("FlinkDeployment", "new"), false);
    not_asked("a pod of a tenant, with the gate opened", create(&admin, TENANT, &pod("new")));
    not_asked(
        "a FlinkDeployment, with the gate opened",
        create(&admin, TENANT, &flink("FlinkDeployment", "new")),
    );
}

fn what_tenants_do_waits(admin: &Access) {
    for object in [
        pod("new"),
        workload("apps/v1", "Deployment", "new"),
        workload("apps/v1", "StatefulSet", "new"),
        workload("batch/v1", "Job", "new"),
        claim("new"),
        service("new"),
        ingress("new"),
    ] {
        asked(&format!("a new {}", object["kind"]), create(admin, TENANT, &object));
    }
    let annotation =
        json!({"metadata": {"annotations": {"nginx.ingress.kubernetes.io/server-snippet": "x"}}});
    asked(
        "an Ingress's annotation",
        patch(admin, &["ingress", "old", "--namespace", TENANT], &annotation),
    );
    for metadata in [json!({"name": "autoscaler-etl"}), json!({"generateName": "autoscaler-"})] {
        let state = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"a": "b"}});
        asked("the state of an autoscaler", create(admin, TENANT, &state));
    }
    // What a tenant writes on its own objects spares nothing.
    let mut disguised = pod("disguised");
    disguised["metadata"] = json!({"name": "disguised", "annotations": {"kubernetes.io/config.mirror": "x"}, "deletionTimestamp": "2026-01-01T00:00:00Z"});
    asked("a pod that says it is a mirror, and on its way out", create(admin, TENANT, &disguised));
    for namespace in [TENANT, OTHER] {
        for kind in
            ["FlinkDeployment", "FlinkSessionJob", "FlinkStateSnapshot", "FlinkBlueGreenDeployment"]
        {
            asked(kind, create(admin, namespace, &flink(kind, "new")));
        }
        let here = ["--namespace", namespace];
        asked(
            "a FlinkDeployment's image",
            patch(
                admin,
                &["flinkdeployment", "old", here[0], here[1]],
                &json!({"spec": {"image": "other:1"}}),
            ),
        );
        asked(
            "a canary's label",
            patch(
                admin,
                &["flinkdeployment", "canary", here[0], here[1]],
                &json!({"metadata": {"labels": {"flink.apache.org/canary": null}}}),
            ),
        );
        asked(
            "kubectl scale flinkdeployment",
            admin.try_kubectl(
                &["scale", "flinkdeployment/old", "--replicas=3", here[0], here[1]],
                "",
            ),
        );
    }
    for (api_version, kind) in [
        ("flinkoperator.k8s.io/v1beta1", "FlinkCluster"),
        ("flink.k8s.io/v1beta1", "FlinkApplication"),
    ] {
        asked(
            kind,
            create(
                admin,
                OTHER,
                &json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": "new"}, "spec": {}}),
            ),
        );
    }

    let here = ["--namespace", TENANT];
    let image = json!({"spec": {"containers": [{"name": "c", "image": "example.com/c:2"}]}});
    asked("a pod's image", patch_pod(admin, "old", &[], &image));
    let debugger =
        json!({"spec": {"ephemeralContainers": [{"name": "d", "image": "example.com/d:1"}]}});
    asked(
        "an ephemeral container",
        patch_pod(admin, "old", &["--subresource=ephemeralcontainers"], &debugger),
    );
    let bigger = json!({"spec": {"containers": [{"name": "c", "image": "example.com/c:1", "resources": {"requests": {"cpu": "2"}}}]}});
    asked("a pod's resize", patch_pod(admin, "waiting", &["--subresource=resize"], &bigger));
    for scaled in ["deployment/old", "statefulset/old"] {
        asked(scaled, admin.try_kubectl(&["scale", scaled, "--replicas=1", here[0], here[1]], ""));
    }

    let owner =
        json!([{"apiVersion": "v1", "kind": "ConfigMap", "name": "kube-root-ca.crt", "uid": "1"}]);
    asked(
        "a pod that gets another owner",
        patch_pod(admin, "old", &[], &json!({"metadata": {"ownerReferences": owner}})),
    );

    let mut ledger = own("FlinkTenantLedger", "new");
    ledger["spec"]["tenant"] = json!("new");
    asked("a FlinkTenantLedger", create(admin, "", &ledger));
    asked("a FlinkTenant", create(admin, "", &own("FlinkTenant", "new")));
    let mut policy = own("FlinkPolicy", "new");
    policy["spec"]["rego"] = json!("package new\n\nimport rego.v1\n");
    asked("a FlinkPolicy", create(admin, "", &policy));
    asked(
        "a tenant's change",
        patch(admin, &["flinktenant", "old"], &json!({"spec": {"enforcement": "Audit"}})),
    );
    let label = |value: Value| json!({"metadata": {"labels": {"flinkgate.dev/tenant": value}}});
    asked(
        "a namespace that leaves its tenant",
        patch(admin, &["namespace", TENANT], &label(Value::Null)),
    );
    asked("a namespace that moves", patch(admin, &["namespace", TENANT], &label(json!("other"))));
    asked("a namespace that joins", patch(admin, &["namespace", OTHER], &label(json!("payments"))));
    asked(
        "a new namespace with the label",
        create(admin, "", &namespace("joined", json!({"flinkgate.dev/tenant": "payments"}))),
    );
}

fn what_does_not_concern_flinkgate_goes_on(admin: &Access) {
    for namespace in [OTHER, "kube-system", OWN] {
        for object in [
            pod("new"),
            workload("apps/v1", "Deployment", "new"),
            workload("batch/v1", "Job", "new"),
            claim("new"),
        ] {
            not_asked(
                &format!("{} in {namespace}", object["kind"]),
                create(admin, namespace, &object),
            );
        }
        not_asked(
            "scale",
            admin.try_kubectl(
                &["scale", "deployment/new", "--replicas=1", "--namespace", namespace],
                "",
            ),
        );
    }
    for namespace in ["kube-system", OWN] {
        not_asked(
            "Flink in an exempt namespace",
            create(admin, namespace, &flink("FlinkDeployment", "new")),
        );
    }
    not_asked("a new namespace", create(admin, "", &namespace("fresh", json!({"team": "any"}))));
    not_asked(
        "a namespace's other labels",
        admin.try_kubectl(&["label", "namespace", "fresh", TENANT, "stage=prod"], ""),
    );
    not_asked(
        "Flinkgate's own namespace",
        admin.try_kubectl(&["label", "namespace", OWN, "flinkgate.dev/tenant-"], ""),
    );
    not_asked(
        "a ConfigMap of a tenant",
        admin.try_kubectl(&["create", "configmap", "c", "--namespace", TENANT], ""),
    );
    not_asked("a node", admin.try_kubectl(&["cordon", "node-0"], ""));
    not_asked("a node", admin.try_kubectl(&["uncordon", "node-0"], ""));
}

fn what_changes_nothing_and_what_goes_away_never_waits(admin: &Access) {
    let here = ["--namespace", TENANT];
    let marks = json!({"metadata": {"annotations": {"a": "b"}, "labels": {"c": "d"}}});
    let finalizer = json!({"metadata": {"finalizers": ["example.com/passing"]}});
    let no_marks = json!({"metadata": {"finalizers": null}});
    for kind in
        ["pod", "deployment", "statefulset", "job", "persistentvolumeclaim", "flinkdeployment"]
    {
        // Rules read labels and annotations.
        asked(
            &format!("marks on a {kind}"),
            patch(admin, &[kind, "old", here[0], here[1]], &marks),
        );
        not_asked(
            &format!("a finalizer on a {kind}"),
            patch(admin, &[kind, "old", here[0], here[1]], &finalizer),
        );
        not_asked(
            &format!("a finalizer off a {kind}"),
            patch(admin, &[kind, "old", here[0], here[1]], &no_marks),
        );
    }
    for kind in ["service", "ingress"] {
        let label = json!({"metadata": {"labels": {"c": "d"}}});
        asked(
            &format!("a label on a {kind}"),
            patch(admin, &[kind, "old", here[0], here[1]], &label),
        );
        not_asked(
            &format!("deleting a {kind}"),
            admin.try_kubectl(&["delete", kind, "old", "--timeout=60s", here[0], here[1]], ""),
        );
    }
    not_asked("marks on a tenant", patch(admin, &["flinktenant", "old"], &marks));
    not_asked("marks off a tenant", patch(admin, &["flinktenant", "old"], &no_marks));
    let status = json!({"status": {"error": "none"}});
    not_asked(
        "status",
        patch(
            admin,
            &["flinkdeployment", "old", "--subresource=status", here[0], here[1]],
            &status,
        ),
    );
    not_asked(
        "the same again",
        admin.try_kubectl(&["scale", "deployment/old", "--replicas=0", here[0], here[1]], ""),
    );

    let eviction = json!({"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": "evicted", "namespace": TENANT}}).to_string();
    let path = format!("/api/v1/namespaces/{TENANT}/pods/evicted/eviction");
    not_asked("eviction", admin.try_kubectl(&["create", "--raw", &path, "-f", "-"], &eviction));
    for kind in
        ["pod", "deployment", "statefulset", "job", "persistentvolumeclaim", "flinkdeployment"]
    {
        not_asked(
            &format!("deleting a {kind}"),
            admin.try_kubectl(&["delete", kind, "old", "--timeout=60s", here[0], here[1]], ""),
        );
    }
    not_asked(
        "deleting a tenant",
        admin.try_kubectl(&["delete", "flinktenant", "old", "--timeout=60s"], ""),
    );

    // On its way out: even its spec may change, and its finalizer goes.
    not_asked(
        "deleting",
        admin.try_kubectl(
            &["delete", "flinkdeployment", "kept", "--wait=false", here[0], here[1]],
            "",
        ),
    );
    let last = json!({"metadata": {"finalizers": null}, "spec": {"job": {"state": "suspended"}}});
    not_asked(
        "the finalizer's removal",
        patch(admin, &["flinkdeployment", "kept", here[0], here[1]], &last),
    );
    admin.kubectl(&[
        "wait",
        "--for=delete",
        "flinkdeployment/kept",
        "--timeout=60s",
        here[0],
        here[1],
    ]);
    not_asked(
        "a namespace with Flink in it",
        admin.try_kubectl(&["delete", "namespace", OTHER, "--timeout=60s"], ""),
    );
}

#[test]
fn a_cluster_without_flinks_kinds_is_not_disturbed_and_one_that_gets_them_is_covered() {
    let admin = ControlPlane::start(Options { nodes: 0, ..Options::default() });
    admin.kubectl(&["create", "namespace", TENANT]);
    admin.kubectl(&["label", "namespace", TENANT, "flinkgate.dev/tenant=payments"]);
    admin.kubectl(&[
        "wait",
        "--for=create",
        "--timeout=60s",
        "--namespace",
        TENANT,
        "serviceaccount/default",
    ]);
    let (_port, configurations) = shut();
    admin.apply(&configurations);
    wait_until_asked(&admin, TENANT, &pod("new"), true);
    not_asked(
        "a pod elsewhere",
        create(&admin, "kube-system", &workload("apps/v1", "Deployment", "new")),
    );
    not_asked(
        "a ConfigMap",
        admin.try_kubectl(&["create", "configmap", "c", "--namespace", "default"], ""),
    );
    crds::install(&admin);
    wait_until_asked(&admin, "default", &flink("FlinkDeployment", "new"), true);
}

#[test]
fn the_api_server_stores_what_is_printed_without_adding_to_it() {
    let admin = ControlPlane::start(Options { nodes: 0, ..Options::default() });
    let printed = flinkgate::output(&["webhooks"]);
    let applied = admin.try_kubectl(&["apply", "-f", "-"], &printed).unwrap();
    assert!(!applied.contains("Warning"), "{applied}");
    for document in ::flinkgate::resource::yaml::parse(&printed) {
        let printed = document.value.unwrap();
        let stored = admin.get(&[printed["kind"].as_str().unwrap(), "flinkgate"]);
        let mut webhooks = stored["webhooks"].as_array().unwrap().clone();
        for webhook in &mut webhooks {
            let fields = webhook.as_object_mut().unwrap();
            // The one default that is left to it: nothing is selected by labels of objects.
            assert_eq!(fields.remove("objectSelector"), Some(json!({})));
            if fields.get("namespaceSelector") == Some(&json!({})) {
                fields.remove("namespaceSelector");
            }
        }
        assert_eq!(Value::Array(webhooks), printed["webhooks"]);
    }
    // Once more changes nothing.
    assert_eq!(
        admin
            .try_kubectl(&["apply", "-f", "-"], &flinkgate::output(&["webhooks"]))
            .unwrap()
            .matches("unchanged")
            .count(),
        2
    );
}
