//! Updates of labels and annotations only: what they add is judged, and what the stored object had
//! before is not held against them.

use crate::cases::{asked, folder, gate, review, webhooks};
use crate::manifests::read;
use crate::webhook_rules::validates;
use flinkgate::pipeline::{Gate, Unassigned};
use flinkgate::resource::Resource;
use flinkgate::rules::Level;
use serde_json::{Value, json};
use std::collections::BTreeSet;

fn strict() -> Gate {
    let tenants = folder([&read("tests/data/bypasses/tenants/strict.yaml")]);
    gate(&tenants, Unassigned::Warn)
}

/// The pod of the case without its forbidden metadata, as mutation completes it.
fn honest(gate: &Gate) -> Value {
    let mut pod = read("tests/data/bypasses/14-metadata-only-update-of-a-pod.yaml");
    pod["metadata"]["labels"] = json!({"team": "a"});
    pod["metadata"]["annotations"] = json!({});
    let pod = gate.mutated(&asked(&review("CREATE", &pod, &Value::Null)));
    assert_eq!(refusals(gate, &asked(&review("CREATE", &pod, &Value::Null))), BTreeSet::new());
    pod
}

fn refusals(gate: &Gate, resource: &Resource) -> BTreeSet<String> {
    let findings = gate.validate(resource).findings.into_iter();
    findings
        .filter(|finding| finding.level == Level::Error)
        .map(|finding| format!("{} {}", finding.rule, finding.pointer))
        .collect()
}

fn changed(object: &Value, patch: &Value) -> Value {
    let mut object = object.clone();
    json_patch::merge(&mut object, patch);
    object
}

#[test]
fn an_update_of_metadata_cannot_undo_creation() {
    let gate = strict();
    let (old, bad) =
        (honest(&gate), read("tests/data/bypasses/14-metadata-only-update-of-a-pod.yaml"));
    let mut object = old.clone();
    object["metadata"] = bad["metadata"].clone();
    let update = asked(&review("UPDATE", &object, &old));
    let expected = [
        "cost/labels /metadata/labels",
        "security/metadata /metadata/annotations/sidecar.istio.io~1inject",
        "security/metadata /metadata/labels/mesh.example.com~1skip",
        "tenancy/label /metadata/labels/cost-center",
    ];
    let found = refusals(&gate, &update);
    for line in expected {
        assert!(found.iter().any(|found| found.starts_with(line)), "{line}: {found:?}");
    }
    assert!(validates(&update));
}

#[test]
fn each_change_of_metadata_is_judged_by_itself() {
    let gate = strict();
    let old = honest(&gate);
    for (patch, rule) in [
        (json!({"labels": {"mesh.example.com/skip": "true"}}), Some("security/metadata")),
        (json!({"annotations": {"sidecar.istio.io/inject": "false"}}), Some("security/metadata")),
        (json!({"labels": {"cost-center": "1"}}), Some("tenancy/label")),
        (json!({"labels": {"cost-center": null}}), Some("tenancy/label")),
        (json!({"labels": {"team": null}}), Some("cost/labels")),
        (json!({"labels": null}), Some("tenancy/label")),
        (
            json!({"labels": {"flink.apache.org/canary": "true", "cost-center": "1"}}),
            Some("tenancy/label"),
        ),
        (
            json!({"annotations": {"kubernetes.io/config.mirror": "x", "sidecar.istio.io/inject": "x"}}),
            Some("security/metadata"),
        ),
        (json!({"labels": {"app.kubernetes.io/version": "2"}}), None),
        (json!({"annotations": {"cni.projectcalico.org/podIP": "10.0.0.1/32"}}), None),
        (
            json!({"annotations": {"kubectl.kubernetes.io/restartedAt": "x"}, "labels": {"team": "b"}}),
            None,
        ),
    ] {
        let update = asked(&review("UPDATE", &changed(&old, &json!({"metadata": patch})), &old));
        let found = refusals(&gate, &update);
        match rule {
            Some(rule) => {
                assert!(found.iter().any(|found| found.starts_with(rule)), "{patch}: {found:?}")
            }
            None => assert_eq!(found, BTreeSet::new(), "{patch}"),
        }
        assert!(validates(&update), "{patch}");
        assert_eq!(gate.mutate(&update).patch, None, "{patch}");
    }
}

/// A pod that was stored before its tenant had these fields. Kubelets and controllers write its
/// metadata for as long as it runs.
#[test]
fn what_was_stored_before_is_not_held_against_an_update() {
    let gate = strict();
    let old = read("tests/data/bypasses/14-metadata-only-update-of-a-pod.yaml");
    assert!(!refusals(&gate, &asked(&review("CREATE", &old, &Value::Null))).is_empty());
    for (patch, rule) in [
        (json!({"annotations": {"cni.projectcalico.org/podIP": "10.0.0.1/32"}}), None),
        (json!({"labels": {"controller-revision-hash": "x"}}), None),
        (json!({"annotations": {"sidecar.istio.io/inject": null}}), None),
        (json!({"labels": {"cost-center": "4711"}}), None),
        (json!({"labels": {"team": "a"}}), None),
        (json!({"finalizers": ["batch.kubernetes.io/job-tracking"]}), None),
        // Another forbidden value is new.
        (json!({"annotations": {"sidecar.istio.io/inject": "never"}}), Some("security/metadata")),
        (json!({"labels": {"mesh.example.com/other": "x"}}), Some("security/metadata")),
        (json!({"labels": {"cost-center": "2"}}), Some("tenancy/label")),
    ] {
        let update = asked(&review("UPDATE", &changed(&old, &json!({"metadata": patch})), &old));
        let found = refusals(&gate, &update);
        match rule {
            Some(rule) => assert!(
                found.iter().all(|found| found.starts_with(rule)) && !found.is_empty(),
                "{patch}: {found:?}"
            ),
            None => assert_eq!(found, BTreeSet::new(), "{patch}"),
        }
    }
}

/// A native pod that moves to another cluster by its labels.
#[test]
fn a_running_pod_cannot_join_another_cluster() {
    let gate = strict();
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "etl-taskmanager-1-1", "namespace": "strict",
        "labels": {"app": "etl", "component": "taskmanager", "type": "flink-native-kubernetes", "team": "a"},
        "ownerReferences": [{"apiVersion": "apps/v1", "kind": "Deployment", "name": "etl", "uid": "u", "controller": true}]},
        "spec": {"containers": [{"name": "flink-main-container", "image": "registry.example.com/flink/flink:1.20", "args": ["bash", "-c", "kubernetes-taskmanager.sh"]}]}});
    for (label, refused) in [("billing", true), ("etl", false)] {
        let object = changed(
            &pod,
            &json!({"metadata": {"labels": {"app": label}, "annotations": {"a": "b"}}}),
        );
        let found = refusals(&gate, &asked(&review("UPDATE", &object, &pod)));
        let expected = if refused {
            BTreeSet::from(["security/foreign-cluster /metadata/labels/app".to_owned()])
        } else {
            BTreeSet::new()
        };
        assert_eq!(found, expected, "{label}");
    }
}

/// A scaling down at the same time hides nothing.
#[test]
fn metadata_is_judged_also_where_the_spec_adds_nothing() {
    let gate = strict();
    let claim = json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "c", "namespace": "strict"},
        "spec": {"storageClassName": "nfs", "accessModes": ["ReadWriteMany"], "resources": {"requests": {"storage": "10Gi"}}}});
    let bound = changed(
        &claim,
        &json!({"metadata": {"annotations": {"pv.kubernetes.io/bind-completed": "yes"}}, "spec": {"volumeName": "pv"}}),
    );
    let mut binding = review("UPDATE", &bound, &claim);
    binding["request"]["userInfo"]["username"] =
        "system:serviceaccount:kube-system:persistent-volume-binder".into();
    assert_eq!(refusals(&gate, &asked(&binding)), BTreeSet::new());
    let service = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s", "namespace": "strict", "labels": {}}, "spec": {"type": "LoadBalancer", "ports": [{"port": 8081}]}});
    let labelled = changed(&service, &json!({"metadata": {"labels": {"a": "b"}}}));
    assert_eq!(refusals(&gate, &asked(&review("UPDATE", &labelled, &service))), BTreeSet::new());
    let _ = webhooks(&gate, asked(&review("UPDATE", &labelled, &service)));
}

/// Users' policies judge what an update adds, too, whether they name a place or not.
#[test]
fn policies_judge_what_an_update_adds() {
    let folder = folder([&read("tests/data/bypasses/tenants/strict.yaml")]);
    let policies = tempfile::tempdir().unwrap();
    let rego = "package organisation\n\nimport rego.v1\n\n\
        deny contains \"no pods here\" if input.object.kind == \"Pod\"\n\
        deny contains \"no owner\" if input.object.metadata.labels.owner == \"nobody\"\n";
    std::fs::write(policies.path().join("organisation.rego"), rego).unwrap();
    let (gate, _) =
        Gate::load(&[folder.path().into()], &[policies.path().into()], Unassigned::Warn).unwrap();
    let mut old = read("tests/data/bypasses/14-metadata-only-update-of-a-pod.yaml");
    old["metadata"] = json!({"name": "x", "namespace": "strict", "labels": {"team": "a"}});
    let old = gate.mutated(&asked(&review("CREATE", &old, &Value::Null)));
    let update = |labels: Value| {
        let object = changed(&old, &json!({"metadata": {"labels": labels}}));
        refusals(&gate, &asked(&review("UPDATE", &object, &old))).len()
    };
    assert_eq!(refusals(&gate, &asked(&review("CREATE", &old, &Value::Null))).len(), 1);
    assert_eq!((update(json!({"owner": "me"})), update(json!({"owner": "nobody"}))), (0, 1));
}
