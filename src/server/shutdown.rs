//! Shutdown without losing a request.
//!
//! An API server keeps idle connections to a terminating pod. So the server must also close each
//! connection, after the response that is in progress.

use super::health::Health;
use std::time::Duration;
use tokio::sync::watch;

/// The phases of a shutdown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// Serving.
    Serving,
    /// Not ready, still serving: endpoints are updated with a delay.
    Leaving,
    /// Accepting no connections; each one ends after its current response.
    Closing,
}

/// Duration of `Leaving`: until endpoints no longer have the pod, and active connections have had a
/// response with `Connection: close`.
pub const GRACE: Duration = Duration::from_secs(5);
/// Time for connections to end in `Closing`; together with the grace less than 15 seconds.
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
        _ = terminate.recv() => tracing::info!("received SIGTERM, no longer ready, finishing requests in flight"),
        _ = interrupt.recv() => tracing::info!("received SIGINT, no longer ready, finishing requests in flight"),
    }
    Ok(())
}

/// Goes through the phases.
pub async fn leave(phase: &watch::Sender<Phase>, health: &Health, grace: Duration) {
    health.set("shutdown", false, "terminating");
    phase.send_replace(Phase::Leaving);
    tokio::time::sleep(grace).await;
    phase.send_replace(Phase::Closing);
}
