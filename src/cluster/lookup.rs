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
use tokio::runtime::Handle;

/// Less than any reasonable timeout of a webhook.
const PATIENCE: Duration = Duration::from_secs(2);

/// Requests single objects from the API server.
pub struct Lookup {
    client: Client,
    runtime: Handle,
}

impl Lookup {
    /// To be created on the runtime that serves.
    pub fn new(client: Client) -> Self {
        Self { client, runtime: Handle::current() }
    }

    /// The labels of a Namespace; `None` if there is none of this name. To be called on a thread of
    /// a multi-thread runtime, whose other tasks go on elsewhere.
    ///
    /// # Errors
    /// When the API server does not answer in time.
    pub fn labels(&self, namespace: &str) -> Result<Option<BTreeMap<String, String>>, String> {
        let api = Api::<Namespace>::all(self.client.clone());
        let found = self.wait(api.get_metadata_opt(namespace))?;
        Ok(found.map(|namespace| NamespaceRecord::of(namespace.metadata).labels))
    }

    /// An object as it is stored; `None` if there is none. To be called as [`Self::labels`] is.
    ///
    /// # Errors
    /// When the API server does not answer in time.
    pub fn object(
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
        let found = self.wait(api.get_opt(name))?;
        found
            .map(|object| serde_json::to_value(object).map_err(|error| error.to_string()))
            .transpose()
    }

    /// The pods of a namespace. To be called as [`Self::labels`] is.
    ///
    /// # Errors
    /// When the API server does not answer in time.
    pub fn pods(&self, namespace: &str) -> Result<Vec<Value>, String> {
        self.list(&ApiResource::erase::<Pod>(&()), namespace)
    }

    /// The PersistentVolumeClaims of a namespace. To be called as [`Self::labels`] is.
    ///
    /// # Errors
    /// When the API server does not answer in time.
    pub fn claims(&self, namespace: &str) -> Result<Vec<Value>, String> {
        self.list(&ApiResource::erase::<PersistentVolumeClaim>(&()), namespace)
    }

    fn list(&self, kind: &ApiResource, namespace: &str) -> Result<Vec<Value>, String> {
        let api = Api::<DynamicObject>::namespaced_with(self.client.clone(), namespace, kind);
        let found = self.wait(api.list(&ListParams::default()))?;
        found
            .items
            .into_iter()
            .map(|object| serde_json::to_value(object).map_err(|error| error.to_string()))
            .collect()
    }

    fn wait<T>(&self, answer: impl Future<Output = kube::Result<T>>) -> Result<T, String> {
        let answer = tokio::task::block_in_place(|| {
            self.runtime.block_on(async { tokio::time::timeout(PATIENCE, answer).await })
        });
        match answer {
            Ok(Ok(found)) => Ok(found),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err(format!("no answer within {PATIENCE:?}")),
        }
    }
}
