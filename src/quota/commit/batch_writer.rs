//! The batch writer of a tenant's queue: takes the waiting work, applies it to the ledger, stores
//! the ledger and sends the answers.

use super::{
    BusyReason, QueuedWork, QuotaAnswer, ReconcileError, TenantQueue, Work, WriteCounters,
};
use crate::quota::ledger::{Decision, Ledger, Reconciliation};
use crate::quota::store::{Pauses, Store, StoreError, VersionedLedger, locked, timely};
use std::sync::Arc;
use std::time::Instant;

/// The most work in one write, so that the first request does not wait for thousands of others.
const MAX_BATCH: usize = 1_024;
/// The answer to one piece of work, valid once the ledger is stored.
enum Outcome {
    Admit(QuotaAnswer),
    Reconcile(Result<Reconciliation, ReconcileError>),
    Released,
}

/// How a batch changed the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum LedgerChange {
    None,
    DryRunOnly,
    ToStore,
}

/// Serves a queue until it is empty.
pub(super) async fn run<S: Store>(
    store: Arc<S>,
    counters: WriteCounters,
    tenant: String,
    queue: Arc<TenantQueue>,
) {
    let cached = locked(&queue.0).cached.take();
    let mut writer = BatchWriter { store, counters, tenant, cached, queue: Arc::clone(&queue) };
    loop {
        let batch: Vec<QueuedWork> = {
            let mut state = locked(&queue.0);
            let length = state.waiting.len().min(MAX_BATCH);
            if length == 0 {
                state.has_writer = false;
                state.cached = writer.cached;
                return;
            }
            state.waiting.drain(..length).collect()
        };
        writer.process(batch).await;
    }
}

struct BatchWriter<S> {
    store: Arc<S>,
    counters: WriteCounters,
    tenant: String,
    cached: Option<VersionedLedger>,
    queue: Arc<TenantQueue>,
}

impl<S: Store> BatchWriter<S> {
    async fn process(&mut self, mut batch: Vec<QueuedWork>) {
        let mut pauses = Pauses::default();
        let mut failure = BusyReason::Contention(self.tenant.clone());
        loop {
            let now = Instant::now();
            let late: Vec<QueuedWork> = batch
                .extract_if(.., |queued| queued.deadline <= now || queued.is_abandoned())
                .collect();
            late.into_iter().for_each(|queued| queued.reply_busy(&failure));
            if batch.is_empty() {
                return;
            }
            match self.attempt(&batch).await {
                Ok(outcomes) => {
                    locked(&self.queue.0).last_failure = None;
                    batch
                        .into_iter()
                        .zip(outcomes)
                        .for_each(|(queued, outcome)| queued.reply(outcome));
                    return;
                }
                Err(StoreError::Conflict(_)) => {
                    self.counters.conflicts.inc();
                    failure = BusyReason::Contention(self.tenant.clone());
                }
                Err(StoreError::Unreachable { source, .. }) => {
                    let (tenant, cause) = (self.tenant.clone(), source.to_string());
                    failure = BusyReason::Unreachable { tenant, cause };
                }
            }
            locked(&self.queue.0).last_failure = Some(failure.clone());
            // The write may have happened; the next read shows it.
            self.cached = None;
            pauses.wait().await;
        }
    }

    /// One compare-and-swap for a batch.
    ///
    /// A cached ledger is only proven current by a successful write. So refusals and answers to dry
    /// runs come from a ledger that was just read.
    async fn attempt(&mut self, batch: &[QueuedWork]) -> Result<Vec<Outcome>, StoreError> {
        // A reconciliation that changes nothing is not written, so it needs the stored ledger too.
        let reconciles = batch.iter().any(|queued| matches!(queued.work, Work::Reconcile { .. }));
        let cached = self.cached.take().filter(|_| !reconciles);
        let was_cached = cached.is_some();
        let mut current = match cached {
            Some(cached) => cached,
            None => timely(&self.tenant, self.store.read(&self.tenant)).await?,
        };
        let (mut outcomes, mut change) = self.apply(&mut current.ledger, batch);
        let proven = change == LedgerChange::ToStore && outcomes.iter().all(Outcome::is_success);
        if was_cached && !proven {
            current = timely(&self.tenant, self.store.read(&self.tenant)).await?;
            (outcomes, change) = self.apply(&mut current.ledger, batch);
        }
        if change == LedgerChange::ToStore {
            let swap = self.store.swap(&self.tenant, &current.version, &current.ledger);
            current.version = timely(&self.tenant, swap).await.inspect_err(|error| {
                if matches!(error, StoreError::Unreachable { .. }) {
                    self.counters.failures.inc();
                }
            })?;
            self.counters.writes.inc();
        }
        // Limits from a dry run are not stored, so that ledger must not be cached.
        self.cached = (change != LedgerChange::DryRunOnly).then_some(current);
        Ok(outcomes)
    }

    /// Applies a batch in order.
    fn apply(&self, ledger: &mut Ledger, batch: &[QueuedWork]) -> (Vec<Outcome>, LedgerChange) {
        let mut change = LedgerChange::None;
        let outcomes = batch.iter().map(|queued| {
            // New limits are written at once, so that they apply at all replicas.
            let learned =
                !matches!(queued.work, Work::Release { .. }) && ledger.learn_limits(&queued.known);
            let mut note = |changed: bool, kind: LedgerChange| {
                change = change.max(if changed { kind } else { LedgerChange::None });
            };
            match &queued.work {
                Work::Admit { request, dry_run: true, .. } => {
                    note(learned, LedgerChange::DryRunOnly);
                    Outcome::Admit(self.answer(ledger.would_admit(request)))
                }
                Work::Admit { request, .. } => {
                    let decision = ledger.admit(request);
                    note(learned || decision == Decision::Reserved, LedgerChange::ToStore);
                    Outcome::Admit(self.answer(decision))
                }
                Work::Reconcile { view, .. } => {
                    let result = ledger.reconcile(view, &queued.known);
                    let changed = result.as_ref().is_ok_and(|reconciled| reconciled.changed);
                    note(learned || changed, LedgerChange::ToStore);
                    Outcome::Reconcile(result.map_err(ReconcileError::from))
                }
                Work::Release { object, .. } => {
                    ledger.release(object);
                    note(true, LedgerChange::ToStore);
                    Outcome::Released
                }
            }
        });
        (outcomes.collect(), change)
    }

    fn answer(&self, decision: Decision) -> QuotaAnswer {
        let tenant = || self.tenant.clone();
        match decision {
            Decision::Unchanged | Decision::Reserved => QuotaAnswer::Admitted,
            Decision::Refused(shortage) => QuotaAnswer::Refused(shortage),
            Decision::NotCounted => QuotaAnswer::Busy(BusyReason::NotCounted(tenant())),
            Decision::Full => QuotaAnswer::Busy(BusyReason::Full(tenant())),
        }
    }
}

impl Outcome {
    fn is_success(&self) -> bool {
        matches!(self, Self::Admit(QuotaAnswer::Admitted) | Self::Reconcile(Ok(_)) | Self::Released)
    }
}

impl QueuedWork {
    fn reply(self, outcome: Outcome) {
        // A caller that is gone has reached its deadline.
        match (self.work, outcome) {
            (Work::Admit { reply, .. }, Outcome::Admit(answer)) => drop(reply.send(answer)),
            (Work::Reconcile { reply, .. }, Outcome::Reconcile(result)) => drop(reply.send(result)),
            (Work::Release { reply, .. }, Outcome::Released) => drop(reply.send(())),
            _ => {}
        }
    }

    /// Whether the caller no longer waits. A reservation for it would stay open until its request
    /// is over.
    fn is_abandoned(&self) -> bool {
        match &self.work {
            Work::Admit { reply, .. } => reply.is_closed(),
            Work::Reconcile { reply, .. } => reply.is_closed(),
            Work::Release { .. } => false,
        }
    }

    fn reply_busy(self, reason: &BusyReason) {
        match self.work {
            Work::Admit { reply, .. } => drop(reply.send(QuotaAnswer::Busy(reason.clone()))),
            Work::Reconcile { reply, .. } => drop(reply.send(Err(reason.clone().into()))),
            Work::Release { reply, .. } => drop(reply.send(())),
        }
    }
}
