//! What rests holds no quota, by the status that the operator wrote and never by what a request
//! says. What starts again requests all of it.

use crate::cases::{self, asked, review, tenant};
use flinkgate::pipeline::{Gate, Unassigned};
use flinkgate::quota::ledger::{ClaimNames, Request};
use serde_json::{Value, json};

fn gate(suspended: &str) -> Gate {
    let spec = json!({"quota": {"hard": {"cpu": "99"}, "suspended": suspended},
        "storage": {"checkpoints": {"volume": {"claimName": "{cluster}-state", "size": "1Gi"}}}});
    let folder = cases::folder([&tenant("payments", &["prod"], &spec)]);
    cases::gate(&folder, Unassigned::Warn).with_ledgers()
}

fn deployment(state: &str, status: Value) -> Value {
    let resource = json!({"cpu": 1, "memory": "2048m"});
    json!({"apiVersion": "flink.apache.org/v1beta1", "kind": "FlinkDeployment",
        "metadata": {"name": "etl", "namespace": "prod", "uid": "u", "resourceVersion": "7", "generation": 3},
        "spec": {"image": "registry.example.com/flink:1.20", "flinkVersion": "v1_20", "serviceAccount": "flink",
            "flinkConfiguration": {"taskmanager.numberOfTaskSlots": "1"},
            "jobManager": {"resource": resource}, "taskManager": {"resource": resource},
            "job": {"jarURI": "local:///a.jar", "parallelism": 2, "upgradeMode": "stateless", "state": state}},
        "status": status})
}

fn status(job: &str, lifecycle: &str, observed: u64) -> Value {
    json!({"jobStatus": {"state": job}, "lifecycleState": lifecycle, "observedGeneration": observed,
        "reconciliationStatus": {"state": "DEPLOYED", "lastReconciledSpec": "{}"}})
}

fn charge(gate: &Gate, operation: &str, object: &Value, old: &Value) -> Option<Request> {
    let mut resource = asked(&review(operation, object, old));
    if operation == "CREATE" {
        resource.object = gate.mutated(&resource);
    }
    let case = gate.lower_admitted(&resource)?;
    gate.charge(&case).map(|charge| charge.request)
}

fn cores(request: &Request) -> (u64, u64) {
    (request.before.get("cpu").units_ceil(), request.usage.get("cpu").units_ceil())
}

/// The object with another parallelism.
fn with_parallelism(mut object: Value, parallelism: u64) -> Value {
    object["spec"]["job"]["parallelism"] = parallelism.into();
    object
}

#[test]
fn a_created_object_counts_whatever_status_it_brings() {
    for (state, job, lifecycle) in
        [("running", "FINISHED", "STABLE"), ("suspended", "FINISHED", "SUSPENDED")]
    {
        let mut forged = deployment(state, status(job, lifecycle, 1));
        forged["metadata"]["generation"] = 1.into();
        let request = charge(&gate("Release"), "CREATE", &forged, &Value::Null).unwrap();
        assert_eq!(cores(&request), (0, 3));
        assert_eq!(request.claims, [ClaimNames::One("etl-state".into())], "{:?}", request.usage);
    }
}

#[test]
fn an_update_counts_by_the_stored_status() {
    let gate = gate("Release");
    let running = deployment("running", status("RUNNING", "STABLE", 3));
    let forged = with_parallelism(deployment("running", status("FINISHED", "STABLE", 4)), 9);
    assert_eq!(cores(&charge(&gate, "UPDATE", &forged, &running).unwrap()), (3, 10));

    let ended = deployment("running", status("FINISHED", "STABLE", 3));
    assert!(charge(&gate, "UPDATE", &ended, &ended).is_none(), "its labels may change");
    for (parallelism, cpu) in [(1, 2), (2, 3), (9, 10)] {
        let mut again = with_parallelism(ended.clone(), parallelism);
        again["spec"]["restartNonce"] = 1.into();
        assert_eq!(cores(&charge(&gate, "UPDATE", &again, &ended).unwrap()), (0, cpu));
    }
    // A status of another generation says nothing.
    let unseen = deployment("running", status("FINISHED", "STABLE", 2));
    assert!(charge(&gate, "UPDATE", &with_parallelism(unseen.clone(), 1), &unseen).is_none());
}

#[test]
fn a_resumed_job_requests_its_quota_where_the_tenant_released_it() {
    let suspended = deployment("suspended", status("FINISHED", "SUSPENDED", 3));
    let resumed = deployment("running", status("FINISHED", "SUSPENDED", 3));
    let larger = with_parallelism(suspended.clone(), 9);
    let (release, reserve) = (gate("Release"), gate("Reserve"));
    assert_eq!(cores(&charge(&release, "UPDATE", &resumed, &suspended).unwrap()), (0, 3));
    assert!(charge(&release, "UPDATE", &larger, &suspended).is_none(), "nothing runs");
    assert!(charge(&reserve, "UPDATE", &resumed, &suspended).is_none(), "it kept its quota");
    assert_eq!(cores(&charge(&reserve, "UPDATE", &larger, &suspended).unwrap()), (3, 10));
    // Suspended by its user alone: its pods may still run.
    let not_yet = deployment("suspended", status("RUNNING", "STABLE", 2));
    let more = with_parallelism(not_yet.clone(), 9);
    assert_eq!(cores(&charge(&release, "UPDATE", &more, &not_yet).unwrap()), (3, 10));
}

#[test]
fn only_controllers_and_accounts_of_the_namespace_replace_pods() {
    let gate = gate("Reserve");
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "etl-taskmanager-1-2", "namespace": "prod",
            "uid": "p", "labels": {"flinkgate.dev/replaces": "etl-taskmanager-1-1"}},
        "spec": {"containers": [{"name": "c", "image": "registry.example.com/a:1", "resources": {"requests": {"cpu": "1"}}}]}});
    for (user, expected) in [
        ("system:serviceaccount:kube-system:replicaset-controller", true),
        ("system:kube-controller-manager", true),
        ("system:serviceaccount:prod:flink", true),
        ("system:serviceaccount:prod-2:flink", false),
        ("system:serviceaccount:other:flink", false),
        ("alice", false),
        ("", false),
    ] {
        let mut asked = asked(&review("CREATE", &pod, &Value::Null));
        asked.user.username = user.into();
        let case = gate.lower_admitted(&asked).unwrap();
        assert_eq!(gate.charge(&case).unwrap().request.replaces, expected, "{user}");
        // Only a creation replaces anything.
        let mut old = pod.clone();
        old["spec"]["containers"][0]["resources"] = json!({});
        let mut update = crate::cases::asked(&review("UPDATE", &pod, &old));
        update.user.username = user.into();
        let case = gate.lower_admitted(&update).unwrap();
        assert!(!gate.charge(&case).unwrap().request.replaces, "{user}");
    }
}

/// A FlinkBlueGreenDeployment that its operator has reconciled with `reconciled`.
fn blue_green(spec: &Value, reconciled: &Value) -> Value {
    let of = |spec: &Value| json!({"template": {"spec": spec}});
    json!({"apiVersion": "flink.apache.org/v1beta1", "kind": "FlinkBlueGreenDeployment",
        "metadata": {"name": "etl", "namespace": "prod", "uid": "u", "resourceVersion": "7", "generation": 3},
        "spec": of(spec),
        "status": {"blueGreenState": "ACTIVE_BLUE", "jobStatus": {"state": "RUNNING"},
            "lastReconciledSpec": json!({"spec": of(reconciled)}).to_string()}})
}

#[test]
fn a_changed_blue_green_deployment_asks_the_ledger_whether_it_holds_its_quota() {
    let gate = gate("Release");
    let spec = |parallelism: u64, state: &str| {
        let mut object = with_parallelism(deployment(state, Value::Null), parallelism);
        object["spec"].take()
    };
    let running = spec(2, "running");
    let active = blue_green(&running, &running);
    let larger = spec(9, "running");
    let changed = blue_green(&larger, &running);
    // Nothing of the request says whether its children run: the ledger knows what is charged.
    assert_eq!(cores(&charge(&gate, "UPDATE", &changed, &active).unwrap()), (0, 20));
    assert!(charge(&gate, "UPDATE", &active, &active).is_none(), "its labels may change");
    // While the operator is at work, it holds its quota.
    let mut at_work = active.clone();
    at_work["status"]["blueGreenState"] = "TRANSITIONING_TO_GREEN".into();
    assert_eq!(cores(&charge(&gate, "UPDATE", &changed, &at_work).unwrap()), (6, 20));
    let suspended = blue_green(&spec(2, "suspended"), &spec(2, "suspended"));
    let resumed = blue_green(&running, &spec(2, "suspended"));
    assert_eq!(cores(&charge(&gate, "UPDATE", &resumed, &suspended).unwrap()), (0, 6));
    assert!(charge(&self::gate("Reserve"), "UPDATE", &resumed, &suspended).is_none());
}

#[test]
fn a_stopped_flink_cluster_requests_its_quota_when_it_starts_again() {
    let gate = gate("Reserve");
    let cluster = |replicas: u64, state: &str| {
        let resources = json!({"requests": {"cpu": "1", "memory": "2Gi"}, "limits": {"cpu": "1", "memory": "2Gi"}});
        json!({"apiVersion": "flinkoperator.k8s.io/v1beta1", "kind": "FlinkCluster",
            "metadata": {"name": "etl", "namespace": "prod", "uid": "u", "resourceVersion": "7"},
            "spec": {"flinkVersion": "1.20", "image": {"name": "registry.example.com/flink:1.20"},
                "jobManager": {"resources": resources}, "taskManager": {"replicas": replicas, "resources": resources},
                "job": {"mode": "Application", "restartPolicy": "Never"}},
            "status": {"state": state, "components": {"job": {"state": "Succeeded"}}}})
    };
    let (stopped, running) = (cluster(2, "Stopped"), cluster(2, "Running"));
    assert_eq!(cores(&charge(&gate, "UPDATE", &cluster(1, "Stopped"), &stopped).unwrap()), (0, 2));
    assert!(
        charge(&gate, "UPDATE", &cluster(1, "Stopped"), &running).is_none(),
        "the request brings the status"
    );
    assert_eq!(cores(&charge(&gate, "CREATE", &stopped, &Value::Null).unwrap()), (0, 3));
}
