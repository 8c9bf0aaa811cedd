//! Quota counts what is there: claims that exist, pods that leave, jobs that run nothing.

use super::scene::{CPU, Scene, charged, cluster, deployment, pod, pod_of, scene};
use crate::quota::storm::leads;
use crate::support::Options;
use crate::support::access::Access;
use crate::support::asking::create_at_once;
use crate::support::wait::{until, within};
use crate::support::webhook::Webhook;
use futures::FutureExt;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

/// A node that does not exist: a pod on it is deleted only after its grace period, and not at all
/// before the control plane looks for such pods.
const LOST: &str = "lost-node";
/// A finalizer that nobody removes.
const FINALIZER: &str = "example.com/wait";

/// Puts a pod on the lost node.
fn bind(scene: &Scene, namespace: &str, name: &str) {
    let binding = json!({"apiVersion": "v1", "kind": "Binding", "metadata": {"name": name, "namespace": namespace},
        "target": {"apiVersion": "v1", "kind": "Node", "name": LOST}});
    let path = format!("/api/v1/namespaces/{namespace}/pods/{name}/binding");
    scene.try_kubectl(&["create", "--raw", &path, "-f", "-"], &binding.to_string()).unwrap();
}

/// Begins to delete a pod.
fn leave(scene: &Scene, namespace: &str, name: &str, grace: &str) {
    let grace = format!("--grace-period={grace}");
    scene.kubectl(&["delete", "pod", name, &grace, "--wait=false", "--namespace", namespace]);
}

/// The account of the namespace's JobManagers, which may create pods.
fn job_manager(scene: &Scene, namespace: &str) -> Access {
    let here = ["--namespace", namespace];
    scene.kubectl(&["create", "serviceaccount", "flink", here[0], here[1]]);
    let account = format!("--serviceaccount={namespace}:flink");
    scene.kubectl(&[
        "create",
        "rolebinding",
        "flink",
        "--clusterrole=edit",
        &account,
        here[0],
        here[1],
    ]);
    scene.as_service_account(namespace, "flink")
}

fn create(by: &Access, object: &Value) -> Result<String, String> {
    by.try_kubectl(&["create", "-f", "-"], &object.to_string())
}

fn is_over_quota(answer: Result<String, String>) {
    let refusal = answer.unwrap_err();
    assert!(refusal.contains("quota/exceeded"), "{refusal}");
}

/// A cluster of three cpu with its three pods on the lost node, in a tenant that may use no more.
fn full_cluster(scene: &Scene, tenant: &str) -> Value {
    scene.tenant_with(tenant, json!({"cpu": "3"}));
    scene.ask(&cluster(tenant, "etl", 2)).unwrap();
    let etl = scene.get(&["flinkdeployment", "etl", "--namespace", tenant]);
    for name in ["etl-0", "etl-1", "etl-2"] {
        scene.ask(&pod_of(&etl, name, 1)).unwrap();
        bind(scene, tenant, name);
    }
    scene.settled(tenant, 3);
    etl
}

/// Removes all pods of a namespace at once.
fn remove_pods(scene: &Scene, namespace: &str) {
    let at_once = ["delete", "pods", "--all", "--grace-period=0", "--force"];
    scene.kubectl(&[&at_once[..], &["--namespace", namespace]].concat());
}

#[test]
fn a_replacement_takes_the_place_of_a_leaving_pod_at_the_first_try() {
    let scene = scene();
    let etl = full_cluster(scene, "replaced");
    let flink = job_manager(scene, "replaced");
    // Nobody leaves yet.
    is_over_quota(create(&flink, &pod_of(&etl, "etl-3", 1)));
    leave(scene, "replaced", "etl-1", "30");
    create(&flink, &pod_of(&etl, "etl-3", 1)).unwrap();
    // It has one replacement, and nobody else gets its place.
    is_over_quota(create(&flink, &pod_of(&etl, "etl-4", 1)));
    scene.over_quota(&pod("replaced", "stranger", 1));
    // The replacement leaves too, while the first is still there.
    bind(scene, "replaced", "etl-3");
    leave(scene, "replaced", "etl-3", "30");
    is_over_quota(create(&flink, &pod_of(&etl, "etl-4", 1)));
    let two: Vec<Value> = ["etl-0", "etl-2"]
        .map(|name| {
            leave(scene, "replaced", name, "30");
            pod_of(&etl, &format!("new-{name}"), 1)
        })
        .into();
    let answers = create_at_once(&[&flink], &two);
    assert_eq!(answers.refusals(), Vec::<&kube::core::Status>::new());
    assert_eq!(scene.charged("replaced")[CPU], 3);
    scene.kubectl(&["delete", "flinkdeployment", "etl", "--namespace", "replaced"]);
    remove_pods(scene, "replaced");
    scene.settled("replaced", 0);
}

#[test]
fn a_controller_replaces_a_lost_pod_in_a_full_tenant() {
    let scene = scene();
    let namespace = scene.tenant_with("lost", json!({"cpu": "1"}));
    scene.ask(&deployment(&namespace, "web", 1)).unwrap();
    let pods = || scene.get(&["pods", "--namespace", &namespace])["items"].take();
    let first = until("the pod is there", || {
        let name = pods()[0]["metadata"]["name"].as_str().map(str::to_owned);
        name.ok_or_else(String::new)
    });
    scene.settled(&namespace, 1);
    bind(scene, &namespace, &first);
    leave(scene, &namespace, &first, "30");
    until("the replacement is there", || {
        let pods = pods();
        if pods.as_array().unwrap().len() == 2 { Ok(()) } else { Err(pods.to_string()) }
    });
    let events = scene.get(&["events", "--namespace", &namespace]);
    assert!(!events.to_string().contains("quota/exceeded"), "{events}");
    assert_eq!(scene.charged(&namespace)[CPU], 1);
}

#[test]
fn a_pod_past_its_grace_period_holds_nothing() {
    let scene = scene();
    let namespace = scene.tenant_with("past", json!({"cpu": "2"}));
    let mut stuck = pod(&namespace, "stuck", 2);
    stuck["metadata"]["finalizers"] = json!([FINALIZER]);
    scene.ask(&stuck).unwrap();
    bind(scene, &namespace, "stuck");
    scene.settled(&namespace, 2);
    leave(scene, &namespace, "stuck", "5");
    // Within its grace period it counts.
    scene.over_quota(&pod(&namespace, "next", 2));
    scene.settled(&namespace, 0);
    scene.ask(&pod(&namespace, "next", 2)).unwrap();
    let there = scene.get(&["pod", "stuck", "--namespace", &namespace]);
    assert!(there["metadata"]["deletionTimestamp"].is_string(), "{there}");
    scene.over_quota(&pod(&namespace, "one-more", 1));
    let patch = json!({"metadata": {"finalizers": null}}).to_string();
    scene.kubectl(&[
        "patch",
        "pod",
        "stuck",
        "--type=merge",
        "--patch",
        &patch,
        "--namespace",
        &namespace,
    ]);
}

fn claim(namespace: &str, name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": name, "namespace": namespace},
        "spec": {"accessModes": ["ReadWriteMany"], "resources": {"requests": {"storage": "50Gi"}}}})
}

/// A tenant that has room for one cluster and its claim.
fn tenant_of_claims(scene: &Scene, name: &str) {
    let hard = json!({"cpu": "3", "storage": "50Gi", "persistentVolumeClaims": 1});
    let volume = json!({"claimName": "{cluster}-state", "size": "50Gi"});
    scene.tenant_over(
        name,
        &[name],
        json!({"quota": {"hard": hard}, "storage": {"checkpoints": {"volume": volume}}}),
    );
}

#[test]
fn a_cluster_is_deleted_and_created_again_beside_the_claim_it_left() {
    let scene = scene();
    tenant_of_claims(scene, "remade");
    scene.ask(&cluster("remade", "etl", 2)).unwrap();
    scene.ask(&claim("remade", "etl-state")).unwrap();
    scene.settled("remade", 3);
    for _ in 0..2 {
        scene.kubectl(&["delete", "flinkdeployment", "etl", "--namespace", "remade"]);
        scene.ask(&cluster("remade", "etl", 2)).unwrap();
    }
    scene.settled("remade", 3);
    scene.kubectl(&["delete", "flinkdeployment", "etl", "--namespace", "remade"]);
    scene.settled("remade", 0);
    // The claim is of one cluster alone.
    let refusal = scene.over_quota(&cluster("remade", "other", 2));
    assert!(refusal.contains("50Gi more storage"), "{refusal}");
    scene.ask(&cluster("remade", "etl", 2)).unwrap();
    let (ledger, _) = scene.ledger("remade").unwrap();
    assert_eq!(ledger.total().get("persistentVolumeClaims").units_ceil(), 1);
    assert_eq!(charged(&ledger)[CPU], 3);
}

#[test]
fn a_cluster_is_created_again_right_after_its_last_pod_is_gone() {
    let scene = scene();
    full_cluster(scene, "last-pods");
    for name in ["etl-0", "etl-1", "etl-2"] {
        leave(scene, "last-pods", name, "120");
    }
    scene.kubectl(&["delete", "flinkdeployment", "etl", "--namespace", "last-pods"]);
    until("only its pods count", || {
        let (ledger, _) = scene.ledger("last-pods").unwrap();
        match ledger.charges().any(|(object, _)| object.kind == "FlinkDeployment") {
            true => Err(format!("{ledger:?}")),
            false => Ok(()),
        }
    });
    assert_eq!(scene.charged("last-pods")[CPU], 3);
    scene.over_quota(&cluster("last-pods", "etl", 2));
    remove_pods(scene, "last-pods");
    // Its pods still count for a moment.
    scene.ask(&cluster("last-pods", "etl", 2)).unwrap();
    scene.settled("last-pods", 3);
}

/// The same cluster with a job.
fn application(namespace: &str, name: &str) -> Value {
    let mut cluster = cluster(namespace, name, 2);
    cluster["spec"]["job"] = json!({"jarURI": "local:///opt/flink/jobs/job.jar", "parallelism": 2, "upgradeMode": "stateless"});
    cluster
}

fn patch(
    scene: &Scene,
    namespace: &str,
    sub_resource: &str,
    patch: &Value,
) -> Result<String, String> {
    let patch = patch.to_string();
    let mut arguments = vec![
        "patch",
        "flinkdeployment",
        "etl",
        "--type=merge",
        "--patch",
        &patch,
        "--namespace",
        namespace,
    ];
    if !sub_resource.is_empty() {
        arguments.extend(["--subresource", sub_resource]);
    }
    scene.try_kubectl(&arguments, "")
}

/// What the operator writes into the status of a job in a state.
fn report(scene: &Scene, namespace: &str, job: &str, lifecycle: &str) {
    let stored = scene.get(&["flinkdeployment", "etl", "--namespace", namespace]);
    let status = json!({"status": {"jobStatus": {"state": job}, "lifecycleState": lifecycle,
        "jobManagerDeploymentStatus": "MISSING", "observedGeneration": stored["metadata"]["generation"],
        "reconciliationStatus": {"state": "DEPLOYED", "lastReconciledSpec": "{}"}}});
    patch(scene, namespace, "status", &status).unwrap();
}

#[test]
fn a_job_that_ended_holds_nothing_until_it_is_started_again() {
    let scene = scene();
    for (namespace, state) in [("ended", "FINISHED"), ("failed", "FAILED")] {
        scene.tenant_with(namespace, json!({"cpu": "3"}));
        scene.ask(&application(namespace, "etl")).unwrap();
        let etl = scene.get(&["flinkdeployment", "etl", "--namespace", namespace]);
        scene.ask(&pod_of(&etl, "etl-0", 1)).unwrap();
        report(scene, namespace, state, "STABLE");
        // Its JobManager is there.
        scene.settled(namespace, 3);
        scene.kubectl(&["delete", "pod", "etl-0", "--namespace", namespace]);
        scene.settled(namespace, 0);
        scene.ask(&pod(namespace, "other", 3)).unwrap();
        // Labels and annotations change nothing.
        scene.kubectl(&["annotate", "flinkdeployment", "etl", "note=1", "--namespace", namespace]);
        let again = json!({"spec": {"restartNonce": 1}});
        let refusal = patch(scene, namespace, "", &again).unwrap_err();
        assert!(
            refusal.contains(
                "the job has ended and holds no quota, and starting it again requests 3 more cpu"
            ),
            "{refusal}"
        );
        scene.kubectl(&["delete", "pod", "other", "--namespace", namespace]);
        scene.settled(namespace, 0);
        patch(scene, namespace, "", &again).unwrap();
        scene.over_quota(&pod(namespace, "other", 1));
        scene.settled(namespace, 3);
    }
}

#[test]
fn suspended_jobs_keep_their_quota_unless_the_tenant_releases_it() {
    let scene = scene();
    for (namespace, suspended) in [("reserve", None), ("release", Some("Release"))] {
        let mut quota = json!({"hard": {"cpu": "3"}});
        if let Some(suspended) = suspended {
            quota["suspended"] = json!(suspended);
        }
        scene.tenant_over(namespace, &[namespace], json!({ "quota": quota }));
        scene.ask(&application(namespace, "etl")).unwrap();
        report(scene, namespace, "RUNNING", "STABLE");
        scene.settled(namespace, 3);
        let state =
            |state: &str| patch(scene, namespace, "", &json!({"spec": {"job": {"state": state}}}));
        state("suspended").unwrap();
        // Not before the operator has suspended it.
        scene.over_quota(&pod(namespace, "other", 3));
        report(scene, namespace, "FINISHED", "SUSPENDED");
        if suspended.is_none() {
            scene.settled(namespace, 3);
            scene.over_quota(&pod(namespace, "other", 3));
            state("running").unwrap();
            continue;
        }
        scene.settled(namespace, 0);
        scene.ask(&pod(namespace, "other", 3)).unwrap();
        // It may change as long as it stays suspended.
        patch(scene, namespace, "", &json!({"spec": {"job": {"parallelism": 1}}})).unwrap();
        let refusal = state("running").unwrap_err();
        assert!(
            refusal.contains("the suspended job holds no quota (`quota.suspended: Release`), and resuming it requests 3 more cpu"),
            "{refusal}"
        );
        scene.kubectl(&["delete", "pod", "other", "--namespace", namespace]);
        scene.settled(namespace, 0);
        state("running").unwrap();
        scene.settled(namespace, 3);
    }
}

/// A TaskManager as a native JobManager asks for it, which mounts its cluster's claim.
fn task_manager(namespace: &str, cluster: &str) -> Value {
    let labels =
        json!({"app": cluster, "component": "taskmanager", "type": "flink-native-kubernetes"});
    let container = json!({"name": "flink-main-container", "image": "registry.example.com/flink:1.20",
        "resources": {"requests": {"cpu": "1"}},
        "command": ["/docker-entrypoint.sh"], "args": ["bash", "-c", "kubernetes-taskmanager.sh"]});
    let name = format!("{cluster}-taskmanager-1-1");
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": namespace, "labels": labels},
        "spec": {"schedulerName": "nobody", "containers": [container]}})
}

#[test]
fn a_claim_of_a_cluster_that_never_was_goes_unless_it_has_a_volume() {
    let scene = scene();
    let volume = json!({"claimName": "{cluster}-state", "size": "1Gi", "storageClassName": "none"});
    let spec =
        json!({"quota": {"hard": {"cpu": "50"}}, "storage": {"checkpoints": {"volume": volume}}});
    scene.tenant_over("unused", &["unused"], spec);
    let claims = || -> Vec<String> {
        let all = scene.get(&["persistentvolumeclaims", "--namespace", "unused"]);
        let names = all["items"].as_array().unwrap().iter();
        names.map(|claim| claim["metadata"]["name"].as_str().unwrap().to_owned()).collect()
    };
    for name in ["ghost", "kept", "waits"] {
        scene.ask(&task_manager("unused", name)).unwrap();
    }
    until("the claims are made", || {
        if claims().len() == 3 { Ok(()) } else { Err(format!("{:?}", claims())) }
    });
    let mut mine = claim("unused", "mine-state");
    mine["metadata"]["labels"] = json!({"app.kubernetes.io/managed-by": "flinkgate"});
    mine["spec"]["storageClassName"] = json!("none");
    scene.ask(&mine).unwrap();
    let reference = json!({"namespace": "unused", "name": "kept-state"});
    let kept = json!({"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": "unused-kept"},
        "spec": {"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteMany"], "storageClassName": "none",
            "claimRef": reference, "hostPath": {"path": "/tmp/kept"}}});
    scene.ask(&kept).unwrap();
    until("it is bound", || {
        let claim = scene.get(&["persistentvolumeclaim", "kept-state", "--namespace", "unused"]);
        if claim["status"]["phase"] == "Bound" { Ok(()) } else { Err(claim["status"].to_string()) }
    });
    for name in ["ghost", "kept"] {
        let name = format!("{name}-taskmanager-1-1");
        scene.kubectl(&["delete", "pod", &name, "--namespace", "unused"]);
    }
    within(Duration::from_secs(240), "the claim that nothing used is gone", || {
        let left = claims();
        if left.iter().any(|name| name == "ghost-state") {
            Err(format!("{left:?}"))
        } else {
            Ok(())
        }
    });
    assert_eq!(claims(), ["kept-state", "mine-state", "waits-state"]);
}

#[test]
fn what_a_cluster_that_is_gone_asked_for_is_free_early() {
    let scene = scene();
    let namespace = scene.tenant_with("orphaned", json!({"cpu": "5"}));
    let refuse = |request: Value| {
        let doomed = request["object"].to_string().contains("doomed");
        async move { doomed.then(|| "refused by somebody else".to_owned()) }.boxed()
    };
    let webhook = Webhook::start(Arc::new(refuse));
    webhook.register(scene.admin(0), &namespace, &namespace);
    until("the other webhook is asked", || {
        let arguments = ["create", "--dry-run=server", "-f", "-"];
        let object = pod(&namespace, "doomed", 1).to_string();
        match scene.servers().iter().find_map(|server| server.try_kubectl(&arguments, &object).ok())
        {
            None => Ok(()),
            Some(printed) => Err(printed),
        }
    });
    scene.ask(&deployment(&namespace, "jm", 1)).unwrap();
    let jm = scene.get(&["deployment", "jm", "--namespace", &namespace]);
    scene.settled(&namespace, 1);
    let objects: Vec<Value> =
        (0..4).map(|number| pod_of(&jm, &format!("doomed-{number}"), 1)).collect();
    let answers = create_at_once(&scene.servers(), &objects);
    assert_eq!(answers.refusals().len(), 4, "{answers:?}");
    assert_eq!(scene.charged(&namespace)[CPU], 5);
    scene.kubectl(&["delete", "deployment", "jm", "--namespace", &namespace]);
    within(Duration::from_secs(80), "it is free before the horizon", || {
        scene.has_settled(&namespace, 0)
    });
}

/// The same outcomes while the leader changes and an API server restarts.
#[test]
fn places_stay_taken_when_the_leader_and_an_api_server_are_gone() {
    let mut scene = Scene::new(Options { api_servers: 2, nodes: 0, ..Options::default() }, 2);
    let etl = full_cluster(&scene, "handed-over");
    let flink = job_manager(&scene, "handed-over");
    leave(&scene, "handed-over", "etl-1", "30");
    create(&flink, &pod_of(&etl, "etl-3", 1)).unwrap();
    let leader = scene.replicas.iter().position(super::storm::leads).expect("a replica that leads");
    scene.installation.replicas[leader].process().kill();
    scene.installation.replace(leader);
    until("a replica leads", || {
        if scene.replicas.iter().any(super::storm::leads) { Ok(()) } else { Err(String::new()) }
    });
    is_over_quota(until("an answer", || answered(create(&flink, &pod_of(&etl, "etl-4", 1)))));
    scene.process("kube-apiserver-1").restart().unwrap();
    scene.wait_ready(1).unwrap();
    is_over_quota(until("an answer", || answered(create(&flink, &pod_of(&etl, "etl-4", 1)))));
    leave(&scene, "handed-over", "etl-2", "30");
    until("the replacement is admitted", || create(&flink, &pod_of(&etl, "etl-5", 1)));
    assert_eq!(scene.charged("handed-over")[CPU], 3);
    assert_eq!(
        scene.get(&["pods", "--namespace", "handed-over"])["items"].as_array().unwrap().len(),
        5
    );
}

/// An answer of Flinkgate, as opposed to none.
fn answered(answer: Result<String, String>) -> Result<Result<String, String>, String> {
    match answer {
        Err(refusal) if !refusal.contains("quota/exceeded") => Err(refusal),
        answer => Ok(answer),
    }
}

/// The leader learns of a deletion a moment later.
#[test]
fn a_cluster_takes_the_quota_of_one_that_was_just_deleted() {
    let scene = scene();
    let namespaces = ["next-0", "next-1"];
    scene.tenant_over("next", &namespaces, json!({"quota": {"hard": {"cpu": "3"}}}));
    for number in 0..4 {
        let name = format!("job-{number}");
        scene.ask(&cluster(namespaces[number % 2], &name, 2)).unwrap();
        if number != 2 {
            scene.settled("next", 3);
        }
        scene.over_quota(&cluster(namespaces[0], "other", 2));
        let namespace = ["--namespace", namespaces[number % 2]];
        scene.kubectl(
            &[&["delete", "flinkdeployment", &name, "--wait=false"], &namespace[..]].concat(),
        );
    }
    scene.ask(&cluster(namespaces[0], "last", 2)).unwrap();
    scene.over_quota(&cluster(namespaces[1], "other", 2));
}

/// What LimitRanges give to pods that do not exist yet.
#[test]
fn a_new_leader_counts_what_limit_ranges_give_as_it_was_charged() {
    let mut scene = Scene::new(Options { nodes: 0, ..Options::default() }, 2);
    let namespace = scene.tenant_with("ranges", json!({"cpu": "20"}));
    let limit_range = |cpu: &str| {
        json!({"apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": "d", "namespace": namespace},
            "spec": {"limits": [{"type": "Container", "default": {"cpu": cpu}}]}})
        .to_string()
    };
    scene.create(&limit_range("1"));
    let mut etl = cluster(&namespace, "etl", 2);
    let sidecar = json!({"name": "log", "image": "registry.example.com/flink:1.20", "resources": {"requests": {"memory": "64Mi"}}});
    etl["spec"]["podTemplate"] =
        json!({"spec": {"containers": [{"name": "flink-main-container"}, sidecar]}});
    scene.ask(&etl).unwrap();
    assert_eq!(scene.charged(&namespace)[CPU], 6);
    scene.settled(&namespace, 6);
    let leader = scene.replicas.iter().position(leads).expect("a replica that leads");
    scene.installation.replicas[leader].process().kill();
    scene.installation.replace(leader);
    until("a replica leads", || {
        if scene.replicas.iter().any(leads) { Ok(()) } else { Err(String::new()) }
    });
    // The new leader counts a pod, and the cluster again.
    scene.ask(&pod(&namespace, "more", 1)).unwrap();
    scene.settled(&namespace, 7);
    scene.apply(&limit_range("2"));
    scene.settled(&namespace, 10);
    // More TaskManagers are charged with what their sidecars will get.
    let here = ["--namespace", namespace.as_str()];
    scene.kubectl(&[&["scale", "flinkdeployment", "etl", "--replicas=3"], &here[..]].concat());
    assert_eq!(scene.charged(&namespace)[CPU], 13);
    scene.settled(&namespace, 13);
    scene.kubectl(&[&["delete", "limitrange", "d"], &here[..]].concat());
    scene.settled(&namespace, 5);
}
