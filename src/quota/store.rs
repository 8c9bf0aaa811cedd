//! Where ledgers are kept: read with a version, written only over that version.

use super::ledger::Ledger;
use std::collections::HashMap;
use std::future::Future;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A ledger and the version at which it was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VersionedLedger {
    /// The ledger; the default one, which has not been counted, where none is stored.
    pub ledger: Ledger,
    /// Its version, as the store writes it; empty where none is stored.
    pub version: String,
}

/// Why a ledger could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Somebody else has written it since it was read: read it again.
    #[error("the ledger of tenant {0:?} was written by somebody else meanwhile")]
    Conflict(String),
    /// The store does not answer. Whether a write took place is not known.
    #[error("the ledger of tenant {tenant:?} cannot be reached")]
    Unreachable {
        /// The tenant.
        tenant: String,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// A place for ledgers. Two of them: memory, where there is no cluster, and the cluster.
pub trait Store: Send + Sync + 'static {
    /// The ledger as the last write left it; a cache must not answer.
    fn read(
        &self,
        tenant: &str,
    ) -> impl Future<Output = Result<VersionedLedger, StoreError>> + Send;

    /// Writes a ledger if it still has the version that was read, and gives the new version.
    fn swap(
        &self,
        tenant: &str,
        version: &str,
        ledger: &Ledger,
    ) -> impl Future<Output = Result<String, StoreError>> + Send;
}

/// Ledgers in memory: nothing lives but what was admitted since the start.
#[derive(Debug, Default)]
pub struct InMemoryStore(Mutex<HashMap<String, (u64, Ledger)>>);

impl InMemoryStore {
    fn ledgers(&self) -> MutexGuard<'_, HashMap<String, (u64, Ledger)>> {
        // Whoever panicked did so outside: entries are replaced whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store for InMemoryStore {
    async fn read(&self, tenant: &str) -> Result<VersionedLedger, StoreError> {
        let found = self.ledgers().get(tenant).cloned();
        Ok(found.map_or_else(
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
