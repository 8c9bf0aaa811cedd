//! Writes what is due: by the lease holder alone, so that replicas do not write against each other.
//!
//! Server-side apply under the name of Flinkgate: a status field that another part writes (what a
//! tenant uses) stays its own, and so do a Namespace's other labels.

pub mod condition;

use crate::cluster::controllers::tenants::updates::Due;
use crate::rego::flink_policy::FlinkPolicy;
use crate::tenant::{FlinkTenant, TENANT_LABEL};
use futures::{StreamExt, stream};
use k8s_openapi::api::core::v1::Namespace;
use kube::api::{ApiResource, Patch, PatchParams};
use kube::core::DynamicObject;
use kube::{Api, Client};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// Under this name the API server keeps what Flinkgate wrote apart from what others did.
pub const FIELD_MANAGER: &str = "flinkgate";

/// Requests under way at once.
const AT_ONCE: usize = 8;
/// How long one request may take.
const REQUEST: Duration = Duration::from_secs(10);
/// Pause before what failed is tried again.
const AGAIN: Duration = Duration::from_secs(3);

/// Writes what is due whenever that changes and while `leader` holds, until either sender is gone.
pub async fn keep(
    client: Client,
    mut due: watch::Receiver<Arc<Vec<Due>>>,
    mut leader: watch::Receiver<bool>,
) {
    loop {
        let leads = *leader.borrow_and_update();
        let now = Arc::clone(&due.borrow_and_update());
        let failed = leads && !write_all(&client, &now).await;
        tokio::select! {
            changed = due.changed() => if changed.is_err() { return },
            changed = leader.changed() => if changed.is_err() { return },
            () = tokio::time::sleep(AGAIN), if failed => {}
        }
    }
}

/// Whether all of it could be written.
async fn write_all(client: &Client, due: &[Due]) -> bool {
    let written = stream::iter(due.to_vec()).map(|due| async move {
        let outcome = match tokio::time::timeout(REQUEST, write_one(client, &due)).await {
            Ok(Ok(())) => return true,
            // Gone in the meantime, and the watch will say so.
            Ok(Err(kube::Error::Api(status))) if status.code == 404 => return true,
            Ok(Err(error)) => error.to_string(),
            Err(_) => format!("no answer within {REQUEST:?}"),
        };
        tracing::warn!(
            ?due,
            error = outcome,
            "a status or label could not be written; it is tried again"
        );
        false
    });
    written.buffer_unordered(AT_ONCE).fold(true, |all, written| async move { all && written }).await
}

async fn write_one(client: &Client, due: &Due) -> Result<(), kube::Error> {
    match due {
        Due::Tenant { name, status } => {
            write(client, &ApiResource::erase::<FlinkTenant>(&()), FIELD_MANAGER, name, status)
                .await
        }
        Due::Policy { name, status } => {
            write(client, &ApiResource::erase::<FlinkPolicy>(&()), FIELD_MANAGER, name, status)
                .await
        }
        Due::Namespace { name, tenant } => write_label(client, name, tenant.as_deref()).await,
    }
}

/// Applies a status under the name of a field manager.
///
/// # Errors
/// When the API server does not take it.
pub async fn write(
    client: &Client,
    resource: &ApiResource,
    manager: &str,
    name: &str,
    status: &Value,
) -> kube::Result<()> {
    let api = Api::<DynamicObject>::all_with(client.clone(), resource);
    let apply = json!({"apiVersion": resource.api_version, "kind": resource.kind, "metadata": {"name": name}, "status": status});
    api.patch_status(name, &PatchParams::apply(manager).force(), &Patch::Apply(apply))
        .await
        .map(drop)
}

async fn write_label(client: &Client, name: &str, tenant: Option<&str>) -> Result<(), kube::Error> {
    let api = Api::<Namespace>::all(client.clone());
    let metadata = json!({"name": name, "labels": {TENANT_LABEL: tenant}});
    let (parameters, patch) = match tenant {
        Some(_) => {
            let apply = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata});
            (PatchParams::apply(FIELD_MANAGER).force(), Patch::Apply(apply))
        }
        // To leave a label out of an apply removes only what was applied; the webhook wrote it for
        // whoever made the namespace.
        None => (
            PatchParams { field_manager: Some(FIELD_MANAGER.into()), ..PatchParams::default() },
            Patch::Merge(json!({"metadata": metadata})),
        ),
    };
    api.patch_metadata(name, &parameters, &patch).await.map(|_| ())
}
