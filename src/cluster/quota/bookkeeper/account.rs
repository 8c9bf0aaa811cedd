//! One tenant, as the leader follows it.

use super::Timings;
use crate::cluster::quota::standing::Standing;
use crate::quota::ledger::{KnownLimits, LiveObject, OpenReservation, Reconciliation, StampTimes};
use crate::tenant::Tenant;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

/// Objects that went and are remembered until a settling has been told; of more, what was promised
/// to them is given back after the horizon.
const GONE: usize = 4_096;

/// What is known of a tenant, and what is under way.
#[derive(Debug)]
pub(super) struct Account {
    pub(super) tenant: Arc<Tenant>,
    pub(super) limits: Option<Arc<KnownLimits>>,
    /// Its namespaces in which there is anything.
    pub(super) namespaces: BTreeSet<String>,
    pub(super) sightings: StampTimes,
    /// The stamp that its ledger gave next when it was last settled.
    next: u64,
    /// What was on its way when its ledger was last settled.
    pub(super) open: Vec<OpenReservation>,
    /// What has gone since, and how many of these the settling under way was told. What lives for a
    /// moment only may have been promised something and never be seen by a settling.
    gone: Vec<LiveObject>,
    handed_over: usize,
    /// When something first and last changed since it was looked at.
    pub(super) changed: Option<(Instant, Instant)>,
    pub(super) not_before: Option<Instant>,
    looked: Option<Instant>,
    /// Whether it is being settled.
    pub(super) busy: bool,
    pub(super) standing: Option<Standing>,
    /// Whether its status says how it stands, as far as is known.
    pub(super) told: bool,
    pub(super) last_told: Option<Instant>,
    /// Whether its status is being written.
    pub(super) telling: bool,
}

impl Account {
    /// A tenant that has not been looked at: it is to be, at once.
    pub(super) fn new(tenant: Arc<Tenant>, limits: Option<Arc<KnownLimits>>, now: Instant) -> Self {
        Self {
            tenant,
            limits,
            namespaces: BTreeSet::new(),
            sightings: StampTimes::default(),
            next: 0,
            open: Vec::new(),
            gone: Vec::new(),
            handed_over: 0,
            changed: Some((now, now)),
            not_before: None,
            looked: None,
            busy: false,
            standing: None,
            told: false,
            last_told: None,
            telling: false,
        }
    }

    /// Something of it has changed.
    pub(super) fn touch(&mut self, now: Instant) {
        self.changed = Some(self.changed.map_or((now, now), |(first, _)| (first, now)));
    }

    /// Something of it has gone.
    pub(super) fn goes(&mut self, gone: Option<LiveObject>) {
        if self.limits.is_some() && self.gone.len() < GONE {
            self.gone.extend(gone);
        }
    }

    /// What has gone, for a settling.
    pub(super) fn hand_over(&mut self) -> Vec<LiveObject> {
        if self.limits.is_none() {
            self.gone.clear();
        }
        self.handed_over = self.gone.len();
        self.gone.clone()
    }

    /// Whether anything of it is on its way.
    pub(super) fn waits(&self) -> bool {
        !self.open.is_empty() && self.limits.is_some()
    }

    /// Since when it is to be looked at; `None` where it is not.
    pub(super) fn due(&self, now: Instant, timings: &Timings) -> Option<Instant> {
        if self.busy || self.not_before.is_some_and(|at| now < at) {
            return None;
        }
        let passed = |since: Instant| now.saturating_duration_since(since);
        // What was never looked at waits for nothing: its tenant may be waiting for its first
        // count.
        let gathered = |(first, last): (Instant, Instant)| {
            let calm = passed(last) >= timings.pause || passed(first) >= timings.longest;
            (calm || self.looked.is_none()).then_some(first)
        };
        let again = self.looked.filter(|looked| self.waits() && passed(*looked) >= timings.again);
        self.changed.and_then(gathered).or(again)
    }

    /// Its ledger was settled.
    pub(super) fn settled(&mut self, settled: Reconciliation, now: Instant) {
        // Stamps of a ledger that was deleted say nothing of the one that was begun since.
        if settled.first || settled.next < self.next {
            self.sightings = StampTimes::default();
        }
        self.next = settled.next;
        self.sightings.record(now, settled.next);
        self.stand(Standing::from(&settled), now);
        self.open = settled.open;
        self.gone.drain(..self.handed_over.min(self.gone.len()));
        self.handed_over = 0;
        (self.not_before, self.busy) = (None, false);
    }

    /// It was found to use this.
    pub(super) fn stand(&mut self, standing: Standing, now: Instant) {
        (self.standing, self.looked) = (Some(standing), Some(now));
        self.told = false;
    }

    /// Whether its status is to be looked at.
    pub(super) fn is_to_tell(&self, now: Instant, timings: &Timings) -> bool {
        let lately =
            self.last_told.is_some_and(|last| now.saturating_duration_since(last) < timings.status);
        self.standing.is_some() && !self.told && !self.telling && !lately
    }
}
