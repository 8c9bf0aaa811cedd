//! What the leader has to do.

use crate::cluster::controllers::quota::existence::Unconfirmed;
use crate::cluster::controllers::quota::history::PodHistory;
use crate::quota::ledger::{KnownLimits, View};
use serde_json::Value;
use std::sync::Arc;

/// Something to do.
#[derive(Clone, Debug)]
pub enum Task {
    /// Reconcile a tenant's ledger.
    Reconcile {
        /// The tenant.
        tenant: String,
        /// What there is; it may release reservations up to the stamp in it, except the unconfirmed
        /// ones.
        view: View,
        /// Reservations whose objects the API server has to be asked for first.
        unconfirmed: Vec<Unconfirmed>,
        /// Reservations of pods whose cluster is gone; each is released if its pod does not exist.
        orphans: Vec<Unconfirmed>,
        /// Reservations of pods that may have existed before this replica led.
        history: Option<PodHistory>,
        /// The tenant's limits.
        known: Arc<KnownLimits>,
    },
    /// Write a tenant's status.
    WriteStatus {
        /// The tenant.
        tenant: String,
        /// The part of the status that is about quota.
        status: Value,
    },
    /// Delete a ledger that is no longer needed.
    DeleteLedger {
        /// Its tenant.
        tenant: String,
        /// Its UID.
        uid: String,
        /// Its resource version.
        version: String,
    },
}

impl Task {
    /// The tenant that it is for.
    pub fn tenant(&self) -> &str {
        match self {
            Self::Reconcile { tenant, .. }
            | Self::WriteStatus { tenant, .. }
            | Self::DeleteLedger { tenant, .. } => tenant,
        }
    }

    /// What is to be done.
    pub fn kind(&self) -> TaskKind {
        match self {
            Self::Reconcile { .. } => TaskKind::Reconcile,
            Self::WriteStatus { .. } => TaskKind::WriteStatus,
            Self::DeleteLedger { .. } => TaskKind::DeleteLedger,
        }
    }
}

/// What a task does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TaskKind {
    /// Reconciles a ledger.
    Reconcile,
    /// Writes a status.
    WriteStatus,
    /// Deletes a ledger.
    DeleteLedger,
    /// Records what clusters were admitted with.
    Record,
}
