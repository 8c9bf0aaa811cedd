//! Flinkgate's own certificates, kept alive without anybody's help and without losing a request.
//!
//! Every replica watches the Secret and serves the leaf in it; the lease holder makes and renews
//! what is in there, and keeps the `caBundle` of both configurations right. [`rotation`] decides;
//! what acts does so only upon what it has just read, so that a replica which only thinks it leads
//! cannot undo what another did.
//!
//! Nobody confirms a new leaf: replicas get `overlap` to see it, during which API servers trust the
//! old and the new authority. A day of that costs nothing, while confirmations of replicas that are
//! gone would hold rotations up.

pub mod authority;
pub mod ca_bundle;
mod keeping;
mod objects;
pub mod rotation;
pub mod secret;

use crate::server::certificate::CertificateError;
use crate::server::health::Health;
use crate::server::tls::CurrentCertificate;
use crate::telemetry::metrics::Metrics;
use ca_bundle::CONFIGURATION;
use futures::StreamExt;
use keeping::Keeping;
use kube::Client;
use kube::runtime::{WatchStreamExt, watcher};
use objects::Apis;
use secret::SECRET;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// How long what lasts.
#[derive(Clone, Copy, Debug)]
pub struct Timings {
    /// An authority; it is renewed after two thirds of that.
    pub authority: Duration,
    /// A leaf; it is renewed after two thirds of that.
    pub leaf: Duration,
    /// From a bundle being written until every API server is taken to go by it.
    pub margin: Duration,
    /// From a leaf being written until every replica is taken to serve it.
    pub overlap: Duration,
    /// The longest time between two looks at it all.
    pub look: Duration,
}

const DAY: u64 = 86_400;

impl Default for Timings {
    fn default() -> Self {
        Self {
            authority: Duration::from_secs(365 * DAY),
            leaf: Duration::from_secs(30 * DAY),
            margin: Duration::from_secs(30),
            overlap: Duration::from_secs(DAY),
            look: Duration::from_secs(60),
        }
    }
}

/// What keeping certificates takes.
pub struct Keeper {
    /// The way to the API server.
    pub client: Client,
    /// Where Flinkgate runs.
    pub namespace: String,
    /// Names in the certificate besides the Service's and this machine's.
    pub more_names: Vec<String>,
    /// How long what lasts.
    pub timings: Timings,
    /// Whether this replica holds the Lease.
    pub leader: watch::Receiver<bool>,
    /// What is served; may begin empty.
    pub current: Arc<CurrentCertificate>,
    /// Where the condition `certificate` is told.
    pub health: Arc<Health>,
    /// Where the end of the certificate is told.
    pub metrics: Arc<Metrics>,
}

/// Why a step could not be taken.
#[derive(Debug, thiserror::Error)]
pub enum KeepError {
    /// The API server refused it, or could not be asked.
    #[error("cannot {what}: {source}")]
    Api {
        /// What was to be done.
        what: &'static str,
        /// What came back.
        source: kube::Error,
    },
    /// No answer.
    #[error("the API server does not answer")]
    Timeout,
    /// A certificate could not be made.
    #[error("cannot make a certificate: {0}")]
    Make(#[from] CertificateError),
}

impl KeepError {
    /// Whether somebody else was faster, so that looking again is all there is to do.
    fn is_collision(&self) -> bool {
        matches!(self, Self::Api { source: kube::Error::Api(status), .. }
            if status.is_conflict() || status.is_already_exists() || status.is_not_found())
    }
}

/// Keeps certificates, for ever: every replica runs this from its start to its end.
pub async fn keep(keeper: Keeper) {
    let mut leader = keeper.leader.clone();
    let apis = Apis::new(&keeper.client, &keeper.namespace);
    let mut secrets = watcher::watch_object(apis.secrets.clone(), SECRET).default_backoff().boxed();
    let mut mutating =
        watcher::watch_object(apis.mutating.clone(), CONFIGURATION).default_backoff().boxed();
    let mut validating =
        watcher::watch_object(apis.validating.clone(), CONFIGURATION).default_backoff().boxed();
    let mut keeping = Keeping::new(keeper, apis);
    let mut elected = true;
    loop {
        let leads = *leader.borrow_and_update();
        let pause = keeping.go_on(leads).await;
        let failed = tokio::select! {
            Some(event) = secrets.next() => event.map(|found| keeping.objects.secret.see(found)).err(),
            Some(event) = mutating.next() => event.map(|found| keeping.objects.mutating.see(found)).err(),
            Some(event) = validating.next() => event.map(|found| keeping.objects.validating.see(found)).err(),
            // Without an elector nobody leads any more; the Secret is still followed.
            changed = leader.changed(), if elected => { elected = changed.is_ok(); None }
            () = tokio::time::sleep(pause) => None,
        };
        if let Some(error) = failed {
            keeping.problem("cannot watch the Secret or the webhook configurations", &error);
        }
    }
}
