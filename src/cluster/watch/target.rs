//! What is followed: a kind of the table, or an object by its name; and where the cluster serves it.

use crate::kinds::{Kind, Origin, Watched};
use kube::api::{ApiResource, ListParams, WatchParams};
use kube::client::Client;
use kube::core::DynamicObject;
use kube::error::DiscoveryError;
use kube::{Api, Resource, discovery};

/// What to follow.
#[derive(Clone, Debug)]
pub struct Target {
    source: Source,
    namespace: Option<String>,
    /// A field selector.
    fields: Option<String>,
    /// Whether metadata is all that is needed of the objects.
    pub(super) metadata_only: bool,
}

#[derive(Clone, Debug)]
enum Source {
    Kind(&'static Kind),
    Resource(ApiResource),
}

impl Target {
    /// All objects of a kind, in the version that the cluster serves.
    pub fn kind(kind: &'static Kind) -> Self {
        let metadata_only = matches!(kind.watched, Some(Watched::Namespaces | Watched::Ledgers));
        Self { source: Source::Kind(kind), namespace: None, fields: None, metadata_only }
    }

    /// All objects of a type.
    pub fn all<K: Resource<DynamicType = ()>>() -> Self {
        let source = Source::Resource(ApiResource::erase::<K>(&()));
        Self { source, namespace: None, fields: None, metadata_only: false }
    }

    /// The object of a type with this name; without a namespace, in the cluster.
    pub fn object<K: Resource<DynamicType = ()>>(namespace: Option<&str>, name: &str) -> Self {
        let namespace = namespace.map(str::to_owned);
        Self { namespace, ..Self::all::<K>().selected(&format!("metadata.name={name}")) }
    }

    /// Those that match a field selector.
    pub fn selected(self, fields: &str) -> Self {
        Self { fields: Some(fields.into()), ..self }
    }

    /// The same, without spec and status.
    pub fn metadata(self) -> Self {
        Self { metadata_only: true, ..self }
    }

    /// The plural, for log messages.
    pub(super) fn name(&self) -> &str {
        match &self.source {
            Source::Kind(kind) => kind.plural,
            Source::Resource(resource) => &resource.plural,
        }
    }

    /// The resource as the cluster serves it; `None` where it does not.
    pub(super) async fn resource(&self, client: &Client) -> kube::Result<Option<ApiResource>> {
        match &self.source {
            Source::Kind(kind) => served(kind, client).await,
            Source::Resource(resource) => Ok(Some(resource.clone())),
        }
    }

    pub(super) fn api(&self, client: &Client, resource: &ApiResource) -> Api<DynamicObject> {
        match &self.namespace {
            Some(namespace) => Api::namespaced_with(client.clone(), namespace, resource),
            None => Api::all_with(client.clone(), resource),
        }
    }

    pub(super) fn watch_params(&self) -> WatchParams {
        WatchParams { field_selector: self.fields.clone(), ..WatchParams::default() }
    }

    pub(super) fn list_params(&self) -> ListParams {
        ListParams { field_selector: self.fields.clone(), ..ListParams::default() }
    }
}

/// The resource of a kind in the version of the table.
pub fn api_resource(kind: &Kind) -> ApiResource {
    let gvk = kube::core::GroupVersionKind::gvk(kind.group, kind.version, kind.kind);
    ApiResource::from_gvk_with_plural(&gvk, kind.plural)
}

/// The resource of a kind as the cluster serves it; `None` where it does not. An operator may
/// define a kind in a version that is not known here.
async fn served(kind: &Kind, client: &Client) -> kube::Result<Option<ApiResource>> {
    if kind.origin != Origin::Operator {
        return Ok(Some(api_resource(kind)));
    }
    let group = match discovery::group(client, kind.group).await {
        Ok(group) => group,
        Err(kube::Error::Discovery(DiscoveryError::MissingApiGroup(_))) => return Ok(None),
        Err(error) => return Err(error),
    };
    let versions = std::iter::once(group.preferred_version_or_latest()).chain(group.versions());
    let mut served = versions
        .flat_map(|version| group.versioned_resources(version))
        .map(|(resource, _)| resource);
    Ok(served.find(|resource| resource.kind == kind.kind && resource.plural == kind.plural))
}
