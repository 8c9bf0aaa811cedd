//! The reconciler: settles ledgers while this replica leads.

use super::bookkeeper::task::{Task, What};
use super::bookkeeper::{Bookkeeper, Timings};
use super::follow::{self, Seen, follow};
use super::kinds::{KINDS, Kind};
use super::live::{self, Asked};
use super::standing;
use super::term::Term;
use crate::cluster::lease::while_leading;
use crate::pipeline::Gate;
use crate::quota::commit::{Ledgers, ReconcileError};
use crate::quota::ledger::crd::FlinkTenantLedger;
use crate::quota::ledger::{Reconciliation, View};
use crate::quota::store::Store;
use crate::telemetry::metrics::Metrics;
use arc_swap::ArcSwap;
use kube::api::{ApiResource, DeleteParams, Preconditions};
use kube::core::DynamicObject;
use kube::{Api, Client};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, watch};
use tokio::task::{Id, JoinSet};
use tokio::time::MissedTickBehavior;

/// What it takes to settle ledgers.
pub struct Reconciler<S> {
    /// The cluster.
    pub client: Client,
    /// Tenants and what objects use.
    pub gate: Arc<ArcSwap<Gate>>,
    /// The ledgers, over the same desks by which this replica admits.
    pub ledgers: Arc<Ledgers<S>>,
    /// Whether this replica leads.
    pub leader: watch::Receiver<bool>,
    /// Where the Lease is.
    pub namespace: String,
    /// This replica's name in the Lease.
    pub identity: String,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// How often what is done.
    pub timings: Timings,
}

/// How often it is looked what is due.
const TICK: Duration = Duration::from_millis(50);
/// Things told that wait; a watch that runs ahead waits too.
const WAITING: usize = 1_024;
/// Things told that are taken before anything else is done.
const AT_A_TIME: usize = 256;
/// Tasks under way at once.
const AT_ONCE: usize = 8;
/// How long settling may take, writes that conflict included; and any other request.
const SETTLING: Duration = Duration::from_secs(10);
const REQUEST: Duration = Duration::from_secs(10);

/// Settles ledgers whenever this replica leads, until the sender of `leader` is gone.
pub async fn keep<S: Store>(reconciler: Reconciler<S>) {
    while_leading(reconciler.leader.clone(), || lead(&reconciler)).await;
}

/// What a task came to.
enum Done {
    Reconciliation(Result<Reconciliation, ReconcileError>, Vec<String>),
    Told(bool),
    Closed,
}

/// Leads, until it is dropped.
async fn lead<S: Store>(reconciler: &Reconciler<S>) {
    let term = Arc::new(
        Term::begin(&reconciler.client, &reconciler.namespace, &reconciler.identity).await,
    );
    let (told, mut seen) = mpsc::channel(WAITING);
    let mut watches = JoinSet::new();
    for kind in &KINDS {
        watches.spawn(follow(
            reconciler.client.clone(),
            kind,
            follow::Timings::default(),
            told.clone(),
        ));
    }
    drop(told);
    let mut books = Bookkeeper::new(
        term.version,
        reconciler.gate.load_full(),
        reconciler.timings,
        Instant::now(),
    );
    let mut tasks: JoinSet<Done> = JoinSet::new();
    let mut whose: HashMap<Id, (String, What)> = HashMap::new();
    let mut tick = tokio::time::interval(TICK);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            first = seen.recv() => {
                let Some((kind, event)) = first else { return };
                take(&mut books, kind, event, &mut seen);
            }
            Some(done) = tasks.join_next_with_id(), if !tasks.is_empty() => {
                let id = done.as_ref().map_or_else(tokio::task::JoinError::id, |(id, _)| *id);
                if let Some((tenant, what)) = whose.remove(&id) {
                    finish(&reconciler.metrics, &mut books, &tenant, what, done.ok().map(|(_, done)| done));
                }
            }
            _ = tick.tick() => {
                let gate = reconciler.gate.load_full();
                if !Arc::ptr_eq(&gate, books.gate()) {
                    books.take_gate(gate, Instant::now());
                }
                for task in books.due(Instant::now(), AT_ONCE.saturating_sub(tasks.len())) {
                    let of = (task.tenant().to_owned(), task.what());
                    let handle = tasks.spawn(work(reconciler.client.clone(), Arc::clone(&term), Arc::clone(&reconciler.ledgers), task));
                    whose.insert(handle.id(), of);
                }
            }
        }
    }
}

fn take(
    books: &mut Bookkeeper,
    kind: &'static Kind,
    event: Seen,
    seen: &mut mpsc::Receiver<(&'static Kind, Seen)>,
) {
    let now = Instant::now();
    books.take(kind, event, now);
    for _ in 0..AT_A_TIME {
        let Ok((kind, event)) = seen.try_recv() else { return };
        books.take(kind, event, now);
    }
}

async fn work<S: Store>(
    client: Client,
    term: Arc<Term>,
    ledgers: Arc<Ledgers<S>>,
    task: Task,
) -> Done {
    match task {
        Task::Settle { tenant, view, doubts, known } => {
            let doubtful = !doubts.is_empty();
            let mut asked = live::ask(&client, view.finished_below, doubts).await;
            // What was not there while this replica still led, no later leader's lists show; what
            // was not there afterwards, one may have seen, and would count what is given back here.
            if doubtful && !term.lasts().await {
                asked = Asked::default();
            }
            let Asked { over, gone } = asked;
            let mut view = View { finished_below: over, ..view };
            view.objects.retain(|living| !gone.contains(&living.uid));
            Done::Reconciliation(
                ledgers.reconcile(&tenant, Arc::new(view), known, Instant::now() + SETTLING).await,
                gone,
            )
        }
        Task::Tell { tenant, status } => {
            let written =
                tokio::time::timeout(REQUEST, standing::write(&client, &tenant, &status)).await;
            let written = written
                .map_err(|late| late.to_string())
                .and_then(|written| written.map_err(|error| error.to_string()));
            if let Err(error) = &written {
                tracing::warn!(
                    tenant,
                    error,
                    "what a tenant uses could not be written into its status; it is tried again"
                );
            }
            Done::Told(written.is_ok())
        }
        Task::Close { tenant, uid, version } => {
            close(&client, &tenant, uid, version).await;
            Done::Closed
        }
    }
}

async fn close(client: &Client, tenant: &str, uid: String, version: String) {
    let api = Api::<DynamicObject>::all_with(
        client.clone(),
        &ApiResource::erase::<FlinkTenantLedger>(&()),
    );
    let preconditions = Some(Preconditions { resource_version: Some(version), uid: Some(uid) });
    let parameters = DeleteParams { preconditions, ..DeleteParams::default() };
    match tokio::time::timeout(REQUEST, api.delete(tenant, &parameters)).await {
        Ok(Ok(_)) => {
            tracing::info!(tenant, "deleted the ledger of a tenant that has no limits any more")
        }
        Ok(Err(kube::Error::Api(status))) if status.code == 404 => {}
        Ok(Err(error)) => {
            tracing::warn!(tenant, %error, "a ledger that nobody needs was not deleted; it is tried again")
        }
        Err(late) => {
            tracing::warn!(tenant, %late, "a ledger that nobody needs was not deleted; it is tried again")
        }
    }
}

/// `done` is `None` where a task panicked.
fn finish(metrics: &Metrics, books: &mut Bookkeeper, tenant: &str, what: What, done: Option<Done>) {
    let now = Instant::now();
    match (what, done) {
        (_, Some(Done::Reconciliation(outcome, gone))) => {
            books.departed(gone);
            let counted = &metrics.reconciliations;
            counted.runs.inc();
            match &outcome {
                Ok(settled) => drop(
                    counted.released.inc_by(u64::try_from(settled.released).unwrap_or(u64::MAX)),
                ),
                Err(ReconcileError::Stale(_)) => drop(counted.stale.inc()),
                Err(ReconcileError::Busy(_)) => {}
            }
            books.settled(tenant, outcome, now);
        }
        (_, Some(Done::Told(written))) => books.told(tenant, written, now),
        (What::Settle, None) => books.failed(tenant, now),
        (What::Tell, None) => books.told(tenant, false, now),
        (_, Some(Done::Closed)) | (What::Close, None) => {}
    }
}

#[cfg(test)]
mod tests;
