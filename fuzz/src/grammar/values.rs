//! Names, texts, numbers and options, and values of wrong types.

use super::Choices;
use serde_json::{Map, Value, json};

/// A secret. It is only where secrets are, and no answer may contain it.
pub const CANARY: &str = "9canaryZQ";

pub const NAMES: [&str; 13] = [
    "flink-main-container",
    "a",
    "log-shipper",
    "etl",
    "etl-state",
    "jobmanager",
    "flinkgate-state",
    "flinkgate-tmp",
    "autoscaler-etl",
    "",
    "A_b",
    "x-\u{85}y",
    "kube-api-access",
];

pub const TEXTS: [&str; 22] = [
    "",
    "a",
    "true",
    "null",
    "1",
    "-1",
    "1Gi",
    "2048m",
    "60s",
    "500 %",
    "/flink/state",
    "/opt/flink/conf",
    "s3://other/x",
    "s3://payments-flink/etl",
    "s3://user:9canaryZQ@host/x",
    "https://host/x.jar?signature=9canaryZQ",
    "file:///flink/state/x",
    "../..",
    "${x}",
    "$(A)",
    "a:b,c:d;e",
    "\u{2028}key: v\r\n# c",
];

pub const IMAGES: [&str; 7] = [
    "flink",
    "flink:latest",
    "registry.example.com/flink/etl:1",
    "registry.example.com/flink/etl@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
    "a@sha256:00",
    "A:b:c",
    " ",
];

pub const KEYS: [&str; 41] = [
    "taskmanager.numberOfTaskSlots",
    "parallelism.default",
    "state.checkpoints.dir",
    "execution.checkpointing.dir",
    "execution.checkpointing.interval",
    "high-availability.type",
    "high-availability",
    "high-availability.storageDir",
    "high-availability.zookeeper.path.root",
    "kubernetes.namespace",
    "kubernetes.cluster-id",
    "kubernetes.service-account",
    "kubernetes.persistent-volume-claims",
    "kubernetes.secrets",
    "kubernetes.env.secretKeyRef",
    "kubernetes.taskmanager.tolerations",
    "kubernetes.jobmanager.labels",
    "kubernetes.jobmanager.annotations",
    "kubernetes.taskmanager.node-selector",
    "kubernetes.taskmanager.node-selector.pool",
    "kubernetes.pod-template-file.default",
    "kubernetes.operator.pod-template.merge-arrays-by-name",
    "kubernetes.operator.job.autoscaler.enabled",
    "taskmanager.memory.process.size",
    "taskmanager.memory.managed.fraction",
    "jobmanager.memory.process.size",
    "kubernetes.taskmanager.cpu.limit-factor",
    "env.java.opts.all",
    "containerized.master.env.A",
    "restart-strategy.type",
    "restart-strategy.fixed-delay.attempts",
    "metrics.reporters",
    "metrics.reporter.prom.port",
    "job.autoscaler.enabled",
    "job.autoscaler.vertex.max-parallelism",
    "rest.port",
    "kubernetes.rest-service.exposed.type",
    "kubernetes.container.image.ref",
    "web.submit.enable",
    "state.backend.type",
    "unknown.key",
];

/// Options whose values are secrets.
const SECRET_KEYS: [&str; 4] = [
    "s3.secret-key",
    "security.ssl.internal.keystore-password",
    "fs.azure.account.key.x.blob.core.windows.net",
    "metrics.reporter.x.apikey",
];

pub fn metadata(choices: &mut Choices<'_>) -> Value {
    let mut metadata = json!({"name": choices.of(&NAMES)});
    if choices.often() {
        metadata["labels"] = labels(choices);
    }
    match choices.below(9) {
        4 => metadata["annotations"] = annotations(choices),
        5 => metadata["annotations"] = labels(choices),
        6 => metadata["generateName"] = json!(choices.of(&["etl-", "autoscaler-"])),
        7 => metadata["deletionTimestamp"] = json!("2026-11-27T00:00:00Z"),
        8 => {
            metadata["ownerReferences"] = choices.list(2, |choices, _| {
                json!({"apiVersion": choices.of(&["apps/v1", "flink.apache.org/v1beta1"]),
                    "kind": choices.of(&["ReplicaSet", "FlinkDeployment", "Deployment"]),
                    "name": choices.of(&NAMES), "uid": "1", "controller": choices.often()})
            });
        }
        _ => {}
    }
    metadata
}

pub fn labels(choices: &mut Choices<'_>) -> Value {
    let mut labels = Map::new();
    for _ in 0..choices.below(4) {
        let key = choices.of(&[
            "app",
            "component",
            "type",
            "flink.apache.org/canary",
            "cost-center",
            "team",
            "kubernetes.io/config.mirror",
            "kubernetes.io/metadata.name",
            "flinkgate.dev/tenant",
        ]);
        let value = choices.of(&[
            "etl",
            "jobmanager",
            "taskmanager",
            "flink-native-kubernetes",
            "flink-standalone-kubernetes",
            "true",
            "4711",
        ]);
        let odd = choices.below(16) == 15;
        labels.insert(key.into(), if odd { self::value(choices) } else { value.into() });
    }
    labels.into()
}

pub fn annotations(choices: &mut Choices<'_>) -> Value {
    let mut annotations = Map::new();
    for _ in 0..choices.below(3) {
        let key = choices.of(&[
            "nginx.ingress.kubernetes.io/server-alias",
            "nginx.ingress.kubernetes.io/configuration-snippet",
            "nginx.ingress.kubernetes.io/default-backend",
            "alb.ingress.kubernetes.io/actions.x",
            "alb.ingress.kubernetes.io/conditions.x",
            "external-dns.alpha.kubernetes.io/hostname",
            "volume.beta.kubernetes.io/storage-class",
            "kubernetes.io/ingress.class",
            "sidecar.istio.io/inject",
            "kubectl.kubernetes.io/last-applied-configuration",
        ]);
        let value = choices.of(&[
            "a.example.com, b.strict.example.com",
            "true",
            r#"{"forwardConfig": {"targetGroups": [{"serviceName": "etl-rest", "servicePort": "8081"}]}}"#,
            r#"[{"field": "host-header", "hostHeaderConfig": {"values": ["x.example.com"]}}]"#,
            "",
        ]);
        annotations.insert(key.into(), value.into());
    }
    annotations.into()
}

/// A `flinkConfiguration`: flat, nested, with texts, other values, and secrets.
pub fn options(choices: &mut Choices<'_>) -> Value {
    let mut options = Map::new();
    for _ in 0..choices.below(8) {
        if choices.below(10) == 9 {
            options.insert(choices.of(&SECRET_KEYS).into(), CANARY.into());
            continue;
        }
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

/// Lines of options in a file or a variable.
pub fn lines(choices: &mut Choices<'_>) -> String {
    let separator = choices.of(&[": ", ":", " : ", "="]);
    (0..choices.below(6))
        .map(|_| format!("{}{separator}{}\n", choices.of(&KEYS), choices.of(&TEXTS)))
        .collect()
}

pub fn text(choices: &mut Choices<'_>) -> Value {
    match choices.below(10) {
        8 => number(choices),
        9 => value(choices),
        _ => json!(choices.of(&TEXTS)),
    }
}

/// A number. JSON has no other text for one than that of its value.
pub fn number(choices: &mut Choices<'_>) -> Value {
    choices
        .of(&["0", "1", "2", "0.5", "1e300", "-1", "9000000000000000", "\"1\"", "null"])
        .parse()
        .unwrap()
}

/// A value of another type than the field has.
pub fn value(choices: &mut Choices<'_>) -> Value {
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

/// A label selector.
pub fn selector(choices: &mut Choices<'_>) -> Value {
    let mut selector = json!({"matchLabels": labels(choices)});
    if choices.below(3) == 2 {
        selector["matchExpressions"] = choices.list(2, |choices, _| {
            json!({"key": choices.of(&["app", "component", "type"]),
                "operator": choices.of(&["In", "NotIn", "Exists", "DoesNotExist", "Gt"]),
                "values": choices.list(2, |choices, _| json!(choices.of(&["etl", "jobmanager", "taskmanager"])))})
        });
    }
    if choices.rarely() { value(choices) } else { selector }
}
