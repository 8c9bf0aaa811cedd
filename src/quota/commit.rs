//! Many requests, one write: what comes while a tenant's ledger is being written goes into the next write together.
//!
//! Requests of a tenant queue at its desk. The first that finds nobody there serves the desk until it is empty: all that wait
//! are held against the ledger one after the other and stored by one compare-and-swap, and each gets its own answer. A conflict
//! with another replica is tried again after a jittered pause, with the requests that came meanwhile; it never reaches a user.
//! Each request waits no longer than its own deadline.

use super::ledger::{Decision, KnownLimits, Ledger, Request, Settled, Shortage, View};
use super::store::{Store, StoreError, Versioned};
use crate::admission::jitter::jittered;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// The most that one write stores, so that the first in a batch does not wait for thousands.
const BATCH: usize = 1_024;
/// Pause after the first conflict; it doubles with every further one, up to the longest.
const SHORTEST_PAUSE: Duration = Duration::from_millis(2);
const LONGEST_PAUSE: Duration = Duration::from_millis(250);
/// A store that does not answer within this is asked again.
const PATIENCE: Duration = Duration::from_secs(5);

/// What a request is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It may pass: what it asks for is stored, or it asks for no more than before.
    Admitted,
    /// There is too little left.
    Refused(Box<Shortage>),
    /// Nothing could be said in time: the client shall ask again, so `429` with `retryAfterSeconds`.
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
    Stale(#[from] super::ledger::settle::Stale),
    /// The ledger could not be written in time.
    #[error(transparent)]
    Busy(#[from] Busy),
}

/// All tenants' desks over one store.
#[derive(Debug)]
pub struct Ledgers<S> {
    store: Arc<S>,
    desks: Mutex<HashMap<String, Arc<Desk>>>,
}

#[derive(Debug, Default)]
struct Desk(Mutex<Queue>);

#[derive(Debug, Default)]
struct Queue {
    waiting: VecDeque<Waiter>,
    /// Whether somebody serves.
    served: bool,
    /// The ledger as it was last written or read here. Where another replica has written it since, a write shows that.
    kept: Option<Versioned>,
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
}

/// What one waiter will be told if the ledger is stored.
enum Outcome {
    Admit(Answer),
    Settle(Result<Settled, Unsettled>),
}

/// What a batch did to the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Change {
    None,
    OfDryRun,
    ToStore,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing panics while it holds one of these locks.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<S: Store> Ledgers<S> {
    /// Desks over a store.
    pub fn new(store: Arc<S>) -> Self {
        Self { store, desks: Mutex::default() }
    }

    /// Holds a request against its tenant's ledger and stores what it is promised; a dry run stores nothing.
    pub async fn admit(&self, tenant: &str, request: Request, known: Arc<KnownLimits>, deadline: Instant, dry_run: bool) -> Answer {
        if !request.asks_for_more() {
            return Answer::Admitted;
        }
        let (answer, told) = oneshot::channel();
        let work = Work::Admit { request: Box::new(request), dry_run, answer };
        self.queue(tenant, Waiter { work, known, deadline });
        let busy = || Answer::Busy(Busy::Contention(tenant.to_owned()));
        tokio::time::timeout_at(deadline.into(), told).await.ok().and_then(Result::ok).unwrap_or_else(busy)
    }

    /// Settles a tenant's ledger by what lives.
    ///
    /// # Errors
    /// When the view is too old, or the ledger could not be written before the deadline.
    pub async fn settle(&self, tenant: &str, view: Arc<View>, known: Arc<KnownLimits>, deadline: Instant) -> Result<Settled, Unsettled> {
        let (answer, told) = oneshot::channel();
        self.queue(tenant, Waiter { work: Work::Settle { view, answer }, known, deadline });
        let busy = || Err(Busy::Contention(tenant.to_owned()).into());
        tokio::time::timeout_at(deadline.into(), told).await.ok().and_then(Result::ok).unwrap_or_else(busy)
    }

    fn queue(&self, tenant: &str, waiter: Waiter) {
        let desk = Arc::clone(locked(&self.desks).entry(tenant.to_owned()).or_default());
        let mut queue = locked(&desk.0);
        queue.waiting.push_back(waiter);
        if !std::mem::replace(&mut queue.served, true) {
            drop(queue);
            // A task of its own: whoever asked first may go away, and the others still want their answers.
            tokio::spawn(serve(Arc::clone(&self.store), tenant.to_owned(), desk));
        }
    }
}

/// Serves a desk until nobody waits.
async fn serve<S: Store>(store: Arc<S>, tenant: String, desk: Arc<Desk>) {
    let mut clerk = Clerk { store, tenant, kept: locked(&desk.0).kept.take() };
    loop {
        let batch: Vec<Waiter> = {
            let mut queue = locked(&desk.0);
            let length = queue.waiting.len().min(BATCH);
            if length == 0 {
                queue.served = false;
                queue.kept = clerk.kept;
                return;
            }
            queue.waiting.drain(..length).collect()
        };
        clerk.serve(batch).await;
    }
}

struct Clerk<S> {
    store: Arc<S>,
    tenant: String,
    kept: Option<Versioned>,
}

impl<S: Store> Clerk<S> {
    async fn serve(&mut self, mut batch: Vec<Waiter>) {
        let mut pause = SHORTEST_PAUSE;
        let mut last = Busy::Contention(self.tenant.clone());
        loop {
            let now = Instant::now();
            let late: Vec<Waiter> = batch.extract_if(.., |waiter| waiter.deadline <= now).collect();
            late.into_iter().for_each(|waiter| waiter.turn_away(&last));
            if batch.is_empty() {
                return;
            }
            match self.attempt(&batch).await {
                Ok(outcomes) => {
                    batch.into_iter().zip(outcomes).for_each(|(waiter, outcome)| waiter.tell(outcome));
                    return;
                }
                Err(StoreError::Conflict(_)) => last = Busy::Contention(self.tenant.clone()),
                Err(StoreError::Unreachable { source, .. }) => {
                    last = Busy::Unreachable { tenant: self.tenant.clone(), why: source.to_string() };
                }
            }
            // Whether the write took place is not always known; the ledger that is read next shows it.
            self.kept = None;
            tokio::time::sleep(jittered(pause, 1.0)).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// One compare-and-swap for a whole batch. What is refused is refused by the ledger as it is stored, not by one that was kept.
    async fn attempt(&mut self, batch: &[Waiter]) -> Result<Vec<Outcome>, StoreError> {
        let kept = self.kept.take();
        let was_kept = kept.is_some();
        let mut at = match kept {
            Some(kept) => kept,
            None => self.in_time(self.store.read(&self.tenant)).await?,
        };
        let (mut outcomes, mut change) = self.apply(&mut at.ledger, batch);
        if was_kept && !outcomes.iter().all(Outcome::is_fine) {
            at = self.in_time(self.store.read(&self.tenant)).await?;
            (outcomes, change) = self.apply(&mut at.ledger, batch);
        }
        if change == Change::ToStore {
            at.version = self.in_time(self.store.swap(&self.tenant, &at.version, &at.ledger)).await?;
        }
        // Limits that only a dry run knew are not stored, and so not kept.
        self.kept = (change != Change::OfDryRun).then_some(at);
        Ok(outcomes)
    }

    async fn in_time<T>(&self, answer: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
        tokio::time::timeout(PATIENCE, answer).await.unwrap_or_else(|late| {
            Err(StoreError::Unreachable { tenant: self.tenant.clone(), source: Box::new(late) })
        })
    }

    /// Applies a batch in order; says whether there is anything to store.
    fn apply(&self, ledger: &mut Ledger, batch: &[Waiter]) -> (Vec<Outcome>, Change) {
        let mut change = Change::None;
        let outcomes = batch.iter().map(|waiter| {
            // New limits are worth a write of their own: then they hold at all replicas.
            let learned = ledger.learn(&waiter.known);
            match &waiter.work {
                Work::Admit { request, dry_run: true, .. } => {
                    change = change.max(if learned { Change::OfDryRun } else { Change::None });
                    Outcome::Admit(self.answer(ledger.would_admit(request)))
                }
                Work::Admit { request, .. } => {
                    let decision = ledger.admit(request);
                    change = change.max(if learned || decision == Decision::Reserved { Change::ToStore } else { Change::None });
                    Outcome::Admit(self.answer(decision))
                }
                Work::Settle { view, .. } => {
                    let settled = ledger.settle(view, &waiter.known);
                    let changed = learned || settled.as_ref().is_ok_and(|settled| settled.changed);
                    change = change.max(if changed { Change::ToStore } else { Change::None });
                    Outcome::Settle(settled.map_err(Unsettled::from))
                }
            }
        });
        (outcomes.collect(), change)
    }

    fn answer(&self, decision: Decision) -> Answer {
        match decision {
            Decision::Unchanged | Decision::Reserved => Answer::Admitted,
            Decision::Refused(shortage) => Answer::Refused(shortage),
            Decision::NotCounted => Answer::Busy(Busy::NotCounted(self.tenant.clone())),
            Decision::Full => Answer::Busy(Busy::Full(self.tenant.clone())),
        }
    }
}

impl Outcome {
    fn is_fine(&self) -> bool {
        matches!(self, Self::Admit(Answer::Admitted) | Self::Settle(Ok(_)))
    }
}

impl Waiter {
    fn tell(self, outcome: Outcome) {
        // Whoever does not wait any longer has been answered by the deadline.
        match (self.work, outcome) {
            (Work::Admit { answer, .. }, Outcome::Admit(told)) => drop(answer.send(told)),
            (Work::Settle { answer, .. }, Outcome::Settle(told)) => drop(answer.send(told)),
            _ => {}
        }
    }

    fn turn_away(self, why: &Busy) {
        match self.work {
            Work::Admit { answer, .. } => drop(answer.send(Answer::Busy(why.clone()))),
            Work::Settle { answer, .. } => drop(answer.send(Err(why.clone().into()))),
        }
    }
}
