//! What is explored: who wants what, how much may go wrong, and what each part would do with a state.

use super::state::{Call, KINDS, Leader, State, Write, cpu};
use flinkgate::quota::ledger::{Decision, KnownLimits, Ledger, Living, ObjectRef, Request, View};
use flinkgate::quota::limits::Limits;
use flinkgate::resource::quantity::Quantity;

/// What is explored: who wants what, and how much may go wrong.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// The tenant's limit of cpu.
    pub hard: u64,
    /// What API servers are asked for, in any order.
    pub plans: Vec<Plan>,
    /// Replicas of Flinkgate that answer reviews.
    pub replicas: usize,
    /// Replicas that take themselves for the leader, all at the same time.
    pub leaders: usize,
    /// How often a replica may die.
    pub crashes: u8,
    /// How often a reply of the store may get lost, its write taking place before, later or never.
    pub losses: u8,
    /// How often an API server may give up waiting for a review.
    pub timeouts: u8,
    /// How often a leader may start anew.
    pub elections: u8,
    /// How often an API server may review an update of an object as it was before.
    pub stale: u8,
    /// How often an update whose object changed meanwhile is tried again.
    pub retries: u8,
    /// What the protocol lacks.
    pub fault: Option<Fault>,
}

/// A protocol that is broken in one place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The store writes without comparing versions.
    NoCompareAndSwap,
    /// A DELETE review gives back what the object uses; whether it is deleted is another matter.
    ReleaseOnDelete,
    /// Reservations are given up after a time, whether the request is over or not.
    TimeToLive,
    /// Leaders do not know how old what they see is.
    StaleView,
}

/// One request of a user or a controller.
#[derive(Clone, Debug)]
pub enum Plan {
    /// Makes an object, once its owner is there.
    Create { kind: &'static str, name: &'static str, owner: Option<&'static str>, cores: u64 },
    /// Changes one.
    Update { name: &'static str, cores: u64 },
    /// Removes one, as an eviction does: without a review.
    Delete { name: &'static str },
}

impl Scenario {
    pub fn known(&self) -> KnownLimits {
        let hard = [("cpu".to_owned(), Quantity::from_units(self.hard))].into();
        KnownLimits { version: 1, limits: Limits { hard, ..Limits::default() } }
    }

    pub fn over(&self, state: &State) -> u64 {
        match self.fault {
            Some(Fault::TimeToLive) => u64::MAX,
            _ => state.stamps_over(),
        }
    }

    pub fn view(&self, state: &State, leader: &Leader) -> View {
        let objects = state.at(leader.position).to_vec();
        let position = if self.fault == Some(Fault::StaleView) { u64::MAX } else { leader.position };
        View { objects, positions: KINDS.map(|kind| (kind.to_owned(), position)).into(), over: leader.over }
    }

    pub fn settled(&self, state: &State, leader: &Leader) -> Option<Ledger> {
        let mut ledger = state.store.1.clone();
        let settled = ledger.settle(&self.view(state, leader), &self.known()).ok()?;
        settled.changed.then_some(ledger)
    }

    pub fn land(&self, state: &mut State, write: &Write) -> bool {
        let lands = state.store.0 == write.expected || self.fault == Some(Fault::NoCompareAndSwap);
        if lands {
            state.store = (state.store.0 + 1, write.ledger.clone());
        } else {
            state.seen.conflict = true;
        }
        lands
    }

    pub fn request(&self, state: &State, call: usize, stale: bool) -> Option<Request> {
        match &self.plans[call] {
            Plan::Create { kind, name, owner, cores } => {
                let owner = match owner {
                    Some(owner) => Some(state.living(owner)?.uid.clone()),
                    None => None,
                };
                let object = ObjectRef::new(*kind, "n", *name);
                let uid = format!("{name}{call}");
                (!stale).then(|| Request { object, uid, owners: owner.into_iter().collect(), usage: cpu(*cores), ..Request::default() })
            }
            Plan::Update { name, cores } => {
                let old = if stale { state.previous.get(*name)? } else { state.living(name)? };
                let Living { object, uid, version, owners, usage } = old.clone();
                Some(Request { object, uid, owners, usage: cpu(*cores), before: usage, version, ..Request::default() })
            }
            Plan::Delete { .. } => None,
        }
    }

    /// A replica holds what it was asked against the ledger as it knows it; what would be refused, against the stored one.
    pub fn prepare(&self, state: &State, replica: usize) -> Option<Write> {
        let asked: Vec<(usize, &Request)> = state
            .calls
            .iter()
            .enumerate()
            .filter_map(|(index, call)| match call {
                Call::Asked { replica: by, request, .. } if *by == replica => Some((index, request)),
                _ => None,
            })
            .collect();
        if asked.is_empty() || state.replicas[replica].write.is_some() {
            return None;
        }
        let apply = |(expected, mut ledger): (u64, Ledger)| {
            let (mut admitted, mut refused) = (Vec::new(), Vec::new());
            for (call, request) in &asked {
                match ledger.admit(request) {
                    Decision::Reserved | Decision::Unchanged => admitted.push(*call),
                    _ => refused.push(*call),
                }
            }
            Write { expected, ledger, admitted, refused }
        };
        let kept = state.replicas[replica].kept.clone().map(apply);
        Some(kept.filter(|write| write.refused.is_empty()).unwrap_or_else(|| apply(state.store.clone())))
    }
}
