//! Reconciles ledgers while this replica leads.

use super::admitted::{self, RecordOutcome};
use super::existence::{self, Confirmation};
use super::history;
use super::kinds;
use super::reconciler::task::{Task, TaskKind};
use super::reconciler::{ReconcileTimings, Reconciler};
use super::status::PART;
use super::term::Term;
use crate::cluster::apply;
use crate::cluster::lease::while_leading;
use crate::cluster::watch::{Event, SharedWatches, Target, WatchTimings, follow};
use crate::kinds::{Kind, Watched};
use crate::pipeline::Gate;
use crate::quota::admitted_store::{AdmittedLedgers, AdmittedStore};
use crate::quota::commit::{Ledgers, ReconcileError};
use crate::quota::ledger::crd::FlinkTenantLedger;
use crate::quota::ledger::{LiveObject, ObjectRef, Reconciliation, View};
use crate::quota::store::Store;
use crate::telemetry::metrics::Metrics;
use crate::tenant::FlinkTenant;
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

/// TaskKind reconciling ledgers needs.
pub struct Controller<S, A> {
    /// The cluster.
    pub client: Client,
    /// The watches that are shared with the tenants controller.
    pub watches: SharedWatches,
    /// Tenants, and how objects are counted.
    pub gate: Arc<ArcSwap<Gate>>,
    /// The ledgers, with the queues by which this replica admits.
    pub ledgers: Arc<Ledgers<S>>,
    /// What clusters were admitted with.
    pub admitted: Arc<AdmittedLedgers<A>>,
    /// Whether this replica leads.
    pub leader: watch::Receiver<bool>,
    /// Where the Lease is.
    pub namespace: String,
    /// This replica's name in the Lease.
    pub identity: String,
    /// Where reconciliations are counted.
    pub metrics: Arc<Metrics>,
    /// How often tenants are reconciled.
    pub timings: ReconcileTimings,
}

/// How often due tasks are looked for.
const TICK: Duration = Duration::from_millis(50);
/// Events that may wait; beyond that, watches wait.
const WAITING: usize = 1_024;
/// Events that are handled before anything else is done.
const AT_A_TIME: usize = 256;
/// Tasks under way at once.
const AT_ONCE: usize = 8;
/// How long a reconciliation may take, including writes that conflict; and any other request.
const RECONCILIATION: Duration = Duration::from_secs(10);
const REQUEST: Duration = Duration::from_secs(10);

/// Reconciles ledgers whenever this replica leads, until the sender of `leader` is gone.
pub async fn run<S: Store, A: AdmittedStore>(controller: Controller<S, A>) {
    while_leading(controller.leader.clone(), || lead(&controller)).await;
}

/// The result of a task.
enum Done {
    Reconciled(Result<Reconciliation, ReconcileError>, Vec<String>),
    StatusWritten(bool),
    LedgerDeleted,
    Recorded(Option<RecordOutcome>),
}

/// Leads, until it is dropped.
async fn lead<S: Store, A: AdmittedStore>(controller: &Controller<S, A>) {
    let term = Arc::new(
        Term::begin(&controller.client, &controller.namespace, &controller.identity).await,
    );
    let mut watches = JoinSet::new();
    let mut events = follow_all(controller, &mut watches).await;
    let mut reconciler = Reconciler::new(
        term.version,
        controller.gate.load_full(),
        controller.timings,
        Instant::now(),
    );
    let mut tasks: JoinSet<Done> = JoinSet::new();
    let mut running: HashMap<Id, (String, TaskKind)> = HashMap::new();
    let mut tick = tokio::time::interval(TICK);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            first = events.recv() => {
                let Some((kind, event)) = first else { return };
                handle(&mut reconciler, kind, event, &mut events);
            }
            Some(done) = tasks.join_next_with_id(), if !tasks.is_empty() => {
                let id = done.as_ref().map_or_else(tokio::task::JoinError::id, |(id, _)| *id);
                if let Some((tenant, kind)) = running.remove(&id) {
                    let done = done.ok().map(|(_, done)| done);
                    finish(&controller.metrics, &mut reconciler, &tenant, kind, done);
                }
            }
            _ = tick.tick() => {
                let gate = controller.gate.load_full();
                if !Arc::ptr_eq(&gate, reconciler.gate()) {
                    reconciler.set_gate(gate, Instant::now());
                }
                for task in reconciler.due(Instant::now(), AT_ONCE.saturating_sub(tasks.len())) {
                    let of = (task.tenant().to_owned(), task.kind());
                    let ledgers = Arc::clone(&controller.ledgers);
                    let handle = tasks.spawn(work(
                        controller.client.clone(),
                        Arc::clone(&term),
                        ledgers,
                        task,
                    ));
                    running.insert(handle.id(), of);
                }
                for task in reconciler.due_records(Instant::now(), AT_ONCE.saturating_sub(tasks.len())) {
                    let of = (task.tenant.clone(), TaskKind::Record);
                    let (client, admitted) =
                        (controller.client.clone(), Arc::clone(&controller.admitted));
                    let gate = Arc::clone(reconciler.gate());
                    let handle = tasks.spawn(async move {
                        Done::Recorded(admitted::work(&client, &gate, &admitted, task).await)
                    });
                    running.insert(handle.id(), of);
                }
            }
        }
    }
}

type KindEvent = (&'static Kind, Event);

/// Follows every kind that decides what is used, from lists that start now.
async fn follow_all<S, A>(
    controller: &Controller<S, A>,
    watches: &mut JoinSet<()>,
) -> mpsc::Receiver<KindEvent> {
    let (sender, receiver) = mpsc::channel(WAITING);
    for kind in kinds::watched() {
        let (events, message) = (sender.clone(), move |event| (kind, event));
        match kind.watched {
            Some(Watched::Namespaces) => {
                controller.watches.namespaces.subscribe(events, message).await
            }
            Some(Watched::Tenants) => controller.watches.tenants.subscribe(events, message).await,
            _ => drop(watches.spawn(follow(
                controller.client.clone(),
                Target::kind(kind),
                WatchTimings::default(),
                events,
                message,
            ))),
        }
    }
    receiver
}

fn handle(
    reconciler: &mut Reconciler,
    kind: &'static Kind,
    event: Event,
    events: &mut mpsc::Receiver<KindEvent>,
) {
    let now = Instant::now();
    reconciler.handle(kind, event, now);
    for _ in 0..AT_A_TIME {
        let Ok((kind, event)) = events.try_recv() else { return };
        reconciler.handle(kind, event, now);
    }
}

async fn work<S: Store>(
    client: Client,
    term: Arc<Term>,
    ledgers: Arc<Ledgers<S>>,
    task: Task,
) -> Done {
    match task {
        Task::Reconcile { tenant, view, unconfirmed, orphans, history, known } => {
            let vanished = match history {
                Some(history) => history::vanished(&client, history).await,
                None => Vec::new(),
            };
            let has_unconfirmed = !unconfirmed.is_empty() || !orphans.is_empty();
            let mut confirmed = existence::confirm(&client, view.finished_below, unconfirmed).await;
            let objects: HashMap<String, ObjectRef> =
                orphans.iter().map(|one| (one.open.uid.clone(), one.open.object.clone())).collect();
            let mut orphans = existence::confirm(&client, u64::MAX, orphans).await.absent;
            // An object that did not exist while this replica still led is in no list of a later
            // leader. One that did not exist afterwards may have been in such a list, and that
            // leader would count what is released here.
            if has_unconfirmed && !term.continues().await {
                confirmed = Confirmation::default();
                orphans.clear();
            }
            let Confirmation { over, absent } = confirmed;
            let mut view = View { finished_below: over, ..view };
            view.objects.retain(|living| !absent.contains(&living.uid));
            // They are not remembered: one that is stored even later counts.
            let deleted = orphans
                .into_iter()
                .filter_map(|uid| Some(LiveObject::deleted(objects.get(&uid)?.clone(), uid)));
            view.objects.splice(0..0, deleted.chain(vanished));
            let deadline = Instant::now() + RECONCILIATION;
            let outcome = ledgers.reconcile(&tenant, Arc::new(view), known, deadline).await;
            Done::Reconciled(outcome, absent)
        }
        Task::WriteStatus { tenant, status } => {
            let written = tokio::time::timeout(
                REQUEST,
                apply::status::<FlinkTenant>(&client, PART, &tenant, &status),
            )
            .await;
            let error: &dyn std::error::Error = match &written {
                Ok(Ok(())) => return Done::StatusWritten(true),
                // Deleted in the meantime, and the watch will report it.
                Ok(Err(kube::Error::Api(status))) if status.code == 404 => {
                    return Done::StatusWritten(true);
                }
                Ok(Err(error)) => error,
                Err(late) => late,
            };
            tracing::warn!(tenant, error, "quota usage not written to the status, retrying");
            Done::StatusWritten(false)
        }
        Task::DeleteLedger { tenant, uid, version } => {
            delete_ledger(&client, &tenant, uid, version).await;
            Done::LedgerDeleted
        }
    }
}

async fn delete_ledger(client: &Client, tenant: &str, uid: String, version: String) {
    let api = Api::<DynamicObject>::all_with(
        client.clone(),
        &ApiResource::erase::<FlinkTenantLedger>(&()),
    );
    let preconditions = Some(Preconditions { resource_version: Some(version), uid: Some(uid) });
    let parameters = DeleteParams { preconditions, ..DeleteParams::default() };
    match tokio::time::timeout(REQUEST, api.delete(tenant, &parameters)).await {
        Ok(Ok(_)) => tracing::info!(tenant, "deleted the ledger of a tenant without limits"),
        Ok(Err(kube::Error::Api(status))) if status.code == 404 => {}
        Ok(Err(error)) => tracing::warn!(tenant, %error, "unneeded ledger not deleted, retrying"),
        Err(late) => tracing::warn!(tenant, %late, "unneeded ledger not deleted, retrying"),
    }
}

/// `done` is `None` where a task panicked.
fn finish(
    metrics: &Metrics,
    reconciler: &mut Reconciler,
    tenant: &str,
    kind: TaskKind,
    done: Option<Done>,
) {
    let now = Instant::now();
    match (kind, done) {
        (_, Some(Done::Reconciled(outcome, absent))) => {
            reconciler.add_tombstones(absent);
            let counted = &metrics.reconciliations;
            counted.total.inc();
            match &outcome {
                Ok(settled) => drop(
                    counted.released.inc_by(u64::try_from(settled.released).unwrap_or(u64::MAX)),
                ),
                Err(ReconcileError::Stale(_)) => drop(counted.stale.inc()),
                Err(ReconcileError::Busy(_)) => {}
            }
            reconciler.reconciled(tenant, outcome, now);
        }
        (_, Some(Done::StatusWritten(true))) => reconciler.status_written(tenant, true, now),
        (_, Some(Done::StatusWritten(false))) | (TaskKind::WriteStatus, None) => {
            metrics.status_not_written("FlinkTenant");
            reconciler.status_written(tenant, false, now);
        }
        (TaskKind::Reconcile, None) => reconciler.failed(tenant, now),
        (_, Some(Done::Recorded(outcome))) => reconciler.recorded(tenant, outcome, now),
        (TaskKind::Record, None) => reconciler.recorded(tenant, None, now),
        (_, Some(Done::LedgerDeleted)) | (TaskKind::DeleteLedger, None) => {}
    }
}

#[cfg(test)]
mod tests;
