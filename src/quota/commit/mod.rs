//! Many requests, one write: the requests that come while a tenant's ledger is being written go into
//! the next write together.
//!
//! The requests of a tenant wait in its queue. The first one starts a batch writer, which runs until
//! the queue is empty: it applies all waiting requests to the ledger one after the other, stores the
//! result by one compare-and-swap, and each request gets its own answer. After a conflict with
//! another replica it retries with a jittered pause and the requests that came in the meantime; a
//! conflict never reaches a user. A request waits no longer than its own deadline.

mod batch_writer;

use super::ledger::{KnownLimits, ObjectRef, Request, Settled, Shortage, View, settle};
use super::store::{Store, Versioned};
use prometheus_client::metrics::counter::Counter;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;
use tokio::sync::oneshot;

/// What a request is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It may pass: what it asks for is stored, or it asks for no more than before.
    Admitted,
    /// There is too little left.
    Refused(Box<Shortage>),
    /// Nothing could be said in time: the client shall ask again, so `429` with
    /// `retryAfterSeconds`.
    Busy(Busy),
}

/// Why nothing could be said in time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Busy {
    /// Others wrote the ledger again and again, or too many wait.
    #[error("too many requests change what tenant {0:?} uses at the same time: try again")]
    Contention(String),
    /// What was there before is not counted yet.
    #[error("what tenant {0:?} uses is still being counted: try again")]
    NotCounted(String),
    /// Too much is on its way.
    #[error("too many objects of tenant {0:?} are on their way: try again")]
    Full(String),
    /// The store does not answer.
    #[error("what tenant {tenant:?} uses cannot be looked up ({why}): try again")]
    Unreachable {
        /// The tenant.
        tenant: String,
        /// What the store said.
        why: String,
    },
}

impl Busy {
    /// After how many seconds the client shall ask again.
    pub fn retry_after_seconds(&self) -> u32 {
        match self {
            Self::Contention(_) | Self::NotCounted(_) => 1,
            Self::Full(_) | Self::Unreachable { .. } => 5,
        }
    }
}

/// Why a settling came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum Unsettled {
    /// The view is older than what was counted.
    #[error(transparent)]
    Stale(#[from] settle::Stale),
    /// The ledger could not be written in time.
    #[error(transparent)]
    Busy(#[from] Busy),
}

/// How often ledgers were written, for the metrics.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Writes that took place.
    pub writes: Counter,
    /// Writes that came too late, because another replica had written first.
    pub conflicts: Counter,
}

/// The queues of all tenants, with one store.
#[derive(Debug)]
pub struct Ledgers<S> {
    store: Arc<S>,
    tally: Tally,
    queues: Mutex<HashMap<String, Arc<TenantQueue>>>,
}

#[derive(Debug, Default)]
struct TenantQueue(Mutex<QueueState>);

#[derive(Debug, Default)]
struct QueueState {
    waiting: VecDeque<Waiter>,
    /// Whether a batch writer runs.
    has_writer: bool,
    /// The ledger as it was last written or read here. Where another replica has written it since,
    /// a write shows that.
    kept: Option<Versioned>,
    /// Why the last attempt failed, if it did: the answer to a request that waits too long.
    trouble: Option<Busy>,
}

#[derive(Debug)]
struct Waiter {
    work: Work,
    known: Arc<KnownLimits>,
    deadline: Instant,
}

#[derive(Debug)]
enum Work {
    Admit { request: Box<Request>, dry_run: bool, answer: oneshot::Sender<Answer> },
    Settle { view: Arc<View>, answer: oneshot::Sender<Result<Settled, Unsettled>> },
    Forget { object: ObjectRef, answer: oneshot::Sender<()> },
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing panics while it holds one of these locks.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<S: Store> Ledgers<S> {
    /// Queues with a store.
    pub fn new(store: Arc<S>) -> Self {
        Self::counting(store, Tally::default())
    }

    /// The same, counting writes.
    pub fn counting(store: Arc<S>, tally: Tally) -> Self {
        Self { store, tally, queues: Mutex::default() }
    }

    /// Holds a request against its tenant's ledger and stores what it is promised; a dry run stores
    /// nothing.
    pub async fn admit(
        &self,
        tenant: &str,
        request: Request,
        known: Arc<KnownLimits>,
        deadline: Instant,
        dry_run: bool,
    ) -> Answer {
        if !request.asks_for_more() {
            return Answer::Admitted;
        }
        let (answer, told) = oneshot::channel();
        let work = Work::Admit { request: Box::new(request), dry_run, answer };
        let queue = self.enqueue(tenant, Waiter { work, known, deadline });
        let busy = || Answer::Busy(queue.trouble(tenant));
        tokio::time::timeout_at(deadline.into(), told)
            .await
            .ok()
            .and_then(Result::ok)
            .unwrap_or_else(busy)
    }

    /// Settles a tenant's ledger by what lives.
    ///
    /// # Errors
    /// When the view is too old, or the ledger could not be written before the deadline.
    pub async fn settle(
        &self,
        tenant: &str,
        view: Arc<View>,
        known: Arc<KnownLimits>,
        deadline: Instant,
    ) -> Result<Settled, Unsettled> {
        let (answer, told) = oneshot::channel();
        let queue =
            self.enqueue(tenant, Waiter { work: Work::Settle { view, answer }, known, deadline });
        let busy = || Err(queue.trouble(tenant).into());
        tokio::time::timeout_at(deadline.into(), told)
            .await
            .ok()
            .and_then(Result::ok)
            .unwrap_or_else(busy)
    }

    /// Gives back what an object was promised, where nobody watches the objects: see
    /// [`Ledger::forget`](super::ledger::Ledger::forget).
    pub async fn forget(&self, tenant: &str, object: ObjectRef, deadline: Instant) {
        let (answer, told) = oneshot::channel();
        self.enqueue(
            tenant,
            Waiter { work: Work::Forget { object, answer }, known: Arc::default(), deadline },
        );
        let _ = tokio::time::timeout_at(deadline.into(), told).await;
    }

    fn enqueue(&self, tenant: &str, waiter: Waiter) -> Arc<TenantQueue> {
        let queue = Arc::clone(locked(&self.queues).entry(tenant.to_owned()).or_default());
        let mut state = locked(&queue.0);
        state.waiting.push_back(waiter);
        let has_writer = std::mem::replace(&mut state.has_writer, true);
        drop(state);
        if !has_writer {
            // A task of its own: the first request may be cancelled, and the others still need their
            // answers.
            tokio::spawn(batch_writer::run(
                Arc::clone(&self.store),
                self.tally.clone(),
                tenant.to_owned(),
                Arc::clone(&queue),
            ));
        }
        queue
    }
}

impl TenantQueue {
    /// The answer to requests that have waited too long.
    fn trouble(&self, tenant: &str) -> Busy {
        locked(&self.0).trouble.clone().unwrap_or_else(|| Busy::Contention(tenant.to_owned()))
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

    /// Nobody reaches it.
    struct Away;

    impl Store for Away {
        async fn read(&self, tenant: &str) -> Result<Versioned, StoreError> {
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
    async fn who_waited_too_long_is_told_why() {
        let deadline = Instant::now() + Duration::from_secs(1);
        let answer = Ledgers::new(Arc::new(Away))
            .admit("payments", pod("p"), Arc::default(), deadline, false)
            .await;
        let why = "connection refused".into();
        assert_eq!(answer, Answer::Busy(Busy::Unreachable { tenant: "payments".into(), why }));
    }

    #[tokio::test]
    async fn a_dry_run_is_told_what_holds_now_and_not_what_this_replica_last_saw() {
        let store = Arc::new(InMemoryStore::default());
        let [here, there] = [(); 2].map(|()| Ledgers::new(Arc::clone(&store)));
        let hard = [("cpu".to_owned(), crate::resource::quantity::Quantity::from_units(1))].into();
        let known =
            Arc::new(KnownLimits { version: 1, limits: Limits { hard, ..Limits::default() } });
        let deadline = Instant::now() + Duration::from_secs(60);
        let admit = async |replica: &Ledgers<InMemoryStore>, name: &str, dry_run: bool| {
            replica.admit("payments", pod(name), Arc::clone(&known), deadline, dry_run).await
                == Answer::Admitted
        };
        // One that has written keeps what it wrote.
        assert!(admit(&here, "a", false).await);
        here.forget("payments", pod("a").object, deadline).await;
        assert!(admit(&there, "b", false).await);
        assert!(!admit(&here, "c", true).await);
    }
}
