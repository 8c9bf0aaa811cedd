//! The place of a cluster's state, where Flinkgate gives each pod its volume: native clusters and
//! workloads that users make.

use crate::table::{changed, manifest, tenant};
use crate::world::{JOB_MANAGER, NAMESPACE, REPLICA_SETS, Refusal, World, person};
use flinkgate::resource::UserInfo;
use serde_json::{Value, json};

const DEPLOYMENTS: &str = "system:serviceaccount:kube-system:deployment-controller";
/// The administrator's certificate, with which small clusters run the controllers too.
fn administrator() -> UserInfo {
    let groups = vec!["system:masters".into(), "system:authenticated".into()];
    UserInfo { username: "admin".into(), groups, ..UserInfo::default() }
}

fn owner(object: &Value) -> Value {
    json!([{"apiVersion": object["apiVersion"], "kind": object["kind"], "name": object["metadata"]["name"],
        "uid": object["metadata"]["uid"], "controller": true}])
}

fn labels(component: &str) -> Value {
    json!({"app": "alone", "component": component, "type": "flink-native-kubernetes"})
}

fn pod_spec(component: &str) -> Value {
    let container = json!({"name": "flink-main-container", "image": "flink:1.20",
        "command": ["/docker-entrypoint.sh"], "args": [format!("kubernetes-{component}.sh")],
        "env": [{"name": "FLINK_CONF_DIR", "value": "/opt/flink/conf"}],
        "volumeMounts": [{"name": "flink-config-volume", "mountPath": "/opt/flink/conf"}],
        "resources": {"requests": {"cpu": "1", "memory": "2Gi"}, "limits": {"cpu": "1", "memory": "2Gi"}}});
    json!({"serviceAccountName": "flink", "containers": [container], "volumes": [
        {"name": "flink-config-volume", "configMap": {"name": "flink-config-alone",
            "items": [{"key": "config.yaml", "path": "config.yaml"}]}}]})
}

/// What Flink's client makes: a Deployment with the JobManager, and its ConfigMap.
fn start(world: &World) -> Value {
    let config = "high-availability.type: kubernetes\n\
        high-availability.storageDir: file:///flink/state/ha\n\
        execution.checkpointing.interval: 10s\n\
        execution.checkpointing.dir: file:///flink/state/checkpoints\n\
        execution.checkpointing.savepoint-dir: file:///flink/state/savepoints\n\
        execution.checkpointing.externalized-checkpoint-retention: RETAIN_ON_CANCELLATION\n\
        kubernetes.rest-service.exposed.type: ClusterIP\n\
        kubernetes.cluster-id: alone\n";
    let deployment = json!({"apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "alone", "namespace": NAMESPACE, "labels": labels("jobmanager")},
        "spec": {"replicas": 1, "selector": {"matchLabels": labels("jobmanager")},
            "template": {"metadata": {"labels": labels("jobmanager")}, "spec": pod_spec("jobmanager")}}});
    let deployment = world.create(person("alice"), deployment).unwrap();
    let map = json!({"apiVersion": "v1", "kind": "ConfigMap", "data": {"config.yaml": config},
        "metadata": {"name": "flink-config-alone", "namespace": NAMESPACE,
            "labels": labels("jobmanager"), "ownerReferences": owner(&deployment)}});
    world.store(map);
    let set = json!({"apiVersion": "apps/v1", "kind": "ReplicaSet", "spec": deployment["spec"],
        "metadata": {"name": "alone-1", "namespace": NAMESPACE, "ownerReferences": owner(&deployment)}});
    world.create(person(DEPLOYMENTS), set).unwrap();
    deployment
}

/// The JobManager's pod, by whoever controls ReplicaSets.
fn jobmanager(world: &World, user: UserInfo) -> Result<Value, Refusal> {
    let set = world.stored("replicasets", "alone-1");
    let template = &set["spec"]["template"];
    let mut metadata = template["metadata"].clone();
    metadata["namespace"] = json!(NAMESPACE);
    metadata["generateName"] = json!("alone-1-");
    metadata["ownerReferences"] = owner(&set);
    let pod =
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"]});
    world.create(user, pod)
}

/// A TaskManager's pod, by the JobManager or somebody else.
fn taskmanager(world: &World, user: UserInfo, number: u32) -> Result<Value, Refusal> {
    let deployment = world.stored("deployments", "alone");
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "spec": pod_spec("taskmanager"),
        "metadata": {"name": format!("alone-taskmanager-1-{number}"), "namespace": NAMESPACE,
            "labels": labels("taskmanager"), "ownerReferences": owner(&deployment)}});
    world.create(user, pod)
}

/// Claim and path of the state volume of a pod.
fn place(pod: &Value) -> (String, String) {
    let named = |list: &Value| {
        let all = list.as_array().cloned().unwrap_or_default();
        all.into_iter().find(|one| one["name"] == "flinkgate-state").unwrap_or_default()
    };
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let volume = named(&pod["spec"]["volumes"]);
    let mount = named(&pod["spec"]["containers"][0]["volumeMounts"]);
    (text(&volume["persistentVolumeClaim"]["claimName"]), text(&mount["mountPath"]))
}

fn before() -> Value {
    changed(&tenant(), &[("storage/checkpoints/volume/claimName", json!("{cluster}-state"))])
}

/// Each change of the place alone, and with values that every pod gets.
fn changes() -> Vec<Value> {
    let claim = ("storage/checkpoints/volume/claimName", json!("{cluster}-data"));
    let path = ("storage/checkpoints/volume/mountPath", json!("/flink/other"));
    let label = ("labels/cost-center", json!("9999"));
    let selector = ("scheduling/nodeSelector", json!({"pool": "other"}));
    let option =
        ("flink/configuration/enforced", json!({"execution.checkpointing.interval": "3s"}));
    let given_up = ("storage/checkpoints", json!({"volume": null, "locations": ["s3://flink/"]}));
    let sets = [
        vec![claim.clone()],
        vec![path.clone()],
        vec![claim.clone(), path.clone()],
        vec![claim, path, label.clone(), selector.clone(), option.clone()],
        vec![given_up.clone()],
        vec![given_up, label.clone()],
        vec![label, selector],
        vec![option],
    ];
    sets.iter().map(|set| changed(&before(), set)).collect()
}

#[test]
fn pods_of_a_living_cluster_find_its_state() {
    for after in changes() {
        let world = World::new(&before());
        start(&world);
        let first = place(&jobmanager(&world, person(REPLICA_SETS)).unwrap());
        assert_eq!(first, ("alone-state".into(), "/flink/state".into()));
        assert_eq!(place(&taskmanager(&world, person(JOB_MANAGER), 1).unwrap()), first);
        world.change(&after);
        for user in [person(REPLICA_SETS), administrator()] {
            let pod =
                jobmanager(&world, user).unwrap_or_else(|refusal| panic!("{after}: {refusal:?}"));
            assert_eq!(place(&pod), first, "{after}");
        }
        let pod = taskmanager(&world, person(JOB_MANAGER), 2)
            .unwrap_or_else(|refusal| panic!("{after}: {refusal:?}"));
        assert_eq!(place(&pod), first, "{after}");
    }
}

#[test]
fn a_persons_pod_gets_no_place_of_before() {
    for after in changes() {
        let world = World::new(&before());
        start(&world);
        world.change(&after);
        for user in [person("alice"), person("system:serviceaccount:payments-prod:other")] {
            let pod = taskmanager(&world, user, 3);
            let wanted = after["storage"]["checkpoints"]["volume"]["claimName"].as_str();
            if let (Ok(pod), Some("{cluster}-data")) = (pod, wanted) {
                assert_eq!(place(&pod).0, "alone-data", "{after}");
            }
        }
    }
}

#[test]
fn an_updated_workload_keeps_the_place_of_its_state() {
    for after in changes() {
        let world = World::new(&before());
        start(&world);
        let first = place(&jobmanager(&world, person(REPLICA_SETS)).unwrap());
        world.change(&after);
        let mut deployment = world.stored("deployments", "alone");
        deployment["spec"]["template"]["spec"]["containers"][0]["env"]
            .as_array_mut()
            .unwrap()
            .push(json!({"name": "MORE", "value": "1"}));
        let deployment = world
            .update(person("alice"), deployment)
            .unwrap_or_else(|refusal| panic!("{after}: {refusal:?}"));
        let mut set = world.stored("replicasets", "alone-1");
        set["spec"] = deployment["spec"].clone();
        world.store(set);
        let pod = jobmanager(&world, person(REPLICA_SETS))
            .unwrap_or_else(|refusal| panic!("{after}: {refusal:?}"));
        assert_eq!(place(&pod), first, "{after}");
        let pod = taskmanager(&world, person(JOB_MANAGER), 2).unwrap();
        assert_eq!(place(&pod), first, "{after}");
    }
}

#[test]
fn pods_of_a_resource_that_is_only_checked_find_its_state() {
    let only_checked = |spec: &Value| changed(spec, &[("mutation/customResources", json!(false))]);
    let mut cluster = manifest();
    cluster["spec"]["flinkConfiguration"] = json!({
        "taskmanager.numberOfTaskSlots": "1",
        "high-availability.type": "kubernetes",
        "high-availability.storageDir": "file:///flink/state/ha",
        "execution.checkpointing.dir": "file:///flink/state/checkpoints",
        "execution.checkpointing.savepoint-dir": "file:///flink/state/savepoints",
        "execution.checkpointing.interval": "10s",
        "execution.checkpointing.externalized-checkpoint-retention": "RETAIN_ON_CANCELLATION",
        "kubernetes.rest-service.exposed.type": "ClusterIP",
    });
    for (role, memory) in [("jobManager", "1600m"), ("taskManager", "1728m")] {
        cluster["spec"][role] = json!({"resource": {"cpu": 0.5, "memory": memory}});
    }
    for after in changes() {
        let world = World::new(&only_checked(&before()));
        world.create(person("alice"), cluster.clone()).unwrap();
        world.deploy("a").unwrap();
        let found =
            |number: usize| world.admit(world.replacement("a", number)).map(|pod| place(&pod));
        let first = found(0).unwrap();
        assert_eq!((first.0.as_str(), first.1.as_str()), ("a-state", "/flink/state"));
        world.change(&only_checked(&after));
        for number in [0, 1] {
            let pod = found(number).unwrap_or_else(|refusal| panic!("{after}: {refusal:?}"));
            assert_eq!(pod, first, "{number} {after}");
        }
    }
}
