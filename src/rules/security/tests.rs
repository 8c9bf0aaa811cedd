use crate::kinds::lower;
use crate::resource::Resource;
use crate::rules::{Finding, Subject, check};
use crate::tenant::{PreparedTenant, Tenant};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;

/// The findings of this family about an object of a tenant with this spec.
fn findings(tenant: &Value, object: &Value) -> Vec<Finding> {
    let resource = Resource::from_manifest(object.clone()).unwrap();
    let workload = lower(&resource, &resource.object).unwrap();
    let spec = serde_json::from_value(tenant.clone()).unwrap();
    let tenant = PreparedTenant::new(&Arc::new(Tenant { spec, ..Tenant::default() }));
    let all = check(&Subject::new(&resource, &resource.object, &workload, &tenant));
    all.into_iter().filter(|finding| finding.rule.starts_with("security/")).collect()
}

/// `rule pointer` of each finding.
fn places(tenant: &Value, object: &Value) -> Vec<String> {
    let all = findings(tenant, object);
    all.iter().map(|finding| format!("{} {}", finding.rule, finding.pointer)).collect()
}

fn pod(spec: Value) -> Value {
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "tool"}, "spec": spec})
}

fn deployment(options: Value) -> Value {
    json!({"apiVersion": "flink.apache.org/v1beta1", "kind": "FlinkDeployment", "metadata": {"name": "etl"},
        "spec": {"image": "flink:1.20", "flinkVersion": "v1_20", "serviceAccount": "flink", "flinkConfiguration": options,
            "jobManager": {"resource": {"cpu": 1, "memory": "2048m"}}, "taskManager": {"resource": {"cpu": 1, "memory": "2048m"}},
            "job": {"jarURI": "local:///job.jar", "parallelism": 2}}})
}

#[test]
fn only_allowed_and_own_references_pass() {
    let spec = json!({
        "volumes": [
            {"name": "a", "secret": {"secretName": "foreign"}}, {"name": "b", "configMap": {"name": "foreign"}},
            {"name": "c", "projected": {"sources": [{"secret": {"name": "own-1"}}, {"configMap": {"name": "kube-root-ca.crt"}}]}},
            {"name": "f", "configMap": {"name": "flink-config-etl"}}, {"name": "g", "secret": {"secretName": "kerberos-keytab-etl"}}],
        "imagePullSecrets": [{"name": "own-pull"}, {"name": "foreign"}],
        "containers": [{"name": "tool", "image": "x:1", "envFrom": [{"configMapRef": {"name": "own"}}]}]});
    let tenant = json!({"security": {"secrets": ["own-*"], "configMaps": ["own"]}});
    let expected = [
        "security/config-maps /spec/volumes/1/configMap/name",
        "security/config-maps /spec/volumes/3/configMap/name",
        "security/secrets /spec/volumes/0/secret/secretName",
        "security/secrets /spec/volumes/4/secret/secretName",
        "security/secrets /spec/imagePullSecrets/1/name",
    ];
    assert_eq!(places(&tenant, &pod(spec.clone())), expected);
    // Flink's pods mount what Flink makes for their cluster, and not what it makes for another one.
    for (cluster, others) in [("etl", 3), ("billing", 5)] {
        let mut flink = pod(spec.clone());
        flink["metadata"]["labels"] = json!({"app": cluster, "type": "flink-native-kubernetes"});
        flink["spec"]["containers"][0]["args"] = json!(["kubernetes-taskmanager.sh"]);
        let found = places(&tenant, &flink);
        let references =
            found.iter().filter(|place| place.contains("/spec/volumes/") || place.contains("Pull"));
        assert_eq!(references.count(), others, "{cluster}: {found:?}");
    }
    assert_eq!(places(&json!({}), &pod(spec)), [""; 0]);
}

#[test]
fn a_strict_tenant_accepts_a_plain_deployment() {
    let tenant = json!({"security": {"serviceAccounts": ["flink"], "secrets": [], "configMaps": [], "entrypoints": [],
        "forbiddenEnvironment": ["*"], "forbiddenLabels": ["*"], "forbiddenAnnotations": ["*"], "sidecars": {"names": [], "most": 0},
        "hostAliases": [], "extendedResources": [], "runtimeClasses": [],
        "images": {"allow": ["flink"], "pullPolicies": ["IfNotPresent"]}}});
    assert_eq!(places(&tenant, &deployment(json!({"taskmanager.numberOfTaskSlots": 2}))), [""; 0]);
}

#[test]
fn defaults_of_flink_and_kubernetes_decide_pull_policies() {
    let tenant =
        json!({"security": {"images": {"pullPolicies": ["Always"], "forbidLatestTag": false}}});
    let pod_with = |container: Value| pod(json!({"containers": [container]}));
    let option = "kubernetes.container.image.pull-policy";
    for (object, expected) in [
        (pod_with(json!({"name": "a", "image": "x:1"})), Some("/spec/containers/0/image")),
        (
            pod_with(json!({"name": "a", "image": "x:1", "imagePullPolicy": "Never"})),
            Some("/spec/containers/0/imagePullPolicy"),
        ),
        (pod_with(json!({"name": "a", "image": "x"})), None),
        (pod_with(json!({"name": "a", "image": "x:1", "imagePullPolicy": "Always"})), None),
        (deployment(json!({option: "Always"})), None),
        (
            deployment(json!({option: "Never"})),
            Some("/spec/flinkConfiguration/kubernetes.container.image.pull-policy"),
        ),
        (deployment(json!({})), Some("/spec/image")),
    ] {
        let found: BTreeSet<_> = places(&tenant, &object).into_iter().collect();
        let expected = expected.map(|place| format!("security/image-pull-policy {place}"));
        assert_eq!(found, expected.into_iter().collect(), "{object}");
    }
}

#[test]
fn roles_that_share_a_template_share_findings() {
    let mut object = deployment(json!({}));
    object["spec"]["podTemplate"]["spec"] = json!({
        "runtimeClassName": "x", "hostAliases": [{"ip": "10.0.0.1", "hostnames": ["x"]}],
        "volumes": [{"name": "x", "secret": {"secretName": "x"}}],
        "containers": [{"name": "x", "image": "x", "imagePullPolicy": "Never", "env": [{"name": "X"}],
            "resources": {"limits": {"example.com/x": 1}}}]});
    let tenant = json!({"security": {"runtimeClasses": [], "hostAliases": [], "secrets": [], "sidecars": {"most": 0},
        "forbiddenEnvironment": ["X"], "extendedResources": [], "images": {"pullPolicies": ["IfNotPresent"]}}});
    let found: BTreeSet<_> = findings(&tenant, &object).into_iter().collect();
    let rules: BTreeSet<_> = found.iter().map(|finding| &finding.rule).collect();
    assert_eq!((found.len(), rules.len()), (8, 8), "{found:#?}");
}

#[test]
fn findings_never_contain_credentials() {
    let options =
        json!({"s3.secret-key": "hidden", "user.artifacts.http-headers": "Cookie:hidden"});
    let found = findings(&json!({}), &deployment(options));
    assert_eq!(found.len(), 2);
    assert!(!serde_json::to_string(&found).unwrap().contains("hidden"), "{found:#?}");
}
