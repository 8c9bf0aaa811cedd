//! Flinkgate's certificates: renewed without manual work and without losing a request.
//!
//! Every replica watches the Secret and serves the leaf in it; the leader creates and renews its
//! contents, and updates the `caBundle` of both webhook configurations. [`rotation`] decides; a step
//! is taken only if what it is based on has just been read again, so that a replica which wrongly
//! believes to lead cannot undo what another one did.
//!
//! Replicas do not confirm a new leaf: they get `overlap` to load it, during which API servers trust
//! the old and the new authority. A day of that costs nothing, while confirmations of replicas that
//! no longer exist would delay rotations.

pub mod authority;
pub mod ca_bundle;
mod objects;
pub mod rotation;
pub mod secret;
mod state;

use crate::cluster::controllers::webhook_objects;
use crate::server::health::Health;
use crate::server::tls::CurrentCertificate;
use crate::telemetry::metrics::Metrics;
use kube::Client;
use objects::Apis;
use secret::SECRET;
use state::State;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// Lifetimes and pauses of certificates.
#[derive(Clone, Copy, Debug)]
pub struct CertificateTimings {
    /// An authority; it is renewed after two thirds of that.
    pub authority: Duration,
    /// A leaf; it is renewed after two thirds of that.
    pub leaf: Duration,
    /// From the write of a bundle until every API server is assumed to use it.
    pub margin: Duration,
    /// From the write of a leaf until every replica is assumed to serve it.
    pub overlap: Duration,
    /// The longest time between two reconciliations.
    pub reconcile: Duration,
}

const DAY: u64 = 86_400;

impl Default for CertificateTimings {
    fn default() -> Self {
        Self {
            authority: Duration::from_secs(365 * DAY),
            leaf: Duration::from_secs(30 * DAY),
            margin: Duration::from_secs(30),
            overlap: Duration::from_secs(DAY),
            reconcile: Duration::from_secs(60),
        }
    }
}

/// What the controller needs.
pub struct Controller {
    /// The API server.
    pub client: Client,
    /// The namespace of Flinkgate.
    pub namespace: String,
    /// Names in the certificate besides the Service's and this machine's.
    pub more_names: Vec<String>,
    /// Lifetimes and pauses.
    pub timings: CertificateTimings,
    /// Whether this replica holds the Lease.
    pub leader: watch::Receiver<bool>,
    /// What is served; may be empty at first.
    pub current: Arc<CurrentCertificate>,
    /// Where the condition `certificate` is reported.
    pub health: Arc<Health>,
    /// Where the expiry of the certificate is reported.
    pub metrics: Arc<Metrics>,
}

/// Serves and renews certificates: every replica runs this from its start to its end.
pub async fn run(controller: Controller) {
    let (client, leader) = (controller.client.clone(), controller.leader.clone());
    let namespace = controller.namespace.clone();
    let apis = Apis::new(&client, &namespace);
    let state = State::new(controller, apis);
    webhook_objects::run(client, Some((&namespace, SECRET)), leader, state).await;
}
