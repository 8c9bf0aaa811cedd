//! Creates the PersistentVolumeClaims that hold clusters' state, on the leader alone.
//!
//! Admission writes a volume into pod templates and never creates an object: the request may be a
//! dry run, or another webhook may refuse it. A pod whose claim does not exist stays pending, so the
//! pending pods show which claims are needed, however their cluster was started. Only a claim that
//! the tenant's own template describes is created ([`wanted`]); an existing one is left as it is.
//! One whose cluster never came to exist is deleted again ([`unused`]).

mod creation;
mod unused;
mod wanted;

pub use wanted::{WantedClaim, wanted};

use crate::cluster::lease::while_leading;
use crate::cluster::watch::{Cache, Target, WatchTimings, follow};
use crate::pipeline::Gate;
use crate::resource::{is_being_deleted, pointer};
use arc_swap::ArcSwap;
use creation::ClaimCreator;
use futures::FutureExt;
use k8s_openapi::api::core::v1::Pod;
use kube::Client;
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use unused::UnusedClaims;

/// How often the claims of pods that are still pending are looked up again: they may have been
/// deleted, or not been created.
const AGAIN: Duration = Duration::from_secs(15);
/// Events that may wait; beyond that, the watch waits.
const WAITING: usize = 256;

/// Creates claims while `leader` holds, until its sender is gone.
pub async fn run(client: Client, gate: Arc<ArcSwap<Gate>>, leader: watch::Receiver<bool>) {
    while_leading(leader, || lead(&client, &gate)).await;
}

/// Follows the pending pods until it is dropped.
async fn lead(client: &Client, gate: &ArcSwap<Gate>) {
    let (sender, mut events) = mpsc::channel(WAITING);
    let target = Target::all::<Pod>().selected("status.phase=Pending");
    let follow = follow(client.clone(), target, WatchTimings::default(), sender, |event| event);
    let create = async {
        let mut tick = tokio::time::interval(AGAIN);
        let mut pending = Cache::default();
        let creator = ClaimCreator::new(client.clone());
        loop {
            tokio::select! {
                event = events.recv() => {
                    let Some(event) = event else { return };
                    // Most pods are pending for other reasons.
                    let read = |pod| serde_json::to_value(pod).ok().filter(mounts_claims);
                    for key in pending.apply(event, read) {
                        if let Some(pod) = pending.known().get(&key) {
                            create(&gate.load_full(), &creator, pod).await;
                        }
                    }
                }
                _ = tick.tick() => {
                    let gate = gate.load_full();
                    for pod in pending.known().values() {
                        create(&gate, &creator, pod).await;
                    }
                }
            }
        }
    };
    let delete = async {
        let mut tick = tokio::time::interval(unused::EVERY);
        let mut unused = UnusedClaims::default();
        loop {
            tick.tick().await;
            unused.look(client, &gate.load_full()).await;
        }
    };
    let work = futures::future::select(create.boxed(), delete.boxed());
    futures::future::select(follow.boxed(), work).await;
}

/// Whether a pod may wait for a claim. One that is being deleted waits for nothing.
fn mounts_claims(pod: &Value) -> bool {
    if is_being_deleted(pod) {
        return false;
    }
    let volumes = pointer::at(pod, "/spec/volumes").and_then(Value::as_array);
    volumes.into_iter().flatten().any(|volume| volume.get("persistentVolumeClaim").is_some())
}

async fn create(gate: &Gate, creator: &ClaimCreator, pod: &Value) {
    let Some(wanted) = wanted(gate, pod) else { return };
    let Err(error) = creator.create(&wanted).await else { return };
    let WantedClaim { namespace, name: claim, .. } = &wanted;
    if error.is_unneeded() {
        tracing::debug!(namespace, claim, %error, "PersistentVolumeClaim not needed");
    } else {
        tracing::warn!(namespace, claim, %error, "PersistentVolumeClaim not created, retrying");
    }
}
