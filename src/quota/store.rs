//! Stores of ledgers: a ledger is read with a version and written only over that version.

use super::ledger::Ledger;
use crate::jitter::jittered;
use std::collections::HashMap;
use std::future::Future;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

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

/// How long one call of a store may take. Shorter than a request's deadline, so that the request can be
/// answered with the cause.
const TIMEOUT: Duration = Duration::from_secs(3);
/// The pause after the first conflict. It doubles with each further one, up to the longest.
const SHORTEST_PAUSE: Duration = Duration::from_millis(2);
const LONGEST_PAUSE: Duration = Duration::from_millis(250);

/// Ends a call of a store that takes too long.
pub(super) async fn timely<T>(
    tenant: &str,
    call: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, StoreError> {
    tokio::time::timeout(TIMEOUT, call).await.unwrap_or_else(|late| {
        Err(StoreError::Unreachable { tenant: tenant.to_owned(), source: Box::new(late) })
    })
}

/// The pauses between attempts to write.
#[derive(Debug)]
pub(super) struct Pauses(Duration);

impl Default for Pauses {
    fn default() -> Self {
        Self(SHORTEST_PAUSE)
    }
}

impl Pauses {
    /// Waits before the next attempt.
    pub(super) async fn wait(&mut self) {
        tokio::time::sleep(jittered(self.0, 1.0)).await;
        self.0 = (self.0 * 2).min(LONGEST_PAUSE);
    }
}

/// A lock that no code holds while it panics.
pub(super) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One value for each tenant in memory, written only over the version that was read.
#[derive(Debug, Default)]
pub(super) struct VersionedMap<T>(Mutex<HashMap<String, (u64, T)>>);

impl<T: Clone> VersionedMap<T> {
    /// The tenant's value and its version, if there is one.
    pub(super) fn read(&self, tenant: &str) -> Option<(T, String)> {
        let stored = locked(&self.0).get(tenant).cloned();
        stored.map(|(version, value)| (value, version.to_string()))
    }

    /// Writes a value if its version is still `version`, which is empty for none; returns the new
    /// version.
    pub(super) fn swap(
        &self,
        tenant: &str,
        version: &str,
        value: &T,
    ) -> Result<String, StoreError> {
        let mut values = locked(&self.0);
        let current = values.get(tenant).map(|(version, _)| *version);
        if current.map(|version| version.to_string()).unwrap_or_default() != version {
            return Err(StoreError::Conflict(tenant.to_owned()));
        }
        let next = current.unwrap_or_default().saturating_add(1);
        values.insert(tenant.to_owned(), (next, value.clone()));
        Ok(next.to_string())
    }
}

/// Ledgers in memory. They contain only objects that were admitted since the process started.
#[derive(Debug, Default)]
pub struct InMemoryStore(VersionedMap<Ledger>);

impl Store for InMemoryStore {
    async fn read(&self, tenant: &str) -> Result<VersionedLedger, StoreError> {
        let stored = self.0.read(tenant);
        let (ledger, version) = stored.unwrap_or_else(|| (Ledger::empty(), String::new()));
        Ok(VersionedLedger { ledger, version })
    }

    async fn swap(
        &self,
        tenant: &str,
        version: &str,
        ledger: &Ledger,
    ) -> Result<String, StoreError> {
        self.0.swap(tenant, version, ledger)
    }
}
