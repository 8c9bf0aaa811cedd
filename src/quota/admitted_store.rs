//! Reads and writes what clusters were [admitted](super::ledger::admitted) with.
//!
//! Changes that arrive while one is written are written together, by one compare-and-swap. Reads do
//! not use a cache: they show the last write of every replica.

use super::ledger::admitted::{AdmittedSpecs, Change, Overflow};
use super::store::{Pauses, StoreError, VersionedMap, locked, timely};
use crate::causes::with_causes;
use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::Instant;

/// Stores admitted specs, in memory or in the cluster.
pub trait AdmittedStore: Send + Sync + 'static {
    /// Reads a tenant's record as of the last write, and its version; an empty version if there is
    /// none.
    fn read_admitted(
        &self,
        tenant: &str,
    ) -> impl Future<Output = Result<(AdmittedSpecs, String), StoreError>> + Send;

    /// Writes a record if its version is still `version`; returns the new version.
    fn swap_admitted(
        &self,
        tenant: &str,
        version: &str,
        record: &AdmittedSpecs,
    ) -> impl Future<Output = Result<String, StoreError>> + Send;
}

/// The records of all tenants, in a store.
#[derive(Debug)]
pub struct AdmittedLedgers<S> {
    store: Arc<S>,
    queues: Mutex<HashMap<String, Arc<Queue>>>,
}

/// The changes of one tenant that are not written yet.
#[derive(Debug, Default)]
struct Queue {
    waiting: Mutex<Waiting>,
    /// Its holder writes.
    writer: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default)]
struct Waiting {
    /// With increasing numbers.
    changes: Vec<(u64, Change)>,
    next: u64,
    /// The record after the last write.
    written: Option<AdmittedSpecs>,
}

impl<S: AdmittedStore> AdmittedLedgers<S> {
    /// With this store.
    pub fn new(store: Arc<S>) -> Self {
        Self { store, queues: Mutex::default() }
    }

    /// A tenant's record.
    ///
    /// # Errors
    /// When the store does not answer in time.
    pub async fn read(&self, tenant: &str) -> Result<AdmittedSpecs, StoreError> {
        timely(tenant, self.store.read_admitted(tenant)).await.map(|(record, _)| record)
    }

    /// Writes a change, and returns the record with it. A change that changes nothing is not written.
    ///
    /// # Errors
    /// When it could not be written before the deadline. It may be written later.
    pub async fn apply(
        &self,
        tenant: &str,
        change: Change,
        deadline: Instant,
    ) -> Result<AdmittedSpecs, StoreError> {
        let queue = Arc::clone(locked(&self.queues).entry(tenant.to_owned()).or_default());
        let number = {
            let mut waiting = locked(&queue.waiting);
            waiting.next = waiting.next.saturating_add(1);
            let number = waiting.next;
            waiting.changes.push((number, change));
            number
        };
        let written = tokio::time::timeout_at(deadline.into(), self.write(tenant, &queue, number));
        written.await.unwrap_or_else(|late| {
            Err(StoreError::Unreachable { tenant: tenant.to_owned(), source: Box::new(late) })
        })
    }

    /// Writes all waiting changes, unless another caller has written this one.
    async fn write(
        &self,
        tenant: &str,
        queue: &Queue,
        number: u64,
    ) -> Result<AdmittedSpecs, StoreError> {
        let _writer = queue.writer.lock().await;
        let mut pauses = Pauses::default();
        loop {
            // They stay in the queue until they are written: this future may be dropped.
            let (changes, written) = {
                let waiting = locked(&queue.waiting);
                (waiting.changes.clone(), waiting.written.clone())
            };
            if !changes.iter().any(|(waiting, _)| *waiting == number) {
                return Ok(written.unwrap_or_default());
            }
            let (mut record, version) = timely(tenant, self.store.read_admitted(tenant)).await?;
            let before = record.clone();
            let mut overflow = Overflow::default();
            for (_, change) in &changes {
                let more = record.apply(change);
                overflow.specs += more.specs;
                overflow.objects += more.objects;
            }
            if record != before {
                match timely(tenant, self.store.swap_admitted(tenant, &version, &record)).await {
                    Ok(_) => {}
                    Err(StoreError::Conflict(_)) => {
                        pauses.wait().await;
                        continue;
                    }
                    Err(error) => return Err(error),
                }
            }
            if overflow != Overflow::default() {
                let Overflow { specs, objects } = overflow;
                tracing::warn!(
                    tenant,
                    specs,
                    objects,
                    "the record of admitted specs is full: clusters without a record are held to the \
                     spec in force"
                );
            }
            let last = changes.last().map_or(0, |(last, _)| *last);
            let mut waiting = locked(&queue.waiting);
            waiting.changes.retain(|(number, _)| *number > last);
            waiting.written = Some(record.clone());
            return Ok(record);
        }
    }
}

/// Logs that a record could not be read or written. Nothing is refused for it.
pub fn warn(tenant: &str, error: &StoreError, what: &'static str) {
    tracing::warn!(tenant, error = with_causes(error), "{what}");
}

/// Records in memory.
#[derive(Debug, Default)]
pub struct InMemoryAdmitted(VersionedMap<AdmittedSpecs>);

impl AdmittedStore for InMemoryAdmitted {
    async fn read_admitted(&self, tenant: &str) -> Result<(AdmittedSpecs, String), StoreError> {
        Ok(self.0.read(tenant).unwrap_or_default())
    }

    async fn swap_admitted(
        &self,
        tenant: &str,
        version: &str,
        record: &AdmittedSpecs,
    ) -> Result<String, StoreError> {
        self.0.swap(tenant, version, record)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use crate::quota::ledger::ObjectRef;
    use std::time::Duration;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn replicas_record_at_the_same_time() {
        let store = Arc::new(InMemoryAdmitted::default());
        let replicas = [(); 2].map(|()| Arc::new(AdmittedLedgers::new(Arc::clone(&store))));
        let deadline = Instant::now() + Duration::from_secs(60);
        let tasks: Vec<_> = (0..100)
            .map(|number: usize| {
                let replica = Arc::clone(&replicas[number % 2]);
                tokio::spawn(async move {
                    let change = Change::Admitted {
                        object: ObjectRef::new("FlinkDeployment", "prod", format!("c{number}")),
                        uid: format!("u{number}"),
                        spec: format!("s{}", number % 3),
                    };
                    replica.apply("payments", change, deadline).await.unwrap()
                })
            })
            .collect();
        for (number, task) in tasks.into_iter().enumerate() {
            let record = task.await.unwrap();
            assert_eq!(record.of(&format!("u{number}"), "prod").count(), 1, "{number}");
        }
        let record = replicas[0].read("payments").await.unwrap();
        for number in 0..100 {
            let specs: Vec<&str> = record.of(&format!("u{number}"), "prod").collect();
            assert_eq!(specs, [format!("s{}", number % 3)]);
        }
        assert_eq!(replicas[0].read("other").await.unwrap(), AdmittedSpecs::default());
    }
}
