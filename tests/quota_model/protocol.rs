//! API servers, replicas, leaders and a store, of which anything may happen next that may happen.

use super::scenario::{Fault, Plan, Scenario};
use super::state::{Call, Desk, KINDS, Leader, Left, Replica, State};
use flinkgate::quota::ledger::{Ledger, View};
use stateright::{Model, Property};
use std::collections::BTreeMap;

/// What may happen next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    Ask { call: usize, replica: usize, stale: bool },
    Act { call: usize },
    ReviewDelete { call: usize },
    TimeOut { call: usize },
    Store { call: usize },
    RefuseLater { call: usize },
    Prepare { replica: usize, tenant: usize },
    Land { replica: usize, tenant: usize },
    LandAndLoseReply { replica: usize, tenant: usize },
    LoseReply { replica: usize, tenant: usize },
    LandOrphan { orphan: usize },
    Crash { replica: usize },
    HearLimits { replica: usize },
    HearOwners { replica: usize },
    LeaderHearsLimits { leader: usize },
    LeaderHearsOwners { leader: usize },
    Watch { leader: usize, kind: usize },
    Elect { leader: usize },
    Confirm { leader: usize, tenant: usize },
    Settle { leader: usize, tenant: usize },
    LandSettling { leader: usize, tenant: usize },
}

impl Model for Scenario {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        let leader = |index| Leader {
            lease: u64::from(index == 0),
            heard: Default::default(),
            positions: [1, 1],
            overs: vec![0; self.tenants],
            gone: Default::default(),
            writes: vec![None; self.tenants],
        };
        let replica =
            Replica { heard: Default::default(), desks: vec![Desk::default(); self.tenants] };
        let mut state = State {
            kinds: [vec![(1, Vec::new())], vec![(1, Vec::new())]],
            owners: vec![0],
            limits: vec![self.hard],
            stores: Vec::new(),
            ceilings: vec![self.hard; self.tenants],
            charged: BTreeMap::new(),
            previous: BTreeMap::new(),
            calls: vec![Call::Idle { retries: self.retries }; self.plans.len()],
            replicas: vec![replica; self.replicas],
            leaders: (0..self.leaders).map(leader).collect(),
            lease: 1,
            orphans: Vec::new(),
            left: Left {
                crashes: self.crashes,
                losses: self.losses,
                timeouts: self.timeouts,
                elections: self.elections,
                stale: self.stale,
            },
            passed: false,
        };
        let mut ledger = Ledger::default();
        let known = self.known(&state, Default::default());
        ledger
            .reconcile(
                &View {
                    positions: KINDS.map(|kind| (kind.to_owned(), 1)).into(),
                    ..View::default()
                },
                &known,
            )
            .unwrap();
        state.stores = vec![(1, ledger); self.tenants];
        vec![state]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        self.actions_of_api_servers(state, actions);
        self.actions_of_replicas(state, actions);
        for (leader, now) in state.leaders.iter().enumerate() {
            self.actions_of_leader(state, leader, now, actions);
        }
        actions.extend((0..state.orphans.len()).map(|orphan| Action::LandOrphan { orphan }));
    }

    fn next_state(&self, before: &State, action: Action) -> Option<State> {
        let mut state = before.clone();
        self.happen(&mut state, action)?;
        state.forget_what_nobody_sees();
        Some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        self.promises()
    }
}

impl Scenario {
    fn actions_of_api_servers(&self, state: &State, actions: &mut Vec<Action>) {
        let replicas = self.replicas_to_ask(state);
        for (call, (now, plan)) in state.calls.iter().zip(&self.plans).enumerate() {
            match now {
                Call::Idle { .. } => {
                    if self.can_act(state, plan) {
                        actions.push(Action::Act { call });
                        if self.fault == Some(Fault::ReleaseOnDelete)
                            && matches!(plan, Plan::Delete { .. })
                        {
                            actions.push(Action::ReviewDelete { call });
                        }
                    }
                    for stale in
                        [false, true].into_iter().take(1 + usize::from(state.left.stale > 0))
                    {
                        if self.request(state, call, stale).is_some() {
                            actions.extend(replicas.iter().map(|replica| Action::Ask {
                                call,
                                replica: *replica,
                                stale,
                            }));
                        }
                    }
                }
                Call::Asked { .. } if state.left.timeouts > 0 => {
                    actions.push(Action::TimeOut { call })
                }
                Call::Admitted { .. } => {
                    actions.extend([Action::Store { call }, Action::RefuseLater { call }])
                }
                _ => {}
            }
        }
    }

    fn actions_of_replicas(&self, state: &State, actions: &mut Vec<Action>) {
        for replica in self.replicas_to_ask(state) {
            let now = &state.replicas[replica];
            for (tenant, desk) in now.desks.iter().enumerate() {
                if desk.write.is_none() && self.asked(state, replica, tenant).next().is_some() {
                    actions.push(Action::Prepare { replica, tenant });
                }
                if desk.write.is_some() {
                    actions.push(Action::Land { replica, tenant });
                    if state.left.losses > 0 {
                        actions.extend([
                            Action::LandAndLoseReply { replica, tenant },
                            Action::LoseReply { replica, tenant },
                        ]);
                    }
                }
            }
            let busy =
                |call: &Call| matches!(call, Call::Asked { replica: by, .. } if *by == replica);
            if state.left.crashes > 0
                && (now.desks.iter().any(|desk| desk.write.is_some())
                    || state.calls.iter().any(busy))
            {
                actions.push(Action::Crash { replica });
            }
            if now.heard.limits + 1 < state.limits.len() {
                actions.push(Action::HearLimits { replica });
            }
            if now.heard.owners + 1 < state.owners.len() {
                actions.push(Action::HearOwners { replica });
            }
        }
    }

    fn actions_of_leader(
        &self,
        state: &State,
        leader: usize,
        now: &Leader,
        actions: &mut Vec<Action>,
    ) {
        let is_current = now.lease == state.lease;
        // The one leader may be elected anew (it was started again), or else the other.
        if state.left.elections > 0 && (!is_current || state.leaders.len() == 1) {
            actions.push(Action::Elect { leader });
        }
        for (tenant, write) in now.writes.iter().enumerate() {
            if write.is_some() {
                actions.push(Action::LandSettling { leader, tenant });
            }
        }
        if now.lease == 0 || self.is_shut_out(state, now) {
            return;
        }
        let behind =
            (0..KINDS.len()).filter(|kind| state.after(*kind, now.positions[*kind]).is_some());
        actions.extend(behind.map(|kind| Action::Watch { leader, kind }));
        if now.heard.limits + 1 < state.limits.len() {
            actions.push(Action::LeaderHearsLimits { leader });
        }
        if now.heard.owners + 1 < state.owners.len() {
            actions.push(Action::LeaderHearsOwners { leader });
        }
        for tenant in (0..self.tenants).filter(|tenant| now.writes[*tenant].is_none()) {
            if self.confirmed(state, now, tenant).is_some() {
                actions.push(Action::Confirm { leader, tenant });
            }
            if self.settled(state, now, tenant).is_some() {
                actions.push(Action::Settle { leader, tenant });
            }
        }
    }

    /// Whether a later leader has written every ledger, so that nothing that this one does matters
    /// any more.
    fn is_shut_out(&self, state: &State, leader: &Leader) -> bool {
        let later = |ledger: &Ledger| {
            ledger.stored().observed.get("Lease").is_some_and(|lease| *lease > leader.lease)
        };
        leader.lease < state.lease && state.stores.iter().all(|(_, ledger)| later(ledger)) && {
            self.happens("a former leader's view is refused");
            true
        }
    }
}
