//! Stores of ledgers: a ledger is read with a version and written only over that version.

use super::ledger::Ledger;
use std::collections::HashMap;
use std::future::Future;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A ledger and the version that was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VersionedLedger {
    /// The ledger. If none is stored: the default one, which is not counted yet.
    pub ledger: Ledger,
    /// The version in the store's format; empty if no ledger is stored.
    pub version: String,
}

/// A ledger could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another writer changed the ledger since it was read.
    #[error("the ledger of tenant `{0}` changed since it was read")]
    Conflict(String),
    /// The store does not answer. A write may or may not have happened.
    #[error("failed to reach the ledger of tenant `{tenant}`")]
    Unreachable {
        /// The tenant.
        tenant: String,
        /// The cause.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// Stores ledgers, in memory or in the cluster.
pub trait Store: Send + Sync + 'static {
    /// Reads the ledger as of the last write. An implementation must not answer from a cache.
    fn read(
        &self,
        tenant: &str,
    ) -> impl Future<Output = Result<VersionedLedger, StoreError>> + Send;

    /// Writes a ledger if its version is still `version`; returns the new version.
    fn swap(
        &self,
        tenant: &str,
        version: &str,
        ledger: &Ledger,
    ) -> impl Future<Output = Result<String, StoreError>> + Send;
}

/// Ledgers in memory. They contain only objects that were admitted since the process started.
#[derive(Debug, Default)]
pub struct InMemoryStore(Mutex<HashMap<String, (u64, Ledger)>>);

impl InMemoryStore {
    fn ledgers(&self) -> MutexGuard<'_, HashMap<String, (u64, Ledger)>> {
        // A panic leaves no partial entry: entries are replaced whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store for InMemoryStore {
    async fn read(&self, tenant: &str) -> Result<VersionedLedger, StoreError> {
        let stored = self.ledgers().get(tenant).cloned();
        Ok(stored.map_or_else(
            || VersionedLedger { ledger: Ledger::empty(), version: String::new() },
            |(version, ledger)| VersionedLedger { ledger, version: version.to_string() },
        ))
    }

    async fn swap(
        &self,
        tenant: &str,
        version: &str,
        ledger: &Ledger,
    ) -> Result<String, StoreError> {
        let mut ledgers = self.ledgers();
        let current = ledgers.get(tenant).map(|(version, _)| *version);
        if current.map(|version| version.to_string()).unwrap_or_default() != version {
            return Err(StoreError::Conflict(tenant.to_owned()));
        }
        let next = current.unwrap_or_default().saturating_add(1);
        ledgers.insert(tenant.to_owned(), (next, ledger.clone()));
        Ok(next.to_string())
    }
}
