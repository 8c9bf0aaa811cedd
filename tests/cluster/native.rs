//! Flink's native mode: a JobManager asks for its TaskManagers itself, as the service account of
//! its pod.
//!
//! Objects are those that Flink 2.3.0 asked for, as they were recorded.

use super::support::access::Access;
use super::support::installation::{Installation, events};
use super::support::wait::until;
use super::support::{ControlPlane, Flinkgate, Options};
use ::flinkgate::kinds;
use ::flinkgate::resource::Resource;
use serde_json::{Value, json};
use std::fs;

const TENANT: &str = "payments-prod";
const CLUSTER: &str = "fraud-scoring";

/// What was asked for in a recorded review, without what the API server had added.
pub fn recorded(file: &str) -> Value {
    let text =
        fs::read_to_string(format!("tests/data/recorded/native-2.3.0-application/{file}")).unwrap();
    let mut object = serde_json::from_str::<Value>(&text).unwrap()["request"]["object"].take();
    assert_eq!(object["metadata"]["namespace"], TENANT);
    object["metadata"].as_object_mut().unwrap().remove("managedFields");
    object.as_object_mut().unwrap().remove("status");
    if object["kind"] == "Pod" {
        let added = |value: &Value| value["name"].as_str().unwrap().starts_with("kube-api-access");
        object["spec"]["volumes"].as_array_mut().unwrap().retain(|volume| !added(volume));
        object["spec"]["containers"][0]["volumeMounts"]
            .as_array_mut()
            .unwrap()
            .retain(|mount| !added(mount));
        object["spec"].as_object_mut().unwrap().retain(|field, _| {
            !["tolerations", "priority", "preemptionPolicy"].contains(&field.as_str())
        });
    }
    object
}

/// What a JobManager may do: as Flink's documentation has it, but for pods alone.
fn service_account(admin: &Access) {
    let here = ["--namespace", TENANT];
    admin.kubectl(&["create", "serviceaccount", "flink", here[0], here[1]]);
    admin.kubectl(&["create", "role", "flink", "--verb=*", "--resource=pods", here[0], here[1]]);
    admin.kubectl(&[
        "create",
        "rolebinding",
        "flink",
        "--role=flink",
        &format!("--serviceaccount={TENANT}:flink"),
        here[0],
        here[1],
    ]);
}

/// A running JobManager, and what it may do.
struct JobManager {
    deployment: Value,
    pod: Value,
    access: Access,
}

impl JobManager {
    fn start(admin: &ControlPlane) -> Self {
        service_account(admin);
        admin.create(&recorded("01-CREATE-Deployment-fraud-scoring.json").to_string());
        let selector = "component=jobmanager";
        let pod = until("the JobManager runs", || {
            let pods = admin.get(&["pods", "--namespace", TENANT, "--selector", selector]);
            let pod = pods["items"][0].clone();
            if pod["status"]["phase"] == "Running" { Ok(pod) } else { Err(pod.to_string()) }
        });
        let access = admin.as_pod(TENANT, pod["metadata"]["name"].as_str().unwrap());
        Self { deployment: admin.get(&["deployment", CLUSTER, "--namespace", TENANT]), pod, access }
    }

    /// A TaskManager's pod as the JobManager asks for it.
    fn task_manager(&self, index: usize) -> Value {
        let mut pod = recorded("06-CREATE-Pod-fraud-scoring-taskmanager-1-1.json");
        let name = format!("{CLUSTER}-taskmanager-1-{index}");
        let arguments = pod["spec"]["containers"][0]["args"][2]
            .as_str()
            .unwrap()
            .replace("fraud-scoring-taskmanager-1-1", &name);
        pod["metadata"]["name"] = name.into();
        pod["spec"]["containers"][0]["args"][2] = arguments.into();
        pod["metadata"]["ownerReferences"][0]["uid"] = self.deployment["metadata"]["uid"].clone();
        pod
    }

    fn ask(&self, pod: &Value) -> Result<String, String> {
        self.access.try_kubectl(&["create", "-f", "-"], &pod.to_string())
    }
}

#[test]
fn native_task_managers_get_what_the_tenant_says_and_refused_ones_an_event_at_their_deployment() {
    let admin = Installation::new(Options::default(), 1);
    let gate = &admin.replicas[0];
    admin.tenant(
        TENANT,
        json!({
            "security": {"podSecurity": {"level": "restricted"}, "images": {"allow": ["registry.example.com/flink/*"]}, "serviceAccounts": ["flink"]},
            "scheduling": {"antiAffinity": {"taskManager": "Required"}, "nodeSelector": {"pool": "flink"}},
            "labels": {"cost-center": "4711"},
        }),
    );
    let job_manager = JobManager::start(&admin);
    task_managers_are_completed_spread_and_of_one_cluster(&admin, gate, &job_manager);
    a_refused_one_is_told_once_with_a_count(&admin, &job_manager);
    an_owner_that_cannot_be_named_is_not(&admin, &job_manager);
    labels_of_another_cluster_are_refused(&job_manager);
    let (_, metrics) = gate.health("/metrics").unwrap();
    assert!(metrics.contains("flinkgate_events_dropped_total 0"), "{metrics}");
}

fn task_managers_are_completed_spread_and_of_one_cluster(
    admin: &ControlPlane,
    gate: &Flinkgate,
    job_manager: &JobManager,
) {
    for index in [1, 2] {
        job_manager.ask(&job_manager.task_manager(index)).unwrap();
    }
    let pods: Vec<Value> =
        [1, 2].map(|index| wait_running(admin, &format!("{CLUSTER}-taskmanager-1-{index}"))).into();
    assert_ne!(pods[0]["spec"]["nodeName"], pods[1]["spec"]["nodeName"], "both on one node");
    for pod in &pods {
        let spec = &pod["spec"];
        let container = &spec["containers"][0]["securityContext"];
        assert_eq!(
            (&spec["nodeSelector"]["pool"], &pod["metadata"]["labels"]["cost-center"]),
            (&json!("flink"), &json!("4711"))
        );
        assert_eq!(spec["securityContext"]["runAsNonRoot"], true, "{spec:#}");
        assert_eq!(
            (&container["allowPrivilegeEscalation"], &container["capabilities"]["drop"]),
            (&json!(false), &json!(["ALL"]))
        );
        let term = &spec["affinity"]["podAntiAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
            [0];
        assert_eq!(
            term["labelSelector"]["matchLabels"],
            json!({"app": CLUSTER, "component": "taskmanager"})
        );
    }
    // JobManager and TaskManagers are told apart, and as one cluster, by what is stored of them.
    let roles: Vec<(String, &str, &str)> = std::iter::once(&job_manager.pod)
        .chain(&pods)
        .map(|pod| {
            let resource = Resource::from_manifest(pod.clone()).unwrap();
            let workload = kinds::lower(&resource, pod).unwrap();
            (workload.cluster.clone(), workload.engine.as_str(), workload.pods[0].role.as_str())
        })
        .collect();
    let of = |role| (CLUSTER.to_owned(), "native", role);
    assert_eq!(roles, [of("jobManager"), of("taskManager"), of("taskManager")]);
    // It was the JobManager's own pod that asked.
    let asked = gate.logged("the TaskManager's decision", |line| {
        line["name"] == pods[0]["metadata"]["name"] && line["patched"] == true
    });
    assert_eq!(
        (&asked["user"], &asked["tenant"]),
        (&json!(format!("system:serviceaccount:{TENANT}:flink")), &json!(TENANT))
    );
}

/// Whatever owner it writes: the API server knows which pod asks.
fn labels_of_another_cluster_are_refused(job_manager: &JobManager) {
    let mut pod = job_manager.task_manager(12);
    pod["metadata"]["labels"]["app"] = json!("fraud-billing");
    pod["metadata"]["ownerReferences"][0]["name"] = json!("fraud-billing");
    let refusal = job_manager.ask(&pod).unwrap_err();
    assert!(
        refusal.contains("security/foreign-cluster: the pod belongs to cluster `fraud-scoring`"),
        "{refusal}"
    );
}

fn wait_running(admin: &Access, name: &str) -> Value {
    until(&format!("{name} runs"), || {
        let pod = admin.get(&["pod", name, "--namespace", TENANT]);
        if pod["status"]["phase"] == "Running" { Ok(pod) } else { Err(pod["status"].to_string()) }
    })
}

fn a_refused_one_is_told_once_with_a_count(admin: &ControlPlane, job_manager: &JobManager) {
    let forbidden = |index| {
        let mut pod = job_manager.task_manager(index);
        pod["spec"]["containers"][0]["image"] = json!("registry.example.org/elsewhere/job:1");
        pod
    };
    // Flink asks again at once, under the next index.
    for index in 3..11 {
        let refusal = job_manager.ask(&forbidden(index)).unwrap_err();
        assert!(refusal.contains("security/image-registry: "), "{refusal}");
    }
    let dry = admin.refused(&["create", "--dry-run=server", "-f", "-"], &forbidden(3).to_string());
    assert!(dry.contains("security/image-registry"), "{dry}");
    let event = until("an Event counts all of them", || match events(admin, TENANT).as_slice() {
        [event] if event["series"]["count"] == 8 => Ok(event.clone()),
        other => Err(format!("{other:#?}")),
    });
    let (regarding, deployment) = (&event["regarding"], &job_manager.deployment);
    assert_eq!(
        (&regarding["kind"], &regarding["uid"]),
        (&json!("Deployment"), &deployment["metadata"]["uid"])
    );
    assert_eq!((&event["type"], &event["reason"]), (&json!("Warning"), &json!("Refused")));
    let said = format!(
        "tenant `{TENANT}` refuses Pod {TENANT}/{CLUSTER}-taskmanager-1-3: security/image-registry: "
    );
    assert!(event["note"].as_str().unwrap().starts_with(&said), "{event:#}");
    let described = admin.kubectl(&["describe", "deployment", CLUSTER, "--namespace", TENANT]);
    assert!(described.contains(&said) && described.contains("(x8 over "), "{described}");
}

fn an_owner_that_cannot_be_named_is_not(admin: &ControlPlane, job_manager: &JobManager) {
    let before = events(admin, TENANT);
    let mut pod = job_manager.task_manager(11);
    pod["spec"]["hostNetwork"] = json!(true);
    pod["metadata"]["ownerReferences"] = json!([{"apiVersion": "v1", "kind": "Node", "name": "node-0", "uid": admin.get(&["node", "node-0"])["metadata"]["uid"]}]);
    job_manager.ask(&pod).unwrap_err();
    let described = until("the tenant shows it", || {
        let described = admin.kubectl(&["describe", "flinktenant", TENANT]);
        if described.contains("Refused") { Ok(described) } else { Err(described) }
    });
    assert!(described.contains("security/host-namespaces: "), "{described}");
    assert_eq!(events(admin, TENANT).len(), before.len());
    assert_eq!(events(admin, "default")[0]["regarding"]["kind"], "FlinkTenant");
}
