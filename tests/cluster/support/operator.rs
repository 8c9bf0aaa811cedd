//! A controller shaped like Flink's operator, for standalone clusters: FlinkDeployment in, two
//! Deployments out, with its labels, finalizer and merged pod templates; what belongs to it goes
//! away with it.

use super::access::Access;
use super::controlplane::ControlPlane;
use ::flinkgate::flink::requester::DEFAULT_OPERATOR_USER;
use ::flinkgate::flink::workload::MAIN_CONTAINER;
use ::flinkgate::flink::{PodSet, Role};
use ::flinkgate::kinds::lower;
use ::flinkgate::resource::Resource;
use kube::api::{Api, ApiResource, DeleteParams, ListParams, Patch, PatchParams};
use kube::core::{DynamicObject, GroupVersionKind};
use kube::{Client, ResourceExt};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

const FINALIZER: &str = "flinkdeployments.flink.apache.org/finalizer";
const PAUSE: Duration = Duration::from_millis(100);

/// The operator's service account, as Flinkgate expects it, with all rights.
pub fn operator_account(control_plane: &ControlPlane) -> Access {
    control_plane.as_user(DEFAULT_OPERATOR_USER, &["system:masters"])
}

/// The running controller of one namespace.
pub struct Operator {
    stop: Arc<AtomicBool>,
    complaints: Arc<Mutex<Vec<String>>>,
    thread: Option<JoinHandle<()>>,
}

impl Operator {
    /// Starts it with somebody's rights.
    pub fn start(access: &Access, namespace: &str) -> Self {
        let (stop, complaints) =
            (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::new(Vec::new())));
        let thread = {
            let (access, namespace) = (access.clone(), namespace.to_owned());
            let (stop, complaints) = (Arc::clone(&stop), Arc::clone(&complaints));
            std::thread::spawn(move || {
                let runtime =
                    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                runtime.block_on(async {
                    let client = access.client().await;
                    while !stop.load(Ordering::Relaxed) {
                        if let Err(complaint) = reconcile_all(&client, &namespace).await {
                            complaints.lock().unwrap().push(complaint);
                        }
                        tokio::time::sleep(PAUSE).await;
                    }
                });
            })
        };
        Self { stop, complaints, thread: Some(thread) }
    }

    /// What went wrong so far; it goes on nevertheless.
    pub fn complaints(&self) -> Vec<String> {
        self.complaints.lock().unwrap().clone()
    }
}

impl Drop for Operator {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

fn api(
    client: &Client,
    namespace: &str,
    group: &str,
    version: &str,
    kind: &str,
) -> Api<DynamicObject> {
    let resource = ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind));
    Api::namespaced_with(client.clone(), namespace, &resource)
}

async fn reconcile_all(client: &Client, namespace: &str) -> Result<(), String> {
    let clusters = api(client, namespace, "flink.apache.org", "v1beta1", "FlinkDeployment");
    let deployments = api(client, namespace, "apps", "v1", "Deployment");
    for cluster in clusters.list(&ListParams::default()).await.map_err(|error| error.to_string())? {
        let name = cluster.name_any();
        match reconcile(&clusters, &deployments, &cluster).await {
            Ok(()) => {}
            // It went away or changed meanwhile: the next round sees.
            Err(kube::Error::Api(status)) if status.is_not_found() || status.is_conflict() => {}
            Err(error) => return Err(format!("{name}: {error}")),
        }
    }
    Ok(())
}

async fn reconcile(
    clusters: &Api<DynamicObject>,
    deployments: &Api<DynamicObject>,
    cluster: &DynamicObject,
) -> kube::Result<()> {
    let (name, merge) = (cluster.name_any(), PatchParams::default());
    if cluster.metadata.deletion_timestamp.is_some() {
        for deployment in [name.clone(), format!("{name}-taskmanager")] {
            match deployments.delete(&deployment, &DeleteParams::default()).await {
                Err(kube::Error::Api(status)) if status.is_not_found() => {}
                deleted => drop(deleted?),
            }
        }
        let none = json!({"metadata": {"finalizers": null, "resourceVersion": cluster.resource_version()}});
        return clusters.patch(&name, &merge, &Patch::Merge(none)).await.map(drop);
    }
    if cluster.finalizers().is_empty() {
        clusters
            .patch(&name, &merge, &Patch::Merge(json!({"metadata": {"finalizers": [FINALIZER]}})))
            .await?;
    }
    let object = serde_json::to_value(cluster).unwrap();
    let resource = Resource::from_manifest(object.clone()).unwrap();
    let own = PatchParams::apply("flink-operator").force();
    for pods in lower(&resource, &object).unwrap().pods {
        let deployment = deployment(&object, &pods);
        deployments
            .patch(
                deployment["metadata"]["name"].as_str().unwrap(),
                &own,
                &Patch::Apply(&deployment),
            )
            .await?;
    }
    let replicas = object.pointer("/spec/taskManager/replicas").cloned().unwrap_or(json!(1));
    let selector = format!("app={name},component=taskmanager");
    let status = json!({"status": {"lifecycleState": "STABLE", "observedGeneration": object["metadata"]["generation"],
        "reconciliationStatus": {"state": "DEPLOYED", "lastReconciledSpec": "{}"},
        "taskManager": {"replicas": replicas, "labelSelector": selector}}});
    clusters.patch_status(&name, &merge, &Patch::Merge(status)).await.map(drop)
}

/// The Deployment that the operator makes for one role: of the main container it sets name, image,
/// words, resources and the folder of the configuration; of the template, labels and service
/// account.
fn deployment(object: &Value, pods: &PodSet) -> Value {
    let (metadata, spec) = (&object["metadata"], &object["spec"]);
    let cluster = metadata["name"].as_str().unwrap();
    let (suffix, word, part) = match pods.role {
        Role::TaskManager => ("-taskmanager", "taskmanager", &spec["taskManager"]),
        _ => ("", "jobmanager", &spec["jobManager"]),
    };
    let labels = json!({"app": cluster, "component": pods.role.component().unwrap(), "type": "flink-standalone-kubernetes"});
    let mut template = pods.template(object).clone();
    for (label, value) in labels.as_object().unwrap() {
        template["metadata"]["labels"][label] = value.clone();
    }
    let pod = &mut template["spec"];
    pod["serviceAccountName"] = spec["serviceAccount"].clone();
    push(
        &mut pod["volumes"],
        json!({"name": "flink-config-volume", "configMap": {"name": format!("flink-config-{cluster}")}}),
    );
    let is_main = |container: &Value| container["name"] == MAIN_CONTAINER;
    if !pod["containers"].as_array().is_some_and(|containers| containers.iter().any(is_main)) {
        push(&mut pod["containers"], json!({"name": MAIN_CONTAINER}));
    }
    let main = pod["containers"]
        .as_array_mut()
        .unwrap()
        .iter_mut()
        .find(|container| is_main(container))
        .unwrap();
    main["image"] = spec["image"].clone();
    main["args"] = json!([word]);
    // Flink's "m" is Kubernetes' "Mi".
    let memory =
        part["resource"]["memory"].as_str().unwrap().trim_end_matches('m').to_owned() + "Mi";
    let amounts = json!({"cpu": part["resource"]["cpu"].to_string(), "memory": memory});
    main["resources"] = json!({"requests": amounts, "limits": amounts});
    push(
        &mut main["volumeMounts"],
        json!({"name": "flink-config-volume", "mountPath": "/opt/flink/conf"}),
    );
    let owner = json!({"apiVersion": object["apiVersion"], "kind": object["kind"], "name": cluster, "uid": metadata["uid"],
        "controller": true, "blockOwnerDeletion": true});
    json!({"apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": format!("{cluster}{suffix}"), "labels": labels, "ownerReferences": [owner]},
        "spec": {"replicas": pods.replicas, "selector": {"matchLabels": labels}, "template": template}})
}

fn push(list: &mut Value, element: Value) {
    match list {
        Value::Array(list) => list.push(element),
        other => *other = json!([element]),
    }
}
