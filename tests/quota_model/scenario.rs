//! Scenarios: the planned requests, the number of faults, and a defect of the protocol.

use super::state::{ConfigVersions, State, cpu};
use flinkgate::quota::Usage;
use flinkgate::quota::ledger::{ClaimNames, KnownLimits, LiveObject, ObjectRef, Request};
use flinkgate::quota::limits::Limits;
use flinkgate::resource::quantity::Quantity;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A scenario to explore.
#[derive(Clone, Debug, Default)]
pub struct Scenario {
    /// The cpu limit of each tenant.
    pub hard: u64,
    /// What users and controllers do, in any order.
    pub plans: Vec<Plan>,
    pub tenants: usize,
    /// The number of replicas that answer reviews.
    pub replicas: usize,
    /// The number of replicas that may believe to lead. At first the first one leads.
    pub leaders: usize,
    /// How often a replica may crash.
    pub crashes: u8,
    /// How often a reply of the store may be lost. Its write happens before, later or never.
    pub losses: u8,
    /// How often a review may time out.
    pub timeouts: u8,
    /// How often a leader may be elected.
    pub elections: u8,
    /// How often an API server may send a review with a stale old object.
    pub stale: u8,
    /// How often the API server retries an update after a conflict.
    pub retries: u8,
    /// The defect of the protocol, if any.
    pub fault: Option<Fault>,
    /// Which events have occurred on some path.
    pub occurred: Arc<[AtomicBool; EVENTS.len()]>,
}

/// Events that a scenario is expected to reach.
pub const EVENTS: [&str; 13] = [
    "a request is refused",
    "a write conflicts",
    "a reservation is dropped",
    "an abandoned write succeeds",
    "all requests but one are stored",
    "an existence check keeps a reservation",
    "a reservation without an object is released",
    "a former leader's view is refused",
    "a ledger gets lower limits",
    "a reconciliation raises a total",
    "a pod takes the place of another",
    "a cluster draws on a claim that was there",
    "a cluster that rests counts nothing",
];

/// A defect of the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The store writes without comparing versions.
    NoCompareAndSwap,
    /// A DELETE review releases the object's usage, even if the deletion fails.
    ReleaseOnDelete,
    /// Reservations expire before their requests have finished.
    TimeToLive,
    /// Views do not have positions.
    StaleView,
    /// Leaders do not look an object up before they release its reservation.
    NoExistenceCheck,
    /// Leaders release if the object still has the request's base version, however old their watch
    /// is.
    ComparesBaseOnly,
    /// Views do not have the Lease's version.
    NoFencing,
    /// A leader does not check that it still leads after it has looked objects up.
    FormerLeaderReleases,
    /// The leader sees a namespace's move later than the end of requests that were charged to the
    /// new tenant.
    LeaderMissesMoves,
    /// Views do not have the position of namespace ownership.
    NoOwnershipPosition,
    /// Pods do not count from the moment at which their deletion begins.
    LeavingPodsAreFree,
    /// The ledger does not keep which pod took which place.
    ForgetsReplacements,
    /// A cluster that has ended starts again without a reservation.
    StartsAgainFreely,
}

/// A request of a user or a controller, or another change.
#[derive(Clone, Debug)]
pub enum Plan {
    /// Creates an object once its owner exists.
    Create {
        kind: &'static str,
        namespace: &'static str,
        name: &'static str,
        owner: Option<&'static str>,
        cores: u64,
    },
    /// A JobManager or a controller creates a pod that may take the place of a leaving one.
    Replace { name: &'static str, owner: &'static str, cores: u64 },
    /// Creates a cluster's claim, which belongs to it by its name.
    Claim { name: &'static str, cluster: &'static str, cores: u64 },
    /// Begins to delete a pod. It runs until it is deleted.
    Leave { name: &'static str },
    /// The operator reports that a cluster has ended.
    Rest { name: &'static str },
    /// Updates an object. A cluster that has ended starts again.
    Update { name: &'static str, cores: u64 },
    /// A user removes a pod's owner reference.
    RemoveOwner { name: &'static str },
    /// The garbage collector removes it, without a review, once the owner is being deleted.
    Orphan { name: &'static str },
    /// Begins to delete an object with finalizers. From now on it declares nothing.
    BeginDeletion { name: &'static str },
    /// Deletes an object without a review, as an eviction does.
    Delete { name: &'static str },
    /// Changes the tenants' limit.
    SetLimit { hard: u64 },
    /// Moves the namespace to another tenant.
    MoveNamespace { to: usize },
}

impl Scenario {
    pub fn record(&self, event: &str) {
        let index = EVENTS.iter().position(|known| *known == event).unwrap();
        self.occurred[index].store(true, Ordering::Relaxed);
    }

    pub fn has_occurred(&self, event: &str) -> bool {
        EVENTS
            .iter()
            .zip(self.occurred.iter())
            .any(|(known, occurred)| *known == event && occurred.load(Ordering::Relaxed))
    }

    /// Whether a namespace moves between tenants.
    pub fn moves(&self) -> bool {
        self.tenants > 1
    }

    /// The same scenario without one object.
    pub fn without(mut self, object: &str) -> Self {
        self.plans.retain(|plan| !matches!(plan, Plan::Create { name, .. } if *name == object));
        self
    }

    pub fn known(&self, state: &State, config: ConfigVersions) -> KnownLimits {
        known(config.limits as u64 + 1, state.limits[config.limits])
    }

    /// The request of a plan that is reviewed, if the plan can run now.
    pub fn request(&self, state: &State, call: usize, stale: bool) -> Option<Request> {
        let changed = |old: LiveObject, owners: Vec<String>, usage: Usage, before: Usage| {
            let LiveObject { object, uid, version, .. } = old;
            Request { object, uid, owners, usage, before, version, ..Request::default() }
        };
        match &self.plans[call] {
            Plan::Create { kind, namespace, name, owner, cores } => {
                let owner = match owner {
                    Some(owner) => Some(state.live_object(owner)?.uid.clone()),
                    None => None,
                };
                let (object, uid) =
                    (ObjectRef::new(*kind, *namespace, *name), format!("{name}{call}"));
                let claims = match *kind {
                    "FlinkDeployment" => vec![ClaimNames::One(format!("{name}-state"))],
                    _ => Vec::new(),
                };
                (!stale).then(|| Request {
                    object,
                    uid,
                    owners: owner.into_iter().collect(),
                    usage: cpu(*cores),
                    claims,
                    ..Request::default()
                })
            }
            Plan::Replace { name, owner, cores } => {
                let owner = state.live_object(owner)?.uid.clone();
                (!stale).then(|| Request {
                    object: ObjectRef::new("Pod", "n", *name),
                    uid: format!("{name}{call}"),
                    owners: vec![owner],
                    usage: cpu(*cores),
                    replaces: true,
                    ..Request::default()
                })
            }
            Plan::Claim { name, cluster, cores } => {
                let cluster = state.live_object(cluster)?.object.to_string();
                (!stale).then(|| Request {
                    object: ObjectRef::new("PersistentVolumeClaim", "n", *name),
                    uid: format!("{name}{call}"),
                    owners: vec![cluster],
                    usage: cpu(*cores),
                    ..Request::default()
                })
            }
            Plan::Update { name, cores } => {
                let old =
                    if stale { state.previous.get(*name)? } else { state.live_object(name)? }
                        .clone();
                let holds = !old.resting || self.fault == Some(Fault::StartsAgainFreely);
                let before = if holds { old.usage.clone() } else { Usage::default() };
                let owners = old.owners.clone();
                Some(changed(old, owners, cpu(*cores), before))
            }
            // An object that loses its owner requests its whole usage again.
            Plan::RemoveOwner { name } => {
                let old = state
                    .live_object(name)
                    .filter(|live| !stale && !live.owners.is_empty())?
                    .clone();
                let usage = old.usage.clone();
                Some(changed(old, Vec::new(), usage, Usage::default()))
            }
            _ => None,
        }
    }

    /// Whether a plan without a review can run now.
    pub fn can_execute(&self, state: &State, plan: &Plan) -> bool {
        match plan {
            Plan::Delete { name } => state.live_object(name).is_some(),
            Plan::Leave { name } => state.live_object(name).is_some_and(|live| !live.leaving),
            Plan::Rest { name } => state.live_object(name).is_some_and(|live| !live.resting),
            Plan::BeginDeletion { name } => {
                state.live_object(name).is_some_and(|live| !live.usage.is_empty())
            }
            Plan::Orphan { name } => {
                let owner = state.live_object(name).and_then(|live| live.owners.first());
                let stays = |owner: &String| {
                    state.live_objects().any(|live| live.uid == *owner && !live.usage.is_empty())
                };
                owner.is_some_and(|owner| !stays(owner))
            }
            Plan::SetLimit { .. } | Plan::MoveNamespace { .. } => true,
            _ => false,
        }
    }
}

pub fn known(version: u64, hard: u64) -> KnownLimits {
    let hard = [("cpu".to_owned(), Quantity::from_units(hard))].into();
    KnownLimits { version, limits: Limits { hard, ..Limits::default() } }
}
