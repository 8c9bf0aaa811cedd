//! Empties a tenant's queue: applies the waiting requests to the ledger, stores it, and sends each
//! request its answer.

use super::{Answer, Busy, Tally, TenantQueue, Unsettled, Waiter, Work, locked};
use crate::admission::jitter::jittered;
use crate::quota::ledger::{Decision, Ledger, Settled};
use crate::quota::store::{Store, StoreError, Versioned};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The most that one write stores, so that the first in a batch does not wait for thousands.
const BATCH: usize = 1_024;
/// Pause after the first conflict; it doubles with every further one, up to the longest.
const SHORTEST_PAUSE: Duration = Duration::from_millis(2);
const LONGEST_PAUSE: Duration = Duration::from_millis(250);
/// A store that does not answer within this is asked again; shorter than requests wait, so that
/// they get the reason.
const PATIENCE: Duration = Duration::from_secs(3);

/// The answer to one request if the ledger is stored.
enum Outcome {
    Admit(Answer),
    Settle(Result<Settled, Unsettled>),
    Forgotten,
}

/// What a batch did to the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Change {
    None,
    OfDryRun,
    ToStore,
}

/// Writes batches until the queue is empty.
pub(super) async fn run<S: Store>(
    store: Arc<S>,
    tally: Tally,
    tenant: String,
    queue: Arc<TenantQueue>,
) {
    let mut writer = BatchWriter {
        store,
        tally,
        tenant,
        kept: locked(&queue.0).kept.take(),
        queue: Arc::clone(&queue),
    };
    loop {
        let batch: Vec<Waiter> = {
            let mut state = locked(&queue.0);
            let length = state.waiting.len().min(BATCH);
            if length == 0 {
                state.has_writer = false;
                state.kept = writer.kept;
                return;
            }
            state.waiting.drain(..length).collect()
        };
        writer.write(batch).await;
    }
}

struct BatchWriter<S> {
    store: Arc<S>,
    tally: Tally,
    tenant: String,
    kept: Option<Versioned>,
    queue: Arc<TenantQueue>,
}

impl<S: Store> BatchWriter<S> {
    async fn write(&mut self, mut batch: Vec<Waiter>) {
        let mut pause = SHORTEST_PAUSE;
        let mut last = Busy::Contention(self.tenant.clone());
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
                    locked(&self.queue.0).trouble = None;
                    batch
                        .into_iter()
                        .zip(outcomes)
                        .for_each(|(waiter, outcome)| waiter.tell(outcome));
                    return;
                }
                Err(StoreError::Conflict(_)) => {
                    self.tally.conflicts.inc();
                    last = Busy::Contention(self.tenant.clone());
                }
                Err(StoreError::Unreachable { source, .. }) => {
                    last =
                        Busy::Unreachable { tenant: self.tenant.clone(), why: source.to_string() };
                }
            }
            locked(&self.queue.0).trouble = Some(last.clone());
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
        let settles = batch.iter().any(|waiter| matches!(waiter.work, Work::Settle { .. }));
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
            self.tally.writes.inc();
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
                !matches!(waiter.work, Work::Forget { .. }) && ledger.learn(&waiter.known);
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
                Work::Settle { view, .. } => {
                    let settled = ledger.settle(view, &waiter.known);
                    let changed = learned || settled.as_ref().is_ok_and(|settled| settled.changed);
                    change = change.max(if changed { Change::ToStore } else { Change::None });
                    Outcome::Settle(settled.map_err(Unsettled::from))
                }
                Work::Forget { object, .. } => {
                    ledger.forget(object);
                    change = Change::ToStore;
                    Outcome::Forgotten
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
        matches!(self, Self::Admit(Answer::Admitted) | Self::Settle(Ok(_)) | Self::Forgotten)
    }
}

impl Waiter {
    fn tell(self, outcome: Outcome) {
        // A request that no longer waits was answered by its deadline.
        match (self.work, outcome) {
            (Work::Admit { answer, .. }, Outcome::Admit(told)) => drop(answer.send(told)),
            (Work::Settle { answer, .. }, Outcome::Settle(told)) => drop(answer.send(told)),
            (Work::Forget { answer, .. }, Outcome::Forgotten) => drop(answer.send(())),
            _ => {}
        }
    }

    /// Whether the request no longer waits: its reservation would be lost until it is released.
    fn is_gone(&self) -> bool {
        match &self.work {
            Work::Admit { answer, .. } => answer.is_closed(),
            Work::Settle { answer, .. } => answer.is_closed(),
            Work::Forget { .. } => false,
        }
    }

    fn turn_away(self, why: &Busy) {
        match self.work {
            Work::Admit { answer, .. } => drop(answer.send(Answer::Busy(why.clone()))),
            Work::Settle { answer, .. } => drop(answer.send(Err(why.clone().into()))),
            Work::Forget { answer, .. } => drop(answer.send(())),
        }
    }
}
