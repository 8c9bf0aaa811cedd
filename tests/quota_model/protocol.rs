//! API servers, replicas, leaders and a store, of which anything may happen next that may happen.

use super::scenario::{Fault, Plan, Scenario};
use super::state::{Call, KINDS, Leader, Left, Replica, Seen, State, Write, cores};
use flinkgate::quota::ledger::{Ledger, Living, Request, View};
use stateright::{Model, Property};
use std::collections::BTreeMap;

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

impl Model for Scenario {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        let mut ledger = Ledger::default();
        let positions = KINDS.map(|kind| (kind.to_owned(), 1)).into();
        ledger.settle(&View { positions, ..View::default() }, &self.known()).unwrap();
        let left =
            Left { crashes: self.crashes, losses: self.losses, timeouts: self.timeouts, elections: self.elections, stale: self.stale };
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
            Property::always("the ledger never passes the limit", |scenario: &Self, state: &State| {
                cores(state.store.1.total()) <= scenario.hard
            }),
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
