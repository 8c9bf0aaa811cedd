//! Who serves a tenant's desk: takes what waits, holds it against the ledger, stores that, and
//! tells each its answer.

use super::{BusyReason, Desk, QuotaAnswer, ReconcileError, Waiter, Work, WriteCounters, locked};
use crate::jitter::jittered;
use crate::quota::ledger::{Decision, Ledger, Reconciliation};
use crate::quota::store::{Store, StoreError, VersionedLedger};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The most that one write stores, so that the first in a batch does not wait for thousands.
const BATCH: usize = 1_024;
/// Pause after the first conflict; it doubles with every further one, up to the longest.
const SHORTEST_PAUSE: Duration = Duration::from_millis(2);
const LONGEST_PAUSE: Duration = Duration::from_millis(250);
/// A store that does not answer within this is asked again; shorter than requests wait, so that
/// they can be told.
const PATIENCE: Duration = Duration::from_secs(3);

/// What one waiter will be told if the ledger is stored.
enum Outcome {
    Admit(QuotaAnswer),
    Reconcile(Result<Reconciliation, ReconcileError>),
    Released,
}

/// What a batch did to the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Change {
    None,
    OfDryRun,
    ToStore,
}

/// Serves a desk until nobody waits.
pub(super) async fn serve<S: Store>(
    store: Arc<S>,
    counters: WriteCounters,
    tenant: String,
    desk: Arc<Desk>,
) {
    let mut clerk = Clerk {
        store,
        counters,
        tenant,
        kept: locked(&desk.0).kept.take(),
        desk: Arc::clone(&desk),
    };
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
    counters: WriteCounters,
    tenant: String,
    kept: Option<VersionedLedger>,
    desk: Arc<Desk>,
}

impl<S: Store> Clerk<S> {
    async fn serve(&mut self, mut batch: Vec<Waiter>) {
        let mut pause = SHORTEST_PAUSE;
        let mut last = BusyReason::Contention(self.tenant.clone());
        loop {
            let now = Instant::now();
            let late: Vec<Waiter> =
                batch.extract_if(.., |waiter| waiter.deadline <= now || waiter.is_gone()).collect();
            late.into_iter().for_each(|waiter| waiter.turn_away(&last));
            if batch.is_empty() {
                return;
            }
            match self.attempt(&batch).await {
                Ok(outcomes) => {
                    locked(&self.desk.0).trouble = None;
                    batch
                        .into_iter()
                        .zip(outcomes)
                        .for_each(|(waiter, outcome)| waiter.tell(outcome));
                    return;
                }
                Err(StoreError::Conflict(_)) => {
                    self.counters.conflicts.inc();
                    last = BusyReason::Contention(self.tenant.clone());
                }
                Err(StoreError::Unreachable { source, .. }) => {
                    last = BusyReason::Unreachable {
                        tenant: self.tenant.clone(),
                        why: source.to_string(),
                    };
                }
            }
            locked(&self.desk.0).trouble = Some(last.clone());
            // Whether the write took place is not always known; the ledger that is read next shows
            // it.
            self.kept = None;
            tokio::time::sleep(jittered(pause, 1.0)).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// One compare-and-swap for a whole batch. What is refused, and what a dry run is told, is by
    /// the ledger as it is stored: one that was kept is only as good as the write that shows that
    /// nobody else has written.
    async fn attempt(&mut self, batch: &[Waiter]) -> Result<Vec<Outcome>, StoreError> {
        // What a settling tells of the ledger must be so now: what nobody changed is not compared
        // with the store.
        let settles = batch.iter().any(|waiter| matches!(waiter.work, Work::Reconcile { .. }));
        let kept = self.kept.take().filter(|_| !settles);
        let was_kept = kept.is_some();
        let mut at = match kept {
            Some(kept) => kept,
            None => self.in_time(self.store.read(&self.tenant)).await?,
        };
        let (mut outcomes, mut change) = self.apply(&mut at.ledger, batch);
        if was_kept && !(change == Change::ToStore && outcomes.iter().all(Outcome::is_fine)) {
            at = self.in_time(self.store.read(&self.tenant)).await?;
            (outcomes, change) = self.apply(&mut at.ledger, batch);
        }
        if change == Change::ToStore {
            at.version =
                self.in_time(self.store.swap(&self.tenant, &at.version, &at.ledger)).await?;
            self.counters.writes.inc();
        }
        // Limits that only a dry run knew are not stored, and so not kept.
        self.kept = (change != Change::OfDryRun).then_some(at);
        Ok(outcomes)
    }

    async fn in_time<T>(
        &self,
        answer: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        tokio::time::timeout(PATIENCE, answer).await.unwrap_or_else(|late| {
            Err(StoreError::Unreachable { tenant: self.tenant.clone(), source: Box::new(late) })
        })
    }

    /// Applies a batch in order; says whether there is anything to store.
    fn apply(&self, ledger: &mut Ledger, batch: &[Waiter]) -> (Vec<Outcome>, Change) {
        let mut change = Change::None;
        let outcomes = batch.iter().map(|waiter| {
            // New limits are worth a write of their own: then they hold at all replicas.
            let learned =
                !matches!(waiter.work, Work::Release { .. }) && ledger.learn_limits(&waiter.known);
            match &waiter.work {
                Work::Admit { request, dry_run: true, .. } => {
                    change = change.max(if learned { Change::OfDryRun } else { Change::None });
                    Outcome::Admit(self.answer(ledger.would_admit(request)))
                }
                Work::Admit { request, .. } => {
                    let decision = ledger.admit(request);
                    change = change.max(if learned || decision == Decision::Reserved {
                        Change::ToStore
                    } else {
                        Change::None
                    });
                    Outcome::Admit(self.answer(decision))
                }
                Work::Reconcile { view, .. } => {
                    let settled = ledger.reconcile(view, &waiter.known);
                    let changed = learned || settled.as_ref().is_ok_and(|settled| settled.changed);
                    change = change.max(if changed { Change::ToStore } else { Change::None });
                    Outcome::Reconcile(settled.map_err(ReconcileError::from))
                }
                Work::Release { object, .. } => {
                    ledger.release(object);
                    change = Change::ToStore;
                    Outcome::Released
                }
            }
        });
        (outcomes.collect(), change)
    }

    fn answer(&self, decision: Decision) -> QuotaAnswer {
        match decision {
            Decision::Unchanged | Decision::Reserved => QuotaAnswer::Admitted,
            Decision::Refused(shortage) => QuotaAnswer::Refused(shortage),
            Decision::NotCounted => QuotaAnswer::Busy(BusyReason::NotCounted(self.tenant.clone())),
            Decision::Full => QuotaAnswer::Busy(BusyReason::Full(self.tenant.clone())),
        }
    }
}

impl Outcome {
    fn is_fine(&self) -> bool {
        matches!(self, Self::Admit(QuotaAnswer::Admitted) | Self::Reconcile(Ok(_)) | Self::Released)
    }
}

impl Waiter {
    fn tell(self, outcome: Outcome) {
        // Whoever does not wait any longer has been answered by the deadline.
        match (self.work, outcome) {
            (Work::Admit { answer, .. }, Outcome::Admit(told)) => drop(answer.send(told)),
            (Work::Reconcile { answer, .. }, Outcome::Reconcile(told)) => drop(answer.send(told)),
            (Work::Release { answer, .. }, Outcome::Released) => drop(answer.send(())),
            _ => {}
        }
    }

    /// Whether nobody waits for the answer any longer: what would be promised would be lost until
    /// it is over.
    fn is_gone(&self) -> bool {
        match &self.work {
            Work::Admit { answer, .. } => answer.is_closed(),
            Work::Reconcile { answer, .. } => answer.is_closed(),
            Work::Release { .. } => false,
        }
    }

    fn turn_away(self, why: &BusyReason) {
        match self.work {
            Work::Admit { answer, .. } => drop(answer.send(QuotaAnswer::Busy(why.clone()))),
            Work::Reconcile { answer, .. } => drop(answer.send(Err(why.clone().into()))),
            Work::Release { answer, .. } => drop(answer.send(())),
        }
    }
}
