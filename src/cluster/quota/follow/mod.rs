//! Follows the objects of one kind, and tells at which version all of them are as they were told.
//!
//! A ledger is settled by what is there *and* by how new the knowledge of that is, and a client
//! library's watcher keeps the second to itself. So lists and watches are made here: a list as a
//! stream where the server can, in pages where it cannot; a watch from the last version, with
//! bookmarks; a list anew when that version is too old for the server. What was told stays until a
//! list that is complete shows otherwise.

use super::kinds::Kind;
use crate::jitter::jittered;
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt};
use kube::api::{ApiResource, ListParams, WatchParams};
use kube::core::{DynamicObject, PartialObjectMeta, WatchEvent};
use kube::{Api, Client};
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// What is told of a kind.
#[derive(Debug)]
pub enum Seen {
    /// A list begins, asked for there: what it does not name has gone once it is complete.
    Began(ApiResource),
    /// An object as it is now.
    Object(Box<DynamicObject>),
    /// An object that is no more.
    Gone(Box<DynamicObject>),
    /// All are known as they were at this version.
    Position(u64),
    /// The list is complete, and all are known as they were at this version.
    Listed(u64),
    /// Nobody tells what happens, until it is [resumed](Self::Resumed) or listed anew.
    Broke,
    /// It goes on from where it was.
    Resumed,
    /// The cluster does not serve the kind.
    Unserved,
}

/// How long what takes.
#[derive(Clone, Copy, Debug)]
pub struct Timings {
    /// The shortest and the longest pause after an error; it doubles between them.
    pub pauses: (Duration, Duration),
    /// How often a kind that is not served is looked for.
    pub unserved: Duration,
    /// A server that stays silent for so long in the middle of a list as a stream does not know
    /// such lists.
    pub listing: Duration,
}

impl Default for Timings {
    fn default() -> Self {
        Self {
            pauses: (Duration::from_millis(250), Duration::from_secs(10)),
            unserved: Duration::from_secs(30),
            listing: Duration::from_secs(60),
        }
    }
}

/// After so long the server ends a watch, in seconds; and so much longer it may take.
const WATCH: u32 = 290;
const LATER: Duration = Duration::from_secs(30);
/// What lasted this long was no failure to start.
const STEADY: Duration = Duration::from_secs(10);
/// The objects of a page.
const PAGE: u32 = 500;
/// Marks the bookmark with which a list as a stream is complete.
const END_OF_LIST: &str = "k8s.io/initial-events-end";

/// Why a list or watch ended.
#[derive(Debug)]
enum Ended {
    /// Nobody listens any more.
    Unheard,
    Unserved,
    /// The version to go on from is too old for the server.
    Expired,
    /// The server lists in pages only.
    InPages,
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

/// Follows a kind until nobody listens any more.
pub async fn follow(
    client: Client,
    kind: &'static Kind,
    timings: Timings,
    told: mpsc::Sender<(&'static Kind, Seen)>,
) {
    let mut follower = Follower {
        client,
        kind,
        timings,
        told,
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
        let ended = follower.go().await;
        let steady = started.elapsed() >= STEADY;
        let told = match ended {
            Ok(()) if steady => Ok(()),
            Ok(()) => {
                tokio::time::sleep(jittered(timings.pauses.0, 0.5)).await;
                Ok(())
            }
            Err(Ended::Unheard) => return,
            // What was there a moment ago may be missing on a server that has just been started.
            Err(Ended::Unserved) if follower.is_missing_lately() => {
                let told = follower.tell(Seen::Broke).await;
                tokio::time::sleep(jittered(timings.pauses.1.min(timings.unserved), 0.5)).await;
                told
            }
            Err(Ended::Unserved) => {
                (follower.served, follower.missing) = (false, None);
                let told = follower.tell(Seen::Unserved).await;
                tokio::time::sleep(jittered(timings.unserved, 0.2)).await;
                told
            }
            Err(Ended::InPages) => {
                follower.streams = false;
                Ok(())
            }
            Err(Ended::Expired) => {
                follower.position = None;
                tokio::time::sleep(jittered(timings.pauses.0, 0.5)).await;
                Ok(())
            }
            Err(Ended::Failed(error)) => {
                tracing::warn!(
                    kind = kind.kind,
                    error,
                    "a watch broke; it starts anew, and nothing is settled until it does"
                );
                follower.broken = true;
                let told = follower.tell(Seen::Broke).await;
                pause = if steady { timings.pauses.0 } else { pause };
                tokio::time::sleep(jittered(pause, 0.5)).await;
                pause = (pause * 2).min(timings.pauses.1);
                told
            }
        };
        if told.is_err() {
            return;
        }
    }
}

struct Follower {
    client: Client,
    kind: &'static Kind,
    timings: Timings,
    told: mpsc::Sender<(&'static Kind, Seen)>,
    /// Where it is served.
    resource: Option<ApiResource>,
    /// Whether lists as streams are tried.
    streams: bool,
    /// The version to go on from; lists where there is none.
    position: Option<String>,
    /// Whether it was told that nobody tells what happens.
    broken: bool,
    /// Whether the cluster has served it.
    served: bool,
    /// Since when it does not any more.
    missing: Option<Instant>,
}

impl Follower {
    async fn tell(&self, seen: Seen) -> Result<(), Ended> {
        self.told.send((self.kind, seen)).await.map_err(|_| Ended::Unheard)
    }

    /// Whether the kind is missing that was served before, and not for long. It is asked where it
    /// is anew.
    fn is_missing_lately(&mut self) -> bool {
        (self.position, self.resource, self.broken) = (None, None, true);
        self.served
            && self.missing.get_or_insert_with(Instant::now).elapsed() < self.timings.unserved
    }

    /// One list or one watch, or both.
    async fn go(&mut self) -> Result<(), Ended> {
        let resource = match &self.resource {
            Some(resource) => resource.clone(),
            None => self.kind.served(&self.client).await?.ok_or(Ended::Unserved)?,
        };
        self.resource = Some(resource.clone());
        let api = Api::<DynamicObject>::all_with(self.client.clone(), &resource);
        if let Some(position) = self.position.clone() {
            let events = self.watch(&api, WatchParams::default().timeout(WATCH), &position).await?;
            if std::mem::take(&mut self.broken) {
                self.tell(Seen::Resumed).await?;
            }
            return self.take(events, false).await;
        }
        self.tell(Seen::Began(resource)).await?;
        // Without a version the list is what the store has, not what some cache had.
        if self.streams {
            let events =
                self.watch(&api, WatchParams::default().timeout(WATCH).initial_events(), "").await;
            return match events {
                Ok(events) => self.take(events, true).await,
                Err(kube::Error::Api(status)) if matches!(status.code, 400 | 422) => {
                    Err(Ended::InPages)
                }
                Err(error) => Err(error.into()),
            };
        }
        self.pages(&api).await
    }

    async fn watch(
        &self,
        api: &Api<DynamicObject>,
        params: WatchParams,
        version: &str,
    ) -> kube::Result<Events> {
        if self.kind.is_metadata() {
            return Ok(api.watch_metadata(&params, version).await?.map_ok(bare).boxed());
        }
        Ok(api.watch(&params, version).await?.boxed())
    }

    async fn pages(&mut self, api: &Api<DynamicObject>) -> Result<(), Ended> {
        let mut params = ListParams::default().limit(PAGE);
        loop {
            let (list, items) = if self.kind.is_metadata() {
                let list = api.list_metadata(&params).await?;
                (list.metadata, list.items.into_iter().map(object_of).collect())
            } else {
                let list = api.list(&params).await?;
                (list.metadata, list.items)
            };
            for object in items {
                self.tell(Seen::Object(Box::new(object))).await?;
            }
            match list.continue_.filter(|token| !token.is_empty()) {
                Some(token) => params = params.continue_token(&token),
                None => return self.listed(list.resource_version.unwrap_or_default()).await,
            }
        }
    }

    async fn listed(&mut self, version: String) -> Result<(), Ended> {
        (self.broken, self.served, self.missing) = (false, true, None);
        self.tell(Seen::Listed(number(&version)?)).await?;
        self.position = Some(version);
        Ok(())
    }

    async fn at(&mut self, version: String) -> Result<(), Ended> {
        self.tell(Seen::Position(number(&version)?)).await?;
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
                Err(_) if listing => return Err(Ended::InPages),
                Err(_) => return Err(Ended::Failed("the API server fell silent".into())),
            };
            let version = match event {
                WatchEvent::Added(object) | WatchEvent::Modified(object) => {
                    let version = object.metadata.resource_version.clone();
                    self.tell(Seen::Object(Box::new(object))).await?;
                    version
                }
                WatchEvent::Deleted(object) => {
                    let version = object.metadata.resource_version.clone();
                    self.tell(Seen::Gone(Box::new(object))).await?;
                    version
                }
                WatchEvent::Bookmark(bookmark) => {
                    let version = bookmark.metadata.resource_version;
                    if listing
                        && bookmark
                            .metadata
                            .annotations
                            .get(END_OF_LIST)
                            .is_some_and(|end| end == "true")
                    {
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
        Ended::Failed(format!("{version:?} is no resource version that can be compared"))
    })
}

fn bare(event: WatchEvent<PartialObjectMeta<DynamicObject>>) -> WatchEvent<DynamicObject> {
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
