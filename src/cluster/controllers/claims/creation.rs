//! Creates one claim: server-side apply, with the cluster as its owner where it is to be deleted with
//! the cluster.

use super::WantedClaim;
use crate::cluster::apply::FIELD_MANAGER;
use crate::cluster::watch::target::api_resource;
use crate::kinds;
use k8s_openapi::api::core::v1::PersistentVolumeClaim;
use kube::api::{DynamicObject, Patch, PatchParams};
use kube::{Api, Client};
use serde_json::{Value, json};
use std::time::Duration;

/// How long one request may take.
const REQUEST: Duration = Duration::from_secs(10);

/// Creates claims.
pub(super) struct ClaimCreator {
    client: Client,
}

impl ClaimCreator {
    pub(super) fn new(client: Client) -> Self {
        Self { client }
    }

    /// Creates a claim unless one of its name exists.
    pub(super) async fn create(&self, wanted: &WantedClaim) -> Result<(), String> {
        let work = async {
            let claims =
                Api::<PersistentVolumeClaim>::namespaced(self.client.clone(), &wanted.namespace);
            if claims.get_metadata_opt(&wanted.name).await.map_err(text)?.is_some() {
                return Ok(());
            }
            let owner =
                if wanted.goes_with_cluster { Some(self.owner(wanted).await?) } else { None };
            let claim = claim(wanted, owner);
            claims
                .patch(&wanted.name, &PatchParams::apply(FIELD_MANAGER), &Patch::Apply(claim))
                .await
                .map_err(text)?;
            tracing::info!(
                namespace = wanted.namespace,
                claim = wanted.name,
                "created the PersistentVolumeClaim that a pod waits for"
            );
            Ok(())
        };
        tokio::time::timeout(REQUEST, work)
            .await
            .unwrap_or_else(|_| Err(format!("no answer within {REQUEST:?}")))
    }

    /// The owner reference to the object that declares the cluster.
    async fn owner(&self, wanted: &WantedClaim) -> Result<Value, String> {
        for kind in kinds::state_owners() {
            let resource = api_resource(kind);
            let api = Api::<DynamicObject>::namespaced_with(
                self.client.clone(),
                &wanted.namespace,
                &resource,
            );
            if let Some(found) = api.get_metadata_opt(&wanted.cluster).await.map_err(text)? {
                let uid = found.metadata.uid.unwrap_or_default();
                return Ok(
                    json!({"apiVersion": resource.api_version, "kind": kind.kind, "name": wanted.cluster, "uid": uid}),
                );
            }
        }
        Err(format!("cluster `{}`, which is to own it, does not exist", wanted.cluster))
    }
}

fn claim(wanted: &WantedClaim, owner: Option<Value>) -> Value {
    let mut metadata = json!({
        "name": wanted.name,
        "namespace": wanted.namespace,
        "labels": {"app.kubernetes.io/managed-by": "flinkgate"},
    });
    if let (Some(owner), Some(fields)) = (owner, metadata.as_object_mut()) {
        fields.insert("ownerReferences".into(), json!([owner]));
    }
    json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata, "spec": wanted.spec})
}

fn text(error: kube::Error) -> String {
    error.to_string()
}
