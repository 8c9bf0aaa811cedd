//! One of the many clients: creates, deletes, evicts and scales, and judges what it is told.

use super::super::scene::{cluster, pod};
use super::rival::REFUSAL;
use crate::seeded::Seeded;
use crate::support::access::Access;
use crate::support::asking::{Refusal, api_of, patiently};
use k8s_openapi::api::core::v1::Pod;
use kube::api::{Api, DeleteParams, DynamicObject, EvictParams, Patch, PatchParams, PostParams};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Names of a namespace that clients choose from, so that they often choose the same.
const POD_NAMES: usize = 24;
const CLUSTER_NAMES: usize = 5;

/// What a client was told, or did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Seen {
    Created,
    Generated,
    Cluster,
    DryRun,
    Exists,
    OverQuota,
    RefusedLater,
    Deleted,
    Evicted,
    ScaledUp,
    ScaledDown,
}

impl Seen {
    pub const ALL: [Self; 11] = [
        Self::Created,
        Self::Generated,
        Self::Cluster,
        Self::DryRun,
        Self::Exists,
        Self::OverQuota,
        Self::RefusedLater,
        Self::Deleted,
        Self::Evicted,
        Self::ScaledUp,
        Self::ScaledDown,
    ];
}

/// What clients saw.
#[derive(Debug, Default)]
pub struct Tally {
    counts: BTreeMap<Seen, usize>,
    /// Objects that were said to exist already.
    pub existing: BTreeSet<String>,
    /// What nobody should be told.
    pub wrong: Vec<String>,
    /// What Flinkgate did not answer.
    pub unanswered: Vec<String>,
    /// How often they were told to wait.
    pub waits: usize,
}

impl Tally {
    pub fn add(&mut self, other: Self) {
        for (seen, count) in other.counts {
            *self.counts.entry(seen).or_default() += count;
        }
        self.existing.extend(other.existing);
        self.wrong.extend(other.wrong);
        self.unanswered.extend(other.unanswered);
        self.waits += other.waits;
    }

    pub fn count(&self, seen: Seen) -> usize {
        self.counts.get(&seen).copied().unwrap_or_default()
    }

    pub fn summary(&self) -> String {
        format!(
            "{:?}, {} told to wait, {} unanswered",
            self.counts,
            self.waits,
            self.unanswered.len()
        )
    }

    fn see(&mut self, seen: Seen) {
        *self.counts.entry(seen).or_default() += 1;
    }

    /// Judges a refusal of what was done.
    fn refused(&mut self, what: &str, refusal: &Refusal) {
        let message = refusal.message.as_str();
        match refusal.code {
            403 if message.contains("quota/exceeded") => self.see(Seen::OverQuota),
            403 if message.contains(REFUSAL) => self.see(Seen::RefusedLater),
            409 if refusal.is_already_exists() => {
                self.see(Seen::Exists);
                self.existing.insert(what.to_owned());
            }
            500 if message.contains("failed calling webhook") => {
                self.unanswered.push(format!("{what}: {message}"))
            }
            _ => self.wrong.push(format!("{what}: {refusal:?}")),
        }
    }
}

/// One client at one API server.
pub struct Client {
    client: kube::Client,
    namespaces: Vec<String>,
    chance: Seeded,
    created: Arc<AtomicUsize>,
    waits: AtomicUsize,
    mine: Vec<Value>,
    tally: Tally,
}

impl Client {
    pub async fn new(
        number: usize,
        access: &Access,
        namespaces: Vec<String>,
        created: Arc<AtomicUsize>,
    ) -> Self {
        let (client, chance) = (access.frank_client().await, Seeded(number as u64));
        Self {
            client,
            namespaces,
            chance,
            created,
            waits: AtomicUsize::new(0),
            mine: Vec::new(),
            tally: Tally::default(),
        }
    }

    /// Asks for so many objects, and does to those that it gets what comes to its mind.
    pub async fn work(mut self, creates: usize) -> Tally {
        for _ in 0..creates {
            let object = self.object();
            if self.chance.below(10) == 0 {
                self.create(&object, true).await;
            }
            self.create(&object, false).await;
            self.created.fetch_add(1, Ordering::Relaxed);
            if !self.mine.is_empty() && self.chance.below(100) < 45 {
                let index = self.chance.below(self.mine.len());
                self.touch(index).await;
            }
        }
        self.tally.waits = self.waits.into_inner();
        self.tally
    }

    /// Something to create: a pod or a cluster, by a name that others use too or by one that the
    /// API server makes.
    fn object(&mut self) -> Value {
        let namespace = self.namespaces[self.chance.below(self.namespaces.len())].clone();
        match self.chance.below(100) {
            0..50 => pod(
                &namespace,
                &format!("pod-{}", self.chance.below(POD_NAMES)),
                1 + self.chance.below(2) as u64,
            ),
            50..85 => {
                let mut pod = pod(&namespace, "", 1);
                pod["metadata"] = json!({"namespace": namespace, "generateName": "g-"});
                pod
            }
            _ => cluster(
                &namespace,
                &format!("cluster-{}", self.chance.below(CLUSTER_NAMES)),
                1 + self.chance.below(4) as u64,
            ),
        }
    }

    async fn create(&mut self, object: &Value, dry_run: bool) {
        let api = api_of(&self.client, object);
        let params = PostParams { dry_run, ..PostParams::default() };
        let asked: DynamicObject = serde_json::from_value(object.clone()).unwrap();
        match patiently(&self.waits, || api.create(&params, &asked)).await {
            Ok(_) if dry_run => self.tally.see(Seen::DryRun),
            Ok(stored) => {
                let generated = object["metadata"].get("generateName").is_some();
                self.tally.see(match object["kind"].as_str() {
                    Some("FlinkDeployment") => Seen::Cluster,
                    _ if generated => Seen::Generated,
                    _ => Seen::Created,
                });
                self.mine.push(serde_json::to_value(stored).unwrap());
            }
            Err(refusal) => {
                // Of a name that the API server made, it alone knows.
                let made = refusal.details.as_ref().map(|details| details.name.clone());
                let name = object["metadata"]["name"]
                    .as_str()
                    .map(str::to_owned)
                    .or(made)
                    .unwrap_or_default();
                self.tally.refused(&key(object, &name), &refusal);
            }
        }
    }

    /// Deletes, evicts or scales one of its own objects.
    async fn touch(&mut self, index: usize) {
        let object = self.mine[index].clone();
        let name = object["metadata"]["name"].as_str().unwrap();
        let api = api_of(&self.client, &object);
        let (seen, refusal) = match (object["kind"] == "Pod", self.chance.below(4)) {
            (true, 0 | 1) => {
                let pods = Api::<Pod>::namespaced(
                    self.client.clone(),
                    object["metadata"]["namespace"].as_str().unwrap(),
                );
                let params = EvictParams::default();
                (Seen::Evicted, patiently(&self.waits, || pods.evict(name, &params)).await.err())
            }
            (true, _) | (false, 0) => {
                let params = DeleteParams::default();
                (Seen::Deleted, patiently(&self.waits, || api.delete(name, &params)).await.err())
            }
            (false, _) => {
                let before = object["spec"]["taskManager"]["replicas"].as_u64().unwrap();
                // Another number from 1 to 5.
                let replicas = (before + self.chance.below(4) as u64) % 5 + 1;
                let (patch, params) =
                    (Patch::Merge(json!({"spec": {"replicas": replicas}})), PatchParams::default());
                let refusal =
                    patiently(&self.waits, || api.patch_scale(name, &params, &patch)).await.err();
                if refusal.is_none() {
                    self.mine[index]["spec"]["taskManager"]["replicas"] = json!(replicas);
                }
                (if replicas < before { Seen::ScaledDown } else { Seen::ScaledUp }, refusal)
            }
        };
        let what = format!("{seen:?} {}", key(&object, name));
        match refusal {
            None => self.tally.see(seen),
            // It went with an answer that was lost.
            Some(refusal) if refusal.is_not_found() => {}
            // What gives back is never refused.
            Some(refusal) if seen != Seen::ScaledUp && refusal.code == 403 => {
                self.tally.wrong.push(format!("{what}: {}", refusal.message));
            }
            Some(refusal) => self.tally.refused(&what, &refusal),
        }
        if matches!(seen, Seen::Deleted | Seen::Evicted) {
            self.mine.swap_remove(index);
        }
    }
}

fn key(object: &Value, name: &str) -> String {
    format!(
        "{}/{}/{name}",
        object["kind"].as_str().unwrap(),
        object["metadata"]["namespace"].as_str().unwrap()
    )
}
