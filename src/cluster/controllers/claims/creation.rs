//! Creates one claim: server-side apply, with the cluster as its owner where it is to be deleted with
//! the cluster.

use super::WantedClaim;
use crate::cluster::apply::FIELD_MANAGER;
use crate::cluster::leaving::is_namespace_leaving;
use crate::cluster::watch::target::api_resource;
use crate::kinds;
use k8s_openapi::api::core::v1::PersistentVolumeClaim;
use kube::api::{DynamicObject, Patch, PatchParams};
use kube::{Api, Client};
use serde_json::{Value, json};
use std::time::Duration;

/// How long one request may take.
const REQUEST: Duration = Duration::from_secs(10);

/// Why a claim was not created.
#[derive(Debug, thiserror::Error)]
pub(super) enum CreationError {
    #[error(transparent)]
    Request(#[from] kube::Error),
    #[error("no answer within {REQUEST:?}")]
    Late(#[from] tokio::time::error::Elapsed),
    #[error("cluster `{0}`, which is to own it, does not exist or is being deleted")]
    NoCluster(String),
}

impl CreationError {
    /// Whether the claim is not needed any more: its cluster or its namespace is being deleted.
    pub(super) fn is_unneeded(&self) -> bool {
        match self {
            Self::NoCluster(_) => true,
            Self::Request(error) => is_namespace_leaving(error),
            Self::Late(_) => false,
        }
    }
}

/// Creates claims.
pub(super) struct ClaimCreator {
    client: Client,
}

impl ClaimCreator {
    pub(super) fn new(client: Client) -> Self {
        Self { client }
    }

    /// Creates a claim unless one of its name exists.
    pub(super) async fn create(&self, wanted: &WantedClaim) -> Result<(), CreationError> {
        let work = async {
            let claims =
                Api::<PersistentVolumeClaim>::namespaced(self.client.clone(), &wanted.namespace);
            if claims.get_metadata_opt(&wanted.name).await?.is_some() {
                return Ok(());
            }
            let owner =
                if wanted.goes_with_cluster { Some(self.owner(wanted).await?) } else { None };
            let claim = claim(wanted, owner);
            claims
                .patch(&wanted.name, &PatchParams::apply(FIELD_MANAGER), &Patch::Apply(claim))
                .await?;
            tracing::info!(
                namespace = wanted.namespace,
                claim = wanted.name,
                "created the PersistentVolumeClaim that a pod waits for"
            );
            Ok(())
        };
        tokio::time::timeout(REQUEST, work).await?
    }

    /// The owner reference to the object that declares the cluster.
    async fn owner(&self, wanted: &WantedClaim) -> Result<Value, CreationError> {
        for kind in kinds::state_owners() {
            let resource = api_resource(kind);
            let api = Api::<DynamicObject>::namespaced_with(
                self.client.clone(),
                &wanted.namespace,
                &resource,
            );
            let found = api.get_metadata_opt(&wanted.cluster).await?;
            // A claim that goes with a cluster is not created for one that is being deleted.
            if let Some(found) = found.filter(|found| found.metadata.deletion_timestamp.is_none()) {
                let uid = found.metadata.uid.unwrap_or_default();
                return Ok(
                    json!({"apiVersion": resource.api_version, "kind": kind.kind, "name": wanted.cluster, "uid": uid}),
                );
            }
        }
        Err(CreationError::NoCluster(wanted.cluster.clone()))
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
