use super::*;
use serde_json::{Value, json};

const DEPLOYMENT: &str = "FlinkDeployment";

fn resource(kind: &str, spec: Value) -> Resource {
    let group = match kind {
        "FlinkCluster" => "flinkoperator.k8s.io",
        "FlinkApplication" => "flink.k8s.io",
        _ => "flink.apache.org",
    };
    Resource::from_manifest(json!({
        "apiVersion": format!("{group}/v1beta1"), "kind": kind,
        "metadata": {"name": "a", "namespace": "b"}, "spec": spec,
    }))
    .unwrap()
}

fn shown(fault: &SchemaFault<'_>) -> String {
    let what = match &fault.kind {
        FaultKind::Unknown { nearest: None, .. } => "unknown".into(),
        FaultKind::Unknown { nearest: Some(Nearest::Field(field)), .. } => format!("-> {field}"),
        FaultKind::Unknown { nearest: Some(Nearest::Elsewhere(path)), .. } => format!("=> {path}"),
        FaultKind::Unknown { nearest: Some(Nearest::Option(key)), .. } => format!("option {key}"),
        FaultKind::Type { expected, .. } => expected.as_str().to_owned(),
        FaultKind::Word { allowed, .. } => allowed.join("|"),
        FaultKind::Range { allowed, .. } => (*allowed).to_owned(),
        FaultKind::Missing { .. } => "missing".into(),
    };
    let since = fault.releases.first_and_last().map(|(first, last)| format!(" ({first}-{last})"));
    format!("{} {what}{}", fault.place, since.unwrap_or_default())
}

fn all_of(kind: &str, spec: Value, operator: &str) -> Vec<String> {
    let resource = resource(kind, spec);
    faults(&resource, OperatorVersion::parse(operator)).iter().map(shown).collect()
}

fn of_deployment(spec: Value) -> Vec<String> {
    all_of(DEPLOYMENT, spec, "")
}

#[test]
fn types_words_and_names_are_held_against_the_definition() {
    assert_eq!(
        of_deployment(json!({
            "mode": "Native", "flinkConfig": {"a": "b"}, "image": 5,
            "job": {"upgradeMode": "stateful", "parallelism": "2", "mainClass": "Main", "args": "-x"},
            "taskManager": {"taskSlots": 4, "resource": {"cpu": "1", "memory": "1g"}},
            "podTemplate": {"spec": {"container": [{"env": [{"value": true}]}]}},
        })),
        [
            "/spec/flinkConfig -> flinkConfiguration",
            "/spec/image a string",
            "/spec/job/args a list",
            "/spec/job/mainClass -> entryClass",
            "/spec/job/parallelism an integer",
            "/spec/job/upgradeMode savepoint|last-state|stateless",
            "/spec/mode native|standalone",
            "/spec/podTemplate/spec/container -> containers",
            "/spec/podTemplate/spec/container/0/env/0/value a string",
            "/spec/taskManager/resource/cpu a number",
            "/spec/taskManager/taskSlots option taskmanager.numberOfTaskSlots",
        ]
    );
}

#[test]
fn fields_at_a_wrong_place_have_their_place() {
    assert_eq!(
        of_deployment(json!({
            "nodeSelector": {}, "parallelism": 2, "env": [], "zzz": 1, "cpu": 2,
            "taskManager": {"memory": "1g", "image": "x", "tolerations": []},
            "podTemplate": {"spec": {"containers": [{"nodeSelector": {}}]}},
        })),
        [
            "/spec/cpu unknown",
            "/spec/env => spec.podTemplate.spec.containers[].env",
            "/spec/nodeSelector => spec.podTemplate.spec.nodeSelector",
            "/spec/parallelism => spec.job.parallelism",
            "/spec/podTemplate/spec/containers/0/nodeSelector => spec.podTemplate.spec.nodeSelector",
            "/spec/taskManager/image => spec.image",
            "/spec/taskManager/memory => spec.taskManager.resource.memory",
            "/spec/taskManager/tolerations => spec.taskManager.podTemplate.spec.tolerations",
            "/spec/zzz unknown",
        ]
    );
}

#[test]
fn a_spec_of_a_wrong_type_is_one_fault() {
    for spec in [json!(5), json!([1]), json!("x"), json!(true)] {
        assert_eq!(of_deployment(spec), ["/spec a mapping"]);
    }
    assert_eq!(of_deployment(Value::Null), [""; 0]);
}

#[test]
fn releases_differ() {
    let nested = || json!({"flinkConfiguration": {"a": {"b": 1}}});
    assert_eq!(of_deployment(nested()), [""; 0]);
    assert_eq!(all_of(DEPLOYMENT, nested(), "1.13"), [""; 0]);
    assert_eq!(
        all_of(DEPLOYMENT, nested(), "1.12"),
        ["/spec/flinkConfiguration/a a string (1.13-main)"]
    );
    let newer = || json!({"job": {"autoscalerResetNonce": 1}});
    assert_eq!(of_deployment(newer()), [""; 0]);
    assert_eq!(
        all_of(DEPLOYMENT, newer(), "1.8"),
        ["/spec/job/autoscalerResetNonce unknown (1.11-main)"]
    );
}

#[test]
fn other_kinds_have_their_own_fields() {
    assert_eq!(
        all_of("FlinkStateSnapshot", json!({"savepoint": {"formatType": "canonical"}}), ""),
        ["/spec/savepoint/formatType CANONICAL|NATIVE|UNKNOWN"]
    );
    assert_eq!(
        all_of("FlinkSessionJob", json!({"deploymentname": "x", "job": []}), ""),
        ["/spec/deploymentname -> deploymentName", "/spec/job a mapping"]
    );
    assert_eq!(
        all_of("FlinkBlueGreenDeployment", json!({"template": {"spec": {"imagee": "x"}}}), ""),
        ["/spec/template/spec/imagee -> image"]
    );
    assert_eq!(
        all_of(
            "FlinkApplication",
            json!({"image": "x", "jarName": "j", "parallelism": 1, "entryClas": "y"}),
            ""
        ),
        ["/spec/entryClas -> entryClass"]
    );
    assert_eq!(
        all_of("FlinkApplication", json!({"image": "x"}), ""),
        ["/spec/entryClass missing", "/spec/jarName missing", "/spec/parallelism missing"]
    );
}

#[test]
fn other_dialects_are_left_alone() {
    let of_emr = json!({"executionRoleArn": "x", "monitoringConfiguration": {}, "jobManager": {"storageDir": "s3://a/b", "y": 1}});
    assert_eq!(of_deployment(of_emr).len(), 1);
    let other = resource("Pod", json!({"x": 1}));
    assert!(faults(&other, None).is_empty());
}
