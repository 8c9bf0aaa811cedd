//! API servers, replicas, leaders and a store, of which anything may happen next that may happen.

use flinkgate::quota::Usage;
use flinkgate::quota::ledger::{Decision, KnownLimits, Ledger, Living, ObjectRef, Request, View};
use flinkgate::quota::limits::Limits;
use flinkgate::resource::quantity::Quantity;
use stateright::{Model, Property};
use std::collections::BTreeMap;

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

/// Everything there is at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct State {
    /// The objects at every revision that somebody may still see; the last is now.
    history: Vec<(u64, Vec<Living>)>,
    /// The stored ledger and its version.
    store: (u64, Ledger),
    /// Objects as they were before their last change, by name.
    previous: BTreeMap<String, Living>,
    calls: Vec<Call>,
    replicas: Vec<Replica>,
    leaders: Vec<Leader>,
    /// Writes of which the sender knows nothing any more.
    orphans: Vec<Write>,
    left: Left,
    seen: Seen,
}

/// What may still go wrong.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Left {
    crashes: u8,
    losses: u8,
    timeouts: u8,
    elections: u8,
    stale: u8,
}

/// What has happened, to know that it can.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Seen {
    refused: bool,
    conflict: bool,
    released: bool,
    late_write: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Call {
    Idle { retries: u8 },
    Asked { retries: u8, replica: usize, since: u64, request: Request },
    Admitted { retries: u8, since: u64, request: Request },
    Over { stored: bool },
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Replica {
    kept: Option<(u64, Ledger)>,
    write: Option<Write>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Leader {
    /// The revision up to which it has seen everything.
    position: u64,
    over: u64,
    write: Option<Write>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Write {
    expected: u64,
    ledger: Ledger,
    /// Calls that will be admitted, and those that will be refused.
    admitted: Vec<usize>,
    refused: Vec<usize>,
}

/// What may happen next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    Ask { call: usize, replica: usize, stale: bool },
    Prepare { replica: usize },
    Land { replica: usize },
    LandAndLoseReply { replica: usize },
    LoseReply { replica: usize },
    LandOrphan { orphan: usize },
    Crash { replica: usize },
    TimeOut { call: usize },
    Store { call: usize },
    RefuseLater { call: usize },
    Delete { call: usize },
    ReviewDelete { call: usize },
    Watch { leader: usize },
    Elect { leader: usize },
    Horizon { leader: usize },
    Settle { leader: usize },
    LandSettling { leader: usize },
}

pub fn cpu(cores: u64) -> Usage {
    std::iter::once(("cpu".to_owned(), Quantity::from_units(cores))).collect()
}

fn cores(usage: &Usage) -> u64 {
    usage.get("cpu").units_ceil()
}

const KINDS: [&str; 2] = ["FlinkDeployment", "Pod"];

impl Scenario {
    fn known(&self) -> KnownLimits {
        let hard = [("cpu".to_owned(), Quantity::from_units(self.hard))].into();
        KnownLimits { version: 1, limits: Limits { hard, ..Limits::default() } }
    }

    fn over(&self, state: &State) -> u64 {
        match self.fault {
            Some(Fault::TimeToLive) => u64::MAX,
            _ => state.stamps_over(),
        }
    }

    fn view(&self, state: &State, leader: &Leader) -> View {
        let objects = state.at(leader.position).to_vec();
        let position = if self.fault == Some(Fault::StaleView) { u64::MAX } else { leader.position };
        View { objects, positions: KINDS.map(|kind| (kind.to_owned(), position)).into(), over: leader.over }
    }

    fn settled(&self, state: &State, leader: &Leader) -> Option<Ledger> {
        let mut ledger = state.store.1.clone();
        let settled = ledger.settle(&self.view(state, leader), &self.known()).ok()?;
        settled.changed.then_some(ledger)
    }

    fn land(&self, state: &mut State, write: &Write) -> bool {
        let lands = state.store.0 == write.expected || self.fault == Some(Fault::NoCompareAndSwap);
        if lands {
            state.store = (state.store.0 + 1, write.ledger.clone());
        } else {
            state.seen.conflict = true;
        }
        lands
    }

    fn request(&self, state: &State, call: usize, stale: bool) -> Option<Request> {
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
                Some(Request { object, uid, owners, usage: cpu(*cores), before: usage, version, task_managers: None })
            }
            Plan::Delete { .. } => None,
        }
    }

    /// A replica holds what it was asked against the ledger as it knows it; what would be refused, against the stored one.
    fn prepare(&self, state: &State, replica: usize) -> Option<Write> {
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

impl State {
    fn at(&self, revision: u64) -> &[Living] {
        &self.history.iter().rfind(|(at, _)| *at <= revision).unwrap().1
    }

    fn now(&self) -> (u64, &[Living]) {
        let (revision, objects) = self.history.last().unwrap();
        (*revision, objects)
    }

    fn living(&self, name: &str) -> Option<&Living> {
        self.now().1.iter().find(|living| living.object.name == name)
    }

    /// Stores an object, or removes it: a new revision.
    fn store(&mut self, name: &str, object: Option<Living>) {
        let (revision, objects) = self.now();
        let (revision, mut objects) = (revision + 1, objects.to_vec());
        if let Some(index) = objects.iter().position(|living| living.object.name == name) {
            self.previous.insert(name.to_owned(), objects.remove(index));
        }
        objects.extend(object.map(|object| Living { version: revision, ..object }));
        objects.sort_by(|a, b| a.object.cmp(&b.object));
        self.history.push((revision, objects));
    }

    /// Requests below this stamp are over: those that are not got later ones, or will.
    fn stamps_over(&self) -> u64 {
        let since = self.calls.iter().filter_map(|call| match call {
            Call::Asked { since, .. } | Call::Admitted { since, .. } => Some(*since),
            _ => None,
        });
        since.min().unwrap_or(u64::MAX).min(self.store.1.next_stamp())
    }

    /// What really lives: every cluster the larger of what it declares and what its pods use, and pods by themselves.
    fn used(&self) -> u64 {
        let (_, objects) = self.now();
        let of = |owner: Option<&String>| {
            let own = move |living: &&Living| living.object.kind == "Pod" && living.owners.first() == owner;
            objects.iter().filter(own).map(|living| cores(&living.usage)).sum::<u64>()
        };
        let clusters = objects.iter().filter(|living| living.object.kind == "FlinkDeployment");
        let is_there = |uid: &String| objects.iter().any(|living| living.uid == *uid);
        let orphaned = objects.iter().filter(|living| living.owners.first().is_some_and(|owner| !is_there(owner)));
        clusters.map(|cluster| cores(&cluster.usage).max(of(Some(&cluster.uid)))).sum::<u64>()
            + of(None)
            + orphaned.map(|living| cores(&living.usage)).sum::<u64>()
    }

    fn forget_what_nobody_sees(&mut self) {
        let oldest = self.leaders.iter().map(|leader| leader.position).min().unwrap_or(u64::MAX);
        while self.history.len() > 1 && self.history[1].0 <= oldest {
            self.history.remove(0);
        }
    }

    fn answer(&mut self, write: &Write) {
        for call in &write.admitted {
            if let Call::Asked { retries, since, request, .. } = self.calls[*call].clone() {
                self.calls[*call] = Call::Admitted { retries, since, request };
            }
        }
        for call in &write.refused {
            self.calls[*call] = Call::Over { stored: false };
            self.seen.refused = true;
        }
    }
}

impl Model for Scenario {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        let mut ledger = Ledger::default();
        let positions = KINDS.map(|kind| (kind.to_owned(), 1)).into();
        ledger.settle(&View { positions, ..View::default() }, &self.known()).unwrap();
        let left = Left {
            crashes: self.crashes,
            losses: self.losses,
            timeouts: self.timeouts,
            elections: self.elections,
            stale: self.stale,
        };
        vec![State {
            history: vec![(1, Vec::new())],
            store: (1, ledger),
            previous: BTreeMap::new(),
            calls: vec![Call::Idle { retries: self.retries }; self.plans.len()],
            replicas: vec![Replica::default(); self.replicas],
            leaders: vec![Leader { position: 1, over: 0, write: None }; self.leaders],
            orphans: Vec::new(),
            left,
            seen: Seen::default(),
        }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        for (call, now) in state.calls.iter().enumerate() {
            match (now, &self.plans[call]) {
                (Call::Idle { .. }, Plan::Delete { name }) if state.living(name).is_some() => {
                    actions.push(Action::Delete { call });
                    if self.fault == Some(Fault::ReleaseOnDelete) {
                        actions.push(Action::ReviewDelete { call });
                    }
                }
                (Call::Idle { .. }, _) => {
                    for stale in [false, true].into_iter().take(1 + usize::from(state.left.stale > 0)) {
                        if self.request(state, call, stale).is_some() {
                            actions.extend((0..self.replicas).map(|replica| Action::Ask { call, replica, stale }));
                        }
                    }
                }
                (Call::Asked { .. }, _) if state.left.timeouts > 0 => actions.push(Action::TimeOut { call }),
                (Call::Admitted { .. }, _) => actions.extend([Action::Store { call }, Action::RefuseLater { call }]),
                _ => {}
            }
        }
        for (replica, now) in state.replicas.iter().enumerate() {
            if self.prepare(state, replica).is_some() {
                actions.push(Action::Prepare { replica });
            }
            if now.write.is_some() {
                actions.push(Action::Land { replica });
                if state.left.losses > 0 {
                    actions.extend([Action::LandAndLoseReply { replica }, Action::LoseReply { replica }]);
                }
            }
            let busy = |call: &Call| matches!(call, Call::Asked { replica: by, .. } if *by == replica);
            if state.left.crashes > 0 && (now.write.is_some() || state.calls.iter().any(busy)) {
                actions.push(Action::Crash { replica });
            }
        }
        actions.extend((0..state.orphans.len()).map(|orphan| Action::LandOrphan { orphan }));
        let (revision, _) = state.now();
        for (leader, now) in state.leaders.iter().enumerate() {
            if now.write.is_some() {
                actions.push(Action::LandSettling { leader });
                continue;
            }
            if now.position < revision {
                actions.push(Action::Watch { leader });
                if state.left.elections > 0 {
                    actions.push(Action::Elect { leader });
                }
            } else if now.over < self.over(state) && state.store.1.reservations() > 0 {
                actions.push(Action::Horizon { leader });
            }
            if self.settled(state, now).is_some() {
                actions.push(Action::Settle { leader });
            }
        }
    }

    fn next_state(&self, before: &State, action: Action) -> Option<State> {
        let mut state = before.clone();
        match action {
            Action::Ask { call, replica, stale } => {
                let Call::Idle { retries } = state.calls[call] else { return None };
                let request = self.request(&state, call, stale)?;
                state.left.stale -= u8::from(stale);
                state.calls[call] = Call::Asked { retries, replica, since: state.store.1.next_stamp(), request };
            }
            Action::Prepare { replica } => {
                let write = self.prepare(&state, replica)?;
                if write.ledger == state.store.1 && write.expected == state.store.0 {
                    state.answer(&write);
                } else {
                    state.replicas[replica].write = Some(write);
                }
            }
            Action::Land { replica } => {
                let write = state.replicas[replica].write.take()?;
                state.replicas[replica].kept = None;
                if self.land(&mut state, &write) {
                    state.answer(&write);
                    state.replicas[replica].kept = Some(state.store.clone());
                }
            }
            Action::LandAndLoseReply { replica } => {
                let write = state.replicas[replica].write.take()?;
                self.land(&mut state, &write);
                state.replicas[replica].kept = None;
                state.left.losses -= 1;
            }
            Action::LoseReply { replica } => {
                let write = state.replicas[replica].write.take()?;
                state.orphans.push(write);
                state.replicas[replica].kept = None;
                state.left.losses -= 1;
            }
            Action::LandOrphan { orphan } => {
                let write = state.orphans.remove(orphan);
                state.seen.late_write |= self.land(&mut state, &write);
            }
            Action::Crash { replica } => {
                state.orphans.extend(state.replicas[replica].write.take());
                state.replicas[replica].kept = None;
                for call in &mut state.calls {
                    if matches!(call, Call::Asked { replica: by, .. } if *by == replica) {
                        *call = Call::Over { stored: false };
                    }
                }
                state.left.crashes -= 1;
            }
            Action::TimeOut { call } => {
                state.calls[call] = Call::Over { stored: false };
                state.left.timeouts -= 1;
            }
            Action::Store { call } => {
                let Call::Admitted { retries, request, .. } = state.calls[call].clone() else { return None };
                let name = request.object.name.clone();
                let current = state.living(&name).map(|living| (living.uid.clone(), living.version));
                let fits = match &current {
                    None => request.version == 0,
                    Some((uid, version)) => *version == request.version && *uid == request.uid,
                };
                state.calls[call] = Call::Over { stored: fits };
                if fits {
                    let Request { object, uid, owners, usage, .. } = request;
                    state.store(&name, Some(Living { object, uid, version: 0, owners, usage }));
                } else if request.version > 0 && retries > 0 {
                    // The object changed meanwhile: the API server takes it as it is now, and asks again.
                    state.calls[call] = Call::Idle { retries: retries - 1 };
                }
            }
            Action::RefuseLater { call } => state.calls[call] = Call::Over { stored: false },
            Action::Delete { call } => {
                let Plan::Delete { name } = &self.plans[call] else { return None };
                state.store(name, None);
                state.calls[call] = Call::Over { stored: true };
            }
            Action::ReviewDelete { call } => {
                let Plan::Delete { name } = &self.plans[call] else { return None };
                let objects = state.now().1.iter().filter(|living| living.object.name != *name).cloned().collect();
                let positions = KINDS.map(|kind| (kind.to_owned(), state.now().0)).into();
                state.store.1.settle(&View { objects, positions, over: 0 }, &self.known()).ok()?;
                state.store.0 += 1;
                // Somebody else refuses the deletion, or a finalizer holds the object.
                state.calls[call] = Call::Over { stored: false };
            }
            Action::Watch { leader } => {
                let position = state.leaders[leader].position;
                state.leaders[leader].position = state.history.iter().map(|(at, _)| *at).find(|at| *at > position)?;
            }
            Action::Elect { leader } => {
                state.leaders[leader] = Leader { position: state.now().0, over: 0, write: None };
                state.left.elections -= 1;
            }
            Action::Horizon { leader } => state.leaders[leader].over = self.over(&state),
            Action::Settle { leader } => {
                let ledger = self.settled(&state, &state.leaders[leader])?;
                let write = Write { expected: state.store.0, ledger, admitted: Vec::new(), refused: Vec::new() };
                state.leaders[leader].write = Some(write);
            }
            Action::LandSettling { leader } => {
                let write = state.leaders[leader].write.take()?;
                let before = state.store.1.reservations();
                self.land(&mut state, &write);
                state.seen.released |= state.store.1.reservations() < before;
            }
        }
        state.forget_what_nobody_sees();
        Some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("never over", |scenario: &Self, state: &State| state.used() <= scenario.hard),
            Property::always("the ledger never passes the limit", |scenario: &Self, state: &State| cores(state.store.1.total()) <= scenario.hard),
            Property::always("what lives is in the ledger", |_, state: &State| state.used() <= cores(state.store.1.total())),
            Property::always("at rest everybody has an answer and the ledger is the recount", |scenario: &Self, state: &State| {
                let mut actions = Vec::new();
                scenario.actions(state, &mut actions);
                !actions.is_empty() || state.is_settled()
            }),
            Property::sometimes("something is refused", |_, state: &State| state.seen.refused),
            Property::sometimes("a write conflicts", |_, state: &State| state.seen.conflict),
            Property::sometimes("a reservation is settled", |_, state: &State| state.seen.released),
            Property::sometimes("a write lands that nobody waits for", |_, state: &State| state.seen.late_write),
            Property::sometimes("all that fits comes to be", |_, state: &State| {
                state.calls.iter().filter(|call| matches!(call, Call::Over { stored: true })).count() + 1 >= state.calls.len()
            }),
        ]
    }
}

impl State {
    fn is_settled(&self) -> bool {
        // Who never got to ask (the owner never came, or what was to be changed) waits for nobody.
        let waits = |call: &Call| matches!(call, Call::Asked { .. } | Call::Admitted { .. });
        let ledger = &self.store.1;
        !self.calls.iter().any(waits) && ledger.reservations() == 0 && cores(ledger.total()) == self.used()
    }
}
