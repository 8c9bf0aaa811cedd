//! Going away without losing a request.
//!
//! An API server keeps idle connections to a pod that is terminating, so it is not enough to stop
//! accepting: every connection is told to close after the answer it is working on.

use super::health::Health;
use std::time::Duration;
use tokio::sync::watch;

/// How far the server is on its way out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// Serving.
    Serving,
    /// Not ready any more, still serving: endpoints take a moment to forget a pod.
    Leaving,
    /// Accepting nothing; connections end with the answer they are working on.
    Closing,
}

/// How long `Leaving` lasts: until endpoints have forgotten the pod, and every connection that is
/// in use has had an answer with `Connection: close`.
pub const GRACE: Duration = Duration::from_secs(5);
/// How long connections have to end in `Closing`; together with the grace less than 15 seconds.
pub const DRAIN: Duration = Duration::from_secs(9);

/// Waits for SIGTERM or SIGINT.
///
/// # Errors
/// When the signal handlers cannot be installed.
pub async fn signal() -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut terminate, mut interrupt) =
        (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    tokio::select! {
        _ = terminate.recv() => tracing::info!("SIGTERM: no longer ready, finishing what is in flight"),
        _ = interrupt.recv() => tracing::info!("SIGINT: no longer ready, finishing what is in flight"),
    }
    Ok(())
}

/// Walks through the phases.
pub async fn leave(phase: &watch::Sender<Phase>, health: &Health, grace: Duration) {
    health.set("shutdown", false, "terminating");
    phase.send_replace(Phase::Leaving);
    tokio::time::sleep(grace).await;
    phase.send_replace(Phase::Closing);
}
