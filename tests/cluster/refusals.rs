//! Where a refused pod is reported: at the owner that asked for it and at the custom resources above,
//! found by the owners that the API server has stored.

use super::support::access::Access;
use super::support::installation::{Installation, events, installation};
use super::support::wait::until;
use serde_json::{Value, json};

/// The service account of a cluster's JobManager, which may create pods.
fn job_manager(admin: &Installation, namespace: &str) -> Access {
    let here = ["--namespace", namespace];
    admin.kubectl(&["create", "serviceaccount", "flink", here[0], here[1]]);
    let verbs = "--verb=create,delete,get,list,patch";
    admin.kubectl(&["create", "role", "pods", verbs, "--resource=pods", here[0], here[1]]);
    for who in [&format!("--serviceaccount={namespace}:flink"), "--user=alice"] {
        let name = if who.contains("alice") { "alice" } else { "flink" };
        let bind = ["create", "rolebinding", name, "--role=pods", who, here[0], here[1]];
        admin.kubectl(&bind);
    }
    admin.as_service_account(namespace, "flink")
}

fn owner(object: &Value) -> Value {
    json!([{"apiVersion": object["apiVersion"], "kind": object["kind"],
        "name": object["metadata"]["name"], "uid": object["metadata"]["uid"]}])
}

fn create(admin: &Installation, mut object: Value, owned_by: Option<&Value>) -> Value {
    if let Some(above) = owned_by {
        object["metadata"]["ownerReferences"] = owner(above);
    }
    let printed = admin.try_kubectl(&["create", "-f", "-", "-o", "json"], &object.to_string());
    serde_json::from_str(&printed.unwrap()).unwrap()
}

fn flink_deployment(namespace: &str, name: &str, job: Option<Value>) -> Value {
    let resource = json!({"cpu": 1, "memory": "2048m"});
    json!({"apiVersion": "flink.apache.org/v1beta1", "kind": "FlinkDeployment",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"image": "registry.example.com/flink:1.20", "flinkVersion": "v1_20", "serviceAccount": "flink",
            "job": job, "jobManager": {"resource": resource}, "taskManager": {"resource": resource}}})
}

fn job() -> Value {
    json!({"jarURI": "local:///opt/flink/jobs/j.jar", "parallelism": 1, "upgradeMode": "stateless"})
}

/// The Deployment of a JobManager, without pods.
fn deployment(namespace: &str, name: &str) -> Value {
    let labels = json!({"app": name});
    json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name, "namespace": namespace},
        "spec": {"replicas": 0, "selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels},
            "spec": {"serviceAccountName": "flink", "containers": [{"name": "c", "image": "example.com/c:1"}]}}}})
}

fn pod(namespace: &str, name: &str, owned_by: &Value) -> Value {
    json!({"apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace, "ownerReferences": owner(owned_by)},
        "spec": {"serviceAccountName": "flink", "containers": [{"name": "c", "image": "example.com/c:1",
            "resources": {"requests": {"cpu": "1"}}}]}})
}

fn with_host_network(mut pod: Value) -> Value {
    pod["spec"]["hostNetwork"] = json!(true);
    pod
}

/// What Flinkgate's Events of a namespace are about, with their counts.
fn regarding(admin: &Access, namespace: &str) -> Vec<String> {
    let shown = |event: &Value| {
        let count = event["series"]["count"].as_i64().unwrap_or(1);
        let of = |field: &str| event["regarding"][field].as_str().unwrap().to_owned();
        format!("{} {} {count}", of("kind"), of("name"))
    };
    let mut all: Vec<String> = events(admin, namespace).iter().map(shown).collect();
    all.sort();
    all
}

fn refused(access: &Access, pod: &Value, rule: &str) {
    let refusal = access.try_kubectl(&["create", "-f", "-"], &pod.to_string()).unwrap_err();
    assert!(refusal.contains(rule), "{refusal}");
}

fn wait_regarding(admin: &Access, namespace: &str, expected: &[&str]) {
    until("the Events are at these objects", || {
        let found = regarding(admin, namespace);
        if found == expected { Ok(()) } else { Err(format!("{found:?}")) }
    });
}

#[test]
fn a_refused_pod_is_an_event_at_the_custom_resources_above() {
    let admin = installation();
    let namespace = admin.tenant("above", json!({}));
    let flink = job_manager(admin, &namespace);
    let spec = flink_deployment(&namespace, "", Some(job()))["spec"].take();
    let parent = json!({"apiVersion": "flink.apache.org/v1beta1", "kind": "FlinkBlueGreenDeployment",
        "metadata": {"name": "etl", "namespace": namespace}, "spec": {"template": {"spec": spec}}});
    let parent = create(admin, parent, None);
    let blue = flink_deployment(&namespace, "etl-blue", Some(job()));
    let blue = create(admin, blue, Some(&parent));
    let manager = create(admin, deployment(&namespace, "etl-blue"), Some(&blue));
    let attempt = |number: usize| {
        with_host_network(pod(&namespace, &format!("etl-blue-taskmanager-1-{number}"), &manager))
    };
    refused(&flink, &attempt(1), "security/host-namespaces");
    let at = ["Deployment etl-blue", "FlinkBlueGreenDeployment etl", "FlinkDeployment etl-blue"];
    let counted = |count: u32| at.map(|object| format!("{object} {count}"));
    wait_regarding(admin, &namespace, &counted(1).each_ref().map(String::as_str));
    for number in 2..5 {
        refused(&flink, &attempt(number), "security/host-namespaces");
    }
    wait_regarding(admin, &namespace, &counted(4).each_ref().map(String::as_str));
    let here = ["--namespace", namespace.as_str()];
    let described = admin.kubectl(&["describe", "flinkdeployment", "etl-blue", here[0], here[1]]);
    let note = "refuses Pod above/etl-blue-taskmanager-1-1: security/host-namespaces: ";
    assert!(described.contains(note), "{described}");
    // Nothing else is written on objects of others.
    let stored = admin.get(&["flinkdeployment", "etl-blue", here[0], here[1]]);
    for field in ["resourceVersion", "annotations"] {
        assert_eq!(stored["metadata"][field], blue["metadata"][field], "{stored:#}");
    }
}

#[test]
fn a_refused_pod_of_a_session_is_an_event_at_its_jobs() {
    let admin = installation();
    let namespace = admin.tenant("sessions", json!({}));
    let flink = job_manager(admin, &namespace);
    let cluster = create(admin, flink_deployment(&namespace, "shared", None), None);
    create(admin, flink_deployment(&namespace, "other", None), None);
    for (name, of) in [("clicks", "shared"), ("views", "shared"), ("orders", "other")] {
        let job = json!({"apiVersion": "flink.apache.org/v1beta1", "kind": "FlinkSessionJob",
            "metadata": {"name": name, "namespace": namespace}, "spec": {"deploymentName": of, "job": {
                "jarURI": "https://repo.example.com/j.jar", "parallelism": 1, "upgradeMode": "stateless"}}});
        create(admin, job, None);
    }
    let manager = create(admin, deployment(&namespace, "shared"), Some(&cluster));
    let forbidden = with_host_network(pod(&namespace, "shared-taskmanager-1-1", &manager));
    refused(&flink, &forbidden, "security/host-namespaces");
    wait_regarding(
        admin,
        &namespace,
        &[
            "Deployment shared 1",
            "FlinkDeployment shared 1",
            "FlinkSessionJob clicks 1",
            "FlinkSessionJob views 1",
        ],
    );
}

#[test]
fn what_a_pod_says_of_its_owner_is_not_believed() {
    let admin = installation();
    let namespace = admin.tenant("forged-owners", json!({}));
    let flink = job_manager(admin, &namespace);
    let alice = admin.as_user("alice", &[]);
    let cluster = create(admin, flink_deployment(&namespace, "etl", Some(job())), None);
    let manager = create(admin, deployment(&namespace, "etl"), Some(&cluster));
    let forbidden =
        |name: &str, owned_by: &Value| with_host_network(pod(&namespace, name, owned_by));
    // Another user's pod is not one of the JobManager's, whatever owner it names.
    refused(&alice, &forbidden("by-alice", &manager), "security/host-namespaces");
    refused(&alice, &forbidden("of-resource", &cluster), "security/host-namespaces");
    // Nor is an owner that does not exist.
    let mut unknown = manager.clone();
    unknown["metadata"]["uid"] = json!("00000000-0000-0000-0000-000000000000");
    refused(&flink, &forbidden("unknown", &unknown), "security/host-namespaces");
    // The last refusal is the JobManager's own: when it is reported, the others were decided.
    wait_regarding(admin, &namespace, &["Deployment etl 1", "Deployment etl 1"]);
    refused(&flink, &forbidden("own", &manager), "security/host-namespaces");
    let expected = ["Deployment etl 1"; 3].into_iter().chain(["FlinkDeployment etl 1"]);
    wait_regarding(admin, &namespace, &expected.collect::<Vec<_>>());
    let own = events(admin, &namespace);
    let at_resource = own.iter().find(|event| event["regarding"]["kind"] == "FlinkDeployment");
    assert!(at_resource.unwrap()["note"].as_str().unwrap().contains("forged-owners/own: "));
}

#[test]
fn a_refusal_that_the_next_try_made_good_is_not_reported() {
    let admin = installation();
    let namespace = admin.tenant("made-good", json!({"quota": {"hard": {"cpu": "2"}}}));
    let flink = job_manager(admin, &namespace);
    let good = create(admin, deployment(&namespace, "good"), None);
    let starved = create(admin, deployment(&namespace, "starved"), None);
    let here = ["--namespace", namespace.as_str()];
    let make = |pod: &Value| flink.try_kubectl(&["create", "-f", "-"], &pod.to_string());
    // A pod that runs, and takes its time to end.
    let mut old = pod(&namespace, "old", &good);
    old["spec"]["containers"][0]["resources"]["requests"]["cpu"] = json!("2");
    old["metadata"]["finalizers"] = json!(["example.com/slow"]);
    make(&old).unwrap();
    until("the old pod runs", || {
        let pod = admin.get(&["pod", "old", here[0], here[1]]);
        if pod["status"]["phase"] == "Running" { Ok(()) } else { Err(pod.to_string()) }
    });
    admin.kubectl(&["delete", "pod", "old", "--wait=false", here[0], here[1]]);
    refused(&flink, &pod(&namespace, "new-1", &good), "quota/exceeded");
    refused(&flink, &pod(&namespace, "starved-1", &starved), "quota/exceeded");
    let patch = r#"{"metadata": {"finalizers": null}}"#;
    admin.kubectl(&["patch", "pod", "old", "--type=merge", "--patch", patch, here[0], here[1]]);
    until("the next try succeeds", || make(&pod(&namespace, "new-2", &good)));
    // The other refusal came later and was not made good: when it is reported, the first is decided.
    let all = until("the other refusal is reported", || {
        let found = regarding(admin, &namespace);
        let is_reported = found.iter().any(|event| event.starts_with("Deployment starved"));
        if is_reported { Ok(found) } else { Err(format!("{found:?}")) }
    });
    assert!(all.iter().all(|event| !event.starts_with("Deployment good")), "{all:?}");
}

#[test]
fn a_cluster_that_is_being_deleted_is_no_reason_for_a_warning() {
    let admin = installation();
    let volume = json!({"claimName": "{cluster}-state", "size": "1Gi", "reclaim": "Delete"});
    let namespace =
        admin.tenant("leaving-early", json!({"storage": {"checkpoints": {"volume": volume}}}));
    let task_manager = |cluster: &str| {
        let labels =
            json!({"app": cluster, "component": "taskmanager", "type": "flink-native-kubernetes"});
        let container = json!({"name": "flink-main-container", "image": "registry.example.com/flink:1.20",
            "command": ["/docker-entrypoint.sh"], "args": ["bash", "-c", "kubernetes-taskmanager.sh"]});
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": format!("{cluster}-taskmanager-1-1"),
            "namespace": namespace, "labels": labels}, "spec": {"containers": [container]}})
    };
    // No cluster of this name is there, or comes back.
    admin.create(&task_manager("gone").to_string());
    // One that is being deleted, and one whose claim shows that the controller was here.
    for name in ["ending", "present"] {
        let mut cluster = flink_deployment(&namespace, name, Some(job()));
        cluster["metadata"]["finalizers"] = json!(["example.com/slow"]);
        create(admin, cluster, None);
    }
    let here = ["--namespace", namespace.as_str()];
    let end = |name: &str| {
        admin.kubectl(&["delete", "flinkdeployment", name, "--wait=false", here[0], here[1]])
    };
    end("ending");
    admin.create(&task_manager("ending").to_string());
    admin.create(&task_manager("present").to_string());
    until("the claim of the cluster that is there", || {
        admin.try_kubectl(&["get", "persistentvolumeclaim", "present-state", here[0], here[1]], "")
    });
    let claims = admin.kubectl(&["get", "persistentvolumeclaims", "-o", "name", here[0], here[1]]);
    assert_eq!(claims.trim(), "persistentvolumeclaim/present-state");
    let warnings: Vec<Value> = admin.replicas[0]
        .log()
        .into_iter()
        .filter(|line| line["level"] == "WARN" && line["namespace"] == namespace.as_str())
        .collect();
    assert!(warnings.is_empty(), "{warnings:#?}");
    let patch = r#"{"metadata": {"finalizers": null}}"#;
    end("present");
    for name in ["ending", "present"] {
        admin.kubectl(&[
            "patch",
            "flinkdeployment",
            name,
            "--type=merge",
            "--patch",
            patch,
            here[0],
            here[1],
        ]);
    }
}

#[test]
fn a_limit_range_gives_a_sidecar_its_requests() {
    let admin = installation();
    let namespace = admin.tenant("defaulted", json!({"quota": {"hard": {"cpu": "9"}}}));
    let mut cluster = flink_deployment(&namespace, "etl", Some(job()));
    cluster["spec"]["podTemplate"] =
        json!({"spec": {"containers": [{"name": "log", "image": "example.com/log:1"}]}});
    let warns = || {
        let tried = admin.output(&["create", "--dry-run=server", "-f", "-"], &cluster.to_string());
        let warnings = String::from_utf8_lossy(&tried.stderr).into_owned();
        assert!(tried.status.success(), "{warnings}");
        warnings.contains("quota/undeclared: container `log` declares no cpu")
    };
    assert!(warns());
    let limit_range = json!({"apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": "d", "namespace": namespace},
        "spec": {"limits": [{"type": "Container", "default": {"cpu": "1"}}]}});
    admin.create(&limit_range.to_string());
    assert!(!warns());
}
