//! Asking as client-go does, which kubectl, operators and controllers do: who is told to wait (429)
//! waits and asks again. And many who ask at once.

use super::access::Access;
use super::wait::PATIENCE;
use futures::future::join_all;
use kube::api::{Api, ApiResource, DynamicObject, PostParams};
use kube::core::{GroupVersionKind, Status, TypeMeta};
use kube::{Client, Error};
use serde_json::Value;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// What was answered instead of yes.
pub type Refusal = Box<Status>;

/// Asks until the answer is another one than 429, or patience is over; counts how often it was told
/// to wait.
pub async fn patiently<T, F: Future<Output = kube::Result<T>>>(
    waits: &AtomicUsize,
    mut ask: impl FnMut() -> F,
) -> Result<T, Refusal> {
    let end = Instant::now() + PATIENCE;
    loop {
        match ask().await {
            Ok(answer) => return Ok(answer),
            Err(Error::Api(status)) if status.code == 429 && Instant::now() < end => {
                waits.fetch_add(1, Ordering::Relaxed);
                tokio::time::sleep(pause(&status)).await;
            }
            Err(Error::Api(status)) => return Err(status),
            // No answer at all: nothing here ends connections to the API servers.
            Err(error) => return Err(Status::failure(&error.to_string(), "NoAnswer").boxed()),
        }
    }
}

/// How long an answer says to wait.
fn pause(status: &Status) -> Duration {
    Duration::from_secs(
        status.details.as_ref().map_or(1, |details| u64::from(details.retry_after_seconds.max(1))),
    )
}

/// The interface for objects like this one, in its namespace.
pub fn api_of(client: &Client, object: &Value) -> Api<DynamicObject> {
    let text = |pointer: &str| {
        object.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let types = TypeMeta { api_version: text("/apiVersion"), kind: text("/kind") };
    let resource = ApiResource::from_gvk(&GroupVersionKind::try_from(types).unwrap());
    Api::namespaced_with(client.clone(), &text("/metadata/namespace"), &resource)
}

/// The answers to those who asked at once.
#[derive(Debug)]
pub struct Answers {
    /// In the order of what was asked for.
    pub answers: Vec<Result<DynamicObject, Refusal>>,
    /// How often somebody was told to wait.
    pub waits: usize,
}

impl Answers {
    /// How many were told yes.
    pub fn admitted(&self) -> usize {
        self.answers.iter().filter(|answer| answer.is_ok()).count()
    }

    /// What the others were told.
    pub fn refusals(&self) -> Vec<&Status> {
        self.answers.iter().filter_map(|answer| answer.as_ref().err().map(AsRef::as_ref)).collect()
    }
}

/// Asks for all of these objects at the same time, each its own client, in turns at each API
/// server.
pub fn create_at_once(servers: &[&Access], objects: &[Value]) -> Answers {
    let waits = AtomicUsize::new(0);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let answers = runtime.block_on(async {
        let clients = join_all(servers.iter().map(|server| server.frank_client())).await;
        let asks = objects.iter().enumerate().map(|(number, object)| {
            let api = api_of(&clients[number % clients.len()], object);
            let object: DynamicObject = serde_json::from_value(object.clone()).unwrap();
            let (waits, params) = (&waits, PostParams::default());
            async move { patiently(waits, || api.create(&params, &object)).await }
        });
        join_all(asks).await
    });
    Answers { answers, waits: waits.into_inner() }
}
