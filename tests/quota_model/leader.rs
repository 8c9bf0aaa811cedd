//! What a leader does: it watches every kind for itself, each as late as it likes; it knows which
//! requests are over; before it gives back what an object was promised that its watch does not
//! show, it looks at that object; and its views say which leader's they are.

use super::scenario::{Fault, Scenario};
use super::state::{KINDS, Leader, State};
use flinkgate::cluster::controllers::quota::existence::{self, Existence, Unconfirmed};
use flinkgate::quota::ledger::{Ledger, Living, View};

impl Scenario {
    /// What a leader's watches show of a tenant.
    fn census(&self, state: &State, leader: &Leader, tenant: usize) -> Vec<Living> {
        let all = (0..KINDS.len()).flat_map(|kind| state.at(kind, leader.positions[kind]));
        let own = |living: &&Living| {
            state.tenant_of(living, leader.heard.owners) == tenant
                && !leader.gone.contains(&living.uid)
        };
        all.filter(own).cloned().collect()
    }

    pub fn view(&self, state: &State, leader: &Leader, tenant: usize) -> View {
        let position = |kind: usize| {
            if self.fault == Some(Fault::StaleView) { u64::MAX } else { leader.positions[kind] }
        };
        let kinds =
            KINDS.iter().enumerate().map(|(index, kind)| ((*kind).to_owned(), position(index)));
        let lease =
            (self.fault != Some(Fault::NoFencing)).then(|| ("Lease".to_owned(), leader.lease));
        let moves = (self.moves() && self.fault != Some(Fault::NoNamespaces))
            .then(|| ("Namespace".to_owned(), leader.heard.owners as u64));
        let positions = kinds.chain(lease).chain(moves).collect();
        View { objects: self.census(state, leader, tenant), positions, over: leader.overs[tenant] }
    }

    pub fn settled(&self, state: &State, leader: &Leader, tenant: usize) -> Option<Ledger> {
        let mut ledger = state.stores[tenant].1.clone();
        match ledger.settle(&self.view(state, leader, tenant), &self.known(state, leader.heard)) {
            Ok(settled) => settled.changed.then_some(ledger),
            Err(_) => {
                if leader.lease < state.lease {
                    self.happens("a former leader's view is refused");
                }
                None
            }
        }
    }

    /// The stamp below which requests are over and what became of them is sure, if a reservation
    /// waits for that.
    pub fn confirmed(
        &self,
        state: &State,
        leader: &Leader,
        tenant: usize,
    ) -> Option<(u64, Vec<String>)> {
        let mut ledger = state.stores[tenant].1.clone();
        // After it has asked it makes sure that it still leads: whoever leads later lists later.
        let leads = leader.lease == state.lease || self.fault == Some(Fault::FormerLeaderReleases);
        if ledger.reservations() == 0 || !leads || !self.has_heard(state, leader) {
            return None;
        }
        let view = self.view(state, leader, tenant);
        let open = ledger.settle(&view, &self.known(state, leader.heard)).ok()?.open;
        let mut over = if self.fault == Some(Fault::TimeToLive) {
            u64::MAX
        } else {
            state.stamps_over(tenant)
        };
        let mut gone = Vec::new();
        for open in open.iter().filter(|open| open.stamp < over).cloned().collect::<Vec<_>>() {
            // An object may be shown, and be another tenant's by now.
            let kinds = (0..KINDS.len()).flat_map(|kind| state.at(kind, leader.positions[kind]));
            let seen = kinds
                .into_iter()
                .find(|living| living.uid == open.uid)
                .map(|living| living.version);
            let stamp = open.stamp;
            let unconfirmed = Unconfirmed { open, seen, resource: None };
            let found = find(state, &unconfirmed);
            if !self.may_release(state, &unconfirmed, &found) {
                self.happens("a look at an object keeps its reservation");
                over = over.min(stamp);
            }
            if existence::is_absent(&unconfirmed, &found) {
                gone.push(unconfirmed.open.uid);
            }
        }
        open.iter().any(|open| open.stamp < over).then_some((over, gone))
    }

    /// Looks at the object itself: the watch will show it yet, if it lives and stands elsewhere
    /// than where the watch has it.
    fn may_release(&self, state: &State, unconfirmed: &Unconfirmed, found: &Existence) -> bool {
        let living = state.living(&unconfirmed.open.object.name);
        let version =
            living.filter(|living| living.uid == unconfirmed.open.uid).map(|living| living.version);
        match self.fault {
            Some(Fault::NoLook) => true,
            Some(Fault::LookAtBaseAlone) => {
                version.is_none_or(|version| version == unconfirmed.open.base)
            }
            _ => existence::may_release(unconfirmed, found),
        }
    }

    /// Whether a leader has heard of every move of which a replica has, as it has within the time
    /// after which requests are over.
    fn has_heard(&self, state: &State, leader: &Leader) -> bool {
        let latest =
            state.replicas.iter().map(|replica| replica.heard.owners).max().unwrap_or_default();
        self.fault == Some(Fault::DeafLeader) || leader.heard.owners >= latest
    }
}

/// What an API server says of a doubtful object now.
fn find(state: &State, unconfirmed: &Unconfirmed) -> Existence {
    let found = |living: &Living| Existence::Present {
        uid: living.uid.clone(),
        version: Some(living.version),
    };
    state.living(&unconfirmed.open.object.name).map_or(Existence::Absent, found)
}
