//! The claims that hold clusters' state: made where a pod waits for one, by the lease holder alone.
//!
//! Admission writes a volume into pod templates and never an object: it may be a dry run, or
//! refused by somebody else. A pod whose claim is not there stays pending, so the pods that wait
//! tell which claims are wanted, however their cluster was started. Only a claim that the tenant's
//! own template makes is made ([`wanted`]); one that exists is left as it is.

mod creation;
mod wanted;

pub use wanted::{Wanted, wanted};

use crate::cluster::lease::while_leading;
use crate::pipeline::Gate;
use crate::resource::pointer;
use arc_swap::ArcSwap;
use creation::Maker;
use futures::StreamExt;
use k8s_openapi::api::core::v1::Pod;
use kube::core::DynamicObject;
use kube::runtime::WatchStreamExt;
use kube::runtime::watcher::{Config, Event, watcher};
use kube::{Api, Client};
use serde_json::Value;
use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// How often pods that still wait are looked at again: their claim may have gone, or could not be
/// made.
const AGAIN: Duration = Duration::from_secs(15);

/// Makes claims while `leader` holds, until its sender is gone.
pub async fn keep(client: Client, gate: Arc<ArcSwap<Gate>>, leader: watch::Receiver<bool>) {
    while_leading(leader, || follow(&client, &gate)).await;
}

/// Follows the pods that wait.
async fn follow(client: &Client, gate: &ArcSwap<Gate>) {
    let kind = kube::api::ApiResource::erase::<Pod>(&());
    let pods = Api::<DynamicObject>::all_with(client.clone(), &kind);
    let mut events =
        pin!(watcher(pods, Config::default().fields("status.phase=Pending")).default_backoff());
    let mut tick = tokio::time::interval(AGAIN);
    let mut waiting: BTreeMap<(String, String), Value> = BTreeMap::new();
    let maker = Maker::new(client.clone());
    loop {
        tokio::select! {
            event = events.next() => match event {
                Some(Ok(Event::Apply(pod) | Event::InitApply(pod))) => {
                    let key = key(&pod);
                    // Most of what waits, waits for something else.
                    match serde_json::to_value(pod) {
                        Ok(pod) if mounts_claims(&pod) => {
                            make(&gate.load_full(), &maker, &pod).await;
                            waiting.insert(key, pod);
                        }
                        _ => drop(waiting.remove(&key)),
                    }
                }
                Some(Ok(Event::Delete(pod))) => {
                    waiting.remove(&key(&pod));
                }
                Some(Ok(Event::Init)) => waiting.clear(),
                Some(Ok(Event::InitDone)) => {}
                Some(Err(error)) => tracing::warn!(%error, "the watch of pods that wait broke; it starts anew"),
                None => return,
            },
            _ = tick.tick() => {
                let gate = gate.load_full();
                for pod in waiting.values() {
                    make(&gate, &maker, pod).await;
                }
            }
        }
    }
}

fn key(pod: &DynamicObject) -> (String, String) {
    (
        pod.metadata.namespace.clone().unwrap_or_default(),
        pod.metadata.name.clone().unwrap_or_default(),
    )
}

fn mounts_claims(pod: &Value) -> bool {
    let volumes = pointer::at(pod, "/spec/volumes").and_then(Value::as_array);
    volumes.into_iter().flatten().any(|volume| volume.get("persistentVolumeClaim").is_some())
}

async fn make(gate: &Gate, maker: &Maker, pod: &Value) {
    let Some(wanted) = wanted(gate, pod) else { return };
    if let Err(error) = maker.make(&wanted).await {
        tracing::warn!(
            namespace = wanted.namespace,
            claim = wanted.name,
            error,
            "a claim could not be made; it is tried again"
        );
    }
}
