//! One watch whose events several controllers receive: Namespaces and FlinkTenants make the gate on
//! every replica, and decide on the leader which tenant's ledger a pod counts in.

use super::{Event, Target, WatchTimings, follow};
use crate::tenant::FlinkTenant;
use futures::FutureExt;
use futures::future::BoxFuture;
use k8s_openapi::api::core::v1::Namespace;
use kube::Client;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

/// Events that may wait for the subscribers.
const WAITING: usize = 256;

/// Sends an event to one subscriber; whether it is still there.
type Subscriber = Box<dyn Fn(Event) -> BoxFuture<'static, bool> + Send + Sync>;

/// A watch that can be subscribed to while it runs. It ends with its last handle and subscriber.
#[derive(Clone)]
pub struct SharedWatch {
    subscriptions: mpsc::Sender<Subscriber>,
}

impl SharedWatch {
    /// Starts to follow a target once there is a subscriber.
    fn start(client: Client, target: Target, timings: WatchTimings) -> Self {
        let (subscriptions, subscribers) = mpsc::channel(1);
        tokio::spawn(share(client, target, timings, subscribers));
        Self { subscriptions }
    }

    /// Sends events to `messages`, wrapped by `message`, from the beginning of a list that starts
    /// after this call. All subscribers receive that list.
    pub async fn subscribe<M: Send + 'static>(
        &self,
        messages: mpsc::Sender<M>,
        message: impl Fn(Event) -> M + Send + Sync + 'static,
    ) {
        let subscriber = move |event| {
            let (messages, message) = (messages.clone(), message(event));
            async move { messages.send(message).await.is_ok() }.boxed()
        };
        // Without its task nothing is followed any more: the process ends.
        let _ = self.subscriptions.send(Box::new(subscriber)).await;
    }
}

/// The watches that several controllers share.
#[derive(Clone)]
pub struct SharedWatches {
    /// Of the FlinkTenants.
    pub tenants: SharedWatch,
    /// Of the Namespaces.
    pub namespaces: SharedWatch,
}

impl SharedWatches {
    /// Starts both.
    pub fn start(client: &Client) -> Self {
        let start = |target| SharedWatch::start(client.clone(), target, WatchTimings::EAGER);
        Self {
            tenants: start(Target::all::<FlinkTenant>()),
            namespaces: start(Target::all::<Namespace>().metadata()),
        }
    }
}

async fn share(
    client: Client,
    target: Target,
    timings: WatchTimings,
    mut subscriptions: mpsc::Receiver<Subscriber>,
) {
    let mut subscribers: Vec<Subscriber> = Vec::new();
    let mut follower = JoinSet::new();
    let mut events = mpsc::channel(1).1;
    loop {
        tokio::select! {
            subscriber = subscriptions.recv() => match subscriber {
                Some(subscriber) => {
                    subscribers.push(subscriber);
                    let (sender, receiver) = mpsc::channel(WAITING);
                    follower.shutdown().await;
                    follower.spawn(follow(client.clone(), target.clone(), timings, sender, |event| event));
                    events = receiver;
                }
                None if subscribers.is_empty() => return,
                None => break,
            },
            Some(event) = events.recv() => send(&mut subscribers, event).await,
        }
    }
    // No one can subscribe any more.
    while let Some(event) = events.recv().await {
        send(&mut subscribers, event).await;
        if subscribers.is_empty() {
            return;
        }
    }
}

async fn send(subscribers: &mut Vec<Subscriber>, event: Event) {
    let mut there = Vec::with_capacity(subscribers.len());
    for subscriber in subscribers.drain(..) {
        if subscriber(event.clone()).await {
            there.push(subscriber);
        }
    }
    *subscribers = there;
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use crate::cluster::fake_api_server;
    use serde_json::json;

    /// What comes until a list is complete.
    async fn next_list(events: &mut mpsc::Receiver<Event>) -> Vec<String> {
        let mut all = Vec::new();
        loop {
            match events.recv().await.unwrap() {
                Event::Applied(object) => all.push(object.metadata.name.unwrap()),
                Event::Listed(position) => {
                    all.push(position.to_string());
                    return all;
                }
                _ => {}
            }
        }
    }

    #[tokio::test]
    async fn a_late_subscriber_receives_a_whole_list() {
        let client = fake_api_server::client(|request| async move {
            if !request.uri().query().unwrap_or_default().contains("sendInitialEvents") {
                std::future::pending::<()>().await;
            }
            let meta = json!({"name": "prod", "uid": "u", "resourceVersion": "3"});
            let object = json!({"apiVersion": "meta.k8s.io/v1", "kind": "PartialObjectMetadata", "metadata": meta});
            let end = json!({"resourceVersion": "7", "annotations": {"k8s.io/initial-events-end": "true"}});
            let end = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": end});
            let lines = [("ADDED", object), ("BOOKMARK", end)];
            (
                200,
                lines
                    .map(|(what, object)| {
                        json!({"type": what, "object": object}).to_string() + "\n"
                    })
                    .concat(),
            )
        });
        let namespaces = Target::all::<Namespace>().metadata();
        let shared = SharedWatch::start(client, namespaces, WatchTimings::default());
        let (first, mut of_first) = mpsc::channel(16);
        shared.subscribe(first, |event| event).await;
        assert_eq!(next_list(&mut of_first).await, ["prod", "7"]);
        let (second, mut of_second) = mpsc::channel(16);
        shared.subscribe(second, |event| event).await;
        assert_eq!(next_list(&mut of_second).await, ["prod", "7"]);
        assert_eq!(next_list(&mut of_first).await, ["prod", "7"]);
    }
}
