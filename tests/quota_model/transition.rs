//! What becomes of a state when something happens.

use super::protocol::Action;
use super::scenario::{Plan, Scenario};
use super::state::{Call, Heard, KINDS, Leader, State, Write, cores, kind_index};
use flinkgate::quota::Usage;
use flinkgate::quota::ledger::{LiveObject, Request, View};

impl Scenario {
    /// Changes the state; nothing where that cannot happen.
    pub fn happen(&self, state: &mut State, action: Action) -> Option<()> {
        match action {
            Action::Ask { call, replica, stale } => {
                let Call::Idle { retries } = state.calls[call] else { return None };
                let request = self.request(state, call, stale)?;
                let asked = LiveObject { object: request.object.clone(), ..LiveObject::default() };
                let tenant = state.tenant_of(&asked, state.replicas[replica].heard.owners);
                state.left.stale -= u8::from(stale);
                state.calls[call] = Call::Asked {
                    retries,
                    replica,
                    tenant,
                    since: state.stores[tenant].1.next_stamp(),
                    request,
                };
            }
            Action::Act { call } => self.act(state, call)?,
            Action::ReviewDelete { call } => self.review_delete(state, call)?,
            Action::TimeOut { call } => {
                state.calls[call] = Call::Over { stored: false };
                state.left.timeouts -= 1;
            }
            Action::Store { call } => self.store(state, call)?,
            Action::RefuseLater { call } => state.calls[call] = Call::Over { stored: false },
            Action::Prepare { replica, tenant } => {
                let write = self.prepare(state, replica, tenant)?;
                if (write.expected, &write.ledger)
                    == (state.stores[tenant].0, &state.stores[tenant].1)
                {
                    self.answer(state, &write);
                } else {
                    state.replicas[replica].desks[tenant].write = Some(write);
                }
            }
            Action::Land { replica, tenant } => {
                let write = self.take(state, replica, tenant)?;
                if self.land(state, &write, false) {
                    self.answer(state, &write);
                    state.replicas[replica].desks[tenant].kept = Some(state.stores[tenant].clone());
                }
            }
            Action::LandAndLoseReply { replica, tenant } => {
                let write = self.take(state, replica, tenant)?;
                self.land(state, &write, false);
                state.left.losses -= 1;
            }
            Action::LoseReply { replica, tenant } => {
                let write = self.take(state, replica, tenant)?;
                state.orphans.push(write);
                state.left.losses -= 1;
            }
            Action::LandOrphan { orphan } => {
                let write = state.orphans.remove(orphan);
                // What settles admits nobody.
                let settles = write.admitted.is_empty() && write.refused.is_empty();
                if self.land(state, &write, settles) {
                    self.happens("a write lands that nobody waits for");
                }
            }
            Action::Crash { replica } => {
                for tenant in 0..self.tenants {
                    let write = self.take(state, replica, tenant);
                    state.orphans.extend(write);
                }
                for call in &mut state.calls {
                    if matches!(call, Call::Asked { replica: by, .. } if *by == replica) {
                        *call = Call::Over { stored: false };
                    }
                }
                state.left.crashes -= 1;
            }
            Action::HearLimits { replica } => state.replicas[replica].heard.limits += 1,
            Action::HearOwners { replica } => state.replicas[replica].heard.owners += 1,
            Action::LeaderHearsLimits { leader } => state.leaders[leader].heard.limits += 1,
            Action::LeaderHearsOwners { leader } => state.leaders[leader].heard.owners += 1,
            Action::Watch { leader, kind } => {
                state.leaders[leader].positions[kind] =
                    state.after(kind, state.leaders[leader].positions[kind])?;
            }
            Action::Elect { leader } => {
                state.lease += 1;
                // It lists everything anew once it leads, and remembers nothing.
                let positions = [0, 1].map(|kind| state.last(kind));
                let heard = Heard { owners: state.owners.len() - 1, ..state.leaders[leader].heard };
                let elected = &mut state.leaders[leader];
                state.orphans.extend(elected.writes.iter_mut().filter_map(Option::take));
                let (overs, writes) = (vec![0; self.tenants], vec![None; self.tenants]);
                *elected = Leader {
                    lease: state.lease,
                    heard,
                    positions,
                    overs,
                    gone: Default::default(),
                    writes,
                };
                state.left.elections -= 1;
            }
            Action::Confirm { leader, tenant } => {
                let (over, gone) = self.confirmed(state, &state.leaders[leader], tenant)?;
                state.leaders[leader].overs[tenant] = over;
                state.leaders[leader].gone.extend(gone);
            }
            Action::Settle { leader, tenant } => {
                let ledger = self.settled(state, &state.leaders[leader], tenant)?;
                let write = Write {
                    tenant,
                    expected: state.stores[tenant].0,
                    ledger,
                    admitted: Vec::new(),
                    refused: Vec::new(),
                };
                state.leaders[leader].writes[tenant] = Some(write);
            }
            Action::LandSettling { leader, tenant } => {
                let write = state.leaders[leader].writes[tenant].take()?;
                let (open, total) =
                    (state.stores[tenant].1.reservations(), cores(state.stores[tenant].1.total()));
                if self.land(state, &write, true) {
                    let now = &state.stores[tenant].1;
                    if now.reservations() < open {
                        self.happens("a reservation is settled");
                        if cores(now.total()) < total {
                            self.happens("a reservation of which nothing came is given back");
                        }
                    }
                    if cores(now.total()) > total {
                        self.happens("a tenant is charged for what another one has");
                    }
                }
            }
        }
        Some(())
    }

    /// Takes a replica's write from it; it reads the ledger anew unless it hears that the write
    /// took place.
    fn take(&self, state: &mut State, replica: usize, tenant: usize) -> Option<Write> {
        let desk = &mut state.replicas[replica].desks[tenant];
        desk.kept = None;
        desk.write.take()
    }

    /// The API server stores what was admitted, if it still can.
    fn store(&self, state: &mut State, call: usize) -> Option<()> {
        let Call::Admitted { retries, tenant, request, .. } = state.calls[call].clone() else {
            return None;
        };
        let current =
            state.living(&request.object.name).map(|living| (living.uid.clone(), living.version));
        let fits = match &current {
            None => request.version == 0,
            Some((uid, version)) => *version == request.version && *uid == request.uid,
        };
        state.calls[call] = Call::Over { stored: fits };
        if fits {
            let Request { object, uid, owners, usage, .. } = request;
            if self.moves() {
                state.charged.insert(uid.clone(), tenant);
            }
            let living = LiveObject { object, uid, version: 0, owners, usage };
            let name = living.object.name.clone();
            state.store(kind_index(&living), &name, Some(living));
        } else if request.version > 0 && retries > 0 {
            // The object changed meanwhile: the API server takes it as it is now, and asks again.
            state.calls[call] = Call::Idle { retries: retries - 1 };
        }
        if state.calls.iter().filter(|call| matches!(call, Call::Over { stored: true })).count() + 1
            >= state.calls.len()
        {
            self.happens("all that fits comes to be");
        }
        Some(())
    }

    /// Carries out what is not reviewed.
    fn act(&self, state: &mut State, call: usize) -> Option<()> {
        let changed = match &self.plans[call] {
            Plan::Limit { hard } => {
                state.limits.push(*hard);
                None
            }
            Plan::Move { to } => {
                state.owners.push(*to);
                None
            }
            Plan::Delete { name } => Some((*name, None)),
            Plan::Doom { name } => {
                let living = state.living(name)?.clone();
                Some((*name, Some(LiveObject { usage: Usage::default(), ..living })))
            }
            Plan::Orphan { name } => {
                let living = state.living(name)?.clone();
                Some((*name, Some(LiveObject { owners: Vec::new(), ..living })))
            }
            _ => return None,
        };
        if let Some((name, object)) = changed {
            let kind = kind_index(state.living(name)?);
            state.store(kind, name, object);
        }
        state.calls[call] = Call::Over { stored: true };
        Some(())
    }

    /// The broken protocol gives back what is to be deleted; then somebody else refuses that, or a
    /// finalizer holds the object.
    fn review_delete(&self, state: &mut State, call: usize) -> Option<()> {
        let Plan::Delete { name } = &self.plans[call] else { return None };
        let objects = state.now().filter(|living| living.object.name != *name).cloned().collect();
        let positions = KINDS
            .iter()
            .enumerate()
            .map(|(index, kind)| ((*kind).to_owned(), state.last(index)))
            .collect();
        let known = self.known(state, Default::default());
        state.stores[0]
            .1
            .reconcile(&View { objects, positions, finished_below: 0 }, &known)
            .ok()?;
        state.stores[0].0 += 1;
        state.calls[call] = Call::Over { stored: false };
        Some(())
    }
}
