//! Flink's unit is the cluster: it is charged whole, its pods draw on that, and pods beyond it
//! extend it or are refused.

use super::scene::{cluster, pod, pod_of, scene};
use crate::native::recorded;
use crate::support::operator::{Operator, operator_account};
use crate::support::wait::until;
use serde_json::{Value, json};

/// Waits until there are so many pods; at no look the tenant is charged more than `most`.
fn wait_pods(namespace: &str, count: usize, most: i64) {
    until("the pods are there", || {
        let pods =
            scene().get(&["pods", "--namespace", namespace])["items"].as_array().unwrap().len();
        let [charged, ..] = scene().charged(namespace);
        assert!(charged <= most, "{pods} pods, {charged} cpu are charged");
        if pods == count { Ok(()) } else { Err(format!("{pods}")) }
    });
}

#[test]
fn the_pods_that_an_operator_makes_of_a_flink_deployment_draw_on_what_it_was_charged() {
    let scene = scene();
    let namespace = scene.tenant_with("drawn", json!({"cpu": "3"}));
    scene.kubectl(&["create", "serviceaccount", "flink", "--namespace", &namespace]);
    let operator = Operator::start(&operator_account(scene), &namespace);
    scene.ask(&cluster(&namespace, "etl", 2)).unwrap();
    // From now on there is nothing left, long before the first pod.
    scene.over_quota(&pod(&namespace, "stranger", 1));
    wait_pods(&namespace, 3, 3);
    scene.settled("drawn", 3);
    scene.over_quota(&pod(&namespace, "stranger", 1));
    let scale = |replicas: &str| {
        scene
            .try_kubectl(&["scale", "flinkdeployment/etl", replicas, "--namespace", &namespace], "")
    };
    let refusal = scale("--replicas=3").unwrap_err();
    assert!(refusal.contains("quota/exceeded"), "{refusal}");

    scene.limit("drawn", &["drawn"], json!({"cpu": "4"}));
    scale("--replicas=3").unwrap();
    wait_pods(&namespace, 4, 4);
    scene.settled("drawn", 4);
    scale("--replicas=1").unwrap();
    wait_pods(&namespace, 2, 4);
    scene.settled("drawn", 2);
    scene.kubectl(&[
        "delete",
        "flinkdeployment",
        "etl",
        "--timeout=60s",
        "--namespace",
        &namespace,
    ]);
    scene.settled("drawn", 0);
    assert_eq!(operator.complaints(), Vec::<String>::new());
}

/// A cluster of three cpu whose pods are there, in a tenant that may use so much.
fn whole_cluster(tenant: &str, spec: Value) -> (String, Value) {
    let scene = scene();
    scene.tenant_over(tenant, &[tenant], spec);
    scene.ask(&cluster(tenant, "etl", 2)).unwrap();
    let etl = scene.get(&["flinkdeployment", "etl", "--namespace", tenant]);
    for name in ["etl-0", "etl-1", "etl-2"] {
        scene.ask(&pod_of(&etl, name, 1)).unwrap();
    }
    scene.settled(tenant, 3);
    (tenant.to_owned(), etl)
}

#[test]
fn pods_beyond_what_a_cluster_declares_extend_it_or_are_refused() {
    let scene = scene();
    let (namespace, etl) = whole_cluster("beyond", json!({"quota": {"hard": {"cpu": "4"}}}));
    scene.ask(&pod_of(&etl, "etl-3", 1)).unwrap();
    scene.over_quota(&pod_of(&etl, "etl-4", 1));
    scene.settled("beyond", 4);
    scene.over_quota(&pod_of(&etl, "etl-4", 1));
    // Declaring what is there already costs nothing more.
    scene.kubectl(&["scale", "flinkdeployment/etl", "--replicas=3", "--namespace", &namespace]);
    scene.settled("beyond", 4);
    // Neither pod nor declaration frees anything as long as the other is there.
    scene.kubectl(&["delete", "pod", "etl-3", "--namespace", &namespace]);
    scene.kubectl(&["scale", "flinkdeployment/etl", "--replicas=2", "--namespace", &namespace]);
    scene.settled("beyond", 3);
    scene.kubectl(&["delete", "pod", "etl-2", "--namespace", &namespace]);
    scene.kubectl(&["delete", "pod", "etl-1", "--namespace", &namespace]);
    scene.settled("beyond", 3);
}

#[test]
fn a_pod_that_is_taken_from_its_owner_is_charged_by_itself() {
    let scene = scene();
    let (namespace, _) = whole_cluster("stripped", json!({"quota": {"hard": {"cpu": "3"}}}));
    let strip = || {
        let patch = json!({"metadata": {"ownerReferences": null}}).to_string();
        scene.try_kubectl(
            &[
                "patch",
                "pod",
                "etl-2",
                "--type=merge",
                "--patch",
                &patch,
                "--namespace",
                &namespace,
            ],
            "",
        )
    };
    let refusal = strip().unwrap_err();
    assert!(refusal.contains("quota/exceeded"), "{refusal}");
    scene.limit("stripped", &["stripped"], json!({"cpu": "4"}));
    strip().unwrap();
    scene.settled("stripped", 4);
    scene.over_quota(&pod(&namespace, "other", 1));
}

#[test]
fn one_cluster_stays_within_the_limits_of_one_cluster_with_the_pods_beyond_it() {
    let scene = scene();
    let limits = json!({"hard": {"cpu": "20"}, "perCluster": {"cpu": "4", "taskManagers": 3}});
    let (namespace, etl) = whole_cluster("per-cluster", json!({ "quota": limits }));
    let refused = |answer: Result<String, String>| {
        let refusal = answer.unwrap_err();
        assert!(
            refusal.contains("quota/per-cluster") && !refusal.contains("quota/exceeded"),
            "{refusal}"
        );
    };
    refused(scene.ask(&cluster(&namespace, "large", 4)));
    refused(scene.try_kubectl(
        &["scale", "flinkdeployment/etl", "--replicas=4", "--namespace", &namespace],
        "",
    ));
    scene.ask(&pod_of(&etl, "etl-3", 1)).unwrap();
    refused(scene.ask(&pod_of(&etl, "etl-4", 1)));
    // What is no cluster is held against the tenant's limits alone.
    scene.ask(&pod(&namespace, "large", 5)).unwrap();
    scene.settled("per-cluster", 9);
}

/// As `flink run --target kubernetes-application` makes it, without a custom resource.
#[test]
fn a_native_cluster_is_its_job_managers_deployment_and_grows_with_its_task_managers() {
    let scene = scene();
    let namespace = scene.tenant_with("native", json!({"cpu": "3", "clusters": 1}));
    scene.kubectl(&["create", "serviceaccount", "flink", "--namespace", &namespace]);
    let here = |file: &str| {
        let mut object = recorded(file);
        object["metadata"]["namespace"] = json!(namespace);
        object
    };
    let deployment = here("01-CREATE-Deployment-fraud-scoring.json");
    scene.ask(&deployment).unwrap();
    let uid =
        scene.get(&["deployment", "fraud-scoring", "--namespace", &namespace])["metadata"]["uid"]
            .take();
    let task_manager = |number: usize| {
        let mut pod = here("06-CREATE-Pod-fraud-scoring-taskmanager-1-1.json");
        pod["metadata"]["name"] = json!(format!("fraud-scoring-taskmanager-1-{number}"));
        pod["metadata"]["ownerReferences"][0]["uid"] = uid.clone();
        pod
    };
    for number in [1, 2] {
        scene.ask(&task_manager(number)).unwrap();
    }
    scene.over_quota(&task_manager(3));
    scene.settled("native", 3);
    let refusal = scene.over_quota(&task_manager(3));
    assert!(refusal.contains("(3 used, the quota is 3)"), "{refusal}");
    let mut second = deployment;
    second["metadata"]["name"] = json!("fraud-training");
    let refusal = scene.over_quota(&second);
    assert!(refusal.contains("1 more clusters (1 used, the quota is 1)"), "{refusal}");
    assert!(refusal.contains("`Deployment/native/fraud-scoring` (1)"), "{refusal}");
    scene.kubectl(&[
        "delete",
        "deployment",
        "fraud-scoring",
        "--cascade=foreground",
        "--timeout=60s",
        "--namespace",
        &namespace,
    ]);
    scene.settled("native", 0);
}

#[test]
fn both_colours_of_a_blue_green_deployment_are_charged_and_drawn_on() {
    let scene = scene();
    let namespace = scene.tenant_with("colours", json!({"cpu": "6"}));
    let template = json!({"spec": cluster(&namespace, "", 2)["spec"]});
    let blue_green = json!({"apiVersion": "flink.apache.org/v1beta1", "kind": "FlinkBlueGreenDeployment",
        "metadata": {"name": "etl", "namespace": namespace}, "spec": {"template": template}});
    let mut too_large = blue_green.clone();
    too_large["spec"]["template"]["spec"]["taskManager"]["replicas"] = json!(3);
    let refusal = scene.over_quota(&too_large);
    assert!(refusal.contains("requests 8 more cpu"), "{refusal}");
    scene.ask(&blue_green).unwrap();
    scene.settled("colours", 6);
    let parent = scene.get(&["flinkbluegreendeployment", "etl", "--namespace", &namespace]);
    let colour = |colour: &str| {
        let mut child = cluster(&namespace, &format!("etl-{colour}"), 2);
        child["metadata"]["ownerReferences"] =
            pod_of(&parent, "", 1)["metadata"]["ownerReferences"].take();
        child
    };
    for name in ["blue", "green"] {
        scene.ask(&colour(name)).unwrap();
    }
    scene.settled("colours", 6);
    // There are two colours, whoever says that he is one.
    scene.over_quota(&colour("red"));
}
