//! What the leader watches to reconcile ledgers: everything that uses quota, and what says which
//! tenant owns a pod or a namespace. Which kinds these are is in the table of [`crate::kinds`].

use crate::kinds::{KINDS, Kind, Origin, Watched};
use kube::api::ApiResource;
use kube::client::Client;
use kube::core::DynamicObject;
use kube::error::DiscoveryError;
use kube::{Api, discovery};

/// All of them.
pub fn watched() -> impl Iterator<Item = &'static Kind> {
    KINDS.iter().filter(|kind| !matches!(kind.watched, None | Some(Watched::Policies)))
}

/// The watched kind of this name.
pub fn named(name: &str) -> Option<&'static Kind> {
    watched().find(|kind| kind.kind == name)
}

/// Whether metadata is all that is needed of a kind's objects.
pub fn is_metadata(kind: &Kind) -> bool {
    matches!(kind.watched, Some(Watched::Owners | Watched::Namespaces | Watched::Ledgers))
}

/// Whether the position of a kind's watch is part of a view: its objects use quota, or decide
/// which tenant owns what does.
pub fn is_in_views(kind: &Kind) -> bool {
    kind.is_counted() || matches!(kind.watched, Some(Watched::Namespaces | Watched::Tenants))
}

/// The resource of a kind in the version of the table.
pub fn api_resource(kind: &Kind) -> ApiResource {
    let gvk = kube::core::GroupVersionKind::gvk(kind.group, kind.version, kind.kind);
    ApiResource::from_gvk_with_plural(&gvk, kind.plural)
}

/// The resource of a kind as the cluster serves it; `None` where it does not. An operator may
/// define a kind in a version that is not known here.
///
/// # Errors
/// When the API server does not answer.
pub async fn served(kind: &Kind, client: &Client) -> kube::Result<Option<ApiResource>> {
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

/// Access to the objects of a kind in a namespace; `resource` is where the cluster serves them.
pub fn api(
    kind: &Kind,
    client: &Client,
    resource: Option<&ApiResource>,
    namespace: &str,
) -> Api<DynamicObject> {
    let resource = resource.cloned().unwrap_or_else(|| api_resource(kind));
    Api::namespaced_with(client.clone(), namespace, &resource)
}
