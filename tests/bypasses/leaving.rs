//! Objects that a finalizer keeps after their deletion: only finalizers and what does not act may
//! change. Services, Ingresses and claims act until they are gone.

use crate::cases::{asked, folder, gate, review, tenant};
use crate::manifests::read;
use crate::webhook_rules::{mutates, validates};
use flinkgate::kinds::{Asked, KINDS, Kind, Property};
use flinkgate::pipeline::{Gate, Unassigned};
use flinkgate::resource::{GroupVersionKind, Operation, Resource};
use flinkgate::rules::Level;
use serde_json::{Value, json};

fn strict() -> Gate {
    let tenants = folder([&read("tests/data/bypasses/tenants/strict.yaml")]);
    gate(&tenants, Unassigned::Warn)
}

fn leaving(mut object: Value) -> Value {
    object["metadata"]["namespace"] = "strict".into();
    object["metadata"]["finalizers"] = json!(["x.example.com/hold"]);
    object["metadata"]["deletionTimestamp"] = "2026-11-21T00:00:00Z".into();
    object
}

/// The update of a stored object by a merge patch.
fn update(old: &Value, patch: Value) -> Resource {
    let mut object = old.clone();
    json_patch::merge(&mut object, &patch);
    asked(&review("UPDATE", &object, old))
}

fn is_refused(gate: &Gate, resource: &Resource) -> bool {
    gate.validate(resource).findings.iter().any(|finding| finding.level == Level::Error)
}

#[test]
fn changes_that_act_are_judged_until_the_object_is_gone() {
    let gate = strict();
    let object = |version: &str, kind: &str, spec: Value| {
        leaving(
            json!({"apiVersion": version, "kind": kind, "metadata": {"name": "x"}, "spec": spec}),
        )
    };
    let created = |object: &Value| gate.mutated(&asked(&review("CREATE", object, &Value::Null)));
    let ingress = leaving(read("tests/data/bypasses/07-terminating-objects-are-not-judged.yaml"));
    let service = object("v1", "Service", json!({"type": "ClusterIP", "ports": [{"port": 8081}]}));
    let claim = object(
        "v1",
        "PersistentVolumeClaim",
        json!({"storageClassName": "nfs",
        "accessModes": ["ReadWriteMany"], "resources": {"requests": {"storage": "10Gi"}}}),
    );
    let cluster = leaving(created(&cluster()));
    let mut pod = read("tests/data/bypasses/14-metadata-only-update-of-a-pod.yaml");
    pod["metadata"] = json!({"name": "x", "namespace": "strict", "labels": {"team": "a"}});
    let pod = leaving(created(&pod));
    let options = |options: Value| json!({"spec": {"flinkConfiguration": options}});
    let annotation = |key: &str, value: &str| json!({"metadata": {"annotations": {key: value}}});
    for (name, old, patch, rule) in [
        (
            "a host",
            &ingress,
            json!({"spec": {"rules": [{"host": "bank.other.example.com"}]}}),
            "network/ingress-host",
        ),
        (
            "a snippet",
            &ingress,
            annotation("nginx.ingress.kubernetes.io/server-snippet", "x"),
            "network/",
        ),
        ("a node port", &service, json!({"spec": {"type": "NodePort"}}), "network/rest-exposure"),
        (
            "a load balancer",
            &service,
            json!({"spec": {"type": "LoadBalancer"}}),
            "network/rest-exposure",
        ),
        (
            "a host name",
            &service,
            annotation("external-dns.alpha.kubernetes.io/hostname", "bank.other.example.com"),
            "network/",
        ),
        (
            "a larger claim",
            &claim,
            json!({"spec": {"resources": {"requests": {"storage": "900Ti"}}}}),
            "storage/claim-size",
        ),
        // The operator takes the last savepoint there, and removes that ZooKeeper node.
        (
            "a savepoint",
            &cluster,
            options(json!({"execution.checkpointing.savepoint-dir": "s3://other/x"})),
            "storage/",
        ),
        (
            "another cluster's node",
            &cluster,
            options(json!({"high-availability.type": "zookeeper",
            "high-availability.zookeeper.path.root": "/victim"})),
            "storage/foreign-data",
        ),
        // A pod that is shutting down still serves the Services that select it.
        (
            "a label",
            &pod,
            json!({"metadata": {"labels": {"mesh.example.com/skip": "true"}}}),
            "security/metadata",
        ),
    ] {
        let update = update(old, patch);
        let findings = gate.validate(&update).findings;
        let is_refused = findings
            .iter()
            .any(|finding| finding.level == Level::Error && finding.rule.starts_with(rule));
        assert!(is_refused, "{name}: {findings:?}");
        assert!(validates(&update), "{name}: no webhook asks");
    }
}

/// A cluster that its tenant admits.
fn cluster() -> Value {
    let mut cluster =
        read("tests/data/bypasses/13-fields-of-the-tenant-that-nothing-enforces.yaml");
    cluster["spec"]["flinkVersion"] = "v1_20".into();
    cluster
}

#[test]
fn finalizers_and_unchanged_specs_pass() {
    let gate = strict();
    let bad = json!({"metadata": {"name": "x", "annotations": {"nginx.ingress.kubernetes.io/server-snippet": "x"}, "labels": {"mesh.example.com/skip": "true"}}});
    for kind in judged_kinds() {
        let version = GroupVersionKind {
            group: kind.group.into(),
            version: kind.version.into(),
            kind: kind.kind.into(),
        };
        let mut object = bad.clone();
        object["apiVersion"] = version.api_version().into();
        object["kind"] = kind.kind.into();
        if kind.kind == "ConfigMap" {
            object["data"] = json!({"config.yaml": "taskmanager.numberOfTaskSlots: 2"});
        } else {
            object["spec"] = json!({"type": "NodePort", "rules": [{"host": "bank.other.example.com"}], "ports": [{"port": 8081}]});
        }
        let old = leaving(object);
        for patch in [
            json!({"metadata": {"finalizers": null}}),
            json!({"metadata": {"finalizers": ["another"]}, "status": {"x": 1}}),
            json!({"metadata": {"managedFields": [{"manager": "x"}], "resourceVersion": "7", "generation": 2}}),
        ] {
            let update = update(&old, patch);
            assert!(gate.is_exempt(&update), "{}", kind.kind);
            assert!(!validates(&update) && !mutates(&update), "{} is asked about", kind.kind);
        }
    }
}

#[test]
fn honest_changes_of_leaving_objects_pass() {
    let gate = strict();
    let ingress = leaving(read("tests/data/bypasses/07-terminating-objects-are-not-judged.yaml"));
    for (name, patch) in [
        (
            "another host of the tenant",
            json!({"spec": {"rules": [{"host": "b.strict.example.com"}]}}),
        ),
        ("an annotation", json!({"metadata": {"annotations": {"example.com/note": "x"}}})),
    ] {
        assert!(!is_refused(&gate, &update(&ingress, patch)), "{name}");
    }
    // Kubernetes' controllers stop for these, so their specs may change as ever.
    for (version, kind) in
        [("apps/v1", "Deployment"), ("apps/v1", "StatefulSet"), ("batch/v1", "Job")]
    {
        let template = json!({"spec": {"containers": [{"name": "a", "image": "registry.example.com/flink/x:1"}]}});
        let old = leaving(
            json!({"apiVersion": version, "kind": kind, "metadata": {"name": "x"}, "spec": {"template": template}}),
        );
        let privileged = json!({"spec": {"template": {"spec": {"containers": [{"name": "a", "image": "evil", "securityContext": {"privileged": true}}]}}}});
        assert!(!is_refused(&gate, &update(&old, privileged)), "{kind}");
    }
    // The operator deploys nothing more: only the options matter.
    for patch in [
        json!({"metadata": {"finalizers": null}, "spec": {"job": {"state": "suspended"}}}),
        json!({"spec": {"image": "evil:latest"}}),
    ] {
        let update = update(&leaving(cluster()), patch);
        assert!(!is_refused(&gate, &update) && !validates(&update) && !mutates(&update));
    }
}

/// A claim that pods still mount may grow until it is gone, so it is charged.
#[test]
fn a_leaving_claim_that_grows_is_charged() {
    let spec = json!({"quota": {"hard": {"storage": "100Gi"}}});
    let gate = gate(&folder([&tenant("q", &["strict"], &spec)]), Unassigned::Warn).with_ledgers();
    let old = leaving(
        json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "c", "uid": "c"},
        "spec": {"resources": {"requests": {"storage": "10Gi"}}}}),
    );
    let charged = |resource: &Resource| {
        gate.lower_admitted(resource).and_then(|case| gate.charge(&case)).is_some()
    };
    assert!(charged(&update(
        &old,
        json!({"spec": {"resources": {"requests": {"storage": "900Ti"}}}})
    )));
    assert!(!charged(&update(&old, json!({"metadata": {"finalizers": null}}))));
}

/// The kinds whose updates a webhook asks about.
fn judged_kinds() -> impl Iterator<Item = &'static Kind> {
    let is_asked =
        |asked: &Asked| asked.operations.contains(&"UPDATE") && asked.sub_resources.contains(&"");
    KINDS.iter().filter(move |kind| kind.lower.is_some() && kind.webhooks.iter().any(is_asked))
}

/// Every kind, every field whose change may matter: what no webhook asks about is exempt.
#[test]
fn conditions_exclude_only_what_is_exempt() {
    let gate = strict();
    let changes = [
        json!({"spec": {"changed": 1}}),
        json!({"metadata": {"labels": {"a": "changed"}}}),
        json!({"metadata": {"annotations": {"a": "changed"}}}),
        json!({"metadata": {"labels": {"flink.apache.org/canary": "true"}}}),
        json!({"metadata": {"labels": null}}),
        json!({"metadata": {"finalizers": ["f"]}}),
        json!({"metadata": {"deletionTimestamp": "2026-11-21T00:00:00Z"}}),
        json!({"status": {"changed": 1}}),
        json!({"data": {"config.yaml": "taskmanager.numberOfTaskSlots: 3"}}),
    ];
    let mut asked_about = 0;
    for kind in judged_kinds() {
        let version = GroupVersionKind {
            group: kind.group.into(),
            version: kind.version.into(),
            kind: kind.kind.into(),
        };
        for is_leaving in [false, true] {
            let mut old = json!({"apiVersion": version.api_version(), "kind": kind.kind, "metadata": {"name": "x", "namespace": "strict", "labels": {"a": "b"}}});
            match kind.kind {
                "ConfigMap" => {
                    old["data"] = json!({"config.yaml": "taskmanager.numberOfTaskSlots: 2"})
                }
                _ => old["spec"] = json!({"a": 1}),
            }
            let old = if is_leaving { leaving(old) } else { old };
            for change in &changes {
                let update = update(&old, change.clone());
                let is_asked = validates(&update);
                asked_about += usize::from(is_asked);
                assert!(is_asked || gate.is_exempt(&update), "{} {change}", kind.kind);
                let mutation = gate.mutate(&update);
                assert!(mutates(&update) || mutation.patch.is_none(), "{} {change}", kind.kind);
            }
            let create = Resource {
                operation: Operation::Create,
                old_object: None,
                ..update(&old, json!({}))
            };
            assert!(validates(&create), "{}", kind.kind);
        }
    }
    assert!(asked_about > 50, "{asked_about}");
}

/// Kinds that stop once they are being deleted, each with what stops. A new kind is judged.
#[test]
fn only_kubernetes_workloads_stop_on_deletion() {
    let stopping: Vec<_> =
        KINDS.iter().filter(|kind| kind.has(Property::StopsOnDeletion)).collect();
    // Their controllers in kube-controller-manager return early for a deletionTimestamp.
    let known = [
        "Deployment",
        "StatefulSet",
        "ReplicaSet",
        "ReplicationController",
        "DaemonSet",
        "Job",
        "CronJob",
    ];
    assert!(stopping.len() >= 4);
    for kind in stopping {
        assert!(known.contains(&kind.kind), "{}: does its controller stop?", kind.kind);
    }
}
