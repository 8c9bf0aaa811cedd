//! What a leader does: it watches every kind for itself, each as late as it likes; it knows which requests are over; before it gives
//! back what an object was promised that its watch does not show, it looks at that object; and its views say which leader's they are.

use super::scenario::{Fault, Scenario};
use super::state::{KINDS, Leader, State};
use flinkgate::quota::ledger::{Ledger, Living, View};

/// What a leader was promised to settle.
struct Open {
    name: String,
    uid: String,
    base: u64,
    stamp: u64,
}

impl Scenario {
    /// What a leader's watches show of a tenant.
    fn census(&self, state: &State, leader: &Leader, tenant: usize) -> Vec<Living> {
        let all = (0..KINDS.len()).flat_map(|kind| state.at(kind, leader.positions[kind]));
        all.filter(|living| state.tenant_of(living, leader.heard.owners) == tenant).cloned().collect()
    }

    pub fn view(&self, state: &State, leader: &Leader, tenant: usize) -> View {
        let position = |kind: usize| if self.fault == Some(Fault::StaleView) { u64::MAX } else { leader.positions[kind] };
        let kinds = KINDS.iter().enumerate().map(|(index, kind)| ((*kind).to_owned(), position(index)));
        let lease = (self.fault != Some(Fault::NoFencing)).then(|| ("Lease".to_owned(), leader.lease));
        View { objects: self.census(state, leader, tenant), positions: kinds.chain(lease).collect(), over: leader.overs[tenant] }
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

    /// The stamp below which requests are over and what became of them is sure, if a reservation waits for that.
    pub fn confirmed(&self, state: &State, leader: &Leader, tenant: usize) -> Option<u64> {
        let open = open(&state.stores[tenant].1);
        let mut over = if self.fault == Some(Fault::TimeToLive) { u64::MAX } else { state.stamps_over(tenant) };
        let census = if open.is_empty() { Vec::new() } else { self.census(state, leader, tenant) };
        for one in open.iter().filter(|one| one.stamp < over).collect::<Vec<_>>() {
            let shown = census.iter().find(|living| living.uid == one.uid).map(|living| living.version);
            if shown.is_none_or(|shown| shown <= one.base) && self.must_wait(state, one, shown) {
                self.happens("a look at an object keeps its reservation");
                over = over.min(one.stamp);
            }
        }
        let helps = |one: &Open| leader.overs[tenant] <= one.stamp && one.stamp < over;
        open.iter().any(helps).then_some(over)
    }

    /// Looks at the object itself: the watch will show it yet, if it lives and stands elsewhere than where the watch has it.
    fn must_wait(&self, state: &State, open: &Open, shown: Option<u64>) -> bool {
        if self.fault == Some(Fault::NoLook) {
            return false;
        }
        let lives = state.living(&open.name).filter(|living| living.uid == open.uid).map(|living| living.version);
        lives.is_some_and(|version| match self.fault {
            Some(Fault::LookAtBaseAlone) => version != open.base,
            _ => shown != Some(version),
        })
    }
}

fn open(ledger: &Ledger) -> Vec<Open> {
    if ledger.reservations() == 0 {
        return Vec::new();
    }
    let slots = ledger.stored().slots.into_iter();
    slots
        .flat_map(|slot| {
            let name = slot.object.rsplit('/').next().unwrap().to_owned();
            slot.reserved.into_iter().map(move |one| Open { name: name.clone(), uid: one.uid, base: one.base, stamp: one.stamp })
        })
        .collect()
}
