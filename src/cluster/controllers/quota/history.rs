//! What became of pods before this replica led.
//!
//! A pod may be created and deleted while no replica leads. No watch of the next leader shows it, and its
//! reservation would stay for as long as its request may take. The API server keeps the events of the
//! last minutes: from the version at which the former leader counted pods, they show every pod whose
//! reservation is still open.

use crate::cluster::watch::target::api_resource;
use crate::kinds::named;
use crate::quota::ledger::{LiveObject, OpenReservation};
use futures::{StreamExt, pin_mut};
use kube::api::{WatchEvent, WatchParams};
use kube::core::DynamicObject;
use kube::{Api, Client};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// How many seconds the events of one namespace are read.
const SECONDS: u32 = 2;
/// The most namespaces that are asked; reservations in others are released by time.
const MOST: usize = 16;

/// Open reservations of pods that are unknown.
#[derive(Clone, Debug, Default)]
pub struct PodHistory {
    /// The version at which pods were counted before.
    pub since: u64,
    /// The reservations.
    pub pods: Vec<OpenReservation>,
}

/// Those of the pods that were deleted. The API server reports a deletion only of what it had stored,
/// so no request for such a pod can succeed any more.
pub async fn vanished(client: &Client, history: PodHistory) -> Vec<LiveObject> {
    let mut namespaces: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for open in history.pods {
        namespaces.entry(open.object.namespace).or_default().insert(open.uid);
    }
    let asked = namespaces
        .into_iter()
        .take(MOST)
        .map(|(namespace, uids)| deleted(client, namespace, uids, history.since));
    futures::future::join_all(asked).await.concat()
}

async fn deleted(
    client: &Client,
    namespace: String,
    uids: BTreeSet<String>,
    since: u64,
) -> Vec<LiveObject> {
    let mut found = Vec::new();
    let Some(kind) = named("Pod") else { return found };
    let api =
        Api::<DynamicObject>::namespaced_with(client.clone(), &namespace, &api_resource(kind));
    let read = async {
        let parameters = WatchParams::default().timeout(SECONDS).disable_bookmarks();
        let events = api.watch_metadata(&parameters, &since.to_string()).await?;
        pin_mut!(events);
        while let Some(event) = events.next().await {
            let WatchEvent::Deleted(pod) = event? else { continue };
            let (name, uid) = (pod.metadata.name, pod.metadata.uid);
            if let Some((name, uid)) = name.zip(uid).filter(|(_, uid)| uids.contains(uid)) {
                let object = crate::quota::ledger::ObjectRef::new("Pod", &namespace, name);
                found.push(LiveObject::deleted(object, uid));
            }
        }
        Ok::<(), kube::Error>(())
    };
    let longest = Duration::from_secs(u64::from(SECONDS).saturating_add(1));
    if let Ok(Err(error)) = tokio::time::timeout(longest, read).await {
        // They are released by time.
        tracing::debug!(namespace, %error, "failed to read what became of reserved pods");
    }
    found
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use crate::cluster::fake_api_server;
    use crate::quota::ledger::ObjectRef;
    use serde_json::json;

    #[tokio::test]
    async fn only_deleted_pods_with_a_reservation_have_vanished() {
        let event = |kind: &str, name: &str, uid: &str| {
            let metadata =
                json!({"name": name, "namespace": "prod", "uid": uid, "resourceVersion": "9"});
            json!({"type": kind, "object": {"apiVersion": "meta.k8s.io/v1", "kind": "PartialObjectMetadata", "metadata": metadata}})
        };
        let events = [
            event("ADDED", "a", "u-a"),
            event("DELETED", "a", "u-a"),
            event("ADDED", "b", "u-b"),
            event("DELETED", "a", "another"),
        ];
        let body: String = events.iter().map(|event| format!("{event}\n")).collect();
        let client = fake_api_server::client(move |request| {
            let path = request.uri().to_string();
            assert!(
                path.contains("/namespaces/prod/pods") && path.contains("resourceVersion=7"),
                "{path}"
            );
            let answer = (200, body.clone());
            async move { answer }
        });
        let open = |name: &str| OpenReservation {
            object: ObjectRef::new("Pod", "prod", name),
            uid: format!("u-{name}"),
            ..OpenReservation::default()
        };
        let history = PodHistory { since: 7, pods: vec![open("a"), open("b")] };
        let found = vanished(&client, history).await;
        assert_eq!(found, [LiveObject::deleted(ObjectRef::new("Pod", "prod", "a"), "u-a".into())]);
    }

    #[tokio::test]
    async fn an_expired_version_shows_nothing() {
        let client = fake_api_server::client(|_| async { fake_api_server::failed(410, "Expired") });
        let open = OpenReservation {
            object: ObjectRef::new("Pod", "prod", "a"),
            ..OpenReservation::default()
        };
        assert_eq!(vanished(&client, PodHistory { since: 7, pods: vec![open] }).await, []);
    }
}
