//! What is explored: who wants what, how much may go wrong, and what the protocol may lack.

use super::state::{Heard, State, cpu};
use flinkgate::quota::Usage;
use flinkgate::quota::ledger::{KnownLimits, LiveObject, ObjectRef, Request};
use flinkgate::quota::limits::Limits;
use flinkgate::resource::quantity::Quantity;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// What is explored: who wants what, and how much may go wrong.
#[derive(Clone, Debug, Default)]
pub struct Scenario {
    /// The limit of cpu that each tenant has.
    pub hard: u64,
    /// What API servers are asked for, in any order.
    pub plans: Vec<Plan>,
    pub tenants: usize,
    /// Replicas of Flinkgate that answer reviews.
    pub replicas: usize,
    /// Replicas that are, or take themselves for, the leader; the first is at the start.
    pub leaders: usize,
    /// How often a replica may die.
    pub crashes: u8,
    /// How often a reply of the store may get lost, its write taking place before, later or never.
    pub losses: u8,
    /// How often an API server may give up waiting for a review.
    pub timeouts: u8,
    /// How often another may become the leader, or the same one anew.
    pub elections: u8,
    /// How often an API server may review an update of an object as it was before.
    pub stale: u8,
    /// How often an update whose object changed meanwhile is tried again.
    pub retries: u8,
    /// What the protocol lacks.
    pub fault: Option<Fault>,
    /// What has happened on any way, to know that it can.
    pub happened: Arc<[AtomicBool; EVENTS.len()]>,
}

/// What should happen on some way through a scenario, or it shows little.
pub const EVENTS: [&str; 10] = [
    "something is refused",
    "a write conflicts",
    "a reservation is settled",
    "a write lands that nobody waits for",
    "all that fits comes to be",
    "a look at an object keeps its reservation",
    "a reservation of which nothing came is given back",
    "a former leader's view is refused",
    "a ledger learns lower limits",
    "a tenant is charged for what another one has",
];

/// A protocol that is broken in one place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The store writes without comparing versions.
    NoCompareAndSwap,
    /// A DELETE review gives back what the object uses; whether it is deleted is another matter.
    ReleaseOnDelete,
    /// Reservations are given up after a time, whether the request is over or not.
    TimeToLive,
    /// Leaders do not say how old what they see is.
    StaleView,
    /// Leaders do not look at an object before they give back what it was promised.
    NoLook,
    /// An object that stands where it stood before the request is enough, however old the leader's
    /// watch is.
    LookAtBaseAlone,
    /// Views do not say which leader they are of.
    NoFencing,
    /// A leader gives back what was not there when it asked, though another may lead by then and
    /// have seen it before.
    FormerLeaderReleases,
    /// The leader hears of a namespace's move later than requests end that were charged to its new
    /// tenant.
    DeafLeader,
    /// Views do not say how much of the namespaces' moves their leader has heard.
    NoNamespaces,
}

/// One request of a user or a controller, or something that happens.
#[derive(Clone, Debug)]
pub enum Plan {
    /// Makes an object, once its owner is there.
    Create {
        kind: &'static str,
        namespace: &'static str,
        name: &'static str,
        owner: Option<&'static str>,
        cores: u64,
    },
    /// Changes one.
    Update { name: &'static str, cores: u64 },
    /// Takes a pod's owner reference off, as a user.
    Leave { name: &'static str },
    /// Takes it off, as the garbage collector: not reviewed, and only once the owner has gone or is
    /// going.
    Orphan { name: &'static str },
    /// Begins to delete an object that finalizers hold: from now on it declares nothing.
    Doom { name: &'static str },
    /// Removes one, as an eviction does: without a review.
    Delete { name: &'static str },
    /// Changes the tenants' limit.
    Limit { hard: u64 },
    /// The namespace that moves becomes another tenant's.
    Move { to: usize },
}

impl Scenario {
    pub fn happens(&self, event: &str) {
        let index = EVENTS.iter().position(|known| *known == event).unwrap();
        self.happened[index].store(true, Ordering::Relaxed);
    }

    pub fn has_happened(&self, event: &str) -> bool {
        EVENTS
            .iter()
            .zip(self.happened.iter())
            .any(|(known, happened)| *known == event && happened.load(Ordering::Relaxed))
    }

    /// Whether namespaces move between tenants.
    pub fn moves(&self) -> bool {
        self.tenants > 1
    }

    /// The same, but for one object that nobody asks for.
    pub fn without(mut self, object: &str) -> Self {
        self.plans.retain(|plan| !matches!(plan, Plan::Create { name, .. } if *name == object));
        self
    }

    pub fn known(&self, state: &State, heard: Heard) -> KnownLimits {
        known(heard.limits as u64 + 1, state.limits[heard.limits])
    }

    /// What an API server asks for a plan, if it is one that is reviewed and may be asked now.
    pub fn request(&self, state: &State, call: usize, stale: bool) -> Option<Request> {
        let changed = |old: LiveObject, owners: Vec<String>, usage: Usage, before: Usage| {
            let LiveObject { object, uid, version, .. } = old;
            Request { object, uid, owners, usage, before, version, ..Request::default() }
        };
        match &self.plans[call] {
            Plan::Create { kind, namespace, name, owner, cores } => {
                let owner = match owner {
                    Some(owner) => Some(state.living(owner)?.uid.clone()),
                    None => None,
                };
                let (object, uid) =
                    (ObjectRef::new(*kind, *namespace, *name), format!("{name}{call}"));
                (!stale).then(|| Request {
                    object,
                    uid,
                    owners: owner.into_iter().collect(),
                    usage: cpu(*cores),
                    ..Request::default()
                })
            }
            Plan::Update { name, cores } => {
                let old =
                    if stale { state.previous.get(*name)? } else { state.living(name)? }.clone();
                let (owners, before) = (old.owners.clone(), old.usage.clone());
                Some(changed(old, owners, cpu(*cores), before))
            }
            // What leaves an owner asks for all it uses anew.
            Plan::Leave { name } => {
                let old = state
                    .living(name)
                    .filter(|living| !stale && !living.owners.is_empty())?
                    .clone();
                let usage = old.usage.clone();
                Some(changed(old, Vec::new(), usage, Usage::default()))
            }
            _ => None,
        }
    }

    /// Whether a plan that is not reviewed can be carried out.
    pub fn can_act(&self, state: &State, plan: &Plan) -> bool {
        match plan {
            Plan::Delete { name } => state.living(name).is_some(),
            Plan::Doom { name } => {
                state.living(name).is_some_and(|living| !living.usage.is_empty())
            }
            Plan::Orphan { name } => {
                let owner = state.living(name).and_then(|living| living.owners.first());
                let stays = |owner: &String| {
                    state.now().any(|living| living.uid == *owner && !living.usage.is_empty())
                };
                owner.is_some_and(|owner| !stays(owner))
            }
            Plan::Limit { .. } | Plan::Move { .. } => true,
            _ => false,
        }
    }
}

pub fn known(version: u64, hard: u64) -> KnownLimits {
    let hard = [("cpu".to_owned(), Quantity::from_units(hard))].into();
    KnownLimits { version, limits: Limits { hard, ..Limits::default() } }
}
