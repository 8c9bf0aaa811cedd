//! What the leader knows of one tenant.

use super::ReconcileTimings;
use crate::cluster::controllers::quota::admitted::AdmittedState;
use crate::cluster::controllers::quota::history::PodHistory;
use crate::cluster::controllers::quota::status::QuotaStatus;
use crate::quota::ledger::{
    KnownLimits, LiveObject, ObjectRef, OpenReservation, Reconciliation, StampTimes,
};
use crate::tenant::Tenant;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Instant;

/// Deleted objects that are remembered until a reconciliation has seen them; what is reserved for
/// more of them is released after the horizon.
const DELETED: usize = 4_096;

/// What is known of a tenant, and what is under way for it.
#[derive(Debug)]
pub(in crate::cluster::controllers::quota) struct TenantState {
    pub(in crate::cluster::controllers::quota) tenant: Arc<Tenant>,
    pub(super) limits: Option<Arc<KnownLimits>>,
    /// Its namespaces that have objects.
    pub(super) namespaces: BTreeSet<String>,
    pub(super) sightings: StampTimes,
    /// The next stamp of its ledger at the last reconciliation.
    next_stamp: u64,
    /// The open reservations of its ledger at the last reconciliation.
    pub(super) open: Vec<OpenReservation>,
    /// What open reservations of pods drew on at any reconciliation, by UID.
    owners: HashMap<String, ObjectRef>,
    /// Objects deleted since then, and how many of them the reconciliation under way received. An
    /// object that exists for a moment only may have a reservation and never be in a view.
    deleted: Vec<LiveObject>,
    handed_over: usize,
    /// When something first and last changed since the last reconciliation.
    pub(super) changed: Option<(Instant, Instant)>,
    pub(super) not_before: Option<Instant>,
    reconciled_at: Option<Instant>,
    /// Whether its ledger is being reconciled.
    pub(super) reconciling: bool,
    pub(super) status: Option<QuotaStatus>,
    /// Whether its stored status is that one, as far as is known.
    pub(super) status_written: bool,
    pub(super) status_written_at: Option<Instant>,
    /// Whether its status is being written.
    pub(super) writing_status: bool,
    /// Whether it is known what became of reservations before this replica led.
    has_history: bool,
    /// The version of pods from which on that is asked, once.
    pub(super) history: Option<u64>,
    /// The record of what its clusters were admitted with.
    pub(in crate::cluster::controllers::quota) admitted: AdmittedState,
}

impl TenantState {
    /// A tenant that has not been reconciled and is to be, at once.
    pub(super) fn new(tenant: Arc<Tenant>, limits: Option<Arc<KnownLimits>>, now: Instant) -> Self {
        Self {
            tenant,
            limits,
            namespaces: BTreeSet::new(),
            sightings: StampTimes::default(),
            next_stamp: 0,
            open: Vec::new(),
            owners: HashMap::new(),
            deleted: Vec::new(),
            handed_over: 0,
            changed: Some((now, now)),
            not_before: None,
            reconciled_at: None,
            reconciling: false,
            status: None,
            status_written: false,
            status_written_at: None,
            writing_status: false,
            has_history: false,
            history: None,
            admitted: AdmittedState::default(),
        }
    }

    /// One of its objects has changed.
    pub(in crate::cluster::controllers::quota) fn mark_changed(&mut self, now: Instant) {
        self.changed = Some(self.changed.map_or((now, now), |(first, _)| (first, now)));
    }

    /// One of its objects was deleted.
    pub(super) fn add_deleted(&mut self, deleted: Option<LiveObject>) {
        if self.limits.is_some() && self.deleted.len() < DELETED {
            self.deleted.extend(deleted);
        }
    }

    /// The deleted objects, for a reconciliation.
    pub(super) fn hand_over_deleted(&mut self) -> Vec<LiveObject> {
        if self.limits.is_none() {
            self.deleted.clear();
        }
        self.handed_over = self.deleted.len();
        self.deleted.clone()
    }

    /// Whether there are reservations whose objects have not been seen.
    pub(super) fn has_open_reservations(&self) -> bool {
        !self.open.is_empty() && self.limits.is_some()
    }

    /// Remembers what created pods draw on, also after that is gone.
    fn remember_owners(&mut self) {
        let mut before = std::mem::take(&mut self.owners);
        let created = self.open.iter().filter(|open| open.base == 0 && open.object.kind == "Pod");
        self.owners = created
            .filter_map(|open| {
                let owner = open.owner.clone().or_else(|| before.remove(&open.uid))?;
                Some((open.uid.clone(), owner))
            })
            .collect();
    }

    /// Pods with open reservations that are unknown, and the version from which on to ask for them. They
    /// may have been created and deleted before this replica led. It is asked once.
    pub(super) fn take_history(
        &mut self,
        is_known: impl Fn(&OpenReservation) -> bool,
    ) -> Option<PodHistory> {
        let since = self.history.take()?;
        let open = self.open.iter().filter(|open| open.base == 0 && open.object.kind == "Pod");
        let pods: Vec<OpenReservation> = open.filter(|open| !is_known(open)).cloned().collect();
        (!pods.is_empty()).then_some(PodHistory { since, pods })
    }

    /// The namespaces of pods that asked for open reservations.
    pub(super) fn asking(&self) -> BTreeSet<&str> {
        let asked = self.open.iter().filter(|open| !open.asked_by.is_empty());
        asked.map(|open| open.object.namespace.as_str()).collect()
    }

    /// The open reservations of pods whose cluster or whose JobManager does not exist any more, and
    /// whose requests have ended.
    pub(super) fn orphans(
        &self,
        now: Instant,
        exists: impl Fn(&ObjectRef) -> bool,
        runs: impl Fn(&OpenReservation) -> bool,
    ) -> Vec<OpenReservation> {
        let below = self.sightings.orphans_below(now);
        let orphaned = self.open.iter().filter(|open| {
            let is_created_pod = open.base == 0 && open.object.kind == "Pod";
            let is_left = self.owners.get(&open.uid).is_some_and(|owner| !exists(owner));
            open.stamp < below
                && (is_left || (is_created_pod && !open.asked_by.is_empty() && !runs(open)))
        });
        orphaned.cloned().collect()
    }

    /// Since when it is due for reconciliation; `None` where it is not.
    pub(super) fn due_since(&self, now: Instant, timings: &ReconcileTimings) -> Option<Instant> {
        if self.reconciling || self.not_before.is_some_and(|at| now < at) {
            return None;
        }
        let passed = |since: Instant| now.saturating_duration_since(since);
        // The first reconciliation does not wait: the tenant may wait for its first count.
        let gathered = |(first, last): (Instant, Instant)| {
            let calm = passed(last) >= timings.pause || passed(first) >= timings.longest;
            (calm || self.reconciled_at.is_none()).then_some(first)
        };
        // What a cluster or a JobManager that is gone left behind is released earlier.
        let asked = self.open.iter().any(|open| !open.asked_by.is_empty());
        let often =
            if self.owners.is_empty() && !asked { timings.again } else { timings.again / 3 };
        let again =
            self.reconciled_at.filter(|at| self.has_open_reservations() && passed(*at) >= often);
        self.changed.and_then(gathered).or(again)
    }

    /// Its ledger was reconciled; whether for the first time by this leader.
    pub(super) fn reconciled(&mut self, settled: Reconciliation, now: Instant) -> bool {
        let is_first = !std::mem::replace(&mut self.has_history, true);
        if is_first {
            self.history = settled.counted_before.get("Pod").copied();
        }
        // Stamps of a ledger that was deleted mean nothing in the one that replaced it.
        if settled.first || settled.next < self.next_stamp {
            self.sightings = StampTimes::default();
        }
        self.next_stamp = settled.next;
        self.sightings.record(now, settled.next);
        self.set_status(QuotaStatus::from(&settled), now);
        self.open = settled.open;
        self.remember_owners();
        self.deleted.drain(..self.handed_over.min(self.deleted.len()));
        self.handed_over = 0;
        (self.not_before, self.reconciling) = (None, false);
        is_first
    }

    /// Its use was computed.
    pub(super) fn set_status(&mut self, status: QuotaStatus, now: Instant) {
        (self.status, self.reconciled_at) = (Some(status), Some(now));
        self.status_written = false;
    }

    /// Whether its status is to be compared with the stored one.
    pub(super) fn is_status_due(&self, now: Instant, timings: &ReconcileTimings) -> bool {
        let lately = self
            .status_written_at
            .is_some_and(|last| now.saturating_duration_since(last) < timings.status);
        self.status.is_some() && !self.status_written && !self.writing_status && !lately
    }
}
