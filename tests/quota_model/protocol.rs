//! The model: all actions of API servers, replicas, leaders and the store that are possible next.

use super::scenario::{Fault, Plan, Scenario};
use super::state::{Call, FaultBudget, KINDS, Leader, Replica, ReplicaQueue, State};
use flinkgate::quota::ledger::{Ledger, View};
use stateright::{Model, Property};
use std::collections::BTreeMap;

/// A possible next step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    SendReview { call: usize, replica: usize, stale: bool },
    Execute { call: usize },
    ReviewDelete { call: usize },
    TimeOut { call: usize },
    Store { call: usize },
    RefuseByOther { call: usize },
    Prepare { replica: usize, tenant: usize },
    Land { replica: usize, tenant: usize },
    LandAndLoseReply { replica: usize, tenant: usize },
    LoseReply { replica: usize, tenant: usize },
    LandOrphan { orphan: usize },
    Crash { replica: usize },
    ReplicaSeesLimits { replica: usize },
    ReplicaSeesOwners { replica: usize },
    LeaderSeesLimits { leader: usize },
    LeaderSeesOwners { leader: usize },
    Watch { leader: usize, kind: usize },
    Elect { leader: usize },
    Confirm { leader: usize, tenant: usize },
    Reconcile { leader: usize, tenant: usize },
    LandReconciliation { leader: usize, tenant: usize },
}

impl Model for Scenario {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        let leader = |index| Leader {
            lease: u64::from(index == 0),
            config: Default::default(),
            positions: [1; KINDS.len()],
            finished_below: vec![0; self.tenants],
            deleted: Default::default(),
            writes: vec![None; self.tenants],
        };
        let replica = Replica {
            config: Default::default(),
            queues: vec![ReplicaQueue::default(); self.tenants],
        };
        let mut state = State {
            kinds: KINDS.map(|_| vec![(1, Vec::new())]),
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
            budget: FaultBudget {
                crashes: self.crashes,
                losses: self.losses,
                timeouts: self.timeouts,
                elections: self.elections,
                stale: self.stale,
            },
            limit_exceeded: false,
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
        self.apply(&mut state, action)?;
        state.drop_unobserved_revisions();
        Some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        self.invariants()
    }
}

impl Scenario {
    fn actions_of_api_servers(&self, state: &State, actions: &mut Vec<Action>) {
        let replicas = self.distinct_replicas(state);
        for (call, (now, plan)) in state.calls.iter().zip(&self.plans).enumerate() {
            match now {
                Call::Idle { .. } => {
                    if self.can_execute(state, plan) {
                        actions.push(Action::Execute { call });
                        if self.fault == Some(Fault::ReleaseOnDelete)
                            && matches!(plan, Plan::Delete { .. })
                        {
                            actions.push(Action::ReviewDelete { call });
                        }
                    }
                    for stale in
                        [false, true].into_iter().take(1 + usize::from(state.budget.stale > 0))
                    {
                        if self.request(state, call, stale).is_some() {
                            actions.extend(replicas.iter().map(|replica| Action::SendReview {
                                call,
                                replica: *replica,
                                stale,
                            }));
                        }
                    }
                }
                Call::Waiting { .. } if state.budget.timeouts > 0 => {
                    actions.push(Action::TimeOut { call })
                }
                Call::Admitted { .. } => {
                    actions.extend([Action::Store { call }, Action::RefuseByOther { call }])
                }
                _ => {}
            }
        }
    }

    fn actions_of_replicas(&self, state: &State, actions: &mut Vec<Action>) {
        for replica in self.distinct_replicas(state) {
            let now = &state.replicas[replica];
            for (tenant, queue) in now.queues.iter().enumerate() {
                if queue.write.is_none() && self.waiting(state, replica, tenant).next().is_some() {
                    actions.push(Action::Prepare { replica, tenant });
                }
                if queue.write.is_some() {
                    actions.push(Action::Land { replica, tenant });
                    if state.budget.losses > 0 {
                        actions.extend([
                            Action::LandAndLoseReply { replica, tenant },
                            Action::LoseReply { replica, tenant },
                        ]);
                    }
                }
            }
            let busy =
                |call: &Call| matches!(call, Call::Waiting { replica: by, .. } if *by == replica);
            if state.budget.crashes > 0
                && (now.queues.iter().any(|queue| queue.write.is_some())
                    || state.calls.iter().any(busy))
            {
                actions.push(Action::Crash { replica });
            }
            if now.config.limits + 1 < state.limits.len() {
                actions.push(Action::ReplicaSeesLimits { replica });
            }
            if now.config.owners + 1 < state.owners.len() {
                actions.push(Action::ReplicaSeesOwners { replica });
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
        // With one leader, the same one may be elected again after a restart.
        if state.budget.elections > 0 && (!is_current || state.leaders.len() == 1) {
            actions.push(Action::Elect { leader });
        }
        for (tenant, write) in now.writes.iter().enumerate() {
            if write.is_some() {
                actions.push(Action::LandReconciliation { leader, tenant });
            }
        }
        if now.lease == 0 || self.is_fenced(state, now) {
            return;
        }
        let behind = (0..KINDS.len())
            .filter(|kind| state.next_revision(*kind, now.positions[*kind]).is_some());
        actions.extend(behind.map(|kind| Action::Watch { leader, kind }));
        if now.config.limits + 1 < state.limits.len() {
            actions.push(Action::LeaderSeesLimits { leader });
        }
        if now.config.owners + 1 < state.owners.len() {
            actions.push(Action::LeaderSeesOwners { leader });
        }
        for tenant in (0..self.tenants).filter(|tenant| now.writes[*tenant].is_none()) {
            if self.confirmed(state, now, tenant).is_some() {
                actions.push(Action::Confirm { leader, tenant });
            }
            if self.reconciled(state, now, tenant).is_some() {
                actions.push(Action::Reconcile { leader, tenant });
            }
        }
    }

    /// Whether a later leader has written every ledger, so that all writes of this one conflict.
    fn is_fenced(&self, state: &State, leader: &Leader) -> bool {
        let is_newer = |ledger: &Ledger| {
            ledger.stored().observed.get("Lease").is_some_and(|lease| *lease > leader.lease)
        };
        leader.lease < state.lease && state.stores.iter().all(|(_, ledger)| is_newer(ledger)) && {
            self.record("a former leader's view is refused");
            true
        }
    }
}
