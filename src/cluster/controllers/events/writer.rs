//! Writes Events through the API server, a few at once, while further refusals are counted.

use super::aggregator::Aggregator;
use super::chain::custom_resources;
use super::note::cut;
use super::refusals::{Outcome, Refusal, Step, Write};
use super::regarding::Regarding;
use super::replacement::{Replacement, replacement};
use crate::cluster::leaving::is_namespace_leaving;
use crate::tenant::FlinkTenant;
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use k8s_openapi::api::core::v1::ObjectReference;
use k8s_openapi::api::events::v1::{Event, EventSeries};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;
use k8s_openapi::jiff::Timestamp;
use kube::api::{ObjectMeta, Patch, PatchParams, PostParams};
use kube::{Api, Client};
use prometheus_client::metrics::counter::Counter;
use serde_json::json;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// The reporting controller of the Events.
const CONTROLLER: &str = "flinkgate";
/// Longest name of an instance.
const INSTANCE_BYTES: usize = 128;
/// Writes under way at once.
const AT_ONCE: usize = 4;
/// How long one may take.
const REQUEST: Duration = Duration::from_secs(10);

/// Counts refusals and writes the Events that are due, until all senders of refusals are gone.
pub(super) async fn run(
    writer: EventWriter,
    mut refusals: mpsc::Receiver<Refusal>,
    dropped: Counter,
) {
    let mut aggregator = Aggregator::default();
    let mut under_way = FuturesUnordered::new();
    loop {
        let mut wait = None;
        while under_way.len() < AT_ONCE {
            match aggregator.next(Instant::now()) {
                Step::Write(write) => under_way.push(writer.send(write)),
                Step::Wait(until) => {
                    wait = Some(until);
                    break;
                }
                Step::Idle => break,
            }
        }
        let waiting = tokio::time::sleep_until(wait.unwrap_or_else(Instant::now).into());
        tokio::select! {
            refusal = refusals.recv() => match refusal {
                Some(refusal) => {
                    if !aggregator.add(refusal, Instant::now(), Timestamp::now()) {
                        dropped.inc();
                    }
                }
                None => return,
            },
            Some((write, outcome)) = under_way.next() => {
                dropped.inc_by(aggregator.done(&write, outcome, Instant::now()));
            }
            () = waiting, if wait.is_some() => {}
        }
    }
}

/// Writes Events as one instance.
pub(super) struct EventWriter {
    client: Client,
    instance: String,
}

impl EventWriter {
    pub(super) fn new(client: Client, instance: &str) -> Self {
        Self { client, instance: cut(instance.to_owned(), INSTANCE_BYTES) }
    }

    /// Writes what the next try did not make good.
    async fn send(&self, write: Write) -> (Write, Outcome) {
        if write.may_pass
            && let Some(outcome) = self.outcome_of_next_try(&write).await
        {
            return (write, outcome);
        }
        let error = match tokio::time::timeout(REQUEST, self.write(&write)).await {
            Ok(Ok(())) => {
                let above = self.above(&write).await;
                return (write, Outcome::Written(above));
            }
            // The Events of a namespace that is being deleted go with it.
            Ok(Err(error)) if is_namespace_leaving(&error) => return (write, Outcome::Failed),
            Ok(Err(error)) => error.to_string(),
            Err(_) => format!("no answer within {REQUEST:?}"),
        };
        let regarding = &write.key.regarding;
        tracing::warn!(?regarding, error, "refusals not reported as an Event");
        (write, Outcome::Failed)
    }

    /// Why a refusal is not written now; `None` if it is, also where the pods cannot be read.
    async fn outcome_of_next_try(&self, write: &Write) -> Option<Outcome> {
        let work = replacement(&self.client, &write.key.regarding, write.last, Timestamp::now());
        match tokio::time::timeout(REQUEST, work).await {
            Ok(Ok(Replacement::Created)) => Some(Outcome::Passed),
            Ok(Ok(Replacement::Waiting(wait))) => Some(Outcome::Postponed(wait)),
            Ok(Ok(Replacement::Missing)) => None,
            Ok(Err(error)) => {
                tracing::debug!(%error, "failed to read pods; the refusal is reported");
                None
            }
            Err(_) => None,
        }
    }

    /// The custom resources at which a new Event is to appear too.
    async fn above(&self, write: &Write) -> Vec<Regarding> {
        if write.note.is_none() || !write.is_direct {
            return Vec::new();
        }
        let key = &write.key;
        let work = custom_resources(&self.client, &key.regarding, &key.sender);
        let error = match tokio::time::timeout(REQUEST, work).await {
            Ok(Ok(above)) => return above,
            Ok(Err(error)) => error.to_string(),
            Err(_) => format!("no answer within {REQUEST:?}"),
        };
        let regarding = &key.regarding;
        tracing::warn!(
            ?regarding,
            error,
            "owners not read; their refusals are at this object only"
        );
        Vec::new()
    }

    async fn write(&self, write: &Write) -> Result<(), kube::Error> {
        let regarding = &write.key.regarding;
        let api = Api::<Event>::namespaced(self.client.clone(), regarding.event_namespace());
        let series = (write.count > 1).then_some(EventSeries {
            count: write.count,
            last_observed_time: MicroTime(write.last),
        });
        match &write.note {
            // No other field of an Event may change.
            None => api
                .patch_metadata(
                    &write.name,
                    &PatchParams::default(),
                    &Patch::Merge(json!({"series": series})),
                )
                .await
                .map(drop),
            Some(note) => {
                let event = self.event(write, note, self.reference(regarding).await?, series);
                api.create(&PostParams::default(), &event).await.map(drop)
            }
        }
    }

    async fn reference(&self, regarding: &Regarding) -> Result<ObjectReference, kube::Error> {
        let uid = match regarding {
            Regarding::Owner { .. } => None,
            Regarding::Tenant { name } => {
                Api::<FlinkTenant>::all(self.client.clone()).get_metadata(name).await?.metadata.uid
            }
        };
        Ok(regarding.reference(uid))
    }

    fn event(
        &self,
        write: &Write,
        note: &str,
        regarding: ObjectReference,
        series: Option<EventSeries>,
    ) -> Event {
        let namespace = Some(write.key.regarding.event_namespace().to_owned());
        Event {
            metadata: ObjectMeta {
                name: Some(write.name.clone()),
                namespace,
                ..ObjectMeta::default()
            },
            type_: Some("Warning".into()),
            reason: Some("Refused".into()),
            action: Some("Admission".into()),
            note: Some(note.into()),
            regarding: Some(regarding),
            event_time: Some(MicroTime(write.first)),
            series,
            reporting_controller: Some(CONTROLLER.into()),
            reporting_instance: Some(self.instance.clone()),
            ..Event::default()
        }
    }
}
