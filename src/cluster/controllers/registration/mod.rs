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

use crate::cluster::controllers::webhook_objects;
use crate::server::health::Health;
use crate::server::path_tokens::AcceptedTokens;
use crate::telemetry::metrics::Metrics;
use kube::Client;
use rotation::TokenTimings;
use secret::SECRET;
use state::State;
use std::sync::Arc;
use tokio::sync::watch;

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

/// Waits until API servers may have shown a token that Flinkgate rotates.
async fn exposed(source: &TokenSource) {
    match source {
        TokenSource::Secret(accepted) => accepted.exposed().await,
        TokenSource::File(_) | TokenSource::None => std::future::pending().await,
    }
}

/// Follows the configurations: every replica runs this from its start to its end.
pub async fn run(controller: Controller) {
    let (client, leader) = (controller.client.clone(), controller.leader.clone());
    let namespace = controller.namespace.clone();
    let has_secret = matches!(controller.source, TokenSource::Secret(_));
    let secret = has_secret.then_some((namespace.as_str(), SECRET));
    webhook_objects::run(client, secret, leader, State::new(controller)).await;
}
