//! Writes status and labels, on the leader alone, so that replicas do not overwrite each other.
//!
//! In come the [`Update`]s that the tenants controller computes. Server-side apply under the name of
//! Flinkgate: a status field that another controller writes (what a tenant uses) stays as it is, and
//! so do a Namespace's other labels.

use crate::cluster::apply::{self, FIELD_MANAGER};
use crate::rego::flink_policy::FlinkPolicy;
use crate::tenant::{FlinkTenant, TENANT_LABEL};
use futures::{StreamExt, stream};
use k8s_openapi::api::core::v1::Namespace;
use kube::api::{Patch, PatchParams};
use kube::{Api, Client};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// Requests under way at once.
const AT_ONCE: usize = 8;
/// How long one request may take.
const REQUEST: Duration = Duration::from_secs(10);
/// Pause before what failed is tried again.
const AGAIN: Duration = Duration::from_secs(3);

/// One thing to write.
#[derive(Clone, Debug, PartialEq)]
pub enum Update {
    /// The status of a FlinkTenant.
    Tenant {
        /// Its name.
        name: String,
        /// The part of the status that says whether it is in force.
        status: Value,
    },
    /// The status of a FlinkPolicy.
    Policy {
        /// Its name.
        name: String,
        /// The status.
        status: Value,
    },
    /// The label that names a Namespace's tenant.
    Namespace {
        /// Its name.
        name: String,
        /// The tenant; `None` to remove the label.
        tenant: Option<String>,
    },
}

/// Writes all updates whenever they change and while `leader` holds, until a sender is gone.
pub async fn run(
    client: Client,
    mut updates: watch::Receiver<Arc<Vec<Update>>>,
    mut leader: watch::Receiver<bool>,
) {
    loop {
        let leads = *leader.borrow_and_update();
        let now = Arc::clone(&updates.borrow_and_update());
        let failed = leads && !write_all(&client, &now).await;
        tokio::select! {
            changed = updates.changed() => if changed.is_err() { return },
            changed = leader.changed() => if changed.is_err() { return },
            () = tokio::time::sleep(AGAIN), if failed => {}
        }
    }
}

/// Whether all of them could be written.
async fn write_all(client: &Client, updates: &[Update]) -> bool {
    let written = stream::iter(updates.to_vec()).map(|update| async move {
        let outcome = match tokio::time::timeout(REQUEST, write_one(client, &update)).await {
            Ok(Ok(())) => return true,
            // Deleted in the meantime, and the watch will report it.
            Ok(Err(kube::Error::Api(status))) if status.code == 404 => return true,
            Ok(Err(error)) => error.to_string(),
            Err(_) => format!("no answer within {REQUEST:?}"),
        };
        tracing::warn!(?update, error = outcome, "status or label not written, retrying");
        false
    });
    written.buffer_unordered(AT_ONCE).fold(true, |all, written| async move { all && written }).await
}

async fn write_one(client: &Client, update: &Update) -> Result<(), kube::Error> {
    match update {
        Update::Tenant { name, status } => {
            apply::status::<FlinkTenant>(client, FIELD_MANAGER, name, status).await
        }
        Update::Policy { name, status } => {
            apply::status::<FlinkPolicy>(client, FIELD_MANAGER, name, status).await
        }
        Update::Namespace { name, tenant } => write_label(client, name, tenant.as_deref()).await,
    }
}

async fn write_label(client: &Client, name: &str, tenant: Option<&str>) -> Result<(), kube::Error> {
    let api = Api::<Namespace>::all(client.clone());
    let metadata = json!({"name": name, "labels": {TENANT_LABEL: tenant}});
    let (parameters, patch) = match tenant {
        Some(_) => {
            let apply = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata});
            (PatchParams::apply(FIELD_MANAGER).force(), Patch::Apply(apply))
        }
        // An apply without the label removes it only if it was applied; the webhook may have written
        // it for the user who created the namespace.
        None => (
            PatchParams { field_manager: Some(FIELD_MANAGER.into()), ..PatchParams::default() },
            Patch::Merge(json!({"metadata": metadata})),
        ),
    };
    api.patch_metadata(name, &parameters, &patch).await.map(|_| ())
}
