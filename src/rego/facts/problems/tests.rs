use super::super::tenant::tenant_value;
use super::*;
use crate::kinds::lower;
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
fn every_way_in_which_a_pod_gets_a_secret_or_a_config_map_counts() {
    let spec = json!({
        "volumes": [
            {"name": "a", "secret": {"secretName": "foreign"}}, {"name": "b", "configMap": {"name": "foreign"}},
            {"name": "c", "projected": {"sources": [{"secret": {"name": "own-1"}}, {"secret": {"name": "foreign"}}, {"configMap": {"name": "kube-root-ca.crt"}}]}},
            {"name": "d", "persistentVolumeClaim": {"claimName": "foreign"}}, {"name": "e", "csi": {"driver": "x", "nodePublishSecretRef": {"name": "foreign"}}},
            {"name": "f", "configMap": {"name": "flink-config-etl"}}, {"name": "g", "persistentVolumeClaim": {"claimName": "etl-state"}},
            {"name": "h", "cephfs": {"monitors": [], "secretRef": {"name": "foreign"}}}],
        "imagePullSecrets": [{"name": "own-pull"}, {"name": "foreign"}],
        "containers": [{"name": "tool", "image": "x:1", "envFrom": [{"secretRef": {"name": "foreign"}}, {"configMapRef": {"name": "own"}}]}],
        "initContainers": [{"name": "init", "image": "x:1", "env": [
            {"name": "A", "valueFrom": {"secretKeyRef": {"name": "foreign", "key": "k"}}}, {"name": "B", "valueFrom": {"configMapKeyRef": {"name": "foreign", "key": "k"}}}]}]});
    let tenant = json!({"security": {"secrets": ["own-*"], "configMaps": ["own"]},
        "storage": {"claims": {"names": []}, "checkpoints": {"volume": {"claimName": "{cluster}-state"}}}});
    let expected = [
        "claims /spec/volumes/3/persistentVolumeClaim/claimName",
        "configMaps /spec/volumes/1/configMap/name",
        "configMaps /spec/initContainers/0/env/1/valueFrom/configMapKeyRef/name",
        "secrets /spec/volumes/0/secret/secretName",
        "secrets /spec/volumes/2/projected/sources/1/secret/name",
        "secrets /spec/volumes/4/csi/nodePublishSecretRef/name",
        "secrets /spec/volumes/7/cephfs/secretRef/name",
        "secrets /spec/containers/0/envFrom/0/secretRef/name",
        "secrets /spec/initContainers/0/env/0/valueFrom/secretKeyRef/name",
        "secrets /spec/imagePullSecrets/1/name",
    ];
    assert_eq!(found(&tenant, &pod(spec.clone())), expected);
    assert_eq!(found(&json!({}), &pod(spec)), [""; 0]);
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
fn what_the_tenant_itself_sets_is_not_held_against_the_object() {
    let configuration =
        json!({"enforced": {"kubernetes.pod-template-file": "/templates/pod.yaml"}});
    let object = deployment(json!({"kubernetes.pod-template-file": "/templates/pod.yaml"}));
    assert_eq!(found(&json!({"flink": {"configuration": configuration}}), &object), [""; 0]);
    assert_eq!(
        found(&json!({}), &object),
        ["operatorFiles /spec/flinkConfiguration/kubernetes.pod-template-file"]
    );
}

#[test]
fn images_are_pulled_as_flink_or_kubernetes_would() {
    let tenant =
        json!({"security": {"images": {"pullPolicies": ["Always"], "forbidLatestTag": false}}});
    let pod_with = |container: Json| pod(json!({"containers": [container]}));
    for (object, expected) in [
        (
            pod_with(json!({"name": "a", "image": "x:1"})),
            vec!["imagePullPolicy /spec/containers/0/image"],
        ),
        (
            pod_with(json!({"name": "a", "image": "x:1", "imagePullPolicy": "Never"})),
            vec!["imagePullPolicy /spec/containers/0/imagePullPolicy"],
        ),
        (pod_with(json!({"name": "a", "image": "x"})), vec![]),
        (pod_with(json!({"name": "a", "image": "x:1", "imagePullPolicy": "Always"})), vec![]),
        (deployment(json!({"kubernetes.container.image.pull-policy": "Always"})), vec![]),
        (
            deployment(json!({"kubernetes.container.image.pull-policy": "Never"})),
            vec!["imagePullPolicy /spec/flinkConfiguration/kubernetes.container.image.pull-policy"],
        ),
        (deployment(json!({})), vec!["imagePullPolicy /spec/image"]),
    ] {
        assert_eq!(found(&tenant, &object), expected, "{object}");
    }
}

#[test]
fn many_problems_are_told_as_a_few() {
    let many: serde_json::Map<_, _> =
        (0..500).map(|i| (format!("$internal.x{i}"), json!(1))).collect();
    assert_eq!(found(&json!({}), &deployment(Json::Object(many))).len(), MOST);
}
