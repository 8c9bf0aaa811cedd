//! Ways past a quota that only looks at objects being created: `pods/resize` and `/scale`.

use super::scene::{cluster, deployment, pod, scene};
use serde_json::{Value, json};

/// koordinator-sh/koordinator#3143, and OpenShift's ClusterResourceQuota, which looks at no
/// subresource: a pod that grows in place.
#[test]
fn a_pod_that_is_resized_is_charged_what_it_grows_by() {
    let scene = scene();
    let namespace = scene.tenant_with("resized", json!({"cpu": "4"}));
    scene.ask(&pod(&namespace, "grows", 1)).unwrap();
    scene.ask(&pod(&namespace, "stays", 1)).unwrap();
    scene.settled("resized", 2);
    let resize = |cpu: &str| {
        let patch = json!({"spec": {"containers": [{"name": "c", "resources": {"requests": {"cpu": cpu}}}]}}).to_string();
        scene.try_kubectl(
            &[
                "patch",
                "pod",
                "grows",
                "--subresource=resize",
                "--patch",
                &patch,
                "--namespace",
                &namespace,
            ],
            "",
        )
    };
    let refusal = resize("4").unwrap_err();
    assert!(
        refusal.contains("quota/exceeded") && refusal.contains("(2 used, the quota is 4)"),
        "{refusal}"
    );
    resize("3").unwrap();
    scene.settled("resized", 4);
    let refusal = resize("3500m").unwrap_err();
    assert!(refusal.contains("quota/exceeded"), "{refusal}");
    // What it gives back is there for others as soon as it is seen.
    resize("2").unwrap();
    scene.settled("resized", 3);
    scene.ask(&pod(&namespace, "third", 1)).unwrap();
    scene.over_quota(&pod(&namespace, "fourth", 1));
}

#[test]
fn what_is_scaled_is_charged_what_it_grows_by() {
    let scene = scene();
    let namespace = scene.tenant_with("scaled-up", json!({"cpu": "8"}));
    scene.ask(&deployment(&namespace, "web", 1)).unwrap();
    scene.ask(&cluster(&namespace, "etl", 1)).unwrap();
    scene.settled("scaled-up", 3);
    let scale = |what: &str, replicas: u64| {
        scene.try_kubectl(
            &["scale", what, &format!("--replicas={replicas}"), "--namespace", &namespace],
            "",
        )
    };
    for (what, most) in [("deployment/web", 6), ("flinkdeployment/etl", 6)] {
        let refusal = scale(what, most + 1).unwrap_err();
        assert!(
            refusal.contains("quota/exceeded") && refusal.contains("(3 used, the quota is 8)"),
            "{what}: {refusal}"
        );
        scale(what, most).unwrap();
        scene.settled("scaled-up", 8);
        scene.over_quota(&pod(&namespace, "other", 1));
        scale(what, 1).unwrap();
        scene.settled("scaled-up", 3);
    }
}

/// The `/scale` of a FlinkDeployment that names no TaskManagers has a negative number as its old
/// one, or none: whoever charges the difference charges too much or too little.
#[test]
fn a_flink_deployment_that_never_named_its_task_managers_is_scaled_by_what_it_had() {
    let scene = scene();
    let namespace = scene.tenant_with("unnamed", json!({"cpu": "8"}));
    let mut etl = cluster(&namespace, "etl", 0);
    let spec = etl["spec"].as_object_mut().unwrap();
    spec.insert("mode".into(), json!("native"));
    spec.insert("job".into(), json!({"jarURI": "local:///opt/flink/jobs/etl.jar", "parallelism": 3, "upgradeMode": "stateless"}));
    spec["taskManager"].as_object_mut().unwrap().remove("replicas");
    scene.ask(&etl).unwrap();
    // A JobManager, and a TaskManager for each of three slots.
    scene.settled("unnamed", 4);
    let scale = |replicas: u64| {
        scene.try_kubectl(
            &[
                "scale",
                "flinkdeployment/etl",
                &format!("--replicas={replicas}"),
                "--namespace",
                &namespace,
            ],
            "",
        )
    };
    let stored = |pointer: &str| {
        scene.get(&["flinkdeployment/etl", "--namespace", &namespace]).pointer(pointer).cloned()
    };
    let refusal = scale(8).unwrap_err();
    assert!(
        refusal.contains("quota/exceeded")
            && refusal.contains("5 more cpu (4 used, the quota is 8)"),
        "{refusal}"
    );
    assert_eq!(stored("/spec/taskManager/replicas"), None::<Value>);
    scale(7).unwrap();
    scene.settled("unnamed", 8);
    assert_eq!(stored("/spec/taskManager/replicas"), Some(json!(7)));
    scale(3).unwrap();
    scene.settled("unnamed", 4);
}

/// A TaskManager of a plain manifest, of one cpu.
fn task_managers(namespace: &str, kind: &str, name: &str) -> Value {
    let labels = json!({"app": name, "component": "taskmanager"});
    let mut spec = pod(namespace, "", 1)["spec"].take();
    spec["containers"][0]["args"] = json!(["taskmanager"]);
    spec["containers"][0]["image"] = json!("registry.example.com/flink:1.20");
    let (version, selector) = match kind {
        "ReplicationController" => ("v1", labels.clone()),
        _ => ("apps/v1", json!({"matchLabels": labels})),
    };
    let mut object = json!({"apiVersion": version, "kind": kind, "metadata": {"name": name, "namespace": namespace},
        "spec": {"replicas": 1, "selector": selector, "template": {"metadata": {"labels": labels}, "spec": spec}}});
    if kind == "StatefulSet" {
        object["spec"]["serviceName"] = json!(name);
    }
    object
}

/// A user and the HorizontalPodAutoscaler, for every kind that can be scaled.
#[test]
fn task_managers_that_would_not_fit_are_refused_at_their_scale() {
    let scene = scene();
    let namespace = scene.tenant_with("scaled-plain", json!({"cpu": "9"}));
    let autoscaler = "system:serviceaccount:kube-system:horizontal-pod-autoscaler";
    scene.kubectl(&[
        "create",
        "rolebinding",
        "autoscaler",
        "--clusterrole=cluster-admin",
        "--serviceaccount=kube-system:horizontal-pod-autoscaler",
        "--namespace",
        &namespace,
    ]);
    scene.ask(&cluster(&namespace, "flink", 1)).unwrap();
    let mut kinds = vec!["flinkdeployment/flink".to_owned()];
    for kind in ["Deployment", "StatefulSet", "ReplicaSet", "ReplicationController"] {
        let name = format!("tm-{}", kind.to_lowercase());
        scene.ask(&task_managers(&namespace, kind, &name)).unwrap();
        kinds.push(format!("{}/{name}", kind.to_lowercase()));
    }
    // A JobManager and five TaskManagers, of one cpu each.
    scene.settled("scaled-plain", 6);
    let scale = |what: &str, replicas: u64, user: Option<&str>| {
        let (replicas, user) =
            (format!("--replicas={replicas}"), user.map(|user| format!("--as={user}")));
        let mut arguments = vec!["scale", what, &replicas, "--namespace", &namespace];
        arguments.extend(user.as_deref());
        scene.try_kubectl(&arguments, "")
    };
    for what in &kinds {
        for user in [None, Some(autoscaler)] {
            let refusal = scale(what, 5, user).unwrap_err();
            assert!(
                refusal.contains("quota/exceeded") && refusal.contains("the quota is 9"),
                "{what} {user:?}: {refusal}"
            );
            scale(what, 4, user).unwrap_or_else(|error| panic!("{what} {user:?}: {error}"));
            scene.settled("scaled-plain", 9);
            scale(what, 1, user).unwrap();
            scene.settled("scaled-plain", 6);
        }
    }
}
