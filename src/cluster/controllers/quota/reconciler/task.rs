//! What the leader has to do.

use crate::cluster::controllers::quota::existence::Doubt;
use crate::quota::ledger::{KnownLimits, View};
use serde_json::Value;
use std::sync::Arc;

/// Something to do.
#[derive(Clone, Debug)]
pub enum Task {
    /// A tenant's ledger is to be settled.
    Settle {
        /// The tenant.
        tenant: String,
        /// By what; it may release up to the stamp in it but for what is doubtful.
        view: View,
        /// What is to be asked for before.
        doubts: Vec<Doubt>,
        /// The tenant's limits.
        known: Arc<KnownLimits>,
    },
    /// A tenant's status is to be written.
    Tell {
        /// The tenant.
        tenant: String,
        /// Its part of the status.
        status: Value,
    },
    /// A ledger that nobody needs any more is to be deleted.
    Close {
        /// Its tenant.
        tenant: String,
        /// Its UID.
        uid: String,
        /// Its resource version.
        version: String,
    },
}

impl Task {
    /// Whose it is.
    pub fn tenant(&self) -> &str {
        match self {
            Self::Settle { tenant, .. }
            | Self::Tell { tenant, .. }
            | Self::Close { tenant, .. } => tenant,
        }
    }

    /// What is to be done.
    pub fn what(&self) -> What {
        match self {
            Self::Settle { .. } => What::Settle,
            Self::Tell { .. } => What::Tell,
            Self::Close { .. } => What::Close,
        }
    }
}

/// What a task does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// Settles a ledger.
    Settle,
    /// Writes a status.
    Tell,
    /// Deletes a ledger.
    Close,
}
