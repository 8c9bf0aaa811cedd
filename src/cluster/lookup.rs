//! Requests for single objects that no watch has reported.
//!
//! A pod may be created as soon as its namespace exists, and its review may reach a replica before
//! the watch reports the namespace: where tenants select namespaces by labels, that one namespace is
//! requested. The object that a `/scale` scales is not in its review either.

use super::watch::records::NamespaceRecord;
use crate::admission::context::LookupError;
use crate::resource::GroupVersionResource;
use k8s_openapi::api::core::v1::Namespace;
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
    ) -> Result<Option<BTreeMap<String, String>>, LookupError> {
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
    ) -> Result<Option<Value>, LookupError> {
        let api =
            Api::<DynamicObject>::namespaced_with(self.client.clone(), namespace, &resource_of(of));
        let found = wait(api.get_opt(name)).await?;
        Ok(found.map(serde_json::to_value).transpose()?)
    }

    /// The objects of a resource in a namespace that a label selector matches, all of them if it is
    /// empty. None if the cluster does not have the resource.
    ///
    /// # Errors
    /// When the API server does not answer in time.
    pub async fn objects(
        &self,
        of: &GroupVersionResource,
        namespace: &str,
        selector: &str,
    ) -> Result<Vec<Value>, LookupError> {
        const NOT_FOUND: u16 = 404;
        match self.list(&resource_of(of), namespace, selector).await {
            Err(LookupError::Request(error))
                if matches!(
                    error.downcast_ref::<kube::Error>(),
                    Some(kube::Error::Api(status)) if status.code == NOT_FOUND
                ) =>
            {
                Ok(Vec::new())
            }
            answer => answer,
        }
    }

    async fn list(
        &self,
        kind: &ApiResource,
        namespace: &str,
        selector: &str,
    ) -> Result<Vec<Value>, LookupError> {
        let api = Api::<DynamicObject>::namespaced_with(self.client.clone(), namespace, kind);
        let found = wait(api.list(&ListParams::default().labels(selector))).await?;
        Ok(found.items.into_iter().map(serde_json::to_value).collect::<Result<_, _>>()?)
    }
}

fn resource_of(of: &GroupVersionResource) -> ApiResource {
    let kind = GroupVersionKind::gvk(&of.group, &of.version, "");
    ApiResource::from_gvk_with_plural(&kind, &of.resource)
}

async fn wait<T>(answer: impl Future<Output = kube::Result<T>>) -> Result<T, LookupError> {
    match tokio::time::timeout(PATIENCE, answer).await {
        Ok(answer) => answer.map_err(|error| LookupError::Request(error.into())),
        Err(_) => Err(LookupError::Timeout(PATIENCE)),
    }
}
