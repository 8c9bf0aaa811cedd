//! The watches: each starts anew, after a while, whenever it breaks.

use super::Input;
use super::operator_config::{self, ConfigMapName};
use crate::cluster::watch::records::{NamespaceRecord, Record};
use crate::rego::flink_policy::FlinkPolicy;
use crate::tenant::FlinkTenant;
use futures::{Stream, StreamExt};
use k8s_openapi::api::core::v1::{ConfigMap, Namespace};
use kube::api::ApiResource;
use kube::core::{DynamicObject, PartialObjectMeta};
use kube::runtime::WatchStreamExt;
use kube::runtime::utils::Backoff;
use kube::runtime::watcher::{Config, Error, Event, watcher};
use kube::{Api, Client};
use std::pin::pin;
use std::time::Duration;
use tokio::sync::mpsc;

/// Starts the watches; they end when nobody listens any more.
pub fn start(
    client: &Client,
    operator_config: Option<&ConfigMapName>,
    inputs: &mpsc::Sender<Input>,
) {
    let tenants =
        Api::<DynamicObject>::all_with(client.clone(), &ApiResource::erase::<FlinkTenant>(&()));
    let policies =
        Api::<DynamicObject>::all_with(client.clone(), &ApiResource::erase::<FlinkPolicy>(&()));
    let namespaces = Api::<PartialObjectMeta<Namespace>>::all(client.clone());
    let told = inputs.clone();
    tokio::spawn(follow(
        move |config| watcher(tenants.clone(), config),
        told,
        |seen| Input::Tenants(seen.map(|event| each(event, Record::of))),
    ));
    let told = inputs.clone();
    tokio::spawn(follow(
        move |config| watcher(policies.clone(), config),
        told,
        |seen| Input::Policies(seen.map(|event| each(event, Record::of))),
    ));
    let told = inputs.clone();
    tokio::spawn(follow(
        move |config| watcher(namespaces.clone(), config),
        told,
        |seen| Input::Namespaces(seen.map(|event| each(event, NamespaceRecord::of))),
    ));
    if let Some(ConfigMapName { namespace, name }) = operator_config {
        let config_map = Api::<ConfigMap>::namespaced(client.clone(), namespace);
        let selector = format!("metadata.name={name}");
        tokio::spawn(follow(
            move |config| watcher(config_map.clone(), config.fields(&selector)),
            inputs.clone(),
            |seen| Input::Operator(seen.map(|event| each(event, operator_config::read))),
        ));
    }
}

async fn follow<K, S>(
    open: impl Fn(Config) -> S,
    told: mpsc::Sender<Input>,
    input: impl Fn(Result<Event<K>, String>) -> Input,
) where
    S: Stream<Item = Result<Event<K>, Error>>,
{
    let mut streams = true;
    loop {
        let config = if streams { Config::default().streaming_lists() } else { Config::default() };
        let mut stream = pin!(open(config).backoff(Pause::default()));
        while let Some(seen) = stream.next().await {
            let seen = match seen {
                Ok(event) => Ok(event),
                Err(error) if streams && refuses_to_stream(&error) => break,
                Err(error) => Err(reason(&error)),
            };
            if let Err(error) = &seen {
                tracing::warn!(error, "a watch broke; what is known stays in force");
            }
            if told.send(input(seen)).await.is_err() {
                return;
            }
        }
        // An older API server: lists come in pages.
        streams = false;
    }
}

/// API servers without the feature WatchList say that `sendInitialEvents` is forbidden.
fn refuses_to_stream(error: &Error) -> bool {
    matches!(error, Error::WatchStartFailed(kube::Error::Api(status)) if status.code == 422 || status.code == 400)
}

fn reason(error: &Error) -> String {
    match error {
        Error::WatchStartFailed(kube::Error::Api(status)) | Error::InitialListFailed(kube::Error::Api(status)) if status.code == 404 => {
            "the API server does not know this kind: install it by `flinkgate crds | kubectl apply --server-side -f -`".to_owned()
        }
        other => other.to_string(),
    }
}

fn each<K, T>(event: Event<K>, of: impl Fn(K) -> T) -> Event<T> {
    match event {
        Event::Apply(object) => Event::Apply(of(object)),
        Event::Delete(object) => Event::Delete(of(object)),
        Event::Init => Event::Init,
        Event::InitApply(object) => Event::InitApply(of(object)),
        Event::InitDone => Event::InitDone,
    }
}

/// First and longest pause before a watch starts anew. There are few replicas and few watches: the
/// API server will not suffer from a try every five seconds, and whoever installs the definitions
/// does not wait long.
const PAUSES: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(5));

/// Pauses that double.
struct Pause(Duration);

impl Default for Pause {
    fn default() -> Self {
        Self(PAUSES.0)
    }
}

impl Iterator for Pause {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        let now = self.0;
        self.0 = now.saturating_mul(2).min(PAUSES.1);
        Some(now)
    }
}

impl Backoff for Pause {
    fn reset(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_five_seconds_and_start_anew() {
        let mut pause = Pause::default();
        let first: Vec<u128> = pause.by_ref().take(7).map(|pause| pause.as_millis()).collect();
        assert_eq!(first, [250, 500, 1_000, 2_000, 4_000, 5_000, 5_000]);
        pause.reset();
        assert_eq!(pause.next(), Some(PAUSES.0));
    }
}
