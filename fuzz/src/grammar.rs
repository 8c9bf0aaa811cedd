//! Reviews from a grammar: bytes choose the kind, the fields and their values, so that a changed
//! byte is another review and not broken JSON.

use serde_json::{Map, Value, json};

/// The choices that are left. When all are made, each further one is the first.
struct Choices<'a>(std::slice::Iter<'a, u8>);

impl Choices<'_> {
    fn below(&mut self, bound: usize) -> usize {
        usize::from(self.0.next().copied().unwrap_or_default()) % bound.max(1)
    }

    fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }

    fn often(&mut self) -> bool {
        self.below(3) > 0
    }

    fn list(&mut self, most: usize, mut element: impl FnMut(&mut Self, usize) -> Value) -> Value {
        let count = self.below(most + 1);
        (0..count).map(|index| element(self, index)).collect()
    }
}

const NAMES: [&str; 10] = [
    "flink-main-container",
    "a",
    "log-shipper",
    "etl",
    "jobmanager",
    "flinkgate-state",
    "",
    "A_b",
    "x-\u{85}y",
    "kube-api-access",
];
const TEXTS: [&str; 14] = [
    "",
    "a",
    "true",
    "null",
    "1",
    "-1",
    "1Gi",
    "2048m",
    "/flink/state",
    "s3://other/x",
    "file:///flink/state/x",
    "../..",
    "${x}",
    "\u{2028}key: v\r\n# c",
];
const IMAGES: [&str; 6] =
    ["flink", "flink:latest", "registry.example.com/flink/etl:1", "a@sha256:00", "A:b:c", " "];
const KEYS: [&str; 26] = [
    "taskmanager.numberOfTaskSlots",
    "parallelism.default",
    "state.checkpoints.dir",
    "execution.checkpointing.dir",
    "high-availability.type",
    "high-availability.storageDir",
    "kubernetes.namespace",
    "kubernetes.cluster-id",
    "kubernetes.persistent-volume-claims",
    "kubernetes.secrets",
    "kubernetes.taskmanager.tolerations",
    "kubernetes.jobmanager.labels",
    "kubernetes.taskmanager.node-selector",
    "kubernetes.pod-template-file.default",
    "kubernetes.operator.pod-template.merge-arrays-by-name",
    "taskmanager.memory.process.size",
    "taskmanager.memory.managed.fraction",
    "jobmanager.memory.process.size",
    "env.java.opts.all",
    "restart-strategy.type",
    "metrics.reporters",
    "job.autoscaler.enabled",
    "rest.port",
    "kubernetes.rest-service.exposed.type",
    "kubernetes.container.image.ref",
    "unknown.key",
];

/// The body of an AdmissionReview.
pub fn review(data: &[u8]) -> Vec<u8> {
    let mut choices = Choices(data.iter());
    let object = object(&mut choices);
    let operation = choices.of(&["CREATE", "CREATE", "UPDATE", "DELETE", "CONNECT"]);
    let old = match operation {
        "UPDATE" | "DELETE" => self::object(&mut choices),
        _ => Value::Null,
    };
    let api_version = object["apiVersion"].as_str().unwrap_or_default();
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {
        "uid": "0815", "operation": operation, "namespace": choices.of(&["strict", "other"]),
        "name": object["metadata"]["name"],
        "kind": {"group": group, "version": version, "kind": object["kind"]},
        "subResource": choices.of(&["", "", "", "status", "scale", "resize", "ephemeralcontainers"]),
        "userInfo": {"username": choices.of(&["tenant", "system:serviceaccount:flink:flink-operator"])},
        "object": if operation == "DELETE" { Value::Null } else { object },
        "oldObject": old}})
    .to_string()
    .into_bytes()
}

fn object(choices: &mut Choices<'_>) -> Value {
    let (api_version, kind) = choices.of(&[
        ("flink.apache.org/v1beta1", "FlinkDeployment"),
        ("v1", "Pod"),
        ("flink.apache.org/v1beta1", "FlinkSessionJob"),
        ("flink.apache.org/v1beta1", "FlinkBlueGreenDeployment"),
        ("flink.apache.org/v1beta1", "FlinkStateSnapshot"),
        ("flinkoperator.k8s.io/v1beta1", "FlinkCluster"),
        ("flink.k8s.io/v1beta1", "FlinkApplication"),
        ("apps/v1", "Deployment"),
        ("apps/v1", "StatefulSet"),
        ("batch/v1", "Job"),
        ("v1", "ConfigMap"),
        ("v1", "PersistentVolumeClaim"),
        ("v1", "Service"),
        ("networking.k8s.io/v1", "Ingress"),
        ("policy/v1", "PodDisruptionBudget"),
    ]);
    let mut object =
        json!({"apiVersion": api_version, "kind": kind, "metadata": metadata(choices)});
    if kind == "ConfigMap" {
        let text: String = (0..choices.below(6))
            .map(|_| format!("{}: {}\n", choices.of(&KEYS), choices.of(&TEXTS)))
            .collect();
        let file = choices.of(&["flink-conf.yaml", "config.yaml"]);
        object["data"] = json!({ file: text });
        return object;
    }
    object["spec"] = match kind {
        "FlinkDeployment" => deployment(choices),
        "FlinkBlueGreenDeployment" => {
            json!({"template": {"spec": deployment(choices), "metadata": metadata(choices)}})
        }
        "FlinkSessionJob" => {
            json!({"deploymentName": choices.of(&NAMES), "job": job(choices), "flinkConfiguration": options(choices)})
        }
        "Pod" => pod(choices),
        "Deployment" | "StatefulSet" | "Job" => {
            json!({"replicas": number(choices), "parallelism": number(choices),
            "template": {"metadata": metadata(choices), "spec": pod(choices)},
            "volumeClaimTemplates": choices.list(2, |choices, _| json!({"metadata": metadata(choices), "spec": claim(choices)}))})
        }
        "FlinkCluster" => {
            json!({"flinkVersion": choices.of(&TEXTS), "image": {"name": choices.of(&IMAGES)}, "flinkProperties": options(choices),
            "jobManager": part(choices), "taskManager": part(choices)})
        }
        "FlinkApplication" => {
            json!({"image": choices.of(&IMAGES), "parallelism": number(choices), "flinkConfig": options(choices),
            "jobManagerConfig": part(choices), "taskManagerConfig": part(choices)})
        }
        "PersistentVolumeClaim" => claim(choices),
        "FlinkStateSnapshot" => {
            json!({"savepoint": {"path": choices.of(&TEXTS)}, "jobReference": {"kind": "FlinkDeployment", "name": choices.of(&NAMES)}})
        }
        "Service" => {
            json!({"type": choices.of(&["ClusterIP", "NodePort", "LoadBalancer", "ExternalName", ""]), "selector": labels(choices),
            "ports": choices.list(3, |choices, _| json!({"port": number(choices), "targetPort": text(choices)}))})
        }
        "Ingress" => {
            json!({"rules": choices.list(3, |choices, _| json!({"host": choices.of(&TEXTS), "http": {"paths": [{"backend": {"service": {"name": choices.of(&NAMES)}}}]}}))})
        }
        _ => {
            json!({"maxUnavailable": number(choices), "selector": {"matchLabels": labels(choices)}})
        }
    };
    odd(choices, object)
}

/// Sometimes a field of another type.
fn odd(choices: &mut Choices<'_>, mut object: Value) -> Value {
    if choices.below(8) == 7
        && let Some(fields) = object["spec"].as_object_mut()
    {
        let names: Vec<String> = fields.keys().cloned().collect();
        let name = names.get(choices.below(names.len())).cloned().unwrap_or_default();
        fields.insert(name, value(choices));
    }
    object
}

fn metadata(choices: &mut Choices<'_>) -> Value {
    let mut metadata = json!({"name": choices.of(&NAMES)});
    if choices.often() {
        metadata["labels"] = labels(choices);
    }
    match choices.below(8) {
        5 => metadata["annotations"] = labels(choices),
        6 => metadata["generateName"] = json!("etl-"),
        7 => metadata["deletionTimestamp"] = json!("2026-11-27T00:00:00Z"),
        _ => {}
    }
    metadata
}

fn labels(choices: &mut Choices<'_>) -> Value {
    let mut labels = Map::new();
    for _ in 0..choices.below(4) {
        let key = choices.of(&[
            "app",
            "component",
            "type",
            "flink.apache.org/canary",
            "cost-center",
            "kubernetes.io/config.mirror",
        ]);
        let value = choices.of(&[
            "etl",
            "jobmanager",
            "taskmanager",
            "flink-native-kubernetes",
            "true",
            "4711",
        ]);
        labels.insert(key.into(), value.into());
    }
    labels.into()
}

fn deployment(choices: &mut Choices<'_>) -> Value {
    let mut spec = json!({"flinkVersion": choices.of(&["v1_20", "v2_0", "v1_16", "v2_3", "x"]), "image": choices.of(&IMAGES),
        "serviceAccount": choices.of(&["flink", "default", ""]), "mode": choices.of(&["native", "standalone", ""]),
        "jobManager": role(choices), "taskManager": role(choices), "flinkConfiguration": options(choices)});
    if choices.often() {
        spec["job"] = job(choices);
    }
    if choices.often() {
        spec["podTemplate"] = template(choices);
    }
    spec
}

fn role(choices: &mut Choices<'_>) -> Value {
    let mut role = json!({"resource": {"cpu": number(choices), "memory": choices.of(&TEXTS)}});
    if choices.often() {
        role["replicas"] = number(choices);
        role["podTemplate"] = template(choices);
    }
    role
}

fn part(choices: &mut Choices<'_>) -> Value {
    json!({"replicas": number(choices), "resources": resources(choices), "sidecars": choices.list(2, container), "volumes": choices.list(2, volume),
        "volumeMounts": choices.list(2, mount), "initContainers": choices.list(2, container)})
}

fn job(choices: &mut Choices<'_>) -> Value {
    json!({"jarURI": choices.of(&TEXTS), "parallelism": number(choices), "upgradeMode": choices.of(&["stateless", "last-state", "savepoint"]),
        "args": choices.list(3, |choices, _| text(choices)), "state": choices.of(&["running", "suspended"])})
}

fn template(choices: &mut Choices<'_>) -> Value {
    json!({"metadata": metadata(choices), "spec": pod(choices)})
}

fn pod(choices: &mut Choices<'_>) -> Value {
    let mut spec = json!({"containers": choices.list(4, container)});
    for _ in 0..choices.below(5) {
        let (field, value) = match choices.below(8) {
            0 => ("initContainers", choices.list(3, container)),
            1 => ("volumes", choices.list(4, volume)),
            2 => ("tolerations", choices.list(3, |choices, _| json!({"key": choices.of(&NAMES), "operator": choices.of(&["Exists", "Equal"])}))),
            3 => ("securityContext", security(choices)),
            4 => ("affinity", json!({"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution":
                choices.list(2, |choices, _| json!({"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": labels(choices)}}))}})),
            5 => ("nodeSelector", labels(choices)),
            6 => ("hostNetwork", json!(choices.often())),
            _ => ("serviceAccountName", text(choices)),
        };
        spec[field] = value;
    }
    spec
}

fn container(choices: &mut Choices<'_>, _: usize) -> Value {
    let mut container = json!({"name": choices.of(&NAMES)});
    for _ in 0..choices.below(6) {
        let (field, value) = match choices.below(7) {
            0 => ("image", json!(choices.of(&IMAGES))),
            1 => ("securityContext", security(choices)),
            2 => ("volumeMounts", choices.list(3, mount)),
            3 => ("args", choices.list(4, |choices, _| json!(choices.of(&["jobmanager", "taskmanager", "-D", "-Drest.port=1", "-Da=${b}", "sh -c"])))),
            4 => ("env", choices.list(3, |choices, _| json!({"name": choices.of(&["FLINK_PROPERTIES", "A", "ENABLE_BUILT_IN_PLUGINS"]), "value": choices.of(&TEXTS)}))),
            5 => ("resources", resources(choices)),
            _ => ("ports", choices.list(2, |choices, _| json!({"hostPort": number(choices)}))),
        };
        container[field] = value;
    }
    if choices.below(20) == 19 { value(choices) } else { container }
}

fn resources(choices: &mut Choices<'_>) -> Value {
    json!({"limits": {"cpu": text(choices), "memory": text(choices)}, "requests": {"cpu": number(choices)}})
}

fn security(choices: &mut Choices<'_>) -> Value {
    let mut context = json!({});
    for _ in 0..choices.below(4) {
        let (field, value) = match choices.below(5) {
            0 => ("runAsUser", json!(choices.below(3))),
            1 => ("privileged", json!(choices.often())),
            2 => (
                "capabilities",
                json!({"drop": choices.list(2, |choices, _| json!(choices.of(&["ALL", "NET_RAW"]))), "add": choices.list(2, |choices, _| json!(choices.of(&["SYS_ADMIN", "NET_BIND_SERVICE"])))}),
            ),
            3 => ("runAsNonRoot", json!(choices.often())),
            _ => ("seccompProfile", json!({"type": choices.of(&["Unconfined", "RuntimeDefault"])})),
        };
        context[field] = value;
    }
    context
}

fn volume(choices: &mut Choices<'_>, _: usize) -> Value {
    let mut volume = json!({"name": choices.of(&NAMES)});
    let (field, value) = match choices.below(5) {
        0 => ("hostPath", json!({"path": choices.of(&TEXTS)})),
        1 => ("persistentVolumeClaim", json!({"claimName": choices.of(&["etl-state", "other"])})),
        2 => ("emptyDir", json!({"sizeLimit": choices.of(&TEXTS)})),
        3 => ("configMap", json!({"name": choices.of(&NAMES)})),
        _ => ("projected", json!({"sources": [{"secret": {"name": choices.of(&NAMES)}}]})),
    };
    volume[field] = value;
    volume
}

fn mount(choices: &mut Choices<'_>, _: usize) -> Value {
    json!({"name": choices.of(&NAMES), "mountPath": choices.of(&TEXTS), "readOnly": choices.often()})
}

fn claim(choices: &mut Choices<'_>) -> Value {
    json!({"accessModes": choices.list(2, |choices, _| json!(choices.of(&["ReadWriteMany", "ReadWriteOnce"]))), "storageClassName": choices.of(&NAMES),
        "resources": {"requests": {"storage": choices.of(&TEXTS)}}, "volumeName": choices.of(&NAMES)})
}

fn options(choices: &mut Choices<'_>) -> Value {
    let mut options = Map::new();
    for _ in 0..choices.below(8) {
        let key = choices.of(&KEYS);
        let value = text(choices);
        match key.split_once('.').filter(|_| choices.below(4) == 3) {
            Some((parent, rest)) => {
                options.insert(parent.into(), json!({ rest: value }));
            }
            None => {
                options.insert(key.into(), value);
            }
        }
    }
    options.into()
}

fn text(choices: &mut Choices<'_>) -> Value {
    match choices.below(10) {
        8 => number(choices),
        9 => value(choices),
        _ => json!(choices.of(&TEXTS)),
    }
}

fn number(choices: &mut Choices<'_>) -> Value {
    choices.of(&[0.0, 1.0, 2.0, 0.5, 1e300, -1.0, 9e15]).to_string().parse().unwrap_or(Value::Null)
}

fn value(choices: &mut Choices<'_>) -> Value {
    match choices.below(7) {
        0 => Value::Null,
        1 => json!(true),
        2 => json!([]),
        3 => json!({}),
        4 => json!([[1], {"name": null}]),
        5 => json!({"name": ["x"], "a/b~c": 1}),
        _ => json!(u64::MAX),
    }
}
