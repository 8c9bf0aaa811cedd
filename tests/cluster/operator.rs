//! From FlinkDeployment to running pods, through an operator-shaped controller, the real
//! controllers and the real scheduler: what Flinkgate injects is what happens.

use super::support::installation::{example, installation};
use super::support::operator::{Operator, operator_account};
use super::support::wait::until;
use ::flinkgate::mutate::VOLUME_NAME;
use serde_json::{Value, json};
use std::collections::BTreeSet;

const NODES: usize = 3;

/// A standalone cluster with a TaskManager for every node, of a tenant that keeps them apart.
fn cluster(tenant: &str) -> (String, Value) {
    let mut spec = example("tenants/payments.yaml", "")["spec"].take();
    spec["scheduling"]["antiAffinity"] = json!({"taskManager": "Required"});
    let namespace = installation().tenant(tenant, spec);
    installation().kubectl(&["create", "serviceaccount", "flink", "--namespace", &namespace]);
    let claim = json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "etl-state", "namespace": namespace},
        "spec": {"accessModes": ["ReadWriteMany"], "resources": {"requests": {"storage": "1Gi"}}}});
    installation().create(&claim.to_string());
    let mut object = example("manifests/etl.yaml", &namespace);
    object["spec"]["mode"] = json!("standalone");
    object["spec"]["job"]["jarURI"] = json!("local:///opt/flink/jobs/etl.jar");
    object["spec"]["taskManager"]["replicas"] = json!(NODES);
    // A side car, so that templates have something to be merged.
    let container = json!({"name": "log", "image": "registry.example.com/flink/log:1.0",
        "resources": {"requests": {"cpu": "100m", "memory": "64Mi"}, "limits": {"cpu": "100m", "memory": "64Mi"}}});
    object["spec"]["podTemplate"] =
        json!({"spec": {"containers": [{"name": "flink-main-container"}, container]}});
    (namespace, object)
}

fn pods(namespace: &str, component: &str) -> Vec<Value> {
    let selector = format!("app=etl,component={component}");
    let list = installation().get(&["pods", "--namespace", namespace, "--selector", &selector]);
    list["items"].as_array().unwrap().clone()
}

/// Waits until so many pods of a component run, and gives them and those that wait.
fn wait_running(
    namespace: &str,
    component: &str,
    count: usize,
    waiting: usize,
) -> (Vec<Value>, Vec<Value>) {
    until("pods run", || {
        let (running, others): (Vec<_>, Vec<_>) = pods(namespace, component)
            .into_iter()
            .partition(|pod| pod["status"]["phase"] == "Running");
        if running.len() == count && others.len() == waiting {
            return Ok((running, others));
        }
        let sets = installation().get(&["replicasets", "--namespace", namespace]);
        let conditions: Vec<&Value> =
            sets["items"].as_array().unwrap().iter().map(|set| &set["status"]).collect();
        Err(format!("{} run, {} do not: {others:?} {conditions:?}", running.len(), others.len()))
    })
}

fn node(pod: &Value) -> &str {
    pod["spec"]["nodeName"].as_str().unwrap()
}

#[test]
fn task_managers_stand_on_different_nodes_and_mount_the_tenants_claim() {
    let admin = installation();
    let (namespace, object) = cluster("operator");
    let operator = Operator::start(&operator_account(admin), &namespace);
    admin.create(&object.to_string());

    let (task_managers, _) = wait_running(&namespace, "taskmanager", NODES, 0);
    let (job_managers, _) = wait_running(&namespace, "jobmanager", 1, 0);
    assert_eq!(
        task_managers.iter().map(node).collect::<BTreeSet<_>>().len(),
        NODES,
        "{task_managers:#?}"
    );
    for pod in task_managers.iter().chain(&job_managers) {
        has_what_the_tenant_gives(pod);
    }
    let term = json!([{"labelSelector": {"matchLabels": {"app": "etl", "component": "taskmanager"}}, "topologyKey": "kubernetes.io/hostname"}]);
    for pod in &task_managers {
        let affinity = &pod["spec"]["affinity"]["podAntiAffinity"];
        assert_eq!(
            affinity["requiredDuringSchedulingIgnoredDuringExecution"], term,
            "{affinity:#}"
        );
    }
    let claim = admin.get(&["persistentvolumeclaim", "etl-state", "--namespace", &namespace]);
    assert_eq!(claim["status"]["phase"], "Bound", "{claim:#}");

    // One TaskManager more than there are nodes has no place.
    admin.kubectl(&[
        "scale",
        "flinkdeployment/etl",
        &format!("--replicas={}", NODES + 1),
        "--namespace",
        &namespace,
    ]);
    let unschedulable = || {
        let (_, waiting) = wait_running(&namespace, "taskmanager", NODES, 1);
        let condition = waiting[0]["status"]["conditions"][0].clone();
        let message = condition["message"].as_str().unwrap_or_default();
        if message.contains("anti-affinity") { Ok(condition) } else { Err(waiting[0].to_string()) }
    };
    let condition = until("the scheduler says why the last one waits", unschedulable);
    assert_eq!(
        (&condition["type"], &condition["reason"]),
        (&json!("PodScheduled"), &json!("Unschedulable"))
    );

    // It goes as it came.
    admin.kubectl(&[
        "delete",
        "flinkdeployment",
        "etl",
        "--namespace",
        &namespace,
        "--timeout=60s",
    ]);
    until("its pods are gone", || match pods(&namespace, "taskmanager") {
        left if left.is_empty() => Ok(()),
        left => Err(format!("{left:?}")),
    });
    assert_eq!(operator.complaints(), Vec::<String>::new());
}

fn has_what_the_tenant_gives(pod: &Value) {
    let spec = &pod["spec"];
    let list = |value: &Value| value.as_array().unwrap().clone();
    let claims: Vec<Value> = list(&spec["volumes"])
        .into_iter()
        .filter(|volume| volume.get("persistentVolumeClaim").is_some())
        .collect();
    assert_eq!(
        claims,
        [json!({"name": VOLUME_NAME, "persistentVolumeClaim": {"claimName": "etl-state"}})]
    );
    let main = list(&spec["containers"])
        .into_iter()
        .find(|container| container["name"] == "flink-main-container")
        .unwrap();
    let mounts: Vec<Value> = list(&main["volumeMounts"])
        .into_iter()
        .filter(|mount| mount["name"] == VOLUME_NAME)
        .collect();
    assert_eq!(mounts, [json!({"name": VOLUME_NAME, "mountPath": "/flink/state"})]);
    assert_eq!(spec["nodeSelector"], json!({"pool": "flink"}));
    assert!(
        list(&spec["tolerations"]).contains(&json!({"key": "flink", "operator": "Exists"})),
        "{spec:#}"
    );
    assert_eq!(pod["metadata"]["labels"]["cost-center"], "4711");
    for container in list(&spec["containers"]) {
        assert_eq!(
            container["securityContext"]["allowPrivilegeEscalation"], false,
            "{container:#}"
        );
    }
}

#[test]
fn a_namespace_with_flink_in_it_goes_away() {
    let admin = installation();
    let (namespace, object) = cluster("leaving");
    let operator = Operator::start(&operator_account(admin), &namespace);
    admin.create(&object.to_string());
    wait_running(&namespace, "taskmanager", NODES, 0);
    admin.kubectl(&["delete", "namespace", &namespace, "--timeout=60s"]);
    // Whatever it is that a namespace on its way out refuses, nobody but the API server itself
    // does.
    assert!(
        !operator.complaints().join("\n").contains("flinkgate.dev"),
        "{:?}",
        operator.complaints()
    );
}
