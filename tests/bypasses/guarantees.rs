//! What mutation guarantees, validation verifies: no object is admitted by `/validate` alone that
//! lacks what its tenant enforces, whatever kept mutation from adding it.

use crate::cases::{asked, folder, gate, review, tenant};
use crate::manifests::read;
use flinkgate::pipeline::{Gate, Unassigned};
use flinkgate::resource::{Operation, Resource};
use flinkgate::rules::Level;
use serde_json::{Value, json};
use std::collections::BTreeSet;

fn tenants(name: &str) -> Gate {
    let tenants = folder([&read(format!("tests/data/bypasses/tenants/{name}.yaml"))]);
    gate(&tenants, Unassigned::Warn)
}

fn creation(object: &Value) -> Resource {
    asked(&review("CREATE", object, &Value::Null))
}

pub fn refusals(gate: &Gate, resource: &Resource) -> BTreeSet<String> {
    let findings = gate.validate(resource).findings.into_iter();
    findings
        .filter(|finding| finding.level == Level::Error)
        .map(|finding| finding.rule.to_string())
        .collect()
}

/// What users write to be passed over.
pub const SKIPS: [&str; 5] = ["", "canary", "mirror", "deletion", "owner"];

pub fn write_skip(object: &mut Value, skip: &str) {
    let metadata = &mut object["metadata"];
    for map in ["labels", "annotations"] {
        if !metadata[map].is_object() {
            metadata[map] = json!({});
        }
    }
    match skip {
        "canary" => metadata["labels"]["flink.apache.org/canary"] = "true".into(),
        "mirror" => metadata["annotations"]["kubernetes.io/config.mirror"] = "x".into(),
        "deletion" => metadata["deletionTimestamp"] = "2026-01-01T00:00:00Z".into(),
        "owner" => {
            metadata["ownerReferences"] = json!([{"apiVersion": "v1", "kind": "Node", "name": "n", "uid": "n", "controller": true}])
        }
        _ => {}
    }
}

/// A TaskManager with a volume of its own where the state belongs.
fn task_manager() -> Value {
    let mut pod = read("tests/data/bypasses/02-canary-label-on-a-pod.yaml");
    pod["metadata"]["labels"] = json!({"team": "a", "app": "etl", "component": "taskmanager", "type": "flink-native-kubernetes"});
    pod["spec"].as_object_mut().unwrap().remove("nodeSelector");
    pod["spec"]["containers"][0]["name"] = "flink-main-container".into();
    pod["spec"]["containers"][0]["args"] = json!(["bash", "-c", "kubernetes-taskmanager.sh"]);
    pod
}

#[test]
fn no_label_or_annotation_replaces_what_a_pod_needs() {
    let gate = tenants("strict");
    let case = read("tests/data/bypasses/02-canary-label-on-a-pod.yaml");
    let bare = {
        let mut pod = case.clone();
        pod["metadata"]["labels"] = json!({"team": "a"});
        pod["spec"].as_object_mut().unwrap().remove("nodeSelector");
        pod
    };
    let own_volume = {
        let mut pod = task_manager();
        pod["spec"]["containers"][0]["volumeMounts"] =
            json!([{"name": "own", "mountPath": "/flink/state"}]);
        pod["spec"]["volumes"] = json!([{"name": "own", "emptyDir": {}}]);
        pod
    };
    let pods = ["scheduling/node-selector", "tenancy/label"];
    for (pod, rules) in [
        (&case, pods.to_vec()),
        (&bare, pods.to_vec()),
        (&task_manager(), [&pods[..], &["storage/checkpoint-volume"]].concat()),
        (&own_volume, vec!["storage/checkpoint-volume"]),
    ] {
        for skip in SKIPS {
            let mut pod = pod.clone();
            write_skip(&mut pod, skip);
            let found = refusals(&gate, &creation(&pod));
            for rule in &rules {
                assert!(found.contains(*rule), "{skip}: {rule} not in {found:?}\n{pod}");
            }
        }
    }
    // The mutating webhook completes the pod under every label, and then it is admitted.
    for skip in SKIPS {
        let mut pod = bare.clone();
        write_skip(&mut pod, skip);
        let mut resource = creation(&pod);
        let answer = gate.mutate(&resource);
        json_patch::patch(&mut resource.object, &answer.patch.unwrap()).unwrap();
        assert_eq!(refusals(&gate, &resource), BTreeSet::new(), "{skip}");
    }
}

#[test]
fn custom_resources_are_held_to_it_too() {
    let gate = tenants("strict");
    let mut cluster =
        read("tests/data/bypasses/13-fields-of-the-tenant-that-nothing-enforces.yaml");
    cluster["spec"]["flinkVersion"] = "v1_20".into();
    let rules = [
        "flink/enforced-option",
        "scheduling/node-selector",
        "storage/checkpoint-volume",
        "tenancy/label",
    ];
    for skip in ["", "mirror", "deletion", "owner"] {
        let mut cluster = cluster.clone();
        write_skip(&mut cluster, skip);
        let resource = creation(&cluster);
        assert!(refusals(&gate, &resource).is_superset(&rules.map(str::to_owned).into()), "{skip}");
        // An update that changes what runs, with another webhook behind ours.
        let update = Resource {
            operation: Operation::Update,
            old_object: Some(
                json!({"metadata": cluster["metadata"], "spec": {"flinkVersion": "v1_20"}}),
            ),
            ..resource.clone()
        };
        assert!(refusals(&gate, &update).is_superset(&rules.map(str::to_owned).into()), "{skip}");
        let stored = Resource { object: gate.mutated(&resource), ..resource };
        assert_eq!(refusals(&gate, &stored), BTreeSet::new(), "{skip}");
    }
    // A canary runs nothing; what was deployed before runs on under the label.
    write_skip(&mut cluster, "canary");
    assert_eq!(refusals(&gate, &creation(&cluster)), BTreeSet::new());
    cluster["status"] = json!({"reconciliationStatus": {"lastReconciledSpec": "{\"spec\":{}}"}});
    assert!(!refusals(&gate, &creation(&cluster)).is_empty());
    // The label means nothing to the operator here.
    let colours = json!({"apiVersion": "flink.apache.org/v1beta1", "kind": "FlinkBlueGreenDeployment",
        "metadata": {"name": "etl", "namespace": "strict", "labels": {"flink.apache.org/canary": "true"}},
        "spec": {"template": {"metadata": {"labels": {"flink.apache.org/canary": "true"}}, "spec": cluster["spec"]}}});
    assert!(refusals(&gate, &creation(&colours)).is_superset(&rules.map(str::to_owned).into()));
}

#[test]
fn users_cannot_choose_a_writable_root() {
    let gate = tenants("ro");
    let template = |value: Value| json!({"spec": {"containers": [{"name": "flink-main-container", "securityContext": {"readOnlyRootFilesystem": value}}]}});
    let cluster = |value: Value| {
        let mut cluster =
            read("tests/data/bypasses/13-fields-of-the-tenant-that-nothing-enforces.yaml");
        cluster["spec"]["flinkVersion"] = "v2_0".into();
        cluster["spec"]["podTemplate"] = template(value);
        cluster
    };
    let rule = "security/read-only-root".to_owned();
    for (value, is_refused) in
        [(json!(false), true), (json!("false"), true), (json!(true), false), (json!(null), false)]
    {
        let resource = creation(&cluster(value.clone()));
        assert_eq!(
            gate.mutate(&resource).findings.iter().any(|finding| finding.rule == rule),
            is_refused,
            "{value}"
        );
        let stored = Resource { object: gate.mutated(&resource), ..resource };
        assert_eq!(refusals(&gate, &stored).contains(&rule), is_refused, "{value}");
    }
    // A Deployment's pods, and a pod, are held to it as well; other containers are not.
    let mut pod = task_manager();
    pod["spec"]["containers"][0]["securityContext"]["readOnlyRootFilesystem"] = false.into();
    assert!(refusals(&gate, &creation(&pod)).contains(&rule));
    let deployment = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "tm", "namespace": "strict"},
        "spec": {"replicas": 1, "template": {"metadata": pod["metadata"], "spec": pod["spec"]}}});
    assert!(refusals(&gate, &creation(&deployment)).contains(&rule));
    let mut tool = read("tests/data/bypasses/02-canary-label-on-a-pod.yaml");
    tool["spec"]["containers"][0]["securityContext"]["readOnlyRootFilesystem"] = false.into();
    assert!(!refusals(&gate, &creation(&tool)).contains(&rule));
}

/// A kubelet shows its static pods as mirror pods, and ignores changes of them.
#[test]
fn only_a_node_creates_mirror_pods() {
    let gate = tenants("strict");
    let mut pod = read("tests/data/bypasses/02-canary-label-on-a-pod.yaml");
    pod["metadata"]["labels"] = json!({"team": "a"});
    pod["spec"]["nodeName"] = "node-7".into();
    pod["spec"].as_object_mut().unwrap().remove("nodeSelector");
    write_skip(&mut pod, "mirror");
    for (user, passes) in [
        ("system:node:node-7", true),
        ("system:node:node-8", false),
        ("system:node:", false),
        ("alice", false),
        ("system:serviceaccount:strict:flink", false),
    ] {
        let mut resource = creation(&pod);
        resource.user.username = user.into();
        let found = refusals(&gate, &resource);
        let own: BTreeSet<_> =
            ["scheduling/node-selector", "scheduling/node-name", "tenancy/label"]
                .map(str::to_owned)
                .into();
        assert_eq!(found.is_disjoint(&own), passes, "{user}: {found:?}");
        assert_eq!(gate.mutate(&resource).patch.is_none(), passes, "{user}");
    }
}

/// An object from before its tenant had a node selector grows by `/scale`, and by nothing else.
#[test]
fn scaling_is_not_held_to_what_is_stored() {
    let gate = tenants("strict");
    let mut old = read("tests/data/bypasses/13-fields-of-the-tenant-that-nothing-enforces.yaml");
    old["spec"]["flinkVersion"] = "v1_20".into();
    for (place, is_held) in [("replicas", false), ("resource", true)] {
        let mut object = old.clone();
        object["spec"]["taskManager"][place] =
            if is_held { json!({"cpu": 2, "memory": "2048m"}) } else { json!(3) };
        let mut update = asked(&review("UPDATE", &object, &old));
        update.of.resource = "flinkdeployments".into();
        assert_eq!(
            refusals(&gate, &update).contains("scheduling/node-selector"),
            is_held,
            "{place}"
        );
    }
}

/// An exemption from one rule does not hide what another one refuses.
#[test]
fn a_waived_conflict_hides_no_omission() {
    let spec = json!({"labels": {"cost-center": "4711"}, "scheduling": {"nodeSelector": {"pool": "flink"}},
        "rules": [{"rule": "tenancy/label", "enforcement": "Warn"}]});
    let gate = gate(&folder([&tenant("waived", &["strict"], &spec)]), Unassigned::Warn);
    let mut pod = task_manager();
    pod["metadata"]["labels"]["cost-center"] = "1".into();
    assert!(refusals(&gate, &creation(&pod)).contains("scheduling/node-selector"));
}

/// Where mutation cannot add what the tenant enforces, it refuses the object, as validation would.
#[test]
fn values_in_the_way_are_conflicts() {
    const EXPOSED: &str = "kubernetes.rest-service.exposed.type";
    let gate = tenants("strict");
    let refused = |resource: &Resource| {
        let findings = gate.mutate(resource).findings.into_iter();
        findings
            .filter(|finding| finding.level == Level::Error)
            .map(|finding| finding.rule.to_string())
            .collect::<BTreeSet<_>>()
    };
    let mut honest = read("tests/data/ways-round/bases/deployment.yaml");
    honest["metadata"]["namespace"] = "strict".into();
    assert_eq!(refused(&creation(&honest)), BTreeSet::new());
    for (place, value, rule) in [
        ("flinkConfiguration", json!(true), "flink/enforced-option"),
        ("flinkConfiguration", json!([]), "flink/enforced-option"),
        ("flinkConfiguration", json!({EXPOSED: {"a": "b"}}), "flink/enforced-option"),
        ("podTemplate", json!({"metadata": {"labels": "x"}}), "tenancy/label"),
        ("podTemplate", json!({"spec": {"nodeSelector": 1}}), "scheduling/node-selector"),
        ("podTemplate", json!({"spec": {"volumes": "x"}}), "storage/checkpoint-volume"),
    ] {
        let mut object = honest.clone();
        object["spec"][place] = value;
        let resource = creation(&object);
        assert!(refused(&resource).contains(rule), "{object}: {:?}", refused(&resource));
        // Validation may say instead that the value there has a wrong type.
        let place = format!("/spec/{place}/");
        let is_wrong_type = gate.validate(&resource).findings.iter().any(|finding| {
            finding.level == Level::Error
                && finding.rule == "flink/schema"
                && finding.pointer.starts_with(&place)
        });
        assert!(is_wrong_type || refusals(&gate, &resource).contains(rule), "{object}");
    }
}

/// A mapping or a list at the key of a default is what the user wrote: it stays, so that it is judged.
#[test]
fn defaults_replace_no_values_of_other_types() {
    let spec = json!({"flink": {"configuration": {"defaults": {"state.backend": "rocksdb"}},
        "resources": {"taskManager": {"memory": "4g"}}}});
    let gate = gate(&folder([&tenant("plain", &["strict"], &spec)]), Unassigned::Warn);
    for (carrier, field) in [
        ("../ways-round/bases/deployment", "flinkConfiguration"),
        ("flink-cluster", "flinkProperties"),
        ("flink-application", "flinkConfig"),
    ] {
        let mut object = read(format!("tests/data/kinds/{carrier}.yaml"));
        object["metadata"]["namespace"] = "strict".into();
        for value in [json!({"incremental": "true"}), json!(["rocksdb"])] {
            object["spec"][field] = json!({"state.backend": value});
            let mutated = gate.mutated(&creation(&object));
            assert_eq!(mutated["spec"][field]["state.backend"], value, "{object}");
        }
    }
    let mut object = read("tests/data/ways-round/bases/deployment.yaml");
    object["metadata"]["namespace"] = "strict".into();
    object["spec"]["taskManager"]["resource"] = json!({"cpu": 1, "memory": {"size": "2g"}});
    let mutated = gate.mutated(&creation(&object));
    assert_eq!(mutated["spec"]["taskManager"]["resource"]["memory"], json!({"size": "2g"}));
}

/// A null among the containers of a role stays where the other role renames the main container, which
/// both merge by position.
#[test]
fn null_elements_of_lists_stay() {
    let spec = json!({"storage": {"checkpoints": {"volume":
        {"claimName": "{cluster}-state", "mountPath": "/flink/state", "size": "10Gi"}}}});
    let gate = gate(&folder([&tenant("claims", &["strict"], &spec)]), Unassigned::Warn);
    let mut object = read("tests/data/ways-round/bases/deployment.yaml");
    object["metadata"]["namespace"] = "strict".into();
    let template = |containers: Value| json!({"spec": {"containers": containers}});
    let container = |name: &str| json!({"name": name, "image": "registry.example.com/log:1"});
    let main = json!({"name": "flink-main-container"});
    let [a, b, c] = ["a", "b", "c"].map(container);
    object["spec"]["podTemplate"] = template(json!([a, main]));
    object["spec"]["jobManager"]["podTemplate"] = template(json!([a, b, c]));
    object["spec"]["taskManager"]["podTemplate"] = template(json!([a, null, c]));
    let mutated = gate.mutated(&creation(&object));
    assert_eq!(mutated["spec"]["taskManager"]["podTemplate"]["spec"]["containers"][1], Value::Null);
}

/// Which of two containers or volumes with one name is meant is unknown. No API server takes such a pod.
#[test]
fn templates_that_repeat_a_name_are_not_completed() {
    let spec = json!({"security": {"podSecurity": {"level": "restricted"}}, "storage": {"checkpoints": {"volume":
        {"claimName": "{cluster}-state", "mountPath": "/state", "size": "10Gi"}}}});
    let gate = gate(&folder([&tenant("claims", &["strict"], &spec)]), Unassigned::Warn);
    let container = |name: &str| json!({"name": name, "image": "registry.example.com/log:1"});
    let main = json!({"name": "flink-main-container"});
    let claim = json!({"name": "state", "persistentVolumeClaim": {"claimName": "etl-state"}});
    let scratch = |name: &str| json!({"name": name, "emptyDir": {}});
    for (containers, volumes, is_completed) in [
        (json!([main, container("log")]), json!([claim, scratch("more")]), true),
        (json!([main, container("log"), main]), json!([]), false),
        (json!([main, container("log"), container("log")]), json!([]), false),
        (json!([main]), json!([scratch("state"), claim]), false),
    ] {
        for by_name in ["true", "false"] {
            let mut object = read("tests/data/ways-round/bases/deployment.yaml");
            object["metadata"]["namespace"] = "strict".into();
            object["spec"]["flinkConfiguration"] =
                json!({"kubernetes.operator.pod-template.merge-arrays-by-name": by_name});
            object["spec"]["podTemplate"] =
                json!({"spec": {"containers": containers, "volumes": volumes}});
            let mutated = gate.mutated(&creation(&object));
            let is_same = mutated["spec"]["podTemplate"] == object["spec"]["podTemplate"];
            assert_eq!(!is_same, is_completed, "{object}");
            assert_eq!(gate.mutated(&creation(&mutated)), mutated, "{object}");
            let is_refused = gate
                .mutate(&creation(&object))
                .findings
                .iter()
                .any(|finding| finding.level == Level::Error);
            assert_eq!(is_refused, !is_completed, "{object}");
        }
    }
}

/// Pods of these kinds are completed later, so only validation and `lint` report what cannot be added to
/// their options.
#[test]
fn values_in_the_way_are_reported_by_lint() {
    let spec = json!({"flink": {"configuration": {"enforced": {"web.submit.enable": "false"}}}});
    let tenants = folder([&tenant("strict", &["strict"], &spec)]);
    let gate = gate(&tenants, Unassigned::Warn);
    for (carrier, field) in
        [("flink-cluster", "flinkProperties"), ("flink-application", "flinkConfig")]
    {
        let mut object = read(format!("tests/data/kinds/{carrier}.yaml"));
        object["metadata"]["namespace"] = "strict".into();
        for (value, is_refused) in [
            (json!("a: b"), true),
            (json!([]), true),
            (json!({"web.submit.enable": {"a": "b"}}), true),
            (json!({"web.submit.enable": []}), true),
            (json!({}), false),
        ] {
            object["spec"][field] = value;
            let resource = creation(&object);
            let mut stored = resource.clone();
            stored.object = gate.mutated(&resource);
            let refused = refusals(&gate, &stored).contains("flink/enforced-option");
            assert_eq!(refused, is_refused, "{object}");
            let report = crate::cases::lint(&tenants, [&object]);
            let linted = crate::cases::list(&report["findings"]).iter().any(|finding| {
                finding["rule"] == "flink/enforced-option" && finding["level"] == "error"
            });
            assert_eq!(linted, is_refused, "{object}");
        }
    }
}
