//! Pods and their parts.

use super::Choices;
use super::values::{
    CANARY, IMAGES, KEYS, NAMES, TEXTS, labels, lines, metadata, number, selector, text, value,
};
use serde_json::{Value, json};

pub fn template(choices: &mut Choices<'_>) -> Value {
    json!({"metadata": metadata(choices), "spec": pod(choices)})
}

pub fn pod(choices: &mut Choices<'_>) -> Value {
    let mut spec = json!({"containers": choices.list(3, container)});
    for _ in 0..choices.below(6) {
        let (field, value) = match choices.below(17) {
            0 => ("initContainers", choices.list(3, container)),
            1 => ("volumes", choices.list(4, volume)),
            2 => ("tolerations", choices.list(3, toleration)),
            3 => ("securityContext", security(choices)),
            4 => ("affinity", affinity(choices)),
            5 => ("nodeSelector", labels(choices)),
            6 => (
                choices.of(&["hostNetwork", "hostPID", "hostIPC", "hostUsers"]),
                json!(choices.often()),
            ),
            7 => ("serviceAccountName", json!(choices.of(&["flink", "default", "", "x"]))),
            8 => ("topologySpreadConstraints", choices.list(2, constraint)),
            9 => ("ephemeralContainers", choices.list(2, container)),
            10 => ("priorityClassName", json!(choices.of(&["batch", "system-node-critical", ""]))),
            11 => (
                "hostAliases",
                json!([{"ip": choices.of(&TEXTS), "hostnames": [choices.of(&NAMES)]}]),
            ),
            12 => ("imagePullSecrets", json!([{"name": choices.of(&NAMES)}])),
            13 => ("nodeName", json!(choices.of(&NAMES))),
            14 => ("terminationGracePeriodSeconds", number(choices)),
            15 => ("os", json!({"name": choices.of(&["linux", "windows"])})),
            _ => ("dnsConfig", json!({"nameservers": [choices.of(&TEXTS)]})),
        };
        spec[field] = value;
    }
    spec
}

pub fn container(choices: &mut Choices<'_>, _: usize) -> Value {
    let mut container = json!({"name": choices.of(&NAMES)});
    for _ in 0..choices.below(6) {
        let (field, value) = match choices.below(11) {
            0 => ("image", json!(choices.of(&IMAGES))),
            1 => ("securityContext", security(choices)),
            2 => ("volumeMounts", choices.list(3, mount)),
            3 => (choices.of(&["args", "command"]), choices.list(4, argument)),
            4 | 5 => ("env", choices.list(4, variable)),
            6 => ("resources", resources(choices)),
            7 => ("envFrom", json!([{"configMapRef": {"name": choices.of(&NAMES)}}, {"secretRef": {"name": choices.of(&NAMES)}}])),
            8 => ("imagePullPolicy", json!(choices.of(&["Always", "Never", "x"]))),
            9 => ("lifecycle", json!({"postStart": {"exec": {"command": choices.list(3, argument)}}})),
            _ => ("ports", choices.list(2, |choices, _| json!({"hostPort": number(choices), "containerPort": number(choices)}))),
        };
        container[field] = value;
    }
    if choices.below(20) == 19 { value(choices) } else { container }
}

fn argument(choices: &mut Choices<'_>, _: usize) -> Value {
    match choices.below(16) {
        12 => format!("-D{}={}", choices.of(&KEYS), choices.of(&TEXTS)).into(),
        13 => format!("-Ds3.secret-key={CANARY}").into(),
        14 => format!("exec x.sh -D{}='{}' -D", choices.of(&KEYS), choices.of(&TEXTS)).into(),
        15 => value(choices),
        _ => json!(choices.of(&[
            "jobmanager",
            "taskmanager",
            "standalone-job",
            "native-k8s",
            "kubernetes-jobmanager.sh",
            "-D",
            "-Drest.port=1",
            "-Da=${b}",
            "-Da=$(A)",
            "bash",
            "-c",
            "/docker-entrypoint.sh",
        ])),
    }
}

fn variable(choices: &mut Choices<'_>, _: usize) -> Value {
    match choices.below(6) {
        0 => json!({"name": "FLINK_PROPERTIES", "value": lines(choices)}),
        1 => json!({"name": "DB_PASSWORD", "value": CANARY}),
        2 => {
            json!({"name": "A", "valueFrom": {"secretKeyRef": {"name": choices.of(&NAMES), "key": "x"}}})
        }
        _ => json!({"name": choices.of(&["FLINK_PROPERTIES", "A", "ENABLE_BUILT_IN_PLUGINS",
                "TASK_MANAGER_NUMBER_OF_TASK_SLOTS", "JOB_MANAGER_RPC_ADDRESS", "LD_PRELOAD", "FLINK_CONF_DIR"]),
            "value": text(choices)}),
    }
}

pub fn resources(choices: &mut Choices<'_>) -> Value {
    json!({"limits": {"cpu": text(choices), "memory": text(choices)}, "requests": {"cpu": number(choices)}})
}

fn security(choices: &mut Choices<'_>) -> Value {
    let mut context = json!({});
    for _ in 0..choices.below(4) {
        let (field, value) = match choices.below(8) {
            0 => ("runAsUser", json!(choices.below(3))),
            1 => ("privileged", json!(choices.often())),
            2 => (
                "capabilities",
                json!({"drop": choices.list(2, |choices, _| json!(choices.of(&["ALL", "NET_RAW"]))), "add": choices.list(2, |choices, _| json!(choices.of(&["SYS_ADMIN", "NET_BIND_SERVICE"])))}),
            ),
            3 => ("runAsNonRoot", json!(choices.often())),
            4 => ("readOnlyRootFilesystem", json!(choices.often())),
            5 => ("allowPrivilegeEscalation", json!(choices.often())),
            6 => ("fsGroup", number(choices)),
            _ => (
                "seccompProfile",
                json!({"type": choices.of(&["Unconfined", "RuntimeDefault", "Localhost"])}),
            ),
        };
        context[field] = value;
    }
    context
}

fn toleration(choices: &mut Choices<'_>, _: usize) -> Value {
    json!({"key": choices.of(&["flink", "spot", "", "x"]), "operator": choices.of(&["Exists", "Equal", ""]),
        "effect": choices.of(&["", "NoSchedule", "NoExecute"])})
}

fn affinity(choices: &mut Choices<'_>) -> Value {
    let term = |choices: &mut Choices<'_>, _: usize| {
        json!({"topologyKey": choices.of(&["kubernetes.io/hostname", "topology.kubernetes.io/zone", ""]),
            "labelSelector": selector(choices), "matchLabelKeys": [choices.of(&["app", "pod-template-hash"])]})
    };
    json!({"podAntiAffinity": {
        "requiredDuringSchedulingIgnoredDuringExecution": choices.list(2, term),
        "preferredDuringSchedulingIgnoredDuringExecution": choices.list(1, |choices, index| json!({"weight": 1, "podAffinityTerm": term(choices, index)}))},
        "nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms":
            choices.list(2, |choices, _| json!({"matchExpressions": [{"key": "pool", "operator": choices.of(&["In", "Exists"]), "values": ["flink"]}]}))}}})
}

fn constraint(choices: &mut Choices<'_>, _: usize) -> Value {
    json!({"maxSkew": number(choices), "topologyKey": choices.of(&["kubernetes.io/hostname", "topology.kubernetes.io/zone"]),
        "whenUnsatisfiable": choices.of(&["DoNotSchedule", "ScheduleAnyway"]), "labelSelector": selector(choices)})
}

pub fn volume(choices: &mut Choices<'_>, _: usize) -> Value {
    let mut volume = json!({"name": choices.of(&NAMES)});
    let (field, value) = match choices.below(8) {
        0 => ("hostPath", json!({"path": choices.of(&TEXTS)})),
        1 => ("persistentVolumeClaim", json!({"claimName": choices.of(&["etl-state", "other"])})),
        2 => (
            "emptyDir",
            json!({"sizeLimit": choices.of(&TEXTS), "medium": choices.of(&["", "Memory"])}),
        ),
        3 => (
            "configMap",
            json!({"name": choices.of(&NAMES), "items": [{"key": "x", "path": choices.of(&["config.yaml", "flink-conf.yaml", ".."])}]}),
        ),
        4 => ("ephemeral", json!({"volumeClaimTemplate": {"spec": claim(choices)}})),
        5 => ("image", json!({"reference": choices.of(&IMAGES)})),
        6 => ("nfs", json!({"server": "x", "path": choices.of(&TEXTS)})),
        _ => (
            "projected",
            json!({"sources": [{"secret": {"name": choices.of(&NAMES)}}, {"serviceAccountToken": {"path": "t"}}]}),
        ),
    };
    volume[field] = value;
    volume
}

pub fn mount(choices: &mut Choices<'_>, _: usize) -> Value {
    json!({"name": choices.of(&NAMES), "mountPath": choices.of(&TEXTS), "readOnly": choices.often(),
        "subPath": choices.of(&["", "config.yaml", "a/.."])})
}

pub fn claim(choices: &mut Choices<'_>) -> Value {
    json!({"accessModes": choices.list(2, |choices, _| json!(choices.of(&["ReadWriteMany", "ReadWriteOnce"]))), "storageClassName": choices.of(&NAMES),
        "resources": {"requests": {"storage": choices.of(&TEXTS)}}, "volumeName": choices.of(&NAMES)})
}
