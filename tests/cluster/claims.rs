//! Claims for clusters' state: made where a pod waits for one, never by admission, and kept while a
//! cluster runs.

use super::support::installation::{Installation, example, installation};
use super::support::wait::until;
use serde_json::{Value, json};

/// A tenant whose clusters have claims like these.
fn tenant(admin: &Installation, name: &str, volume: Value) -> String {
    admin.tenant(name, json!({"storage": {"checkpoints": {"volume": volume}}}))
}

/// A TaskManager as native mode asks for it; Flinkgate mounts the claim.
fn task_manager(namespace: &str, cluster: &str, name: &str) -> Value {
    let labels =
        json!({"app": cluster, "component": "taskmanager", "type": "flink-native-kubernetes"});
    let container = json!({"name": "flink-main-container", "image": "registry.example.com/flink:1.20",
        "command": ["/docker-entrypoint.sh"], "args": ["bash", "-c", "kubernetes-taskmanager.sh"]});
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": namespace, "labels": labels},
        "spec": {"containers": [container]}})
}

fn claim(admin: &Installation, namespace: &str, name: &str) -> Value {
    let found = || {
        admin.try_kubectl(
            &[
                "get",
                "persistentvolumeclaim",
                name,
                "--namespace",
                namespace,
                "-o",
                "json",
                "--show-managed-fields",
            ],
            "",
        )
    };
    serde_json::from_str(&until("the claim is made", found)).unwrap()
}

fn claims(admin: &Installation, namespace: &str) -> Vec<String> {
    let all = admin.get(&["persistentvolumeclaims", "--namespace", namespace]);
    all["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|claim| claim["metadata"]["name"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn the_claim_that_a_pod_waits_for_is_made_from_the_tenants_template() {
    let admin = installation();
    let volume = json!({"claimName": "{cluster}-state", "storageClassName": "nfs", "size": "50Gi"});
    let namespace = tenant(admin, "claims", volume);
    let pod = task_manager(&namespace, "etl", "etl-taskmanager-1-1");
    admin.try_kubectl(&["create", "--dry-run=server", "-f", "-"], &pod.to_string()).unwrap();
    // A claim that the template does not make is its author's own affair.
    let mut other = task_manager(&namespace, "other", "other-taskmanager-1-1");
    other["spec"]["volumes"] =
        json!([{"name": "mine", "persistentVolumeClaim": {"claimName": "treasure"}}]);
    admin.create(&other.to_string());
    let made = claim(admin, &namespace, "other-state");
    assert_eq!(
        claims(admin, &namespace),
        ["other-state"],
        "a dry run makes nothing, and nobody else's claim is made"
    );
    assert_eq!(made["spec"]["accessModes"], json!(["ReadWriteMany"]));
    assert_eq!(
        (&made["spec"]["storageClassName"], &made["spec"]["resources"]["requests"]["storage"]),
        (&json!("nfs"), &json!("50Gi"))
    );
    assert_eq!(
        made["metadata"]["managedFields"]
            .as_array()
            .map(|fields| fields.iter().any(|field| field["manager"] == "flinkgate")),
        Some(true)
    );
    assert_eq!(made["metadata"].get("ownerReferences"), None, "state outlives its cluster");

    // One that is there stays as it is.
    let own = json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "etl-state", "namespace": namespace},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}});
    admin.create(&own.to_string());
    admin.create(&pod.to_string());
    admin.create(&task_manager(&namespace, "third", "third-taskmanager-1-1").to_string());
    claim(admin, &namespace, "third-state");
    assert_eq!(
        claim(admin, &namespace, "etl-state")["spec"]["accessModes"],
        json!(["ReadWriteOnce"])
    );
}

#[test]
fn a_claim_goes_with_its_cluster_where_the_tenant_says_so_and_not_from_under_it() {
    let admin = installation();
    let volume = json!({"claimName": "{cluster}-state", "size": "1Gi", "reclaim": "Delete"});
    let namespace = tenant(admin, "reclaimed", volume);
    let here = ["--namespace", namespace.as_str()];
    let mut cluster = example("manifests/etl.yaml", &namespace);
    cluster["spec"]["job"]["upgradeMode"] = json!("stateless");
    admin.create(&cluster.to_string());
    admin.create(&task_manager(&namespace, "etl", "etl-taskmanager-1-1").to_string());
    let owner = claim(admin, &namespace, "etl-state")["metadata"]["ownerReferences"][0].take();
    let uid = admin.get(&["flinkdeployment", "etl", here[0], here[1]])["metadata"]["uid"].take();
    assert_eq!((&owner["kind"], &owner["uid"]), (&json!("FlinkDeployment"), &uid));

    let delete = || {
        admin.try_kubectl(
            &["delete", "persistentvolumeclaim", "etl-state", "--wait=false", here[0], here[1]],
            "",
        )
    };
    let refusal = delete().unwrap_err();
    assert!(
        refusal.contains("storage/claim-in-use") && refusal.contains("etl-taskmanager-1-1"),
        "{refusal}"
    );
    assert_eq!(claim(admin, &namespace, "etl-state")["metadata"].get("deletionTimestamp"), None);
    // The cluster goes, and the control plane takes what belongs to it.
    admin.kubectl(&[
        "delete",
        "pod",
        "etl-taskmanager-1-1",
        "--grace-period=0",
        "--force",
        here[0],
        here[1],
    ]);
    admin.kubectl(&["delete", "flinkdeployment", "etl", here[0], here[1]]);
    until("the claim goes with its cluster", || {
        let left = claims(admin, &namespace);
        if left.is_empty() { Ok(()) } else { Err(format!("{left:?}")) }
    });
}

#[test]
fn a_namespace_goes_with_the_claims_in_it() {
    let admin = installation();
    let namespace =
        tenant(admin, "claims-gone", json!({"claimName": "{cluster}-state", "size": "1Gi"}));
    admin.create(&task_manager(&namespace, "etl", "etl-taskmanager-1-1").to_string());
    claim(admin, &namespace, "etl-state");
    admin.kubectl(&["delete", "namespace", &namespace, "--timeout=60s"]);
}

#[test]
fn a_claim_of_one_node_under_pods_that_are_kept_apart_is_told_before_they_hang() {
    let admin = installation();
    let namespace = admin
        .tenant("one-node", json!({"scheduling": {"antiAffinity": {"taskManager": "Required"}}}));
    let mut cluster = example("manifests/etl.yaml", &namespace);
    cluster["spec"]["job"]["upgradeMode"] = json!("stateless");
    cluster["spec"]["flinkConfiguration"]["execution.checkpointing.dir"] =
        json!("file:///state/checkpoints");
    let mount = json!({"name": "flink-main-container", "volumeMounts": [{"name": "state", "mountPath": "/state"}]});
    let volume = json!({"name": "state", "persistentVolumeClaim": {"claimName": "mine"}});
    cluster["spec"]["podTemplate"] = json!({"spec": {"containers": [mount], "volumes": [volume]}});
    let create =
        || admin.try_kubectl(&["create", "--dry-run=server", "-f", "-"], &cluster.to_string());
    let claim = |mode: &str| {
        json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "mine", "namespace": namespace},
            "spec": {"accessModes": [mode], "resources": {"requests": {"storage": "1Gi"}}}})
    };
    // Of a claim that is not there nothing is known.
    create().unwrap();
    admin.create(&claim("ReadWriteOnce").to_string());
    let refusal = create().unwrap_err();
    assert!(refusal.contains("storage/single-node-claim"), "{refusal}");
    admin.kubectl(&["delete", "persistentvolumeclaim", "mine", "--namespace", &namespace]);
    admin.create(&claim("ReadWriteMany").to_string());
    create().unwrap();
}
