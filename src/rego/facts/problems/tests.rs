use super::super::tenant::tenant_value;
use super::*;
use crate::flink::lower;
use crate::rego::input::{InputParts, build};
use crate::resource::Resource;
use serde_json::json;

/// `list pointer` of every problem that a tenant with this spec has with an object.
fn found(tenant: &Json, object: &Json) -> Vec<String> {
    let resource = Resource::from_manifest(object.clone()).unwrap();
    let workload = lower(&resource, &resource.object).unwrap();
    let tenant = tenant_value(&serde_json::from_value(tenant.clone()).unwrap());
    let input = build(InputParts {
        workload: Some(&workload),
        tenant: Some(("t", &tenant)),
        ..InputParts::of(&resource)
    });
    let mut said = Vec::new();
    for (list, problems) in input["flink"]["problems"].as_object().unwrap() {
        for problem in problems.as_array().unwrap().iter() {
            let tokens: Vec<_> = problem["path"]
                .as_array()
                .unwrap()
                .iter()
                .map(|token| as_text(token).unwrap().to_owned())
                .collect();
            said.push(format!(
                "{} {}",
                as_text(list).unwrap(),
                pointer::from_tokens(tokens.iter().map(String::as_str))
            ));
        }
    }
    said
}

fn pod(spec: Json) -> Json {
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "tool", "annotations": {"mesh.io/inject": "false"}}, "spec": spec})
}

fn deployment(options: Json) -> Json {
    json!({"apiVersion": "flink.apache.org/v1beta1", "kind": "FlinkDeployment", "metadata": {"name": "etl"},
        "spec": {"image": "flink:1.20", "flinkVersion": "v1_20", "serviceAccount": "flink", "flinkConfiguration": options,
            "jobManager": {"resource": {"cpu": 1, "memory": "2048m"}}, "taskManager": {"resource": {"cpu": 1, "memory": "2048m"}},
            "job": {"jarURI": "local:///job.jar", "parallelism": 2}}})
}

#[test]
fn nothing_is_listed_for_what_is_as_it_should_be() {
    let tenant = json!({"security": {"serviceAccounts": ["flink"], "secrets": [], "configMaps": [], "entrypoints": [],
        "forbiddenEnvironment": ["*"], "forbiddenLabels": ["*"], "forbiddenAnnotations": ["*"],
        "images": {"allow": ["flink"], "pullPolicies": ["IfNotPresent"]}}, "scheduling": {"tolerations": []},
        "network": {"serviceTypes": []}, "storage": {"claims": {"names": [], "storageClassNames": [], "maxSize": "0", "accessModes": []}, "zooKeeperPaths": [], "checkpoints": {"locations": ["s3://own/"]}}});
    let options = json!({"taskmanager.numberOfTaskSlots": 2, "execution.checkpointing.dir": "s3://own/checkpoints"});
    assert_eq!(found(&tenant, &deployment(options)), [""; 0]);
}

#[test]
fn tolerations_are_covered_by_the_tenants_and_narrower() {
    let tenant = json!({"scheduling": {"tolerations": [{"key": "flink", "operator": "Exists"}, {"key": "spot", "value": "yes", "effect": "NoSchedule"}]}});
    let spec = json!({"containers": [{"name": "a", "image": "x:1"}], "tolerations": [
        {"key": "flink", "value": "batch", "effect": "NoSchedule"}, {"key": "spot", "operator": "Equal", "value": "yes", "effect": "NoSchedule"},
        {"key": "spot", "value": "yes"}, {"key": "spot", "operator": "Exists", "effect": "NoSchedule"}, {"operator": "Exists"},
        {"key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}]});
    let expected = [
        "tolerations /spec/tolerations/2",
        "tolerations /spec/tolerations/3",
        "tolerations /spec/tolerations/4",
    ];
    assert_eq!(found(&tenant, &pod(spec.clone())), expected);
    assert_eq!(found(&json!({"scheduling": {"tolerations": []}}), &pod(spec)).len(), 5);
}

#[test]
fn many_problems_are_told_as_a_few() {
    let many: serde_json::Map<_, _> =
        (0..500).map(|i| (format!("$internal.x{i}"), json!(1))).collect();
    assert_eq!(found(&json!({}), &deployment(Json::Object(many))).len(), MOST);
}
