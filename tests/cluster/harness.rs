//! The control plane for tests does what the other tests rely on, and leaves nothing behind.

use super::support::wait::until;
use super::support::{ControlPlane, Options, binaries, folder, shared};
use k8s_openapi::api::core::v1::Node;
use kube::api::{Api, ListParams};
use serde_json::{Value, json};
use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};

const DEPLOYMENT: &str = r"
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers: [{name: web, image: registry.example.com/web:1, volumeMounts: [{name: state, mountPath: /state}]}]
      volumes: [{name: state, persistentVolumeClaim: {claimName: state}}]
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: state}
spec: {accessModes: [ReadWriteMany], resources: {requests: {storage: 1Gi}}}
";

const FLINK_DEPLOYMENT: &str = r#"
apiVersion: flink.apache.org/v1beta1
kind: FlinkDeployment
metadata: {name: etl}
spec:
  image: registry.example.com/flink/etl:1.4.2
  flinkVersion: v1_20
  serviceAccount: flink
  flinkConfiguration: {taskmanager.numberOfTaskSlots: "2"}
  podTemplate: {spec: {containers: [{name: flink-main-container, env: [{name: A, value: b}]}]}}
  jobManager: {resource: {cpu: 1, memory: 2048m}}
  taskManager: {replicas: 2, resource: {cpu: 2, memory: 4096m}}
"#;

#[test]
fn a_deployment_of_three_replicas_runs_with_its_claim() {
    let control_plane = shared();
    let namespace = control_plane.namespace("web");
    control_plane
        .try_kubectl(&["apply", "--server-side", "--namespace", &namespace, "-f", "-"], DEPLOYMENT)
        .unwrap();
    control_plane.kubectl(&[
        "rollout",
        "status",
        "deployment/web",
        "--timeout=60s",
        "--namespace",
        &namespace,
    ]);
    let pods = control_plane.get(&["pods", "--namespace", &namespace]);
    let nodes: Vec<&str> = pods["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|pod| pod["spec"]["nodeName"].as_str())
        .collect();
    assert_eq!(nodes.len(), 3, "{nodes:?}");
    let claim = control_plane.get(&["persistentvolumeclaim", "state", "--namespace", &namespace]);
    assert_eq!(claim["status"]["phase"], "Bound", "{claim:#}");
}

#[test]
fn users_and_service_accounts_are_who_they_say() {
    let control_plane = shared();
    let namespace = control_plane.namespace("who");
    let who = |answer: String| {
        serde_json::from_str::<Value>(&answer).unwrap()["status"]["userInfo"].take()
    };
    let arguments = ["auth", "whoami", "-o", "json"];
    let alice = who(control_plane
        .as_user("alice@example.com", &["developers", "night-shift"])
        .kubectl(&arguments));
    assert_eq!(alice["username"], "alice@example.com");
    assert_eq!(alice["groups"], json!(["developers", "night-shift", "system:authenticated"]));
    let account = who(control_plane.as_service_account(&namespace, "default").kubectl(&arguments));
    assert_eq!(account["username"], json!(format!("system:serviceaccount:{namespace}:default")));
}

#[tokio::test]
async fn clients_speak_for_their_user() {
    let list = ListParams::default();
    let nodes = Api::<Node>::all(shared().client().await).list(&list).await.unwrap();
    assert_eq!(nodes.items.len(), 3);
    let nobody = Api::<Node>::all(shared().as_user("nobody", &[]).client().await)
        .list(&list)
        .await
        .unwrap_err();
    assert!(nobody.to_string().contains("nobody"), "{nobody}");
}

#[test]
fn a_flink_deployment_is_stored_and_scaled() {
    let control_plane = shared();
    let namespace = control_plane.namespace("flink");
    control_plane
        .try_kubectl(&["create", "--namespace", &namespace, "-f", "-"], FLINK_DEPLOYMENT)
        .unwrap();
    control_plane.kubectl(&[
        "scale",
        "flinkdeployment/etl",
        "--replicas=5",
        "--namespace",
        &namespace,
    ]);
    let stored = control_plane.get(&["flinkdep", "etl", "--namespace", &namespace]);
    assert_eq!(stored["spec"]["taskManager"]["replicas"], 5);
    assert_eq!(
        stored["spec"]["podTemplate"]["spec"]["containers"][0]["env"][0]["value"], "b",
        "{stored:#}"
    );
    let status = r#"{"status": {"lifecycleState": "STABLE"}}"#;
    control_plane.kubectl(&[
        "patch",
        "flinkdep",
        "etl",
        "--subresource=status",
        "--type=merge",
        "-p",
        status,
        "--namespace",
        &namespace,
    ]);
    let stored = control_plane.get(&["flinkdep", "etl", "--namespace", &namespace]);
    assert_eq!(stored["status"]["lifecycleState"], "STABLE");
}

#[test]
fn every_flink_kind_is_served_with_its_sub_resources() {
    let resources = |group: &str| {
        let answer: Value = serde_json::from_str(&shared().kubectl(&[
            "get",
            "--raw",
            &format!("/apis/{group}/v1beta1"),
        ]))
        .unwrap();
        let mut names: Vec<String> = answer["resources"]
            .as_array()
            .unwrap()
            .iter()
            .map(|resource| resource["name"].as_str().unwrap().to_owned())
            .collect();
        names.sort();
        names
    };
    let operator = [
        "flinkbluegreendeployments",
        "flinkbluegreendeployments/status",
        "flinkdeployments",
        "flinkdeployments/scale",
        "flinkdeployments/status",
        "flinksessionjobs",
        "flinksessionjobs/status",
        "flinkstatesnapshots",
        "flinkstatesnapshots/status",
    ];
    assert_eq!(resources("flink.apache.org"), operator);
    assert_eq!(resources("flinkoperator.k8s.io"), ["flinkclusters", "flinkclusters/status"]);
    assert_eq!(resources("flink.k8s.io"), ["flinkapplications", "flinkapplications/status"]);
}

#[test]
fn two_api_servers_share_one_etcd_and_each_may_be_away() {
    let control_plane =
        ControlPlane::start(Options { api_servers: 2, nodes: 0, ..Options::default() });
    control_plane.admin(0).kubectl(&["create", "configmap", "shared", "--from-literal=a=b"]);
    assert_eq!(control_plane.admin(1).get(&["configmap", "shared"])["data"]["a"], "b");

    control_plane.process("kube-apiserver-0").kill();
    control_plane.admin(1).kubectl(&["get", "configmap", "shared"]);
    control_plane.admin(0).refused(&["get", "configmap", "shared"], "");
    control_plane.process("kube-apiserver-0").restart().unwrap();
    control_plane.wait_ready(0).unwrap();
    control_plane.admin(0).kubectl(&["get", "configmap", "shared"]);

    let create = ["create", "configmap", "later", "--request-timeout=2s"];
    control_plane.process("etcd").signal("STOP");
    control_plane.refused(&create, "");
    control_plane.process("etcd").signal("CONT");
    until("etcd takes writes again", || {
        control_plane.try_kubectl(
            &["apply", "-f", "-"],
            r#"{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "later"}}"#,
        )
    });
}

const REPORT_TO: &str = "FLINKGATE_TEST_REPORT_TO";

/// Run by the test below, in a process of its own that is killed.
#[test]
#[ignore = "a part of another test"]
fn a_control_plane_that_is_left_alone() {
    let Some(report) = std::env::var_os(REPORT_TO) else { return };
    let control_plane = ControlPlane::start(Options { nodes: 1, ..Options::default() });
    let partial = Path::new(&report).with_extension("partial");
    fs::write(&partial, control_plane.folder().to_str().unwrap()).unwrap();
    fs::rename(partial, report).unwrap();
    std::thread::sleep(super::support::wait::PATIENCE * 3);
}

#[test]
fn nothing_is_left_of_a_test_process_that_is_killed() {
    binaries::control_plane().unwrap_or_else(|error| panic!("{error}"));
    let folder = tempfile::tempdir().unwrap();
    let report = folder.path().join("report");
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "harness::a_control_plane_that_is_left_alone",
            "--ignored",
            "--nocapture",
        ])
        .env(REPORT_TO, &report)
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let started = until("the control plane of the other process is there", || {
        assert!(child.try_wait().unwrap().is_none(), "the other process ended");
        fs::read_to_string(&report).map_err(|error| error.to_string())
    });
    let (etcd, kwok) = (running(&started, "etcd"), running(&started, "kwok"));
    assert!(!etcd.is_empty() && !kwok.is_empty(), "etcd {etcd:?}, kwok {kwok:?}");

    child.kill().unwrap();
    child.wait().unwrap();
    until("everything has ended", || match running(&started, "") {
        left if left.is_empty() => Ok(()),
        left => Err(left.join("\n")),
    });
    until("the folder is gone", || {
        if Path::new(&started).exists() { Err(started.clone()) } else { Ok(()) }
    });
}

/// Command lines of processes that work in `folder`.
fn running(folder: &str, program: &str) -> Vec<String> {
    let output = Command::new("ps").args(["-A", "-o", "args="]).output().unwrap();
    let lines =
        String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect::<Vec<_>>();
    lines.into_iter().filter(|line| line.contains(folder) && line.contains(program)).collect()
}

#[test]
fn folders_whose_owner_is_dead_are_removed() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = |name: &str| {
        let folder = temporary.path().join(name);
        fs::create_dir(&folder).unwrap();
        File::create(folder.join("owner.lock")).unwrap()
    };
    let alive = folder("flinkgate-cluster-alive");
    alive.lock().unwrap();
    drop((folder("flinkgate-cluster-dead"), folder("of-others")));
    folder::remove_leftovers(temporary.path());
    let mut left: Vec<_> =
        fs::read_dir(temporary.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, ["flinkgate-cluster-alive", "of-others"]);
}

#[test]
fn without_go_the_message_says_what_to_install() {
    let cache = tempfile::tempdir().unwrap();
    let error = binaries::find(None, cache.path(), Path::new("/nowhere/go")).unwrap_err();
    assert!(
        error.contains("need Go 1.26 or newer")
            && error.contains("install Go")
            && error.contains("KUBEBUILDER_ASSETS"),
        "{error}"
    );
}

#[test]
fn programs_of_envtest_are_used_where_they_are() {
    let (assets, cache) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let all = [
        "etcd",
        "kube-apiserver",
        "kubectl",
        "kube-controller-manager",
        "kube-scheduler",
        "kwok",
        "kwok-stages.yaml",
    ];
    for file in all {
        File::create(assets.path().join(file)).unwrap();
    }
    let found =
        binaries::find(Some(assets.path()), cache.path(), Path::new("/nowhere/go")).unwrap();
    assert_eq!(found.kube_apiserver, assets.path().join("kube-apiserver"));
    fs::remove_file(assets.path().join("kube-scheduler")).unwrap();
    let error =
        binaries::find(Some(assets.path()), cache.path(), Path::new("/nowhere/go")).unwrap_err();
    assert!(error.contains("need Go"), "{error}");
}
