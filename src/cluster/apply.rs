//! Server-side apply of a status.

use kube::api::{ApiResource, Patch, PatchParams};
use kube::core::DynamicObject;
use kube::{Api, Client, Resource};
use serde_json::{Value, json};

/// The field manager of what Flinkgate writes.
pub const FIELD_MANAGER: &str = "flinkgate";

/// Applies a part of the status of a cluster-scoped object as a field manager.
///
/// # Errors
/// When the API server refuses it or does not answer.
pub async fn status<K: Resource<DynamicType = ()>>(
    client: &Client,
    manager: &str,
    name: &str,
    status: &Value,
) -> kube::Result<()> {
    let resource = ApiResource::erase::<K>(&());
    let api = Api::<DynamicObject>::all_with(client.clone(), &resource);
    let apply = json!({"apiVersion": resource.api_version, "kind": resource.kind, "metadata": {"name": name}, "status": status});
    api.patch_status(name, &PatchParams::apply(manager).force(), &Patch::Apply(apply))
        .await
        .map(drop)
}
