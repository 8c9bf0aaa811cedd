//! How often the leader reconciles.

use std::time::Duration;

/// Pauses of reconciliation.
#[derive(Clone, Copy, Debug)]
pub struct ReconcileTimings {
    /// A tenant is reconciled when nothing has changed in it for this long.
    pub pause: Duration,
    /// And when its first change was this long ago.
    pub longest: Duration,
    /// Between reconciliations of a tenant with open reservations.
    pub again: Duration,
    /// Before a failed reconciliation is retried.
    pub failed: Duration,
    /// Between writes of a tenant's status.
    pub status: Duration,
    /// Between counts of a namespace for changed LimitRanges, which a tenant may change all the time.
    pub ranges: Duration,
}

impl Default for ReconcileTimings {
    fn default() -> Self {
        Self {
            pause: Duration::from_millis(250),
            longest: Duration::from_secs(1),
            again: Duration::from_secs(15),
            failed: Duration::from_secs(2),
            status: Duration::from_secs(2),
            ranges: Duration::from_secs(5),
        }
    }
}
