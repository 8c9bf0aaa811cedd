//! What the leader knows of tenants and their objects, and which tasks follow from it.
//!
//! It receives the events of watches and the results of its tasks, and does nothing itself, so that
//! all of it can be tested without a cluster. Time is an argument for the same reason.

mod event_handler;
mod namespace_owners;
pub mod task;
mod tenant_state;
mod timings;
mod tombstones;
mod work_queue;

use super::kinds;
use super::object_cache::ObjectCache;
use crate::cluster::watch::Cache;
use crate::cluster::watch::records::Record;
use crate::flink::container_defaults::ContainerDefaults;
use crate::pipeline::Gate;
use crate::quota::commit::ReconcileError;
use crate::quota::ledger::{OpenReservation, Reconciliation};
use crate::resource::compact::CompactJson;
use kube::api::ApiResource;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tenant_state::TenantState;
pub use timings::ReconcileTimings;
use tombstones::Tombstones;

/// Everything the leader knows.
#[derive(Debug)]
pub struct Reconciler {
    timings: ReconcileTimings,
    /// The Lease's version when this replica became the leader.
    lease_version: u64,
    gate: Arc<Gate>,
    objects: ObjectCache,
    /// By kind.
    watches: BTreeMap<&'static str, WatchState>,
    tenants: BTreeMap<String, TenantState>,
    /// The tenants that own namespaces.
    namespace_owners: HashMap<String, Option<String>>,
    /// The labels of Namespaces.
    namespaces: Cache<BTreeMap<String, String>>,
    /// What single LimitRanges give to containers.
    limit_ranges: Cache<ContainerDefaults>,
    /// Namespaces whose objects are to be counted again for them, and when they were counted.
    changed_ranges: BTreeSet<String>,
    recounted: HashMap<String, Instant>,
    flink_tenants: Cache<Record>,
    /// FlinkTenants that the gate knows otherwise.
    differing: BTreeSet<String>,
    ledgers: Cache<StoredLedger>,
    /// Since when ledgers are no longer needed, by tenant.
    unneeded_since: HashMap<String, Instant>,
    checked_ledgers: Option<Instant>,
    tombstones: Tombstones,
}

/// How far a kind is known.
#[derive(Debug, Default)]
struct WatchState {
    resource: Option<ApiResource>,
    /// Whether the cluster does not serve it.
    unserved: bool,
    listed: bool,
    broken: bool,
    position: u64,
}

impl WatchState {
    fn is_known(&self) -> bool {
        self.unserved || (self.listed && !self.broken)
    }
}

/// A stored ledger.
#[derive(Debug, PartialEq)]
struct StoredLedger {
    uid: String,
    version: String,
}

impl Reconciler {
    /// Knows the tenants of a gate, and no objects.
    pub fn new(
        lease_version: u64,
        gate: Arc<Gate>,
        timings: ReconcileTimings,
        now: Instant,
    ) -> Self {
        let mut new = Self {
            timings,
            lease_version,
            gate: Arc::clone(&gate),
            objects: ObjectCache::default(),
            watches: kinds::watched().map(|kind| (kind.kind, WatchState::default())).collect(),
            tenants: BTreeMap::new(),
            namespace_owners: HashMap::new(),
            namespaces: Cache::default(),
            limit_ranges: Cache::default(),
            changed_ranges: BTreeSet::new(),
            recounted: HashMap::new(),
            flink_tenants: Cache::default(),
            differing: BTreeSet::new(),
            ledgers: Cache::default(),
            unneeded_since: HashMap::new(),
            checked_ledgers: None,
            tombstones: Tombstones::default(),
        };
        new.set_gate(gate, now);
        new.compare_all();
        new
    }

    /// The gate it works with.
    pub fn gate(&self) -> &Arc<Gate> {
        &self.gate
    }

    /// Whether all objects and their owners are known: until then nothing is reconciled.
    pub fn is_ready(&self) -> bool {
        self.differing.is_empty() && self.watches.values().all(WatchState::is_known)
    }

    /// Objects with these UIDs did not exist after their requests had ended.
    pub fn add_tombstones(&mut self, uids: impl IntoIterator<Item = String>) {
        uids.into_iter().for_each(|uid| self.tombstones.add(uid));
    }

    /// A reconciliation has ended.
    pub fn reconciled(
        &mut self,
        tenant: &str,
        outcome: Result<Reconciliation, ReconcileError>,
        now: Instant,
    ) {
        match outcome {
            Ok(settled) => {
                if let Some(state) = self.tenants.get_mut(tenant) {
                    let is_first = state.reconciled(settled, now);
                    // A new leader learns of reservations after it has made its view. What has become
                    // of the object counts at once, if it is known or the API server can say it.
                    let is_known = |open: &OpenReservation| {
                        let seen = self.objects.version(&open.object, &open.uid);
                        seen.is_some_and(|seen| open.has_known_outcome(Some(seen), None))
                    };
                    let asks = state.history.is_some() && !state.open.is_empty();
                    if is_first && (asks || state.open.iter().any(is_known)) {
                        state.mark_changed(now);
                    }
                }
            }
            Err(error) => {
                tracing::warn!(tenant, %error, "quota ledger not reconciled, retrying");
                let is_stale = matches!(error, ReconcileError::Stale(_));
                let pause = if is_stale { self.timings.longest } else { self.timings.failed };
                self.postpone(tenant, now, pause);
            }
        }
    }

    /// A reconciliation panicked.
    pub fn failed(&mut self, tenant: &str, now: Instant) {
        tracing::error!(tenant, "internal error while reconciling a quota ledger, retrying");
        self.postpone(tenant, now, self.timings.failed);
    }

    fn postpone(&mut self, tenant: &str, now: Instant, pause: Duration) {
        if let Some(state) = self.tenants.get_mut(tenant) {
            state.reconciling = false;
            state.mark_changed(now);
            state.not_before = Some(now + pause);
        }
    }

    /// The tenants, each with the status of its FlinkTenant.
    pub(super) fn tenants_with_status(
        &mut self,
    ) -> impl Iterator<Item = (&mut TenantState, &CompactJson)> {
        let stored = self.flink_tenants.known();
        let tenants = self.tenants.iter_mut();
        tenants.filter_map(|(name, state)| Some((state, &stored.get(name)?.status)))
    }

    /// What is known of a tenant.
    pub(super) fn tenant_state(&mut self, tenant: &str) -> Option<&mut TenantState> {
        self.tenants.get_mut(tenant)
    }

    /// A status was written, or could not be.
    pub fn status_written(&mut self, tenant: &str, written: bool, now: Instant) {
        if let Some(state) = self.tenants.get_mut(tenant) {
            (state.writing_status, state.status_written_at) = (false, Some(now));
            // The watch reports what was written; until then it is not written again.
            state.status_written = written;
        }
    }
}

#[cfg(test)]
mod tests;
