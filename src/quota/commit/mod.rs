//! Group commit: many requests to a tenant's ledger become one write.
//!
//! Requests and reconciliations go in; each gets its own answer, after the ledger is stored. This
//! module neither decides about a request, as the [`ledger`](super::ledger) does, nor stores one.
//!
//! Each tenant has a queue. The first request in an empty queue starts a batch writer, which runs
//! until the queue is empty. It applies all waiting requests in order and stores the result by one
//! compare-and-swap. After a conflict with another replica it tries again, after a pause with
//! jitter and together with newer requests; users never see a conflict. No request waits longer
//! than its own deadline.

mod batch_writer;

use super::ledger::{KnownLimits, ObjectRef, Reconciliation, Request, Shortage, View, reconcile};
use super::store::{Store, VersionedLedger, locked};
use futures::FutureExt;
use prometheus_client::metrics::counter::Counter;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Instant;
use tokio::sync::oneshot;

/// The answer to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum QuotaAnswer {
    /// The reservation is stored, or the request does not increase the usage.
    Admitted,
    /// The request exceeds a limit.
    Refused(Box<Shortage>),
    /// There was no decision in time. The client must try again: `429` with `retryAfterSeconds`.
    Busy(BusyReason),
}

/// Why there was no decision in time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BusyReason {
    /// Too many conflicts with other replicas, or too many waiting requests.
    #[error("tenant `{0}`: too many quota requests at the same time, try again")]
    Contention(String),
    /// The ledger's first reconciliation is missing.
    #[error("tenant `{0}`: existing objects are not counted yet, try again")]
    NotCounted(String),
    /// The ledger has no room for another reservation.
    #[error("tenant `{0}`: too many open reservations, try again")]
    Full(String),
    /// The store does not answer.
    #[error("tenant `{tenant}`: failed to reach the quota ledger ({cause}), try again")]
    Unreachable {
        /// The tenant.
        tenant: String,
        /// The store's error.
        cause: String,
    },
}

impl BusyReason {
    /// The seconds that the client waits before it tries again.
    pub fn retry_after_seconds(&self) -> u32 {
        match self {
            Self::Contention(_) | Self::NotCounted(_) => 1,
            Self::Full(_) | Self::Unreachable { .. } => 5,
        }
    }
}

/// A reconciliation failed.
#[derive(Debug, thiserror::Error)]
pub enum ReconcileError {
    /// The view is older than the ledger.
    #[error(transparent)]
    Stale(#[from] reconcile::StaleView),
    /// The ledger could not be written in time.
    #[error(transparent)]
    Busy(#[from] BusyReason),
}

/// Counters of ledger writes, for the metrics.
#[derive(Clone, Debug, Default)]
pub struct WriteCounters {
    /// Successful writes.
    pub writes: Counter,
    /// Writes that failed because another replica had written first.
    pub conflicts: Counter,
    /// Writes that failed for another reason.
    pub failures: Counter,
    /// Reads of a ledger of which a part was malformed.
    pub unreadable: Counter,
}

/// The queues of all tenants, for one store.
#[derive(Debug)]
pub struct Ledgers<S> {
    store: Arc<S>,
    counters: WriteCounters,
    queues: Mutex<HashMap<String, Arc<TenantQueue>>>,
}

#[derive(Debug, Default)]
struct TenantQueue(Mutex<QueueState>);

#[derive(Debug, Default)]
struct QueueState {
    waiting: VecDeque<QueuedWork>,
    /// Whether a batch writer runs.
    has_writer: bool,
    /// The ledger that this replica read or wrote last. If another replica has written since, the
    /// next write conflicts.
    cached: Option<VersionedLedger>,
    /// Why the last attempt failed, for requests that reach their deadline.
    last_failure: Option<BusyReason>,
}

#[derive(Debug)]
struct QueuedWork {
    work: Work,
    known: Arc<KnownLimits>,
    deadline: Instant,
}

#[derive(Debug)]
enum Work {
    Admit { request: Box<Request>, dry_run: bool, reply: oneshot::Sender<QuotaAnswer> },
    Reconcile { view: Arc<View>, reply: oneshot::Sender<Result<Reconciliation, ReconcileError>> },
    Release { object: ObjectRef, reply: oneshot::Sender<()> },
}

impl<S: Store> Ledgers<S> {
    /// Queues for a store.
    pub fn new(store: Arc<S>) -> Self {
        Self::with_counters(store, WriteCounters::default())
    }

    /// Queues for a store, with counters of its writes.
    pub fn with_counters(store: Arc<S>, counters: WriteCounters) -> Self {
        Self { store, counters, queues: Mutex::default() }
    }

    /// Checks a request against its tenant's ledger and stores the reservation. A dry run stores
    /// nothing.
    pub async fn admit(
        &self,
        tenant: &str,
        request: Request,
        known: Arc<KnownLimits>,
        deadline: Instant,
        dry_run: bool,
    ) -> QuotaAnswer {
        if !request.increases_usage() {
            return QuotaAnswer::Admitted;
        }
        let (reply, answer) = oneshot::channel();
        let work = Work::Admit { request: Box::new(request), dry_run, reply };
        let queue = self.enqueue(tenant, QueuedWork { work, known, deadline });
        let busy = || QuotaAnswer::Busy(queue.failure(tenant));
        before(deadline, answer).await.unwrap_or_else(busy)
    }

    /// Reconciles a tenant's ledger with its live objects.
    ///
    /// # Errors
    /// The view is too old, or the ledger could not be written before the deadline.
    pub async fn reconcile(
        &self,
        tenant: &str,
        view: Arc<View>,
        known: Arc<KnownLimits>,
        deadline: Instant,
    ) -> Result<Reconciliation, ReconcileError> {
        let (reply, answer) = oneshot::channel();
        let work = Work::Reconcile { view, reply };
        let queue = self.enqueue(tenant, QueuedWork { work, known, deadline });
        let busy = || Err(queue.failure(tenant).into());
        before(deadline, answer).await.unwrap_or_else(busy)
    }

    /// Releases what an object reserved, where no leader watches the objects: see
    /// [`Ledger::release`](super::ledger::Ledger::release).
    pub async fn release(&self, tenant: &str, object: ObjectRef, deadline: Instant) {
        let (reply, answer) = oneshot::channel();
        let work = Work::Release { object, reply };
        self.enqueue(tenant, QueuedWork { work, known: Arc::default(), deadline });
        before(deadline, answer).await;
    }

    fn enqueue(&self, tenant: &str, work: QueuedWork) -> Arc<TenantQueue> {
        let queue = Arc::clone(locked(&self.queues).entry(tenant.to_owned()).or_default());
        let mut state = locked(&queue.0);
        state.waiting.push_back(work);
        let has_writer = std::mem::replace(&mut state.has_writer, true);
        drop(state);
        if !has_writer {
            let (store, counters) = (Arc::clone(&self.store), self.counters.clone());
            let mut writer =
                Box::pin(batch_writer::run(store, counters, tenant.to_owned(), Arc::clone(&queue)));
            // Ledgers in memory are written at once. Anything slower is a separate task, because
            // the first caller may go away before the others' answers.
            if writer.as_mut().now_or_never().is_none() {
                tokio::spawn(writer);
            }
        }
        queue
    }
}

/// Waits for an answer until the deadline.
async fn before<T>(deadline: Instant, answer: oneshot::Receiver<T>) -> Option<T> {
    tokio::time::timeout_at(deadline.into(), answer).await.ok().and_then(Result::ok)
}

impl TenantQueue {
    /// The reason for requests that reached their deadline.
    fn failure(&self, tenant: &str) -> BusyReason {
        let last = locked(&self.0).last_failure.clone();
        last.unwrap_or_else(|| BusyReason::Contention(tenant.to_owned()))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use crate::quota::ledger::Ledger;
    use crate::quota::limits::Limits;
    use crate::quota::store::{InMemoryStore, StoreError};
    use std::time::Duration;

    /// A store that never answers.
    struct UnreachableStore;

    impl Store for UnreachableStore {
        async fn read(&self, tenant: &str) -> Result<VersionedLedger, StoreError> {
            Err(StoreError::Unreachable {
                tenant: tenant.into(),
                source: "connection refused".into(),
            })
        }

        async fn swap(&self, tenant: &str, _: &str, _: &Ledger) -> Result<String, StoreError> {
            Err(StoreError::Conflict(tenant.into()))
        }
    }

    fn pod(name: &str) -> Request {
        let usage = [("cpu".to_owned(), crate::resource::quantity::Quantity::from_units(1))]
            .into_iter()
            .collect();
        Request {
            object: ObjectRef::new("Pod", "prod", name),
            uid: name.into(),
            usage,
            ..Request::default()
        }
    }

    #[tokio::test]
    async fn a_request_at_its_deadline_gets_the_cause() {
        let deadline = Instant::now() + Duration::from_secs(1);
        let answer = Ledgers::new(Arc::new(UnreachableStore))
            .admit("payments", pod("p"), Arc::default(), deadline, false)
            .await;
        let cause = "connection refused".into();
        assert_eq!(
            answer,
            QuotaAnswer::Busy(BusyReason::Unreachable { tenant: "payments".into(), cause })
        );
    }

    #[tokio::test]
    async fn a_dry_run_reads_the_stored_ledger() {
        let store = Arc::new(InMemoryStore::default());
        let [here, there] = [(); 2].map(|()| Ledgers::new(Arc::clone(&store)));
        let hard = [("cpu".to_owned(), crate::resource::quantity::Quantity::from_units(1))].into();
        let known =
            Arc::new(KnownLimits { version: 1, limits: Limits { hard, ..Limits::default() } });
        let deadline = Instant::now() + Duration::from_secs(60);
        let admit = async |replica: &Ledgers<InMemoryStore>, name: &str, dry_run: bool| {
            replica.admit("payments", pod(name), Arc::clone(&known), deadline, dry_run).await
                == QuotaAnswer::Admitted
        };
        // A replica caches the ledger that it wrote.
        assert!(admit(&here, "a", false).await);
        here.release("payments", pod("a").object, deadline).await;
        assert!(admit(&there, "b", false).await);
        assert!(!admit(&here, "c", true).await);
    }
}
