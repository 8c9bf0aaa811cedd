//! Requests for single objects that no watch has reported.
//!
//! A pod may be created as soon as its namespace exists, and its review may reach a replica before
//! the watch reports the namespace: where tenants select namespaces by labels, that one namespace is
//! requested. The object that a `/scale` scales is not in its review either.

use super::watch::records::NamespaceRecord;
use crate::resource::GroupVersionResource;
use k8s_openapi::api::core::v1::{Namespace, PersistentVolumeClaim, Pod};
use kube::api::{ApiResource, DynamicObject, ListParams};
use kube::core::GroupVersionKind;
use kube::{Api, Client};
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::Duration;

/// Less than any reasonable timeout of a webhook.
const PATIENCE: Duration = Duration::from_secs(2);

/// Reads single objects from the API server.
pub struct Lookup {
    client: Client,
}

impl Lookup {
    /// Reads with this client.
    pub fn new(client: Client) -> Self {
        Self { client }
    }

    /// The labels of a Namespace; `None` if there is none of this name.
    ///
    /// # Errors
    /// When the API server does not answer in time.
    pub async fn labels(
        &self,
        namespace: &str,
    ) -> Result<Option<BTreeMap<String, String>>, String> {
        let api = Api::<Namespace>::all(self.client.clone());
        let found = wait(api.get_metadata_opt(namespace)).await?;
        Ok(found.map(|namespace| NamespaceRecord::of(namespace.metadata).labels))
    }

    /// An object as it is stored; `None` if there is none.
    ///
    /// # Errors
    /// When the API server does not answer in time.
    pub async fn object(
        &self,
        of: &GroupVersionResource,
        namespace: &str,
        name: &str,
    ) -> Result<Option<Value>, String> {
        let kind = GroupVersionKind::gvk(&of.group, &of.version, "");
        let api = Api::<DynamicObject>::namespaced_with(
            self.client.clone(),
            namespace,
            &ApiResource::from_gvk_with_plural(&kind, &of.resource),
        );
        let found = wait(api.get_opt(name)).await?;
        found
            .map(|object| serde_json::to_value(object).map_err(|error| error.to_string()))
            .transpose()
    }

    /// The pods of a namespace.
    ///
    /// # Errors
    /// When the API server does not answer in time.
    pub async fn pods(&self, namespace: &str) -> Result<Vec<Value>, String> {
        self.list(&ApiResource::erase::<Pod>(&()), namespace).await
    }

    /// The PersistentVolumeClaims of a namespace.
    ///
    /// # Errors
    /// When the API server does not answer in time.
    pub async fn claims(&self, namespace: &str) -> Result<Vec<Value>, String> {
        self.list(&ApiResource::erase::<PersistentVolumeClaim>(&()), namespace).await
    }

    async fn list(&self, kind: &ApiResource, namespace: &str) -> Result<Vec<Value>, String> {
        let api = Api::<DynamicObject>::namespaced_with(self.client.clone(), namespace, kind);
        let found = wait(api.list(&ListParams::default())).await?;
        found
            .items
            .into_iter()
            .map(|object| serde_json::to_value(object).map_err(|error| error.to_string()))
            .collect()
    }
}

async fn wait<T>(answer: impl Future<Output = kube::Result<T>>) -> Result<T, String> {
    match tokio::time::timeout(PATIENCE, answer).await {
        Ok(Ok(found)) => Ok(found),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err(format!("no answer within {PATIENCE:?}")),
    }
}
