//! Follows the objects of one target, and reports at which version all of them are known.
//!
//! A ledger is reconciled by the objects *and* by how new the knowledge of them is, and a client
//! library's watcher does not report the second. So lists and watches are made here: a list as a
//! stream where the API server can, in pages where it cannot; a watch from the last version, with
//! bookmarks; another list when that version is too old for the API server. What was reported stays
//! valid until a complete list shows otherwise.

use super::{Event, Target};
use crate::jitter::jittered;
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt};
use kube::api::ApiResource;
use kube::core::{DynamicObject, PartialObjectMeta, WatchEvent};
use kube::{Api, Client};
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// Pauses and limits of a watch.
#[derive(Clone, Copy, Debug)]
pub struct WatchTimings {
    /// The shortest and the longest pause after an error; it doubles between them.
    pub pauses: (Duration, Duration),
    /// The pause before a kind that is not served is looked for again.
    pub unserved: Duration,
    /// An API server that is silent for this long in the middle of a list as a stream does not
    /// support such lists.
    pub listing: Duration,
}

impl Default for WatchTimings {
    fn default() -> Self {
        Self {
            pauses: (Duration::from_millis(250), Duration::from_secs(10)),
            unserved: Duration::from_secs(30),
            listing: Duration::from_secs(60),
        }
    }
}

impl WatchTimings {
    /// For what every replica needs before it is ready. There are few replicas and few such
    /// watches: an attempt every five seconds is no load, and a user who installs the custom
    /// resource definitions does not wait long.
    pub const EAGER: Self = Self {
        pauses: (Duration::from_millis(250), Duration::from_secs(5)),
        unserved: Duration::from_secs(5),
        listing: Duration::from_secs(60),
    };
}

/// The API server ends a watch after this many seconds; and may take this much longer.
const WATCH: u32 = 290;
const LATER: Duration = Duration::from_secs(30);
/// A watch that lasted this long did not fail to start.
const STEADY: Duration = Duration::from_secs(10);
/// Objects in a page.
const PAGE: u32 = 500;
/// Marks the bookmark that completes a list as a stream.
const END_OF_LIST: &str = "k8s.io/initial-events-end";

/// Why a list or watch ended.
#[derive(Debug)]
enum Ended {
    /// The receiver is gone.
    Unheard,
    Unserved,
    /// The version to continue from is too old for the API server.
    Expired,
    /// The API server lists in pages only.
    PagesOnly,
    Failed(String),
}

impl From<kube::Error> for Ended {
    fn from(error: kube::Error) -> Self {
        match &error {
            kube::Error::Api(status) if status.code == 404 => Self::Unserved,
            kube::Error::Api(status) if status.code == 410 => Self::Expired,
            _ => Self::Failed(error.to_string()),
        }
    }
}

type Events = BoxStream<'static, kube::Result<WatchEvent<DynamicObject>>>;

/// Follows a target until the receiver of `messages` is gone; `message` wraps each event.
pub async fn follow<M, W>(
    client: Client,
    target: Target,
    timings: WatchTimings,
    messages: mpsc::Sender<M>,
    message: W,
) where
    W: Fn(Event) -> M,
{
    let mut follower = Follower {
        client,
        target,
        timings,
        messages,
        message,
        resource: None,
        streams: true,
        position: None,
        broken: false,
        served: false,
        missing: None,
    };
    let mut pause = timings.pauses.0;
    loop {
        let started = Instant::now();
        let ended = follower.run().await;
        let steady = started.elapsed() >= STEADY;
        let sent = match ended {
            Ok(()) if steady => Ok(()),
            Ok(()) => {
                tokio::time::sleep(jittered(timings.pauses.0, 0.5)).await;
                Ok(())
            }
            Err(Ended::Unheard) => return,
            // What was served a moment ago may be missing on a server that has just been started.
            Err(Ended::Unserved) if follower.is_missing_lately() => {
                let sent = follower.send(Event::Interrupted("it is not served".into())).await;
                tokio::time::sleep(jittered(timings.pauses.1.min(timings.unserved), 0.5)).await;
                sent
            }
            Err(Ended::Unserved) => {
                (follower.served, follower.missing) = (false, None);
                let sent = follower.send(Event::Unserved).await;
                tokio::time::sleep(jittered(timings.unserved, 0.2)).await;
                sent
            }
            Err(Ended::PagesOnly) => {
                follower.streams = false;
                Ok(())
            }
            Err(Ended::Expired) => {
                follower.position = None;
                tokio::time::sleep(jittered(timings.pauses.0, 0.5)).await;
                Ok(())
            }
            Err(Ended::Failed(error)) => {
                tracing::warn!(error, "watch of `{}` ended, restarting", follower.target.name());
                follower.broken = true;
                let sent = follower.send(Event::Interrupted(error)).await;
                pause = if steady { timings.pauses.0 } else { pause };
                tokio::time::sleep(jittered(pause, 0.5)).await;
                pause = (pause * 2).min(timings.pauses.1);
                sent
            }
        };
        if sent.is_err() {
            return;
        }
    }
}

struct Follower<M, W> {
    client: Client,
    target: Target,
    timings: WatchTimings,
    messages: mpsc::Sender<M>,
    message: W,
    /// Where the target is served.
    resource: Option<ApiResource>,
    /// Whether lists as streams are tried.
    streams: bool,
    /// The version to continue from; without one everything is listed.
    position: Option<String>,
    /// Whether an interruption was reported.
    broken: bool,
    /// Whether the cluster has served the target.
    served: bool,
    /// Since when it no longer does.
    missing: Option<Instant>,
}

impl<M, W: Fn(Event) -> M> Follower<M, W> {
    async fn send(&self, event: Event) -> Result<(), Ended> {
        self.messages.send((self.message)(event)).await.map_err(|_| Ended::Unheard)
    }

    /// Whether a target is missing that was served until recently. Where it is served is looked up
    /// again.
    fn is_missing_lately(&mut self) -> bool {
        (self.position, self.resource, self.broken) = (None, None, true);
        self.served
            && self.missing.get_or_insert_with(Instant::now).elapsed() < self.timings.unserved
    }

    /// One list or one watch, or both.
    async fn run(&mut self) -> Result<(), Ended> {
        let resource = match &self.resource {
            Some(resource) => resource.clone(),
            None => self.target.resource(&self.client).await?.ok_or(Ended::Unserved)?,
        };
        self.resource = Some(resource.clone());
        let api = self.target.api(&self.client, &resource);
        if let Some(position) = self.position.clone() {
            let events = self.watch(&api, &position, false).await?;
            if std::mem::take(&mut self.broken) {
                self.send(Event::Resumed).await?;
            }
            return self.take(events, false).await;
        }
        self.send(Event::ListStarted(resource)).await?;
        // Without a version the list is what the store has, not what a cache had.
        if self.streams {
            return match self.watch(&api, "", true).await {
                Ok(events) => self.take(events, true).await,
                Err(kube::Error::Api(status)) if matches!(status.code, 400 | 422) => {
                    Err(Ended::PagesOnly)
                }
                Err(error) => Err(error.into()),
            };
        }
        self.pages(&api).await
    }

    async fn watch(
        &self,
        api: &Api<DynamicObject>,
        version: &str,
        lists: bool,
    ) -> kube::Result<Events> {
        let params = self.target.watch_params().timeout(WATCH);
        let params = if lists { params.initial_events() } else { params };
        if self.target.metadata_only {
            return Ok(api.watch_metadata(&params, version).await?.map_ok(without_data).boxed());
        }
        Ok(api.watch(&params, version).await?.boxed())
    }

    async fn pages(&mut self, api: &Api<DynamicObject>) -> Result<(), Ended> {
        let mut params = self.target.list_params().limit(PAGE);
        loop {
            let (list, items) = if self.target.metadata_only {
                let list = api.list_metadata(&params).await?;
                (list.metadata, list.items.into_iter().map(object_of).collect())
            } else {
                let list = api.list(&params).await?;
                (list.metadata, list.items)
            };
            for object in items {
                self.send(Event::Applied(Box::new(object))).await?;
            }
            match list.continue_.filter(|token| !token.is_empty()) {
                Some(token) => params = params.continue_token(&token),
                None => return self.listed(list.resource_version.unwrap_or_default()).await,
            }
        }
    }

    async fn listed(&mut self, version: String) -> Result<(), Ended> {
        (self.broken, self.served, self.missing) = (false, true, None);
        self.send(Event::Listed(number(&version)?)).await?;
        self.position = Some(version);
        Ok(())
    }

    async fn at(&mut self, version: String) -> Result<(), Ended> {
        self.send(Event::Position(number(&version)?)).await?;
        self.position = Some(version);
        Ok(())
    }

    /// Takes events until the stream ends.
    async fn take(&mut self, mut events: Events, mut listing: bool) -> Result<(), Ended> {
        loop {
            let patience = if listing {
                self.timings.listing
            } else {
                Duration::from_secs(u64::from(WATCH)) + LATER
            };
            let event = match tokio::time::timeout(patience, events.next()).await {
                Ok(Some(event)) => event?,
                Ok(None) if listing => {
                    return Err(Ended::Failed("the list ended before it was complete".into()));
                }
                Ok(None) => return Ok(()),
                Err(_) if listing => return Err(Ended::PagesOnly),
                Err(_) => return Err(Ended::Failed("the API server sends nothing".into())),
            };
            let version = match event {
                WatchEvent::Added(object) | WatchEvent::Modified(object) => {
                    let version = object.metadata.resource_version.clone();
                    self.send(Event::Applied(Box::new(object))).await?;
                    version
                }
                WatchEvent::Deleted(object) => {
                    let version = object.metadata.resource_version.clone();
                    self.send(Event::Deleted(Box::new(object))).await?;
                    version
                }
                WatchEvent::Bookmark(bookmark) => {
                    let version = bookmark.metadata.resource_version;
                    let ends_list = bookmark.metadata.annotations.get(END_OF_LIST);
                    if listing && ends_list.is_some_and(|ends| ends == "true") {
                        listing = false;
                        self.listed(version).await?;
                        continue;
                    }
                    Some(version)
                }
                WatchEvent::Error(status) => return Err(kube::Error::Api(status).into()),
            };
            if !listing {
                self.at(version.unwrap_or_default()).await?;
            }
        }
    }
}

fn number(version: &str) -> Result<u64, Ended> {
    version.parse().map_err(|_| {
        Ended::Failed(format!(
            "resource version `{version}` is not a number and cannot be compared"
        ))
    })
}

fn without_data(event: WatchEvent<PartialObjectMeta<DynamicObject>>) -> WatchEvent<DynamicObject> {
    match event {
        WatchEvent::Added(object) => WatchEvent::Added(object_of(object)),
        WatchEvent::Modified(object) => WatchEvent::Modified(object_of(object)),
        WatchEvent::Deleted(object) => WatchEvent::Deleted(object_of(object)),
        WatchEvent::Bookmark(bookmark) => WatchEvent::Bookmark(bookmark),
        WatchEvent::Error(status) => WatchEvent::Error(status),
    }
}

fn object_of(object: PartialObjectMeta<DynamicObject>) -> DynamicObject {
    DynamicObject {
        types: object.types,
        metadata: object.metadata,
        data: serde_json::Value::Object(serde_json::Map::new()),
    }
}

#[cfg(test)]
mod tests;
