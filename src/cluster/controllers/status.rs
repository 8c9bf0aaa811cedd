//! Writes status and labels, on the leader alone, so that replicas do not overwrite each other.
//!
//! In come the [`Update`]s that the tenants controller computes. Server-side apply under the name of
//! Flinkgate: a status field that another controller writes (what a tenant uses) stays as it is, and
//! so do a Namespace's other labels.

use crate::cluster::apply::{self, FIELD_MANAGER, StatusPart};
use crate::rego::flink_policy::FlinkPolicy;
use crate::telemetry::metrics::Metrics;
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

/// What is written of a FlinkTenant's status.
pub const TENANT_PART: StatusPart = StatusPart { manager: FIELD_MANAGER, fields: &["hard"] };
/// What is written of a FlinkPolicy's status.
pub const POLICY_PART: StatusPart = StatusPart { manager: FIELD_MANAGER, fields: &["errors"] };

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

impl Update {
    /// The kind of the object that is written.
    fn kind(&self) -> &'static str {
        match self {
            Self::Tenant { .. } => "FlinkTenant",
            Self::Policy { .. } => "FlinkPolicy",
            Self::Namespace { .. } => "Namespace",
        }
    }
}

/// Writes all updates whenever they change and while `leader` holds, until a sender is gone.
pub async fn run(
    client: Client,
    updates: watch::Receiver<Arc<Vec<Update>>>,
    leader: watch::Receiver<bool>,
    metrics: Arc<Metrics>,
) {
    write_while_leading(client, updates, leader, &metrics, AGAIN).await;
}

async fn write_while_leading(
    client: Client,
    mut updates: watch::Receiver<Arc<Vec<Update>>>,
    mut leader: watch::Receiver<bool>,
    metrics: &Metrics,
    pause: Duration,
) {
    loop {
        let leads = *leader.borrow_and_update();
        let now = Arc::clone(&updates.borrow_and_update());
        let failed = leads && !write_all(&client, &now, metrics).await;
        tokio::select! {
            changed = updates.changed() => if changed.is_err() { return },
            changed = leader.changed() => if changed.is_err() { return },
            () = tokio::time::sleep(pause), if failed => {}
        }
    }
}

/// Whether all of them could be written.
async fn write_all(client: &Client, updates: &[Update], metrics: &Metrics) -> bool {
    let written = stream::iter(updates.to_vec()).map(|update| async move {
        let outcome = match tokio::time::timeout(REQUEST, write_one(client, &update)).await {
            Ok(Ok(())) => return true,
            // Deleted in the meantime, and the watch will report it.
            Ok(Err(WriteError::Request(kube::Error::Api(status)))) if status.code == 404 => {
                return true;
            }
            Ok(Err(error)) => error.to_string(),
            Err(_) => format!("no answer within {REQUEST:?}"),
        };
        metrics.status_not_written(update.kind());
        tracing::warn!(?update, error = outcome, "status or label not written, retrying");
        false
    });
    written.buffer_unordered(AT_ONCE).fold(true, |all, written| async move { all && written }).await
}

/// Why an update was not written.
#[derive(Debug, thiserror::Error)]
enum WriteError {
    #[error(transparent)]
    Request(#[from] kube::Error),
    /// A replica that does not know the tenants yet may have answered the webhook. Nothing is
    /// stored then, so that no watch reports that the label is still wrong.
    #[error("an admission webhook put the label back")]
    PutBack,
}

async fn write_one(client: &Client, update: &Update) -> Result<(), WriteError> {
    match update {
        Update::Tenant { name, status } => {
            Ok(apply::status::<FlinkTenant>(client, TENANT_PART, name, status).await?)
        }
        Update::Policy { name, status } => {
            Ok(apply::status::<FlinkPolicy>(client, POLICY_PART, name, status).await?)
        }
        Update::Namespace { name, tenant } => write_label(client, name, tenant.as_deref()).await,
    }
}

async fn write_label(client: &Client, name: &str, tenant: Option<&str>) -> Result<(), WriteError> {
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
    let stored = api.patch_metadata(name, &parameters, &patch).await?.metadata.labels;
    let label = stored.as_ref().and_then(|labels| labels.get(TENANT_LABEL));
    if label.map(String::as_str) == tenant { Ok(()) } else { Err(WriteError::PutBack) }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::cluster::fake_api_server;
    use std::sync::atomic::{AtomicUsize, Ordering};

    const PAUSE: Duration = Duration::from_millis(5);

    /// The update that gives a Namespace its label is written again while webhooks of replicas that
    /// lag behind put the label back.
    #[tokio::test]
    async fn a_label_that_a_webhook_puts_back_is_written_again() {
        for tenant in [Some("payments"), None] {
            let requests = Arc::new(AtomicUsize::new(0));
            let counted = Arc::clone(&requests);
            let (written, mut done) = tokio::sync::mpsc::unbounded_channel();
            let client = fake_api_server::client(move |_| {
                let (number, written) = (counted.fetch_add(1, Ordering::Relaxed), written.clone());
                async move {
                    let before = tenant.xor(Some("before"));
                    let label = if number < 2 { before } else { tenant };
                    let _ = written.send(number);
                    let labels = json!({TENANT_LABEL: label});
                    let labels = if label.is_some() { labels } else { json!({}) };
                    let metadata = json!({"name": "prod", "labels": labels});
                    let object = json!({"apiVersion": "meta.k8s.io/v1", "kind": "PartialObjectMetadata", "metadata": metadata});
                    (200, object.to_string())
                }
            });
            let update =
                Update::Namespace { name: "prod".into(), tenant: tenant.map(str::to_owned) };
            let (sender, updates) = watch::channel(Arc::new(vec![update]));
            let (leading, leader) = watch::channel(true);
            let metrics = Arc::new(Metrics::default());
            let counts = Arc::clone(&metrics);
            let writer = tokio::spawn(async move {
                write_while_leading(client, updates, leader, &counts, PAUSE).await;
            });
            for expected in 0..3 {
                assert_eq!(done.recv().await, Some(expected));
            }
            tokio::time::sleep(PAUSE * 10).await;
            assert_eq!(requests.load(Ordering::Relaxed), 3, "what is written stays written");
            let failures = "flinkgate_status_write_failures_total{kind=\"Namespace\"} 2";
            assert!(metrics.text().contains(failures), "{}", metrics.text());
            drop((sender, leading));
            writer.await.unwrap();
        }
    }
}
