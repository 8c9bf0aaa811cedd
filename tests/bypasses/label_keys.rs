//! `matchLabelKeys` and `mismatchLabelKeys`: a term counts if it separates Flink's pods, and a label
//! with another value in each pod makes it separate none.

use crate::cases::{asked, folder, gate, review, tenant};
use crate::manifests::read;
use flinkgate::pipeline::{Gate, Unassigned};
use flinkgate::resource::Resource;
use serde_json::{Value, json};

const REQUIRED: &str =
    "/spec/affinity/podAntiAffinity/requiredDuringSchedulingIgnoredDuringExecution";

fn case() -> Value {
    read("tests/data/bypasses/24-anti-affinity-by-match-label-keys.yaml")
}

fn apart() -> Gate {
    let spec = json!({"security": {"podSecurity": {"level": "privileged"}},
        "scheduling": {"antiAffinity": {"taskManager": "Required"}, "zoneSpread": {"taskManager": "Required"}}});
    gate(&folder([&tenant("apart", &["strict"], &spec)]), Unassigned::Warn)
}

fn creation(pod: &Value, user: &str) -> Resource {
    let mut resource = asked(&review("CREATE", pod, &Value::Null));
    resource.user.username = user.into();
    resource
}

fn reports(gate: &Gate, resource: &Resource, rule: &str) -> bool {
    gate.validate(resource).findings.iter().any(|finding| finding.rule == rule)
}

/// The number of required terms that mutation stores.
fn stored_terms(gate: &Gate, resource: &Resource) -> usize {
    gate.mutated(resource).pointer(REQUIRED).unwrap().as_array().unwrap().len()
}

/// The case's pod with these changes of its only term.
fn with_term(change: Value) -> Value {
    let mut pod = case();
    json_patch::merge(pod.pointer_mut(&format!("{REQUIRED}/0")).unwrap(), &change);
    pod
}

const ALICE: &str = "alice";
const REPLICA_SETS: &str = "system:serviceaccount:kube-system:replicaset-controller";
const MANAGER: &str = "system:kube-controller-manager";

#[test]
fn terms_by_labels_of_one_pod_separate_nothing() {
    let gate = apart();
    let rule = "scheduling/task-manager-anti-affinity";
    let own = json!({"app": "etl", "component": "taskmanager"});
    let keys = |keys: Value| json!({"matchLabelKeys": keys});
    let selector =
        |labels: Value| json!({"matchLabelKeys": null, "labelSelector": {"matchLabels": labels}});
    for (change, user, counts) in [
        (keys(json!(["uniq"])), ALICE, false),
        (keys(json!(["uniq"])), "", false),
        (keys(json!(["app", "uniq"])), ALICE, false),
        (keys(json!(["pod-template-hash"])), ALICE, false),
        (json!({"matchLabelKeys": null, "mismatchLabelKeys": ["uniq"]}), ALICE, false),
        (json!({"matchLabelKeys": null, "mismatchLabelKeys": ["app"]}), ALICE, false),
        (selector(json!({"app": "etl", "component": "taskmanager", "uniq": "1"})), ALICE, false),
        // These select the whole set.
        (keys(json!(["app", "component"])), ALICE, true),
        (keys(json!(["absent"])), ALICE, true),
        (json!({"matchLabelKeys": null, "mismatchLabelKeys": ["absent"]}), ALICE, true),
        (selector(own.clone()), ALICE, true),
        (selector(json!({"app": "etl"})), ALICE, true),
        // A controller gives all pods of a template the same labels.
        (keys(json!(["uniq"])), REPLICA_SETS, true),
        (keys(json!(["pod-template-hash"])), REPLICA_SETS, true),
        (keys(json!(["pod-template-hash"])), MANAGER, true),
        (keys(json!(["pod-template-hash"])), "", true),
        (keys(json!(["apps.kubernetes.io/pod-index"])), REPLICA_SETS, false),
    ] {
        let mut pod = with_term(change.clone());
        pod["metadata"]["labels"]["pod-template-hash"] = "5d8f".into();
        let resource = creation(&pod, user);
        assert_eq!(reports(&gate, &resource, rule), !counts, "{change} {user}");
        assert_eq!(stored_terms(&gate, &resource), if counts { 1 } else { 2 }, "{change} {user}");
        let stored = Resource { object: gate.mutated(&resource), ..resource };
        assert!(!reports(&gate, &stored, rule), "{change} {user}: after mutation");
    }
}

#[test]
fn constraints_by_labels_of_one_pod_spread_nothing() {
    let gate = apart();
    for (keys, user, counts) in [
        ("uniq", ALICE, false),
        ("uniq", "", false),
        ("component", ALICE, true),
        ("uniq", REPLICA_SETS, true),
    ] {
        let mut pod = case();
        pod["spec"]["topologySpreadConstraints"] = json!([{"maxSkew": 1, "topologyKey": "topology.kubernetes.io/zone",
            "whenUnsatisfiable": "DoNotSchedule", "labelSelector": {"matchLabels": {"app": "etl", "component": "taskmanager"}},
            "matchLabelKeys": [keys]}]);
        assert_eq!(
            reports(&gate, &creation(&pod, user), "scheduling/zone-spread"),
            !counts,
            "{keys} {user}"
        );
    }
}

/// All pods of a template have its labels, and a debugging session changes no placement.
#[test]
fn templates_and_running_pods_are_as_before() {
    let gate = apart();
    let template = |keys: &str| {
        json!({"apiVersion": "flink.apache.org/v1beta1", "kind": "FlinkDeployment", "metadata": {"name": "etl", "namespace": "strict"},
        "spec": {"flinkVersion": "v1_20", "image": "flink:1.20", "serviceAccount": "flink", "job": {"jarURI": "local:///a.jar", "parallelism": 4},
            "taskManager": {"resource": {"cpu": 1, "memory": "2048m"}, "podTemplate": {"metadata": {"labels": {"uniq": "1"}}, "spec": {"affinity": {"podAntiAffinity":
                {"requiredDuringSchedulingIgnoredDuringExecution": [{"topologyKey": "kubernetes.io/hostname",
                    "labelSelector": {"matchLabels": {"app": "etl", "component": "taskmanager"}}, "matchLabelKeys": [keys]}]}}}}}}})
    };
    let rule = "scheduling/task-manager-anti-affinity";
    assert!(!reports(&gate, &creation(&template("uniq"), ALICE), rule));
    assert!(reports(
        &gate,
        &creation(&template("statefulset.kubernetes.io/pod-name"), ALICE),
        rule
    ));
    let old = case();
    let mut debugged = old.clone();
    debugged["spec"]["ephemeralContainers"] =
        json!([{"name": "debug", "image": "registry.example.com/flink/x:1"}]);
    let mut update = asked(&review("UPDATE", &debugged, &old));
    update.sub_resource = Some("ephemeralcontainers".into());
    assert!(!reports(&gate, &update, rule));
}
