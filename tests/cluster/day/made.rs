//! What the operator and Kubernetes make of a cluster.

use super::api::{Api, User};
use super::objects::as_array;
use super::operator::Cluster;
use serde_json::{Value, json};

pub const TEMPLATE_HASH: &str = "6d85bcdd59";

impl Cluster {
    /// A Deployment of the operator's, with the ReplicaSet that Kubernetes makes of it.
    pub fn deployment(
        &self,
        api: &Api,
        cluster: &Value,
        name: &str,
        pod: &Value,
        replicas: i64,
    ) -> Result<Value, String> {
        let mut labels = pod["metadata"]["labels"].clone();
        labels.as_object_mut().unwrap().remove("pod-template-hash");
        let selector = json!({"app": labels["app"], "component": labels["component"]});
        let template = json!({"metadata": {"labels": labels}, "spec": pod["spec"]});
        let object = json!({"apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"name": name, "namespace": self.namespace, "labels": labels, "ownerReferences": owners(cluster)},
            "spec": {"replicas": replicas, "selector": {"matchLabels": selector}, "template": template}});
        let deployment = api.create(&User::operator(), "deployments", &object)?;
        let mut set = json!({"apiVersion": "apps/v1", "kind": "ReplicaSet", "spec": deployment["spec"],
            "metadata": {"name": format!("{name}-{TEMPLATE_HASH}"), "namespace": self.namespace, "ownerReferences": owners(&deployment)}});
        let spec = set["spec"].as_object_mut().unwrap();
        spec.retain(|field, _| ["replicas", "selector", "template"].contains(&field.as_str()));
        for place in ["/spec/selector/matchLabels", "/spec/template/metadata/labels"] {
            set.pointer_mut(place).unwrap()["pod-template-hash"] = json!(TEMPLATE_HASH);
        }
        set["metadata"]["labels"] = set["spec"]["template"]["metadata"]["labels"].clone();
        api.create(&User::component("deployment-controller"), "replicasets", &set)?;
        Ok(deployment)
    }

    pub fn config_map(&self, api: &Api, cluster: &Value, deployment: &Value) -> Result<(), String> {
        let options = cluster["spec"]["flinkConfiguration"].as_object().unwrap().iter();
        let text: String = options
            .map(|(key, value)| format!("{key}: {}\n", value.as_str().unwrap_or_default()))
            .collect();
        let maker = if self.standalone { "standalone" } else { "native" };
        let map = json!({"apiVersion": "v1", "kind": "ConfigMap", "data": {"flink-conf.yaml": text},
            "metadata": {"name": format!("flink-config-{}", self.name), "namespace": self.namespace, "ownerReferences": owners(deployment),
                "labels": {"app": self.name, "type": format!("flink-{maker}-kubernetes")}}});
        api.create(&User::operator(), "configmaps", &map).map(drop)
    }
}

pub fn owners(object: &Value) -> Value {
    json!([{"apiVersion": object["apiVersion"], "kind": object["kind"], "name": object["metadata"]["name"],
        "uid": object["metadata"]["uid"], "controller": true, "blockOwnerDeletion": true}])
}

/// A derived pod without what the API server adds.
pub fn as_asked_for(pod: &Value) -> Value {
    let mut pod = pod.clone();
    let is_added = |value: &Value| {
        value["name"].as_str().is_some_and(|name| name.starts_with("kube-api-access"))
            || value["key"].as_str().is_some_and(|key| key.starts_with("node.kubernetes.io/"))
    };
    for list in ["volumes", "tolerations"] {
        as_array(&mut pod["spec"][list]).retain(|element| !is_added(element));
    }
    for list in ["containers", "initContainers"] {
        for container in as_array(&mut pod["spec"][list]) {
            as_array(&mut container["volumeMounts"]).retain(|mount| !is_added(mount));
        }
    }
    pod["metadata"].as_object_mut().unwrap().remove("generateName");
    pod
}
