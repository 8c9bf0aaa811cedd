//! The webhook configurations as they are registered: what API servers send, and whether they send
//! everything.
//!
//! Every replica reads the path tokens that it accepts from the Secret [`SECRET`](secret::SECRET), and
//! compares both configurations with what `flinkgate webhooks` prints. The leader makes and rotates
//! the token ([`rotation`]), writes it into the [`paths`], reports [differences](report), and with
//! `--repair-webhooks` [repairs](repair) them.

mod objects;
mod owner;
mod paths;
mod repair;
mod report;
pub mod rotation;
pub mod secret;
mod state;
mod steps;

use crate::admission::answer::Webhook;
use crate::admission::registration::CONFIGURATION;
use crate::cluster::watch::{Event, Target, WatchTimings, follow};
use crate::server::health::Health;
use crate::server::path_tokens::AcceptedTokens;
use crate::telemetry::metrics::Metrics;
use k8s_openapi::api::admissionregistration::v1::{
    MutatingWebhookConfiguration, ValidatingWebhookConfiguration,
};
use k8s_openapi::api::core::v1::Secret;
use kube::Client;
use rotation::TokenTimings;
use secret::SECRET;
use state::State;
use std::sync::Arc;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

/// Where the path token comes from.
#[derive(Clone, Debug)]
pub enum TokenSource {
    /// The leader makes and rotates it in a Secret.
    Secret(Arc<AcceptedTokens>),
    /// A file of the user; the first token is written into the paths.
    File(Arc<AcceptedTokens>),
    /// Client certificates make it unnecessary.
    None,
}

/// What the controller needs.
pub struct Controller {
    /// The API server.
    pub client: Client,
    /// The namespace of Flinkgate.
    pub namespace: String,
    /// The name of this process in Events.
    pub identity: String,
    /// Where the token comes from.
    pub source: TokenSource,
    /// Whether the leader repairs configurations that no other tool manages.
    pub repairs: bool,
    /// Life and pauses of tokens.
    pub timings: TokenTimings,
    /// Whether this replica holds the Lease.
    pub leader: watch::Receiver<bool>,
    /// Where the conditions `path-token` and `webhooks` are reported.
    pub health: Arc<Health>,
    /// Where the number of differences is reported.
    pub metrics: Arc<Metrics>,
}

/// One event of one of the objects.
enum Message {
    Secret(Event),
    Mutating(Event),
    Validating(Event),
}

/// Waits until API servers may have shown a token that Flinkgate rotates.
async fn exposed(source: &TokenSource) {
    match source {
        TokenSource::Secret(accepted) => accepted.exposed().await,
        TokenSource::File(_) | TokenSource::None => std::future::pending().await,
    }
}

/// Events that may wait; beyond that, the watches wait.
const WAITING: usize = 16;

/// Follows the configurations: every replica runs this from its start to its end.
pub async fn run(controller: Controller) {
    let mut leader = controller.leader.clone();
    let client = controller.client.clone();
    let (sender, mut messages) = mpsc::channel(WAITING);
    let mut watches = JoinSet::new();
    let mut follow = |target, message: fn(Event) -> Message| {
        watches.spawn(follow(client.clone(), target, WatchTimings::EAGER, sender.clone(), message));
    };
    if matches!(controller.source, TokenSource::Secret(_)) {
        follow(Target::object::<Secret>(Some(&controller.namespace), SECRET), Message::Secret);
    }
    follow(Target::object::<MutatingWebhookConfiguration>(None, CONFIGURATION), Message::Mutating);
    follow(
        Target::object::<ValidatingWebhookConfiguration>(None, CONFIGURATION),
        Message::Validating,
    );
    let source = controller.source.clone();
    let mut state = State::new(controller);
    let mut elected = true;
    loop {
        let leads = *leader.borrow_and_update();
        let pause = state.reconcile(leads).await;
        tokio::select! {
            Some(message) = messages.recv() => {
                let applied = match message {
                    Message::Secret(event) => state.objects.secret.apply(event),
                    Message::Mutating(event) => state.objects.configuration(Webhook::Mutate).apply(event),
                    Message::Validating(event) => state.objects.configuration(Webhook::Validate).apply(event),
                };
                if let Err(error) = applied {
                    state.problem("cannot watch the path token or the webhook configurations", &error);
                }
            }
            () = exposed(&source) => state.expose(),
            // Without an elector this replica no longer leads; the Secret is still followed.
            changed = leader.changed(), if elected => elected = changed.is_ok(),
            () = tokio::time::sleep(pause) => {}
        }
    }
}
