//! Blue/green deployments, session jobs and the workloads that users make themselves.

use crate::pods;
use crate::table::{changed, manifest, tenant};
use crate::world::{NAMESPACE, OPERATOR, REPLICA_SETS, World, person};
use flinkgate::resource::Resource;
use serde_json::{Value, json};

fn label_changed() -> Value {
    changed(&tenant(), &[("labels/cost-center", json!("9999"))])
}

fn owner(object: &Value) -> Value {
    json!([{"apiVersion": object["apiVersion"], "kind": object["kind"], "name": object["metadata"]["name"],
        "uid": object["metadata"]["uid"], "controller": true}])
}

#[test]
fn a_colour_belongs_to_its_blue_green_deployment() {
    let world = World::new(&tenant());
    let manifest = json!({"apiVersion": "flink.apache.org/v1beta1", "kind": "FlinkBlueGreenDeployment",
        "metadata": {"name": "a", "namespace": NAMESPACE}, "spec": {"template": {"spec": manifest()["spec"]}}});
    let parent = world.create(person("alice"), manifest).unwrap();
    world.change(&changed(&label_changed(), &[("scheduling/tolerations", json!([]))]));
    let resource = Resource {
        namespace: NAMESPACE.into(),
        ..Resource::from_manifest(parent.clone()).unwrap()
    };
    let mut child = pods::blue(&resource).object;
    child["metadata"]["ownerReferences"] = owner(&parent);
    let template = &parent["spec"]["template"]["spec"]["podTemplate"];
    let stored = world.create(person(OPERATOR), child.clone()).unwrap();
    assert_eq!(
        stored["spec"]["podTemplate"]["spec"]["tolerations"],
        template["spec"]["tolerations"]
    );
    assert_eq!(stored["spec"]["podTemplate"]["metadata"]["labels"]["cost-center"], "4711");
    world.deploy("a-blue").unwrap();
    world.replace_pod("a-blue", 0).unwrap();
    world.replace_pod("a-blue", 1).unwrap();
    // A person gets none of it.
    child["metadata"]["name"] = json!("a-green");
    assert!(world.create(person("alice"), child).is_err());
}

/// A Deployment of a user with the tenant's label in its template.
fn deployment() -> Value {
    let labels = json!({"app": "mine", "component": "taskmanager", "cost-center": "4711"});
    let container = json!({"name": "taskmanager", "image": "flink:1.20", "args": ["taskmanager"],
        "securityContext": {"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}, "readOnlyRootFilesystem": false},
        "resources": {"requests": {"cpu": "1", "memory": "2Gi"}, "limits": {"memory": "2Gi"}}});
    json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "mine", "namespace": NAMESPACE},
        "spec": {"replicas": 1, "selector": {"matchLabels": {"app": "mine"}}, "template": {"metadata": {"labels": labels},
            "spec": {"serviceAccountName": "flink", "containers": [container],
                "securityContext": {"runAsNonRoot": true, "runAsUser": 9999, "seccompProfile": {"type": "RuntimeDefault"}}}}}})
}

#[test]
fn a_users_workload_keeps_running_and_scaling() {
    let before = changed(&tenant(), &[("security/readOnlyRootFilesystem", Value::Null)]);
    let world = World::new(&before);
    let stored = world.create(person("alice"), deployment()).unwrap();
    let mut set = json!({"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": {"name": "mine-1", "namespace": NAMESPACE,
        "ownerReferences": owner(&stored)}, "spec": stored["spec"]});
    set = world
        .create(person("system:serviceaccount:kube-system:deployment-controller"), set)
        .unwrap();
    let pod = |set: &Value| {
        let template = &set["spec"]["template"];
        let mut metadata = template["metadata"].clone();
        metadata["namespace"] = json!(NAMESPACE);
        metadata["generateName"] = json!("mine-1-");
        metadata["ownerReferences"] = owner(set);
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"]})
    };
    world.create(person(REPLICA_SETS), pod(&set)).unwrap();
    world.change(&changed(
        &before,
        &[
            ("labels/cost-center", json!("9999")),
            ("scheduling/tolerations", json!([{"key": "new", "operator": "Exists"}])),
        ],
    ));
    world.create(person(REPLICA_SETS), pod(&set)).unwrap();
    // The user scales and changes it, but adds nothing that is refused now.
    let mut update = world.stored("deployments", "mine");
    update["spec"]["replicas"] = json!(3);
    world.update(person("alice"), update.clone()).unwrap();
    let mut more = update.clone();
    more["spec"]["template"]["spec"]["tolerations"] =
        json!([{"key": "flink", "operator": "Exists"}]);
    assert!(world.update(person("alice"), more).is_err());
    let mut other = deployment();
    other["metadata"]["name"] = json!("other");
    assert!(world.create(person("alice"), other).is_err());
    // With the new label it satisfies the spec in force.
    update["spec"]["template"]["metadata"]["labels"]["cost-center"] = json!("9999");
    world.update(person("alice"), update).unwrap();
}

#[test]
fn a_session_job_gets_the_new_value_of_an_enforced_option() {
    let with = |value: &str| {
        changed(
            &tenant(),
            &[("flink/configuration/enforced", json!({"pipeline.object-reuse": value}))],
        )
    };
    let world = World::new(&with("true"));
    let mut cluster = manifest();
    cluster["spec"].as_object_mut().unwrap().remove("job");
    world.create(person("alice"), cluster).unwrap();
    let job = json!({"apiVersion": "flink.apache.org/v1beta1", "kind": "FlinkSessionJob", "metadata": {"name": "j", "namespace": NAMESPACE},
        "spec": {"deploymentName": "a", "job": {"jarURI": "https://example.com/x.jar", "parallelism": 1}}});
    let mut stored = world.create(person("alice"), job).unwrap();
    assert_eq!(stored["spec"]["flinkConfiguration"]["pipeline.object-reuse"], "true");
    world.change(&with("false"));
    stored["spec"]["job"]["parallelism"] = json!(2);
    let stored = world.update(person("alice"), stored).unwrap();
    assert_eq!(stored["spec"]["flinkConfiguration"]["pipeline.object-reuse"], "false");
}

/// The operator writes no owner into the snapshots that it makes of a running job.
#[test]
fn the_operator_makes_snapshots_where_the_job_has_its_savepoints() {
    let before = changed(&tenant(), &[("storage/checkpoints/locations", json!(["s3://old/"]))]);
    let after = changed(&before, &[("storage/checkpoints/locations", json!(["s3://new/"]))]);
    let world = World::new(&before);
    let mut cluster = manifest();
    cluster["spec"]["flinkConfiguration"]["state.savepoints.dir"] = json!("s3://old/a");
    world.create(person("alice"), cluster).unwrap();
    let mut session = manifest();
    session["metadata"]["name"] = json!("s");
    session["spec"].as_object_mut().unwrap().remove("job");
    world.create(person("alice"), session).unwrap();
    let job = json!({"apiVersion": "flink.apache.org/v1beta1", "kind": "FlinkSessionJob", "metadata": {"name": "j", "namespace": NAMESPACE},
        "spec": {"deploymentName": "s", "job": {"jarURI": "https://example.com/x.jar", "parallelism": 1}}});
    world.create(person("alice"), job).unwrap();
    world.change(&after);
    let mut newer = manifest();
    newer["metadata"]["name"] = json!("b");
    world.create(person("alice"), newer).unwrap();
    let snapshot = |kind: &str, name: &str, path: &str| {
        json!({"apiVersion": "flink.apache.org/v1beta1", "kind": "FlinkStateSnapshot",
            "metadata": {"name": format!("{name}-1"), "namespace": NAMESPACE},
            "spec": {"jobReference": {"kind": kind, "name": name}, "savepoint": {"path": path, "disposeOnDelete": true}}})
    };
    let deployment = "FlinkDeployment";
    for (user, kind, name, path, is_admitted) in [
        (OPERATOR, deployment, "a", "s3://old/a", true),
        (OPERATOR, "FlinkSessionJob", "j", "s3://old/j", true),
        (OPERATOR, deployment, "a", "s3://new/a", true),
        (OPERATOR, deployment, "a", "s3://other/a", false),
        // Its job was admitted with the spec in force, or does not exist.
        (OPERATOR, deployment, "b", "s3://old/b", false),
        (OPERATOR, "FlinkSessionJob", "a", "s3://old/a", false),
        ("alice", deployment, "a", "s3://old/a", false),
        ("alice", deployment, "a", "s3://new/a", true),
        ("system:serviceaccount:payments-prod:flink", deployment, "a", "s3://old/a", false),
        (
            "system:serviceaccount:payments-prod:flink-operator",
            deployment,
            "a",
            "s3://old/a",
            false,
        ),
    ] {
        let found = world.create(person(user), snapshot(kind, name, path));
        assert_eq!(found.is_ok(), is_admitted, "{user} {kind} {name} {path}: {found:?}");
    }
}
