//! The leader: it watches each kind independently, with any delay, and knows which requests have
//! finished. Before it releases a reservation whose object its watch does not show, it looks that
//! object up. Its views have the Lease's version.

use super::scenario::{Fault, Scenario};
use super::state::{KINDS, Leader, State};
use flinkgate::cluster::controllers::quota::existence::{self, Existence, Unconfirmed};
use flinkgate::quota::Usage;
use flinkgate::quota::ledger::{Ledger, LiveObject, View};

impl Scenario {
    /// The objects of a tenant that a leader's watches show.
    fn visible_objects(&self, state: &State, leader: &Leader, tenant: usize) -> Vec<LiveObject> {
        let all = (0..KINDS.len()).flat_map(|kind| state.at(kind, leader.positions[kind]));
        let own = |object: &&LiveObject| {
            state.tenant_of(object, leader.config.owners) == tenant
                && !leader.deleted.contains(&object.uid)
        };
        let visible: Vec<LiveObject> = all.filter(own).cloned().collect();
        let runs = |cluster: &LiveObject| {
            visible
                .iter()
                .any(|live| live.object.kind == "Pod" && live.owners.contains(&cluster.uid))
        };
        let counted = |live: &LiveObject| {
            let rests = live.resting && !runs(live);
            let is_free = live.leaving && self.fault == Some(Fault::LeavingPodsAreFree);
            let usage = if rests || is_free { Usage::default() } else { live.usage.clone() };
            if rests {
                self.record("a cluster that rests counts nothing");
            }
            LiveObject { usage, ..live.clone() }
        };
        visible.iter().map(counted).collect()
    }

    pub fn view(&self, state: &State, leader: &Leader, tenant: usize) -> View {
        let position = |kind: usize| {
            if self.fault == Some(Fault::StaleView) { u64::MAX } else { leader.positions[kind] }
        };
        let kinds =
            KINDS.iter().enumerate().map(|(index, kind)| ((*kind).to_owned(), position(index)));
        let lease =
            (self.fault != Some(Fault::NoFencing)).then(|| ("Lease".to_owned(), leader.lease));
        let moves = (self.moves() && self.fault != Some(Fault::NoOwnershipPosition))
            .then(|| ("Namespace".to_owned(), leader.config.owners as u64));
        let positions = kinds.chain(lease).chain(moves).collect();
        View {
            objects: self.visible_objects(state, leader, tenant),
            positions,
            finished_below: leader.finished_below[tenant],
        }
    }

    pub fn reconciled(&self, state: &State, leader: &Leader, tenant: usize) -> Option<Ledger> {
        let mut ledger = state.stores[tenant].1.clone();
        if self.fault == Some(Fault::ForgetsReplacements) {
            ledger = without_replacements(&ledger);
        }
        match ledger.reconcile(&self.view(state, leader, tenant), &self.known(state, leader.config))
        {
            Ok(result) => result.changed.then_some(ledger),
            Err(_) => {
                if leader.lease < state.lease {
                    self.record("a former leader's view is refused");
                }
                None
            }
        }
    }

    /// The stamp below which requests have finished with a known outcome, and the UIDs of deleted
    /// objects; `None` if no reservation waits for that.
    pub fn confirmed(
        &self,
        state: &State,
        leader: &Leader,
        tenant: usize,
    ) -> Option<(u64, Vec<String>)> {
        let mut ledger = state.stores[tenant].1.clone();
        // It checks that it still leads after the lookups: a later leader lists objects later.
        let leads = leader.lease == state.lease || self.fault == Some(Fault::FormerLeaderReleases);
        if ledger.reservations() == 0 || !leads || !self.knows_all_moves(state, leader) {
            return None;
        }
        let view = self.view(state, leader, tenant);
        let open = ledger.reconcile(&view, &self.known(state, leader.config)).ok()?.open;
        let mut finished = if self.fault == Some(Fault::TimeToLive) {
            u64::MAX
        } else {
            state.finished_below(tenant)
        };
        let mut deleted = Vec::new();
        for open in open.iter().filter(|open| open.stamp < finished).cloned().collect::<Vec<_>>() {
            // The watches may show the object for another tenant.
            let kinds = (0..KINDS.len()).flat_map(|kind| state.at(kind, leader.positions[kind]));
            let seen = kinds
                .into_iter()
                .find(|object| object.uid == open.uid)
                .map(|object| object.version);
            let stamp = open.stamp;
            let unconfirmed = Unconfirmed { open, seen, resource: None };
            let found = look_up(state, &unconfirmed);
            if !self.may_release(state, &unconfirmed, &found) {
                self.record("an existence check keeps a reservation");
                finished = finished.min(stamp);
            }
            if existence::is_absent(&unconfirmed, &found) {
                deleted.push(unconfirmed.open.uid);
            }
        }
        open.iter().any(|open| open.stamp < finished).then_some((finished, deleted))
    }

    /// Decides by a lookup of the object. If it is live at another version, the watch will show it
    /// later.
    fn may_release(&self, state: &State, unconfirmed: &Unconfirmed, found: &Existence) -> bool {
        let object = state.live_object(&unconfirmed.open.object.name);
        let version =
            object.filter(|object| object.uid == unconfirmed.open.uid).map(|object| object.version);
        match self.fault {
            Some(Fault::NoExistenceCheck) => true,
            Some(Fault::ComparesBaseOnly) => {
                version.is_none_or(|version| version == unconfirmed.open.base)
            }
            _ => existence::may_release(unconfirmed, found),
        }
    }

    /// Whether a leader has seen all moves that a replica has seen. In reality it does so before
    /// requests finish.
    fn knows_all_moves(&self, state: &State, leader: &Leader) -> bool {
        let latest =
            state.replicas.iter().map(|replica| replica.config.owners).max().unwrap_or_default();
        self.fault == Some(Fault::LeaderMissesMoves) || leader.config.owners >= latest
    }
}

/// The API server's present answer about an object.
fn look_up(state: &State, unconfirmed: &Unconfirmed) -> Existence {
    let found = |object: &LiveObject| Existence::Present {
        uid: object.uid.clone(),
        version: Some(object.version),
    };
    state.live_object(&unconfirmed.open.object.name).map_or(Existence::Absent, found)
}

/// A ledger in which no place is taken.
fn without_replacements(ledger: &Ledger) -> Ledger {
    let mut stored = ledger.stored();
    for line in &mut stored.slots {
        let words = line.split(' ').filter(|word| !word.starts_with("excused="));
        let kept: Vec<&str> = words
            .map(|word| if word.starts_with("leaving=") { "leaving=" } else { word })
            .collect();
        *line = kept.join(" ");
    }
    Ledger::read(&stored).unwrap()
}
