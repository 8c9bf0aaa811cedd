//! The objects that are created from a stored object: the pods that Flink's native mode and its
//! operator create from a FlinkDeployment, the FlinkDeployment of a blue/green one, and the pods of
//! a Deployment.

use super::objects::{append, as_array};
use flinkgate::flink::map_options::map_entries;
use flinkgate::flink::version::FlinkVersion;
use flinkgate::flink::{Engine, Mode, PodSet, Role, Workload};
use flinkgate::resource::{GroupVersionKind, Operation, Resource, UserInfo};
use serde_json::{Value, json};

const HASH: &str = "6d85bcdd59";

fn created(
    group_version: &str,
    kind: &str,
    namespace: &str,
    user: UserInfo,
    object: Value,
) -> Resource {
    Resource {
        kind: GroupVersionKind::parse(group_version, kind),
        operation: Operation::Create,
        namespace: namespace.into(),
        name: object["metadata"]["name"].as_str().unwrap_or_default().into(),
        user,
        object,
        ..Resource::default()
    }
}

fn service_account(namespace: &str, name: &str) -> UserInfo {
    UserInfo {
        username: format!("system:serviceaccount:{namespace}:{name}"),
        ..UserInfo::default()
    }
}

/// The FlinkDeployment of one colour.
pub fn blue(parent: &Resource) -> Resource {
    let name = format!("{}-blue", parent.name_in(&parent.object));
    let template = &parent.object["spec"]["template"];
    let mut object = json!({"apiVersion": "flink.apache.org/v1beta1", "kind": "FlinkDeployment", "metadata": template["metadata"], "spec": template["spec"]});
    object["metadata"]["name"] = name.into();
    object["metadata"]["namespace"] = parent.namespace.clone().into();
    object["metadata"]["ownerReferences"] = json!([{"apiVersion": "flink.apache.org/v1beta1", "kind": "FlinkBlueGreenDeployment", "name": parent.name_in(&parent.object), "uid": "1", "controller": true}]);
    created(
        "flink.apache.org/v1beta1",
        "FlinkDeployment",
        &parent.namespace,
        service_account("flink-operator", "flink-operator"),
        object,
    )
}

/// A JobManager and a TaskManager of a stored FlinkDeployment.
pub fn of_flink_deployment(deployment: &Resource, workload: &Workload) -> Vec<Resource> {
    workload.pods.iter().map(|set| flink_pod(deployment, workload, set)).collect()
}

fn flink_pod(deployment: &Resource, workload: &Workload, set: &PodSet) -> Resource {
    let (cluster, namespace) = (workload.cluster.as_str(), deployment.namespace.as_str());
    let spec = &deployment.object["spec"];
    let native = workload.mode == Some(Mode::Native);
    let component = set.role.component().unwrap();
    let template = set.template(&deployment.object);
    let mut pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": template["metadata"], "spec": template["spec"]});

    let maker = if native { "flink-native-kubernetes" } else { "flink-standalone-kubernetes" };
    let options = |field: &str| {
        let option = format!("kubernetes.{component}.{field}");
        map_entries(&workload.config, &option)
            .into_iter()
            .map(|pair| (pair.key, pair.value))
            .collect::<Vec<_>>()
    };
    for (key, value) in options("labels") {
        pod["metadata"]["labels"][&key] = value.into();
    }
    for (key, value) in options("node-selector") {
        pod["spec"]["nodeSelector"][&key] = value.into();
    }
    let toleration: serde_json::Map<String, Value> =
        options("tolerations").into_iter().map(|(key, value)| (key, value.into())).collect();
    if !toleration.is_empty() {
        append(&mut pod["spec"]["tolerations"], toleration.into());
    }
    let metadata = &mut pod["metadata"];
    for (key, value) in [("app", cluster), ("component", component), ("type", maker)] {
        metadata["labels"][key] = value.into();
    }
    metadata["namespace"] = namespace.into();
    let of_controller = !native || set.role == Role::JobManager;
    let deployed = if set.role == Role::JobManager {
        cluster.to_owned()
    } else {
        format!("{cluster}-taskmanager")
    };
    let owner = |kind: &str, name: &str| json!([{"apiVersion": "apps/v1", "kind": kind, "name": name, "uid": "1", "controller": true}]);
    if of_controller {
        metadata["labels"]["pod-template-hash"] = HASH.into();
        metadata["generateName"] = format!("{deployed}-{HASH}-").into();
        metadata["ownerReferences"] = owner("ReplicaSet", &format!("{deployed}-{HASH}"));
    } else {
        metadata["name"] = format!("{cluster}-taskmanager-1-1").into();
        metadata["ownerReferences"] = owner("Deployment", cluster);
    }

    let (prefix, script) = match set.role {
        Role::JobManager => {
            ("containerized.master.env.", "kubernetes-jobmanager.sh kubernetes-application ")
        }
        _ => (
            "containerized.taskmanager.env.",
            "kubernetes-taskmanager.sh -Dtaskmanager.numberOfTaskSlots=1 ",
        ),
    };
    let args = match (native, set.role) {
        (true, _) => json!(["bash", "-c", script]),
        (false, Role::JobManager) => {
            json!(["standalone-job", "-D", "jobmanager.rpc.address=$(_POD_IP_ADDRESS)"])
        }
        (false, _) => json!(["taskmanager"]),
    };
    // Flink removes its container from the template and appends it after the others.
    let containers = as_array(&mut pod["spec"]["containers"]);
    let own = containers.iter().position(|container| container["name"] == "flink-main-container");
    let mut main = own
        .map_or_else(|| json!({"name": "flink-main-container"}), |index| containers.remove(index));
    main["image"] = spec["image"].clone();
    main["command"] = json!(["/docker-entrypoint.sh"]);
    main["args"] = args;
    main["resources"] =
        json!({"requests": {"cpu": "1", "memory": "2Gi"}, "limits": {"cpu": "1", "memory": "2Gi"}});
    for (name, entry) in workload.config.under(prefix.trim_end_matches('.')) {
        append(
            &mut main["env"],
            json!({"name": name.trim_start_matches(prefix), "value": entry.value}),
        );
    }
    append(
        &mut main["volumeMounts"],
        json!({"name": "flink-config-volume", "mountPath": "/opt/flink/conf"}),
    );
    let claims = if native
        && set.role == Role::TaskManager
        && workload.version.is_none_or(|version| version >= FlinkVersion::new(2, 3))
    {
        map_entries(&workload.config, "kubernetes.persistent-volume-claims")
    } else {
        Vec::new()
    };
    for claim in &claims {
        append(
            &mut main["volumeMounts"],
            json!({"name": format!("{}-pvc", claim.key), "mountPath": claim.value}),
        );
    }
    containers.push(main);
    for claim in &claims {
        let source = json!({"claimName": claim.key});
        append(
            &mut pod["spec"]["volumes"],
            json!({"name": format!("{}-pvc", claim.key), "persistentVolumeClaim": source}),
        );
    }
    append(
        &mut pod["spec"]["volumes"],
        json!({"name": "flink-config-volume", "configMap": {"name": format!("flink-config-{cluster}")}}),
    );
    let account = spec["serviceAccount"].as_str().unwrap_or("default");
    pod["spec"]["serviceAccountName"] = account.into();

    let user = if of_controller {
        service_account("kube-system", "replicaset-controller")
    } else {
        let asking = vec![format!("{cluster}-{HASH}-x2x9z")];
        UserInfo {
            extra: [("authentication.kubernetes.io/pod-name".to_owned(), asking)].into(),
            ..service_account(namespace, account)
        }
    };
    completed(&mut pod);
    created("v1", "Pod", namespace, user, pod)
}

/// A pod of a Deployment, StatefulSet, Job or CronJob, or of the workloads of other operators; its
/// template is unchanged.
pub fn of_template(resource: &Resource, template: &Value) -> Resource {
    let mut pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": template["metadata"], "spec": template["spec"]});
    let name = resource.name_in(&resource.object);
    let metadata = &mut pod["metadata"];
    metadata["namespace"] = resource.namespace.clone().into();
    let (owner, owner_name) = match resource.kind.kind.as_str() {
        "Deployment" => ("ReplicaSet", format!("{name}-{HASH}")),
        "CronJob" => ("Job", format!("{name}-29000000")),
        // Spotify's operator creates StatefulSets, and Lyft's creates Deployments.
        "FlinkCluster" => (
            "StatefulSet",
            format!(
                "{name}-{}",
                template["metadata"]["labels"]["component"].as_str().unwrap_or("job")
            ),
        ),
        "FlinkApplication" => ("ReplicaSet", format!("{name}-0a1b2c3d-{HASH}")),
        kind => (kind, name.to_owned()),
    };
    match owner {
        "ReplicaSet" => metadata["labels"]["pod-template-hash"] = HASH.into(),
        "StatefulSet" => {
            metadata["labels"]["statefulset.kubernetes.io/pod-name"] =
                format!("{owner_name}-0").into()
        }
        _ => metadata["labels"]["batch.kubernetes.io/job-name"] = owner_name.clone().into(),
    }
    if owner == "StatefulSet" {
        metadata["name"] = format!("{owner_name}-0").into();
    } else {
        metadata["generateName"] = format!("{owner_name}-").into();
    }
    metadata["ownerReferences"] = json!([{"apiVersion": "apps/v1", "kind": owner, "name": owner_name, "uid": "1", "controller": true}]);
    created(
        "v1",
        "Pod",
        &resource.namespace,
        service_account("kube-system", "replicaset-controller"),
        pod,
    )
}

/// Adds what the API server and its built-in admission set before it calls webhooks.
fn completed(pod: &mut Value) {
    let spec = &mut pod["spec"];
    if spec["securityContext"].is_null() {
        spec["securityContext"] = json!({});
    }
    for effect in ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"] {
        let toleration = json!({"key": effect, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300});
        append(&mut spec["tolerations"], toleration);
    }
    append(
        &mut spec["volumes"],
        json!({"name": "kube-api-access-cjh7j", "projected": {"sources": [{"serviceAccountToken": {"path": "token"}}]}}),
    );
    for list in ["initContainers", "containers"] {
        for container in spec.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten() {
            let mount = json!({"name": "kube-api-access-cjh7j", "readOnly": true, "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount"});
            append(&mut container["volumeMounts"], mount);
        }
    }
}

/// Whether the API server would store such a pod.
pub fn is_sound_pod(pod: &Value) -> bool {
    is_sound(pod)
        && pod["spec"]["containers"].as_array().is_some_and(|containers| !containers.is_empty())
}

/// Whether the API server would store pods of this template: containers and volumes have unique
/// names, and every mount has a volume.
pub fn is_sound(template: &Value) -> bool {
    let list = |value: &Value, field: &str| {
        value.get(field).and_then(Value::as_array).cloned().unwrap_or_default()
    };
    let names = |elements: &[Value]| -> Option<Vec<String>> {
        let mut names = Vec::new();
        for element in elements {
            let name = element["name"].as_str()?.to_owned();
            (!names.contains(&name)).then(|| names.push(name))?;
        }
        Some(names)
    };
    let spec = &template["spec"];
    let containers = [list(spec, "containers"), list(spec, "initContainers")].concat();
    let Some(volumes) = names(&list(spec, "volumes")) else { return false };
    let is_one_kind = |volume: &Value| volume.as_object().is_some_and(|fields| fields.len() == 2);
    names(&containers).is_some()
        && list(spec, "volumes").iter().all(is_one_kind)
        && containers.iter().flat_map(|container| list(container, "volumeMounts")).all(|mount| {
            mount["name"].as_str().is_some_and(|name| volumes.iter().any(|volume| volume == name))
        })
        && containers.iter().all(|container| {
            let mut paths: Vec<_> = list(container, "volumeMounts")
                .iter()
                .map(|mount| mount["mountPath"].to_string())
                .collect();
            let all = paths.len();
            paths.sort();
            paths.dedup();
            paths.len() == all
        })
}

/// Whether the operator deploys the object with pods as derived here.
pub fn is_deployed(workload: &Workload) -> bool {
    workload.engine == Engine::Operator && workload.declares_cluster && !workload.cluster.is_empty()
}
