//! Case 09: who made an object is what the API server says, not what the object says.

use assert_cmd::Command;
use flinkgate::flink::container_defaults::ContainerDefaults;
use flinkgate::flink::requester::{DEFAULT_OPERATOR_USER, OperatorUsers};
use flinkgate::pipeline::{Answer, Gate, Unassigned};
use flinkgate::quota::ledger::{LiveObject, Request};
use flinkgate::resource::{Operation, Resource, UserInfo, yaml};
use flinkgate::rules::Level;
use serde_json::{Value, json};

const TENANTS: &str = "tests/data/bypasses/tenants/strict.yaml";

fn gate() -> Gate {
    Gate::load(&[TENANTS.into()], &[], Unassigned::Deny).unwrap().0
}

fn objects(case: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(format!("tests/data/bypasses/{case}.yaml")).unwrap();
    yaml::parse(&text).into_iter().filter_map(|document| document.value).collect()
}

fn from(user: &str, object: &Value) -> Resource {
    let user = UserInfo { username: user.into(), ..UserInfo::default() };
    Resource { user, ..Resource::from_manifest(object.clone()).unwrap() }
}

fn is_refused(answer: &Answer) -> bool {
    answer.findings.iter().any(|finding| finding.level == Level::Error)
}

const FORGERS: [&str; 6] = [
    "alice",
    "",
    "flink-operator",
    "system:serviceaccount:strict:flink-operator",
    "system:serviceaccount:strict:flink",
    "system:serviceaccount:kube-system:replicaset-controller",
];

/// Owners that a user may write: of every operator, controlling or not, and Flink's native mode.
fn owners() -> Vec<Value> {
    let mut owners = Vec::new();
    for (version, kind) in [
        ("flink.apache.org/v1beta1", "FlinkDeployment"),
        ("flink.apache.org/v1beta1", "FlinkStateSnapshot"),
        ("flink.apache.org/v2", "FlinkSessionJob"),
        ("flinkoperator.k8s.io/v1beta1", "FlinkCluster"),
        ("flink.k8s.io/v1beta1", "FlinkApplication"),
        ("apps/v1", "Deployment"),
    ] {
        for controller in [true, false] {
            owners.push(json!([{"apiVersion": version, "kind": kind, "name": "x", "uid": "u", "controller": controller}]));
        }
    }
    owners
}

fn workload(kind: &str) -> Value {
    let template = json!({"metadata": {"labels": {"a": "b", "type": "flink-native-kubernetes"}}, "spec": {"hostPID": true,
        "containers": [{"name": "a", "image": "evil/x:latest", "securityContext": {"privileged": true}}]}});
    let (version, spec) = match kind {
        "Job" => ("batch/v1", json!({"parallelism": 1000, "template": template})),
        "CronJob" => (
            "batch/v1",
            json!({"schedule": "* * * * *", "jobTemplate": {"spec": {"parallelism": 1000, "template": template}}}),
        ),
        _ => (
            "apps/v1",
            json!({"replicas": 1000, "selector": {"matchLabels": {"a": "b"}}, "template": template}),
        ),
    };
    json!({"apiVersion": version, "kind": kind, "metadata": {"name": "w", "namespace": "strict",
        "labels": {"type": "flink-native-kubernetes"}}, "spec": spec})
}

#[test]
fn the_objects_of_the_case_are_refused() {
    let gate = gate();
    for object in objects("09-forged-owner") {
        for user in FORGERS {
            assert!(is_refused(&gate.validate(&from(user, &object))), "{user} {object}");
        }
        assert!(!is_refused(&gate.validate(&from(DEFAULT_OPERATOR_USER, &object))), "{object}");
    }
}

#[test]
fn no_owner_exempts_a_workload() {
    let gate = gate();
    for kind in ["Deployment", "StatefulSet", "Job", "CronJob"] {
        for owners in owners() {
            let mut object = workload(kind);
            object["metadata"]["ownerReferences"] = owners;
            for user in FORGERS {
                let mut resource = from(user, &object);
                assert!(is_refused(&gate.validate(&resource)), "{user} {object}");
                resource.operation = Operation::Update;
                resource.old_object = Some(json!({"metadata": {}, "spec": {}}));
                assert!(is_refused(&gate.validate(&resource)), "{user} {object}");
            }
        }
    }
}

#[test]
fn what_claims_an_owner_is_charged() {
    let gate = gate().with_ledgers();
    let request = |user: &str, object: &Value| -> Option<Request> {
        let resource = from(user, object);
        let case = gate.lower(&resource, true).unwrap();
        gate.charge(&case).map(|charge| charge.request)
    };
    for kind in ["Deployment", "StatefulSet", "Job", "CronJob"] {
        for owners in owners() {
            let mut object = workload(kind);
            object["metadata"]["ownerReferences"] = owners;
            object["metadata"]["uid"] = json!("w");
            let charged = request("alice", &object).unwrap();
            assert_eq!(charged.usage.get("pods").units_ceil(), 1000, "{object}");
            assert!(request(DEFAULT_OPERATOR_USER, &object).is_none(), "{object}");
            let stored = Resource::from_manifest(object).unwrap();
            let tenant = gate.tenants().iter().next().cloned();
            let LiveObject { usage, .. } =
                gate.living(&stored, tenant.as_deref(), ContainerDefaults::default()).unwrap();
            assert_eq!(usage, charged.usage);
        }
    }
}

#[test]
fn a_job_manager_counts_as_a_cluster_whatever_its_owner_is() {
    let gate = gate().with_ledgers();
    for owners in owners() {
        let mut object = workload("Deployment");
        object["metadata"]["ownerReferences"] = owners;
        object["spec"]["template"]["spec"]["containers"][0]["args"] = json!(["standalone-job"]);
        let resource = from("alice", &object);
        let case = gate.lower(&resource, true).unwrap();
        let usage = gate.charge(&case).unwrap().request.usage;
        assert_eq!(["clusters", "jobs"].map(|name| usage.get(name).units_ceil()), [1, 1]);
    }
}

#[test]
fn only_operators_expose_what_was_checked_at_its_owner() {
    let gate = gate();
    let service = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "etl-rest", "namespace": "strict",
        "labels": {"type": "flink-native-kubernetes"}}, "spec": {"type": "ClusterIP", "clusterIP": "None",
        "externalIPs": ["203.0.113.7"], "ports": [{"name": "rest", "port": 8081}]}});
    let mut ingress = objects("09-forged-owner").pop().unwrap();
    for owners in owners() {
        for object in [&mut service.clone(), &mut ingress] {
            object["metadata"]["ownerReferences"] = owners.clone();
            for user in ["alice", "", "system:serviceaccount:strict:flink"] {
                assert!(is_refused(&gate.validate(&from(user, object))), "{user} {object}");
            }
        }
        assert!(!is_refused(&gate.validate(&from(DEFAULT_OPERATOR_USER, &ingress))));
        // A controller of Kubernetes writes an annotation to what exists.
        let controller = "system:serviceaccount:kube-system:service-controller";
        let mut update = from(controller, &ingress);
        update.operation = Operation::Update;
        update.old_object = Some(ingress.clone());
        update.object["metadata"]["annotations"] = json!({"a": "b"});
        assert!(!is_refused(&gate.validate(&update)));
        update.user.username = "alice".into();
        assert!(is_refused(&gate.validate(&update)));
    }
}

#[test]
fn the_operators_user_is_configured() {
    let object = objects("09-forged-owner").remove(0);
    let gate = gate().with_operator_users(OperatorUsers::new(["ops".to_owned()]));
    assert!(!is_refused(&gate.validate(&from("ops", &object))));
    assert!(is_refused(&gate.validate(&from(DEFAULT_OPERATOR_USER, &object))));
    let review = |user: &str, arguments: &[&str]| {
        let review = json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {"uid": "1",
            "kind": {"group": "apps", "version": "v1", "kind": "Deployment"}, "resource": {"group": "apps", "version": "v1", "resource": "deployments"},
            "operation": "CREATE", "namespace": "strict", "name": "w", "userInfo": {"username": user}, "object": object}});
        let mut command = Command::cargo_bin("flinkgate").unwrap();
        command.args(["review", "--tenants", TENANTS]).args(arguments);
        command.write_stdin(review.to_string()).output().unwrap().status.success()
    };
    assert!(review(DEFAULT_OPERATOR_USER, &[]) && !review("alice", &[]));
    assert!(review("alice", &["--operator-user", "bob", "--operator-user=alice"]));
    assert!(!review(DEFAULT_OPERATOR_USER, &["--operator-user", "alice"]));
}

/// An honest cluster and what its operator makes of it, as `kubectl get` prints both.
fn dump(replicas: u64) -> String {
    let cluster = json!({"apiVersion": "flink.apache.org/v1beta1", "kind": "FlinkDeployment",
        "metadata": {"name": "etl", "namespace": "n", "uid": "1"},
        "spec": {"image": "flink:1.20", "flinkVersion": "v1_20", "serviceAccount": "flink", "mode": "standalone",
            "jobManager": {"resource": {"cpu": 1, "memory": "2048m"}},
            "taskManager": {"resource": {"cpu": 1, "memory": "2048m"}, "replicas": 2}}});
    let deployment = |name: &str, role: &str, replicas: u64| {
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name, "namespace": "n",
            "ownerReferences": [{"apiVersion": "flink.apache.org/v1beta1", "kind": "FlinkDeployment", "name": "etl", "uid": "1"}]},
            "spec": {"replicas": replicas, "template": {"metadata": {"labels": {"app": "etl", "component": role, "type": "flink-standalone-kubernetes"}},
                "spec": {"serviceAccountName": "flink", "containers": [{"name": "flink-main-container", "image": "flink:1.20", "args": [role],
                    "resources": {"requests": {"cpu": "1", "memory": "2Gi"}, "limits": {"cpu": "1", "memory": "2Gi"}}}]}}}})
    };
    [
        cluster,
        deployment("etl", "jobmanager", 1),
        deployment("etl-taskmanager", "taskmanager", replicas),
    ]
    .map(|object| object.to_string())
    .join("\n---\n")
}

#[test]
fn lint_counts_a_cluster_and_its_deployments_once() {
    let folder = tempfile::tempdir().unwrap();
    let tenants = folder.path().join("tenants.yaml");
    let tenant = json!({"apiVersion": "flinkgate.dev/v1alpha1", "kind": "FlinkTenant", "metadata": {"name": "n"},
        "spec": {"namespaces": {"names": ["n"]}, "quota": {"hard": {"cpu": "3", "clusters": 1}}}});
    std::fs::write(&tenants, tenant.to_string()).unwrap();
    let errors = |input: &str| -> Vec<String> {
        let output = Command::cargo_bin("flinkgate")
            .unwrap()
            .args(["lint", "-", "--format", "json", "--tenants", tenants.to_str().unwrap()])
            .write_stdin(input.to_owned())
            .output()
            .unwrap();
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        let findings = report["findings"].as_array().unwrap().iter();
        let errors = findings.filter(|finding| finding["level"] == "error");
        errors.map(|finding| finding["rule"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(errors(&dump(2)), Vec::<String>::new());
    assert!(errors(&dump(3)).iter().all(|rule| rule == "quota/exceeded"));
    assert!(!errors(&dump(3)).is_empty());
    // Without their owner they count alone.
    let (_, deployments) =
        dump(2).split_once("---").map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
    assert_eq!(errors(&deployments), Vec::<String>::new());
    let doubled = format!("{}\n---\n{}", dump(2), deployments.replace("\"etl\"", "\"web\""));
    assert!(!errors(&doubled).is_empty());
}

/// A claim that is bound to an existing volume, as a restored backup is.
#[test]
fn only_administrators_restore_volumes() {
    let claim = json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "strict-state", "namespace": "strict"},
        "spec": {"volumeName": "pv-of-billing", "storageClassName": "nfs", "accessModes": ["ReadWriteMany"], "resources": {"requests": {"storage": "1Gi"}}}});
    let refusal = |resource: &Resource| {
        let findings = gate().validate(resource).findings.into_iter();
        findings
            .filter(|finding| finding.rule == "storage/claims")
            .map(|finding| finding.help.unwrap())
            .collect::<Vec<_>>()
    };
    let tools = ["system:serviceaccount:velero:velero", "system:serviceaccount:argocd:controller"];
    for user in FORGERS.into_iter().chain(tools) {
        let mut resource = from(user, &claim);
        resource.user.groups = vec!["system:authenticated".into(), "masters".into()];
        let help = refusal(&resource);
        assert_eq!(help.len(), 1, "{user}");
        assert!(help[0].contains("exempts the claim from `storage/claims`"), "{help:?}");
    }
    let mut resource = from("ada", &claim);
    resource.user.groups = vec!["system:masters".into()];
    assert_eq!(refusal(&resource), [""; 0]);
}
