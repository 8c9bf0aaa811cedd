//! Many requests, one write: what comes while a tenant's ledger is being written goes into the next
//! write together.
//!
//! Requests of a tenant queue at its desk. The first that finds nobody there serves the desk until
//! it is empty: all that wait are held against the ledger one after the other and stored by one
//! compare-and-swap, and each gets its own answer. A conflict with another replica is tried again
//! after a jittered pause, with the requests that came meanwhile; it never reaches a user. Each
//! request waits no longer than its own deadline.

mod clerk;

use super::ledger::{KnownLimits, ObjectRef, Reconciliation, Request, Shortage, View, reconcile};
use super::store::{Store, VersionedLedger};
use prometheus_client::metrics::counter::Counter;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;
use tokio::sync::oneshot;

/// What a request is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum QuotaAnswer {
    /// It may pass: what it asks for is stored, or it asks for no more than before.
    Admitted,
    /// There is too little left.
    Refused(Box<Shortage>),
    /// Nothing could be said in time: the client shall ask again, so `429` with
    /// `retryAfterSeconds`.
    Busy(BusyReason),
}

/// Why nothing could be said in time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BusyReason {
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

impl BusyReason {
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
pub enum ReconcileError {
    /// The view is older than what was counted.
    #[error(transparent)]
    Stale(#[from] reconcile::StaleView),
    /// The ledger could not be written in time.
    #[error(transparent)]
    Busy(#[from] BusyReason),
}

/// How often ledgers were written, for the metrics.
#[derive(Clone, Debug, Default)]
pub struct WriteCounters {
    /// Writes that took place.
    pub writes: Counter,
    /// Writes that came too late, because another replica had written first.
    pub conflicts: Counter,
}

/// All tenants' desks over one store.
#[derive(Debug)]
pub struct Ledgers<S> {
    store: Arc<S>,
    counters: WriteCounters,
    desks: Mutex<HashMap<String, Arc<Desk>>>,
}

#[derive(Debug, Default)]
struct Desk(Mutex<Queue>);

#[derive(Debug, Default)]
struct Queue {
    waiting: VecDeque<Waiter>,
    /// Whether somebody serves.
    served: bool,
    /// The ledger as it was last written or read here. Where another replica has written it since,
    /// a write shows that.
    kept: Option<VersionedLedger>,
    /// Why the last attempt failed, where it did: whom the desk keeps waiting too long is told
    /// that.
    trouble: Option<BusyReason>,
}

#[derive(Debug)]
struct Waiter {
    work: Work,
    known: Arc<KnownLimits>,
    deadline: Instant,
}

#[derive(Debug)]
enum Work {
    Admit { request: Box<Request>, dry_run: bool, answer: oneshot::Sender<QuotaAnswer> },
    Reconcile { view: Arc<View>, answer: oneshot::Sender<Result<Reconciliation, ReconcileError>> },
    Release { object: ObjectRef, answer: oneshot::Sender<()> },
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing panics while it holds one of these locks.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<S: Store> Ledgers<S> {
    /// Desks over a store.
    pub fn new(store: Arc<S>) -> Self {
        Self::with_counters(store, WriteCounters::default())
    }

    /// The same, counting writes.
    pub fn with_counters(store: Arc<S>, counters: WriteCounters) -> Self {
        Self { store, counters, desks: Mutex::default() }
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
    ) -> QuotaAnswer {
        if !request.increases_usage() {
            return QuotaAnswer::Admitted;
        }
        let (answer, told) = oneshot::channel();
        let work = Work::Admit { request: Box::new(request), dry_run, answer };
        let desk = self.queue(tenant, Waiter { work, known, deadline });
        let busy = || QuotaAnswer::Busy(desk.trouble(tenant));
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
    pub async fn reconcile(
        &self,
        tenant: &str,
        view: Arc<View>,
        known: Arc<KnownLimits>,
        deadline: Instant,
    ) -> Result<Reconciliation, ReconcileError> {
        let (answer, told) = oneshot::channel();
        let desk =
            self.queue(tenant, Waiter { work: Work::Reconcile { view, answer }, known, deadline });
        let busy = || Err(desk.trouble(tenant).into());
        tokio::time::timeout_at(deadline.into(), told)
            .await
            .ok()
            .and_then(Result::ok)
            .unwrap_or_else(busy)
    }

    /// Gives back what an object was promised, where nobody watches the objects: see
    /// [`Ledger::release`](super::ledger::Ledger::release).
    pub async fn release(&self, tenant: &str, object: ObjectRef, deadline: Instant) {
        let (answer, told) = oneshot::channel();
        self.queue(
            tenant,
            Waiter { work: Work::Release { object, answer }, known: Arc::default(), deadline },
        );
        let _ = tokio::time::timeout_at(deadline.into(), told).await;
    }

    fn queue(&self, tenant: &str, waiter: Waiter) -> Arc<Desk> {
        let desk = Arc::clone(locked(&self.desks).entry(tenant.to_owned()).or_default());
        let mut queue = locked(&desk.0);
        queue.waiting.push_back(waiter);
        let is_served = std::mem::replace(&mut queue.served, true);
        drop(queue);
        if !is_served {
            // A task of its own: whoever asked first may go away, and the others still want their
            // answers.
            tokio::spawn(clerk::serve(
                Arc::clone(&self.store),
                self.counters.clone(),
                tenant.to_owned(),
                Arc::clone(&desk),
            ));
        }
        desk
    }
}

impl Desk {
    /// What to tell those who have waited too long.
    fn trouble(&self, tenant: &str) -> BusyReason {
        locked(&self.0).trouble.clone().unwrap_or_else(|| BusyReason::Contention(tenant.to_owned()))
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
    async fn who_waited_too_long_is_told_why() {
        let deadline = Instant::now() + Duration::from_secs(1);
        let answer = Ledgers::new(Arc::new(Away))
            .admit("payments", pod("p"), Arc::default(), deadline, false)
            .await;
        let why = "connection refused".into();
        assert_eq!(
            answer,
            QuotaAnswer::Busy(BusyReason::Unreachable { tenant: "payments".into(), why })
        );
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
                == QuotaAnswer::Admitted
        };
        // One that has written keeps what it wrote.
        assert!(admit(&here, "a", false).await);
        here.release("payments", pod("a").object, deadline).await;
        assert!(admit(&there, "b", false).await);
        assert!(!admit(&here, "c", true).await);
    }
}
