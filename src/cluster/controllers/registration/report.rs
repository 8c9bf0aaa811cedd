//! Reports differences between the registered and the printed configurations: in the log once a
//! change, on `/readyz`, as a metric, and by the leader as an Event of the configuration.

use super::objects::{Objects, WEBHOOKS, as_json};
use super::owner::Owner;
use crate::admission::answer::Webhook;
use crate::admission::registration::CONFIGURATION;
use crate::admission::registration::differences::{Difference, differences, kind};
use crate::server::health::Health;
use crate::telemetry::metrics::Metrics;
use k8s_openapi::api::core::v1::ObjectReference;
use k8s_openapi::api::events::v1::Event;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;
use k8s_openapi::jiff::Timestamp;
use kube::api::{ObjectMeta, PostParams};
use kube::{Api, Client, ResourceExt};
use std::time::{Duration, Instant};

/// The namespace of Events about cluster-scoped objects.
const EVENT_NAMESPACE: &str = "default";
/// Longest note of an Event.
const NOTE: usize = 1_000;
/// Longest name of an instance.
const INSTANCE: usize = 128;
/// Shortest time between two Events about one configuration, which another client may change again
/// and again.
const BETWEEN_EVENTS: Duration = Duration::from_secs(30);
/// Most differences in one text.
const LISTED: usize = 5;
/// How long the write of an Event may take.
const REQUEST: Duration = Duration::from_secs(10);

/// The differences that were reported last.
#[derive(Default)]
pub(super) struct Report {
    last: [Reported; 2],
}

#[derive(Default)]
struct Reported {
    differences: Option<Vec<Difference>>,
    by_event: Option<Vec<Difference>>,
    event: Option<Instant>,
}

/// Where to report.
pub(super) struct Channels<'a> {
    pub(super) health: &'a Health,
    pub(super) metrics: &'a Metrics,
    pub(super) client: &'a Client,
    pub(super) identity: &'a str,
    pub(super) leads: bool,
}

impl Report {
    /// Compares both configurations and reports what changed; which of them differ.
    pub(super) fn compare(
        &mut self,
        objects: &Objects,
        namespace: &str,
        channels: &Channels<'_>,
    ) -> Vec<Webhook> {
        let mut lines = Vec::new();
        let mut differ = Vec::new();
        for (webhook, last) in WEBHOOKS.into_iter().zip(&mut self.last) {
            let stored = objects.stored(webhook);
            let json = stored.map(as_json);
            let found = differences(webhook, json.as_ref(), namespace);
            channels.metrics.webhook_differences(webhook, found.len());
            let help = Owner::help(json.as_ref().and_then(Owner::of));
            let text = list(&found);
            if last.differences.as_ref() != Some(&found) {
                log(webhook, &found, &text, help, last.differences.is_none());
                last.differences = Some(found.clone());
            }
            if found.is_empty() {
                last.by_event = None;
                continue;
            }
            differ.push(webhook);
            lines.push(format!("{}: {text}; {help}", kind(webhook)));
            let may = last.event.is_none_or(|event| event.elapsed() >= BETWEEN_EVENTS);
            if channels.leads && may && last.by_event.as_ref() != Some(&found) {
                last.by_event = Some(found);
                last.event = Some(Instant::now());
                let uid = stored.and_then(ResourceExt::uid);
                let event = event(webhook, uid, &format!("{text}; {help}"), channels.identity);
                tokio::spawn(write(channels.client.clone(), event));
            }
        }
        let text = if lines.is_empty() {
            "both configurations are as printed".to_owned()
        } else {
            lines.join("; ")
        };
        // Not a reason to refuse requests: the replica answers what it is asked.
        channels.health.set("webhooks", true, text);
        differ
    }
}

fn log(webhook: Webhook, found: &[Difference], differences: &str, help: &str, is_first: bool) {
    let configuration = kind(webhook);
    if !found.is_empty() {
        tracing::warn!(
            configuration,
            differences,
            help,
            "the webhook configuration is not as printed: objects may pass unchecked"
        );
    } else if !is_first {
        tracing::info!(configuration, "the webhook configuration is as printed");
    }
}

fn list(found: &[Difference]) -> String {
    let shown: Vec<String> = found.iter().take(LISTED).map(ToString::to_string).collect();
    let more = found.len().saturating_sub(LISTED);
    let more = if more == 0 { String::new() } else { format!("; and {more} more") };
    format!("{}{more}", shown.join("; "))
}

fn cut(text: &str, bytes: usize) -> String {
    let end = text.char_indices().map(|(at, c)| at + c.len_utf8()).take_while(|end| *end <= bytes);
    text.get(..end.last().unwrap_or_default()).unwrap_or_default().to_owned()
}

fn event(webhook: Webhook, uid: Option<String>, note: &str, identity: &str) -> Event {
    let metadata = ObjectMeta {
        generate_name: Some(format!("{CONFIGURATION}-webhooks-")),
        namespace: Some(EVENT_NAMESPACE.into()),
        ..ObjectMeta::default()
    };
    Event {
        metadata,
        type_: Some("Warning".into()),
        reason: Some("WebhooksDiffer".into()),
        action: Some("Comparison".into()),
        note: Some(cut(note, NOTE)),
        event_time: Some(MicroTime(Timestamp::now())),
        reporting_controller: Some("flinkgate".into()),
        reporting_instance: Some(cut(identity, INSTANCE)),
        regarding: Some(ObjectReference {
            api_version: Some("admissionregistration.k8s.io/v1".into()),
            kind: Some(kind(webhook).into()),
            name: Some(CONFIGURATION.into()),
            uid,
            ..ObjectReference::default()
        }),
        ..Event::default()
    }
}

async fn write(client: Client, event: Event) {
    let api = Api::<Event>::namespaced(client, EVENT_NAMESPACE);
    match tokio::time::timeout(REQUEST, api.create(&PostParams::default(), &event)).await {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => tracing::warn!(%error, "differences not reported as an Event"),
        Err(_) => tracing::warn!("differences not reported as an Event: no answer"),
    }
}
