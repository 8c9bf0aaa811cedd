//! Who may have what only an earlier spec allowed: the pods of the cluster that was admitted with it,
//! and no other requester. Each attack has its honest look-alike.

use crate::clients::{Way, act, created};
use crate::table::{changed, manifest, tenant};
use crate::world::{JOB_MANAGER, NAMESPACE, OPERATOR, REPLICA_SETS, Refusal, World, person};
use flinkgate::resource::Resource;
use serde_json::{Value, json};

fn label_changed() -> Value {
    changed(&tenant(), &[("labels/cost-center", json!("9999"))])
}

/// A deployed cluster of the tenant of before, and the tenant after a change.
pub fn world_after(after: &Value) -> World {
    let world = World::new(&tenant());
    created(&world, &manifest(), Way::Update).unwrap();
    world.deploy("a").unwrap();
    world.change(after);
    world
}

fn is_by(refusal: &Result<Value, Refusal>, rule: &str) -> bool {
    refusal.as_ref().is_err_and(|errors| errors.iter().any(|error| error.contains(rule)))
}

/// A replacement TaskManager with some changes.
fn task_manager(world: &World, user: &str, patch: &Value) -> Resource {
    let mut pod = world.replacement("a", 1);
    json_patch::merge(&mut pod.object, patch);
    Resource {
        user: person(user),
        namespace: pod.object["metadata"]["namespace"].as_str().unwrap().into(),
        ..pod
    }
}

#[test]
fn only_the_clusters_own_requesters_get_its_spec() {
    let world = world_after(&label_changed());
    for (user, is_admitted) in [
        (JOB_MANAGER, true),
        (REPLICA_SETS, true),
        (OPERATOR, true),
        ("alice", false),
        ("system:serviceaccount:payments-prod:other", false),
        ("system:serviceaccount:payments-prod:default", false),
        ("system:serviceaccount:payments-dev:flink", false),
        ("system:serviceaccount:other-prod:flink", false),
        ("system:serviceaccount:payments-prod:flink:x", false),
        ("system:anonymous", false),
        ("", false),
    ] {
        let found = world.admit(task_manager(&world, user, &json!({})));
        assert_eq!(found.is_ok(), is_admitted, "{user}: {found:?}");
        assert!(is_admitted || is_by(&found, "tenancy/label"), "{user}");
    }
}

#[test]
fn owner_references_alone_prove_nothing() {
    let world = world_after(&label_changed());
    let deployment = world.stored("deployments", "a");
    let owner = |kind: &str, name: &str, uid: &Value| json!({"metadata": {"ownerReferences": [{"apiVersion": "apps/v1", "kind": kind, "name": name, "uid": uid, "controller": true}]}});
    let uid = &deployment["metadata"]["uid"];
    let cluster = &world.stored("flinkdeployments", "a")["metadata"]["uid"];
    let many: Vec<Value> = (0..500)
        .map(|index| json!({"apiVersion": "apps/v1", "kind": "Deployment", "name": format!("d{index}"), "uid": "x"}))
        .collect();
    let honest = owner("Deployment", "a", uid);
    for (what, patch, is_admitted) in [
        ("its own owner", honest.clone(), true),
        ("another UID", owner("Deployment", "a", &json!("uid-0")), false),
        ("no UID", owner("Deployment", "a", &json!("")), false),
        ("the UID under another name", owner("Deployment", "b", uid), false),
        ("the UID under another kind", owner("StatefulSet", "a", uid), false),
        (
            "the cluster's UID under a kind that does not exist",
            owner("Deployment", "a", cluster),
            false,
        ),
        ("no owner", json!({"metadata": {"ownerReferences": null}}), false),
        ("a kind that owns no pods", owner("ConfigMap", "flink-config-a", uid), false),
        ("many owners", json!({"metadata": {"ownerReferences": many}}), false),
        (
            "another namespace",
            {
                let mut patch = honest.clone();
                patch["metadata"]["namespace"] = json!("payments-dev");
                patch
            },
            false,
        ),
    ] {
        for user in [JOB_MANAGER, REPLICA_SETS] {
            let found = world.admit(task_manager(&world, user, &patch));
            assert_eq!(found.is_ok(), is_admitted, "{what} {user}: {found:?}");
        }
    }
}

#[test]
fn an_administrator_is_a_controller_only_for_pods_of_a_template() {
    let world = world_after(&label_changed());
    let admin = || flinkgate::resource::UserInfo {
        groups: vec!["system:masters".into()],
        ..person("kubernetes-admin")
    };
    let of_set = world.replacement("a", 0);
    let admit = |pod: Resource| world.admit(Resource { user: admin(), ..pod });
    admit(of_set.clone()).unwrap();
    // A TaskManager has no template, and neither has a changed pod.
    assert!(is_by(&admit(world.replacement("a", 1)), "tenancy/label"));
    for patch in [
        json!({"metadata": {"labels": {"type": "x"}}}),
        json!({"spec": {"serviceAccountName": "default"}}),
        json!({"spec": {"tolerations": [{"key": "x"}]}}),
    ] {
        let mut pod = of_set.clone();
        json_patch::merge(&mut pod.object, &patch);
        assert!(is_by(&admit(pod), "tenancy/label"), "{patch}");
    }
    // A person is not an administrator.
    assert!(world.admit(Resource { user: person("alice"), ..of_set }).is_err());
}

#[test]
fn an_account_that_the_owner_does_not_run_as_gets_nothing() {
    let world = world_after(&label_changed());
    let mut deployment = world.stored("deployments", "a");
    for (account, is_admitted) in
        [(json!("flink"), true), (json!("other"), false), (Value::Null, false)]
    {
        deployment["spec"]["template"]["spec"]["serviceAccountName"] = account.clone();
        world.store(deployment.clone());
        let found = world.admit(task_manager(&world, JOB_MANAGER, &json!({})));
        assert_eq!(found.is_ok(), is_admitted, "{account}");
    }
}

#[test]
fn what_neither_spec_allows_is_refused() {
    let world = world_after(&label_changed());
    let container = |patch: Value| {
        let mut pod = world.replacement("a", 1).object;
        json_patch::merge(&mut pod["spec"]["containers"][0], &patch);
        json!({"spec": {"containers": pod["spec"]["containers"]}})
    };
    for (rule, patch) in [
        ("security/privileged", container(json!({"securityContext": {"privileged": true}}))),
        ("security/", container(json!({"securityContext": {"runAsUser": 0}}))),
        ("scheduling/tolerations", json!({"spec": {"tolerations": [{"operator": "Exists"}]}})),
        ("security/", json!({"spec": {"hostNetwork": true}})),
        ("security/service-account", json!({"spec": {"serviceAccountName": "other"}})),
        ("scheduling/node-selector", json!({"spec": {"nodeSelector": {"pool": "other"}}})),
        ("tenancy/label", json!({"metadata": {"labels": {"cost-center": "1"}}})),
    ] {
        for user in [JOB_MANAGER, REPLICA_SETS, OPERATOR] {
            let found = world.admit(task_manager(&world, user, &patch));
            assert!(is_by(&found, rule), "{rule} {user} {found:?}");
        }
    }
}

#[test]
fn a_new_cluster_of_the_same_name_inherits_nothing() {
    let world = world_after(&label_changed());
    let old = world.replacement("a", 1);
    for (plural, name) in [
        ("flinkdeployments", "a"),
        ("deployments", "a"),
        ("replicasets", "a-6d85bcdd59"),
        ("configmaps", "flink-config-a"),
    ] {
        world.delete(plural, name);
    }
    assert!(world.admit(old.clone()).is_err(), "its owner is gone");
    created(&world, &manifest(), Way::Update).unwrap();
    world.deploy("a").unwrap();
    assert!(world.admit(old.clone()).is_err(), "the owner's UID is that of the former cluster");
    world.replace_pod("a", 1).unwrap();
    let mut pod = world.replacement("a", 1);
    pod.object["metadata"]["labels"]["cost-center"] = json!("4711");
    assert!(is_by(&world.admit(pod), "tenancy/label"));
}

#[test]
fn the_record_of_a_deleted_cluster_goes() {
    let world = world_after(&label_changed());
    let uid = world.stored("flinkdeployments", "a")["metadata"]["uid"].as_str().unwrap().to_owned();
    assert_eq!(world.admitted_with(&uid).len(), 1);
    let pod = world.replacement("a", 1);
    world.admit(pod.clone()).unwrap();
    world.delete("flinkdeployments", "a");
    world.reconcile(&[&uid]);
    assert!(world.admitted_with(&uid).is_empty());
    assert!(is_by(&world.admit(pod), "tenancy/label"));
}

/// What the tenant forbids later, and what a user then tries to add.
#[test]
fn an_update_adds_nothing_that_only_the_earlier_spec_allowed() {
    let open = changed(
        &tenant(),
        &[(
            "scheduling/tolerations",
            json!([{"key": "flink", "operator": "Exists"}, {"key": "spot", "operator": "Exists"}]),
        )],
    );
    let strict = changed(
        &open,
        &[
            ("security/images", json!({"allow": ["registry.example.com/*"]})),
            ("scheduling/tolerations", json!([{"key": "flink", "operator": "Exists"}])),
            ("flink/configuration/forbidden", json!(["metrics.*"])),
        ],
    );
    let world = World::new(&open);
    created(&world, &manifest(), Way::Update).unwrap();
    world.deploy("a").unwrap();
    world.change(&strict);
    // Its image is not allowed any more, and it keeps running and scaling with it.
    act(&world, &manifest(), Way::Update).unwrap();
    for way in [Way::Scale, Way::TaskManager, Way::JobManager, Way::Upgrade] {
        act(&world, &manifest(), way).unwrap();
    }
    let stored = world.stored("flinkdeployments", "a");
    let update = |change: &dyn Fn(&mut Value)| {
        let mut object = stored.clone();
        change(&mut object);
        world.update(person("alice"), object)
    };
    let containers = |object: &mut Value| -> Vec<Value> {
        object["spec"]["podTemplate"]["spec"]["containers"].as_array().unwrap().clone()
    };
    let sidecar = |object: &mut Value| {
        let mut all = containers(object);
        all.push(json!({"name": "side", "image": "flink:1.20"}));
        object["spec"]["podTemplate"]["spec"]["containers"] = json!(all);
    };
    for (rule, change) in [
        (
            "security/image",
            &(|object: &mut Value| object["spec"]["image"] = json!("flink:1.19"))
                as &dyn Fn(&mut Value),
        ),
        ("security/image", &sidecar),
        ("flink/forbidden-option", &|object| {
            object["spec"]["flinkConfiguration"]["metrics.scope.jm"] = json!("x")
        }),
        ("scheduling/tolerations", &|object| {
            object["spec"]["podTemplate"]["spec"]["tolerations"] =
                json!([{"key": "spot", "operator": "Exists"}, {"key": "x"}]);
        }),
    ] {
        let found = update(change);
        assert!(is_by(&found, rule), "{rule}: {found:?}");
    }
    // A person's new cluster has nothing of the earlier spec.
    let mut other = manifest();
    other["metadata"]["name"] = json!("b");
    assert!(is_by(&world.create(person("alice"), other), "security/image"));
}

#[test]
fn forged_annotations_and_managed_fields_admit_nothing() {
    let strict = changed(
        &label_changed(),
        &[("security/images", json!({"allow": ["registry.example.com/*"]}))],
    );
    let mut written = manifest();
    written["spec"]["podTemplate"] = json!({"metadata": {"labels": {"cost-center": "4711"}}});
    let applied = |manifest: &Value| json!({"kubectl.kubernetes.io/last-applied-configuration": manifest.to_string()});
    let fields = |manifest: &Value| crate::clients::managed(manifest);
    for (annotations, managed) in [
        (Value::Null, Value::Null),
        (applied(&json!({})), json!([])),
        (applied(&written), Value::Null),
        (applied(&json!("x")), json!("x")),
        (Value::Null, fields(&written)),
        (
            json!({"kubectl.kubernetes.io/last-applied-configuration": "{"}),
            json!([7, {"operation": "Apply", "fieldsV1": 7}]),
        ),
    ] {
        for after in [label_changed(), strict.clone()] {
            let world = world_after(&after);
            let mut object = world.stored("flinkdeployments", "a");
            object["metadata"]["annotations"] = annotations.clone();
            object["metadata"]["managedFields"] = managed.clone();
            object["spec"]["image"] = json!("evil:1");
            object["spec"]["podTemplate"]["spec"]["tolerations"] = json!([{"operator": "Exists"}]);
            assert!(is_by(&world.update(person("alice"), object), ""), "{annotations}");
            // Nor does it keep a value that the user wants to keep, if the label is all that changed.
            let mut object = world.stored("flinkdeployments", "a");
            object["metadata"]["annotations"] = annotations.clone();
            object["metadata"]["managedFields"] = managed.clone();
            object["spec"]["job"]["parallelism"] = json!(3);
            if after == label_changed()
                && let Ok(stored) = world.update(person("alice"), object)
            {
                let labels = &stored["spec"]["podTemplate"]["metadata"]["labels"];
                assert_eq!(labels["cost-center"], "9999", "{annotations} {managed}");
            }
            // No new cluster gets the earlier spec by it.
            let mut new = written.clone();
            new["metadata"] = json!({"name": "b", "namespace": NAMESPACE, "annotations": annotations, "managedFields": managed});
            assert!(is_by(&world.create(person("alice"), new), "tenancy/label"));
        }
    }
}

#[test]
fn a_users_workload_lends_its_owners_spec_to_nothing() {
    let world = world_after(&label_changed());
    // A Deployment of a person that names the living cluster as its owner.
    let cluster = world.stored("flinkdeployments", "a");
    let mut deployment = world.stored("deployments", "a");
    deployment["metadata"] = json!({"name": "mine", "namespace": NAMESPACE, "ownerReferences": [{
        "apiVersion": "flink.apache.org/v1beta1", "kind": "FlinkDeployment", "name": "a",
        "uid": cluster["metadata"]["uid"], "controller": true}]});
    assert!(is_by(&world.create(person("alice"), deployment.clone()), "tenancy/label"));
    // Its service account cannot do it either.
    assert!(world.create(person(JOB_MANAGER), deployment).is_err());
}

/// A JobManager's account creates pods. What declares further pods is a new cluster.
#[test]
fn an_account_creates_no_clusters_with_its_owners_spec() {
    let world = world_after(&label_changed());
    let owner = world.stored("deployments", "a");
    let metadata = json!({"name": "mine", "namespace": NAMESPACE, "ownerReferences": [{
        "apiVersion": "apps/v1", "kind": "Deployment", "name": "a",
        "uid": owner["metadata"]["uid"], "controller": true}]});
    let template = &owner["spec"]["template"];
    let mut written = manifest();
    written["spec"]["podTemplate"] = json!({"metadata": {"labels": {"cost-center": "4711"}}});
    let job = json!({"spec": {"template": template}});
    for object in [
        owner.clone(),
        written,
        json!({"apiVersion": "apps/v1", "kind": "ReplicaSet", "spec": owner["spec"]}),
        json!({"apiVersion": "apps/v1", "kind": "StatefulSet", "spec": owner["spec"]}),
        json!({"apiVersion": "batch/v1", "kind": "Job", "spec": {"template": template}}),
        json!({"apiVersion": "batch/v1", "kind": "CronJob", "spec": {"schedule": "* * * * *", "jobTemplate": job}}),
    ] {
        let mut object = object;
        object["metadata"] = metadata.clone();
        let found = world.create(person(JOB_MANAGER), object.clone());
        assert!(is_by(&found, "tenancy/label"), "{} {found:?}", object["kind"]);
    }
    world.replace_pod("a", 1).unwrap();
}

#[test]
fn quota_is_always_that_of_now() {
    let limit = |cpu: &str| ("quota/perCluster", json!({ "cpu": cpu }));
    let waived = [
        ("rules", json!([{"rule": "quota/*", "enforcement": "Warn"}])),
        ("exemptions", json!([{"rules": ["quota/*"], "reason": "a test"}])),
    ];
    for waiver in waived {
        let before = changed(&tenant(), &[limit("10"), waiver.clone()]);
        let world = World::new(&before);
        created(&world, &manifest(), Way::Update).unwrap();
        let mut object = world.stored("flinkdeployments", "a");
        object["spec"]["job"]["parallelism"] = json!(40);
        let removed = (waiver.0, Value::Null);
        world.change(&changed(&before, &[removed, ("labels/cost-center", json!("9999"))]));
        assert!(is_by(&world.update(person("alice"), object), "quota/per-cluster"), "{waiver:?}");
    }
}
