//! Objects of every kind in the table of kinds.

use super::Choices;
use super::pods::{claim, container, mount, pod, resources, template, volume};
use super::values::{
    CANARY, IMAGES, NAMES, TEXTS, labels, lines, metadata, number, options, selector, text, value,
};
use flinkgate::kinds::Kind;
use serde_json::{Value, json};

/// An object of a kind.
pub fn object(row: &Kind, choices: &mut Choices<'_>, namespace: &str) -> Value {
    let group = if row.group.is_empty() { String::new() } else { format!("{}/", row.group) };
    let mut object = json!({"apiVersion": format!("{group}{}", row.version), "kind": row.kind,
        "metadata": metadata(choices)});
    object["metadata"]["namespace"] = namespace.into();
    match row.kind {
        "ConfigMap" => object["data"] = files(choices),
        "PodTemplate" => object["template"] = template(choices),
        "Binding" => object["target"] = json!({"kind": "Node", "name": choices.of(&NAMES)}),
        "FlinkPolicy" => {
            object["spec"] = json!({"rego": choices.of(&["package x", "", "package", CANARY])});
        }
        "FlinkTenantLedger" => {
            object["status"] = json!({"lines": choices.list(2, |choices, _| text(choices)), "used": {"cpu": text(choices)}});
        }
        _ => object["spec"] = spec(row.kind, choices),
    }
    odd(choices, object)
}

fn spec(kind: &str, choices: &mut Choices<'_>) -> Value {
    match kind {
        "FlinkDeployment" => deployment(choices),
        "FlinkBlueGreenDeployment" => {
            json!({"template": {"spec": deployment(choices), "metadata": metadata(choices)}, "configuration": options(choices)})
        }
        "FlinkSessionJob" => {
            json!({"deploymentName": choices.of(&NAMES), "job": job(choices), "flinkConfiguration": options(choices)})
        }
        "Pod" => pod(choices),
        "CronJob" => {
            json!({"schedule": "* * * * *", "jobTemplate": {"spec": {"parallelism": number(choices), "template": template(choices)}}})
        }
        "Deployment"
        | "StatefulSet"
        | "Job"
        | "ReplicaSet"
        | "DaemonSet"
        | "ReplicationController" => {
            json!({"replicas": number(choices), "parallelism": number(choices), "template": template(choices),
            "selector": if kind == "ReplicationController" { labels(choices) } else { selector(choices) },
            "volumeClaimTemplates": choices.list(2, |choices, _| json!({"metadata": metadata(choices), "spec": claim(choices)}))})
        }
        "FlinkCluster" => {
            json!({"flinkVersion": choices.of(&TEXTS), "image": {"name": choices.of(&IMAGES)}, "flinkProperties": options(choices),
            "jobManager": part(choices), "taskManager": part(choices), "job": {"jarFile": choices.of(&TEXTS), "parallelism": number(choices)}})
        }
        "FlinkApplication" => {
            json!({"image": choices.of(&IMAGES), "parallelism": number(choices), "flinkConfig": options(choices), "flinkVersion": choices.of(&TEXTS),
            "jobManagerConfig": part(choices), "taskManagerConfig": part(choices), "jarName": choices.of(&TEXTS)})
        }
        "PersistentVolumeClaim" => claim(choices),
        "FlinkStateSnapshot" => {
            json!({"savepoint": {"path": choices.of(&TEXTS), "alreadyExists": choices.often()}, "jobReference": {"kind": choices.of(&["FlinkDeployment", "FlinkSessionJob"]), "name": choices.of(&NAMES)}})
        }
        "Service" => {
            json!({"type": choices.of(&["ClusterIP", "NodePort", "LoadBalancer", "ExternalName", ""]), "selector": labels(choices),
            "externalIPs": choices.list(1, |choices, _| json!(choices.of(&TEXTS))),
            "ports": choices.list(3, |choices, _| json!({"port": number(choices), "targetPort": text(choices)}))})
        }
        "Ingress" => {
            let path = |choices: &mut Choices<'_>| json!({"backend": {"service": {"name": choices.of(&NAMES), "port": {"number": number(choices)}}, "serviceName": choices.of(&NAMES)}});
            json!({"ingressClassName": choices.of(&["nginx", "alb", ""]),
            "rules": choices.list(3, |choices, _| json!({"host": choices.of(&["", "a.example.com", "*", "x.strict.example.com"]), "http": {"paths": [path(choices)]}})),
            "defaultBackend": path(choices)["backend"]})
        }
        "Scale" => json!({"replicas": number(choices)}),
        "Namespace" => json!({"finalizers": ["kubernetes"]}),
        "FlinkTenant" => tenant(choices),
        _ => {
            json!({"maxUnavailable": number(choices), "minAvailable": text(choices), "selector": selector(choices)})
        }
    }
}

/// Sometimes a field of another type, or none of the spec.
fn odd(choices: &mut Choices<'_>, mut object: Value) -> Value {
    if choices.rarely() {
        match object["spec"].as_object_mut().filter(|fields| !fields.is_empty()) {
            Some(fields) => {
                let name = fields.keys().nth(choices.below(fields.len())).cloned();
                fields.insert(name.unwrap_or_default(), value(choices));
            }
            None => object["spec"] = value(choices),
        }
    }
    object
}

fn files(choices: &mut Choices<'_>) -> Value {
    let file = choices.of(&[
        "flink-conf.yaml",
        "config.yaml",
        "FLINK_PROPERTIES",
        "configOverrides",
        "parallelismOverrides",
        "pod-template.yaml",
        "x",
    ]);
    let text = match choices.below(4) {
        0 => options(choices).to_string(),
        1 => json!({"overrides": options(choices), "removals": choices.list(2, |choices, _| text(choices))}).to_string(),
        _ => lines(choices),
    };
    json!({ file: text })
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
    match choices.below(8) {
        5 => {
            spec["ingress"] = json!({"template": choices.of(&["{{name}}.example.com", "[::1]:x", "a@b@c", "{{namespace}}.strict.example.com/x"]),
                "annotations": super::values::annotations(choices), "className": choices.of(&["nginx", "alb"])});
        }
        6 => spec["logConfiguration"] = json!({"log4j-console.properties": choices.of(&TEXTS)}),
        7 => spec["restartNonce"] = number(choices),
        _ => {}
    }
    spec
}

fn role(choices: &mut Choices<'_>) -> Value {
    let mut role = json!({"resource": {"cpu": number(choices), "memory": choices.of(&TEXTS), "ephemeralStorage": choices.of(&TEXTS)}});
    if choices.often() {
        role["replicas"] = number(choices);
        role["podTemplate"] = template(choices);
    }
    role
}

fn part(choices: &mut Choices<'_>) -> Value {
    json!({"replicas": number(choices), "resources": resources(choices), "sidecars": choices.list(2, container), "volumes": choices.list(2, volume),
        "volumeMounts": choices.list(2, mount), "initContainers": choices.list(2, container), "accessScope": choices.of(&["Cluster", "External"])})
}

fn job(choices: &mut Choices<'_>) -> Value {
    json!({"jarURI": choices.of(&TEXTS), "parallelism": number(choices), "upgradeMode": choices.of(&["stateless", "last-state", "savepoint"]),
        "args": choices.list(3, |choices, _| text(choices)), "state": choices.of(&["running", "suspended"]), "initialSavepointPath": choices.of(&TEXTS)})
}

/// A FlinkTenant, as a platform team could write it.
pub fn tenant(choices: &mut Choices<'_>) -> Value {
    let mut spec = json!({"namespaces": {"names": choices.list(2, |choices, _| json!(choices.of(&["new", "team-*", "restricted", "*", "x["])))}});
    for _ in 0..choices.below(5) {
        let (path, value) = super::tenants::field(choices);
        let place = path.split('.').fold(&mut spec, |spec, field| {
            if !spec.is_object() {
                *spec = json!({});
            }
            &mut spec[field]
        });
        *place = if choices.rarely() { self::value(choices) } else { value };
    }
    spec
}
