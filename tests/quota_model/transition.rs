//! The transitions: how each action changes the state.

use super::protocol::Action;
use super::scenario::{Plan, Scenario};
use super::state::{Call, ConfigVersions, KINDS, Leader, State, Write, cores, kind_index};
use flinkgate::quota::Usage;
use flinkgate::quota::ledger::{LiveObject, Request, View};

impl Scenario {
    /// Applies an action; `None` if it is not possible.
    pub fn apply(&self, state: &mut State, action: Action) -> Option<()> {
        match action {
            Action::SendReview { call, replica, stale } => {
                let Call::Idle { retries } = state.calls[call] else { return None };
                let request = self.request(state, call, stale)?;
                let object = LiveObject { object: request.object.clone(), ..LiveObject::default() };
                let tenant = state.tenant_of(&object, state.replicas[replica].config.owners);
                state.budget.stale -= u8::from(stale);
                state.calls[call] = Call::Waiting {
                    retries,
                    replica,
                    tenant,
                    since: state.stores[tenant].1.next_stamp(),
                    request,
                };
            }
            Action::Execute { call } => self.execute(state, call)?,
            Action::ReviewDelete { call } => self.review_delete(state, call)?,
            Action::TimeOut { call } => {
                state.calls[call] = Call::Done { stored: false };
                state.budget.timeouts -= 1;
            }
            Action::Store { call } => self.store(state, call)?,
            Action::RefuseByOther { call } => state.calls[call] = Call::Done { stored: false },
            Action::Prepare { replica, tenant } => {
                let write = self.prepare(state, replica, tenant)?;
                if (write.expected, &write.ledger)
                    == (state.stores[tenant].0, &state.stores[tenant].1)
                {
                    self.answer(state, &write);
                } else {
                    state.replicas[replica].queues[tenant].write = Some(write);
                }
            }
            Action::Land { replica, tenant } => {
                let write = self.take(state, replica, tenant)?;
                if self.land(state, &write, false) {
                    self.answer(state, &write);
                    state.replicas[replica].queues[tenant].cached =
                        Some(state.stores[tenant].clone());
                }
            }
            Action::LandAndLoseReply { replica, tenant } => {
                let write = self.take(state, replica, tenant)?;
                self.land(state, &write, false);
                state.budget.losses -= 1;
            }
            Action::LoseReply { replica, tenant } => {
                let write = self.take(state, replica, tenant)?;
                state.orphans.push(write);
                state.budget.losses -= 1;
            }
            Action::LandOrphan { orphan } => {
                let write = state.orphans.remove(orphan);
                // Only reconciliations have no calls.
                let reconciles = write.admitted.is_empty() && write.refused.is_empty();
                if self.land(state, &write, reconciles) {
                    self.record("an abandoned write succeeds");
                }
            }
            Action::Crash { replica } => {
                for tenant in 0..self.tenants {
                    let write = self.take(state, replica, tenant);
                    state.orphans.extend(write);
                }
                for call in &mut state.calls {
                    if matches!(call, Call::Waiting { replica: by, .. } if *by == replica) {
                        *call = Call::Done { stored: false };
                    }
                }
                state.budget.crashes -= 1;
            }
            Action::ReplicaSeesLimits { replica } => state.replicas[replica].config.limits += 1,
            Action::ReplicaSeesOwners { replica } => state.replicas[replica].config.owners += 1,
            Action::LeaderSeesLimits { leader } => state.leaders[leader].config.limits += 1,
            Action::LeaderSeesOwners { leader } => state.leaders[leader].config.owners += 1,
            Action::Watch { leader, kind } => {
                state.leaders[leader].positions[kind] =
                    state.next_revision(kind, state.leaders[leader].positions[kind])?;
            }
            Action::Elect { leader } => {
                state.lease += 1;
                // It lists all objects when it begins to lead, and has no earlier knowledge.
                let positions = std::array::from_fn(|kind| state.revision(kind));
                let config = ConfigVersions {
                    owners: state.owners.len() - 1,
                    ..state.leaders[leader].config
                };
                let elected = &mut state.leaders[leader];
                state.orphans.extend(elected.writes.iter_mut().filter_map(Option::take));
                let (finished_below, writes) = (vec![0; self.tenants], vec![None; self.tenants]);
                *elected = Leader {
                    lease: state.lease,
                    config,
                    positions,
                    finished_below,
                    deleted: Default::default(),
                    writes,
                };
                state.budget.elections -= 1;
            }
            Action::Confirm { leader, tenant } => {
                let (finished, deleted) = self.confirmed(state, &state.leaders[leader], tenant)?;
                state.leaders[leader].finished_below[tenant] = finished;
                state.leaders[leader].deleted.extend(deleted);
            }
            Action::Reconcile { leader, tenant } => {
                let ledger = self.reconciled(state, &state.leaders[leader], tenant)?;
                let write = Write {
                    tenant,
                    expected: state.stores[tenant].0,
                    ledger,
                    admitted: Vec::new(),
                    refused: Vec::new(),
                };
                state.leaders[leader].writes[tenant] = Some(write);
            }
            Action::LandReconciliation { leader, tenant } => {
                let write = state.leaders[leader].writes[tenant].take()?;
                let (open, total) =
                    (state.stores[tenant].1.reservations(), cores(state.stores[tenant].1.total()));
                if self.land(state, &write, true) {
                    let now = &state.stores[tenant].1;
                    if now.reservations() < open {
                        self.record("a reservation is dropped");
                        if cores(now.total()) < total {
                            self.record("a reservation without an object is released");
                        }
                    }
                    if cores(now.total()) > total {
                        self.record("a reconciliation raises a total");
                    }
                }
            }
        }
        Some(())
    }

    /// Takes a replica's write. The replica drops its cached ledger, unless the write succeeds.
    fn take(&self, state: &mut State, replica: usize, tenant: usize) -> Option<Write> {
        let queue = &mut state.replicas[replica].queues[tenant];
        queue.cached = None;
        queue.write.take()
    }

    /// The API server stores an admitted object, if it still can.
    fn store(&self, state: &mut State, call: usize) -> Option<()> {
        let Call::Admitted { retries, tenant, request, .. } = state.calls[call].clone() else {
            return None;
        };
        let current =
            state.live_object(&request.object.name).map(|live| (live.uid.clone(), live.version));
        let fits = match &current {
            None => request.version == 0,
            Some((uid, version)) => *version == request.version && *uid == request.uid,
        };
        state.calls[call] = Call::Done { stored: fits };
        if fits {
            let Request { object, uid, owners, usage, .. } = request;
            if self.moves() {
                state.charged.insert(uid.clone(), tenant);
            }
            let live = LiveObject { object, uid, owners, usage, ..LiveObject::default() };
            let name = live.object.name.clone();
            state.store(kind_index(&live), &name, Some(live));
        } else if request.version > 0 && retries > 0 {
            // The object has changed: the API server reads it again and sends another review.
            state.calls[call] = Call::Idle { retries: retries - 1 };
        }
        if state.calls.iter().filter(|call| matches!(call, Call::Done { stored: true })).count() + 1
            >= state.calls.len()
        {
            self.record("all requests but one are stored");
        }
        Some(())
    }

    /// Executes a plan that is not reviewed.
    fn execute(&self, state: &mut State, call: usize) -> Option<()> {
        let changed = match &self.plans[call] {
            Plan::SetLimit { hard } => {
                state.limits.push(*hard);
                None
            }
            Plan::MoveNamespace { to } => {
                state.owners.push(*to);
                None
            }
            Plan::Delete { name } => Some((*name, None)),
            Plan::BeginDeletion { name } => {
                let live = state.live_object(name)?.clone();
                Some((*name, Some(LiveObject { usage: Usage::default(), ..live })))
            }
            Plan::Leave { name } => {
                let live = state.live_object(name)?.clone();
                Some((*name, Some(LiveObject { leaving: true, ..live })))
            }
            Plan::Rest { name } => {
                let live = state.live_object(name)?.clone();
                Some((*name, Some(LiveObject { resting: true, ..live })))
            }
            Plan::Orphan { name } => {
                let live = state.live_object(name)?.clone();
                Some((*name, Some(LiveObject { owners: Vec::new(), ..live })))
            }
            _ => return None,
        };
        if let Some((name, object)) = changed {
            let kind = kind_index(state.live_object(name)?);
            state.store(kind, name, object);
        }
        state.calls[call] = Call::Done { stored: true };
        Some(())
    }

    /// The defective protocol releases an object at its DELETE review. Then another webhook refuses
    /// the deletion, or a finalizer delays it.
    fn review_delete(&self, state: &mut State, call: usize) -> Option<()> {
        let Plan::Delete { name } = &self.plans[call] else { return None };
        let objects =
            state.live_objects().filter(|live| live.object.name != *name).cloned().collect();
        let positions = KINDS
            .iter()
            .enumerate()
            .map(|(index, kind)| ((*kind).to_owned(), state.revision(index)))
            .collect();
        let known = self.known(state, Default::default());
        state.stores[0]
            .1
            .reconcile(&View { objects, positions, finished_below: 0 }, &known)
            .ok()?;
        state.stores[0].0 += 1;
        state.calls[call] = Call::Done { stored: false };
        Some(())
    }
}
