//! Checks a request against a ledger: reserves its usage, or reports the limits that it exceeds.

use super::replacement::Undo;
use super::shortage::{LimitOwner, Shortfall};
use super::{CAPACITY, Ledger, ObjectRef, Request, Reservation, Shortage, Slot, job_managers};
use crate::quota::Usage;
use std::borrow::Cow;

/// The ledger's decision about a request. Only `Reserved` changes the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// The request does not increase the usage: it is admitted and there is nothing to store.
    Unchanged,
    /// The request is admitted once the changed ledger is stored.
    Reserved,
    /// The request exceeds a limit.
    Refused(Box<Shortage>),
    /// Objects from before the ledger are not counted yet. The client must try again.
    NotCounted,
    /// The ledger has no room for another reservation. The client must try again.
    Full,
}

impl Ledger {
    /// Reserves what a request asks for, if it fits.
    pub fn admit(&mut self, request: &Request) -> Decision {
        match self.reserve(request) {
            Ok(_) => Decision::Reserved,
            Err(decision) => decision,
        }
    }

    /// What [`Ledger::admit`] would decide. The ledger does not change.
    pub fn would_admit(&mut self, request: &Request) -> Decision {
        let next = self.next;
        match self.reserve(request) {
            Ok(undo) => {
                self.undo(undo);
                self.next = next;
                Decision::Reserved
            }
            Err(decision) => decision,
        }
    }

    /// Reserves and returns the previous slots, or returns the reason without a change.
    fn reserve(&mut self, request: &Request) -> Result<Undo, Decision> {
        if !request.increases_usage() {
            return Err(Decision::Unchanged);
        }
        if !self.counted {
            return Err(Decision::NotCounted);
        }
        let request = &*self.within_owner(request);
        if !request.increases_usage() {
            return Err(Decision::Unchanged);
        }
        let before = self.slots.get(&request.object).cloned();
        let slot = self.with_reservation(self.slot_for(before.clone(), request), request);
        let owner = slot.owner.clone();
        let may_shrink = self.has_another(request)
            || (request.replaces && owner.is_some())
            || (request.object.declares() && self.has_remains());
        let total = self.total.clone();
        let owners = owner.iter().flat_map(|owner| self.owner_chain(owner));
        let chain: Vec<ObjectRef> = std::iter::once(request.object.clone()).chain(owners).collect();
        let charge = |ledger: &Self, object: &ObjectRef| {
            ledger.slots.get(object).map(|slot| slot.charge.clone()).unwrap_or_default()
        };
        let charges: Vec<(ObjectRef, Usage)> =
            chain.into_iter().map(|object| (object.clone(), charge(self, &object))).collect();
        let size = self.stored_size;
        let mut undo: Undo = vec![(request.object.clone(), before)];
        self.replace_slot(&request.object, Some(slot));
        self.adopt_claims(request, &mut undo);
        let mut shortfalls = self.shortfalls(request, &total, &charges);
        if !shortfalls.is_empty()
            && request.replaces
            && let Some((object, before)) = owner.and_then(|owner| self.take_place(request, &owner))
        {
            undo.push((object, Some(before)));
            shortfalls = self.shortfalls(request, &total, &charges);
        }
        let full = self.stored_size > CAPACITY && self.stored_size > size;
        if shortfalls.is_empty() && !full {
            self.next = self.next.saturating_add(1);
            return Ok(undo);
        }
        self.undo(undo);
        let refused = || {
            let is_new = !may_shrink && request.version == 0 && request.object.declares();
            let counted = if is_new { self.users_of(&shortfalls) } else { Default::default() };
            let shortage = Shortage::new(self, request, shortfalls);
            Decision::Refused(Box::new(Shortage { may_shrink, counted, ..shortage }))
        };
        Err(if full { Decision::Full } else { refused() })
    }

    /// The limits that a change exceeds. `total` and `charges` were the charges before.
    fn shortfalls(
        &self,
        request: &Request,
        total: &Usage,
        charges: &[(ObjectRef, Usage)],
    ) -> Vec<Shortfall> {
        let mut shortfalls =
            if request.waived.tenant { Vec::new() } else { self.tenant_shortfalls(total) };
        for (object, charge) in charges.iter().filter(|_| !request.waived.cluster) {
            shortfalls.extend(self.cluster_shortfalls(object, charge));
        }
        shortfalls
    }

    /// The request, where a pod with a JobManager belongs to its owner's cluster, or is a cluster of
    /// its own.
    fn within_owner<'r>(&self, request: &'r Request) -> Cow<'r, Request> {
        if !job_managers::may_be_apart(&request.object, &request.usage) {
            return Cow::Borrowed(request);
        }
        let owner = Self::owner_of(&request.object, &request.owners, &self.uids, &self.slots);
        job_managers::joined_request(request, owner, |owner| {
            self.slots.get(owner).is_some_and(|slot| !slot.own().get("clusters").is_zero())
        })
    }

    /// The slot of an object. It draws on the nearest of its owners that has a slot. If objects of
    /// one name have different owners, either may live, so the slot draws on neither.
    fn slot_for(&self, slot: Option<Slot>, request: &Request) -> Slot {
        let owner = Self::owner_of(&request.object, &request.owners, &self.uids, &self.slots);
        match slot {
            Some(slot) if slot.owner == owner => slot,
            Some(slot) => Slot { owner: None, ..slot },
            None => Slot { owner, ..Slot::default() },
        }
    }

    fn with_reservation(&self, mut slot: Slot, request: &Request) -> Slot {
        // A live object without a slot is in a sum already, with its previous usage.
        let has_slot = slot.live.is_some() || request.object.declares();
        let counted = if has_slot || request.version == 0 {
            Usage::default()
        } else {
            request.before.clone()
        };
        let first = Reservation { counted: counted.clone(), ..Reservation::default() };
        let reservation = slot.reserved.entry(request.uid.clone()).or_insert(first);
        reservation.counted.lower_to(&counted);
        reservation.usage.raise_to(&request.usage);
        reservation.base = reservation.base.max(request.version);
        reservation.stamp = self.next;
        reservation.asked_by.clone_from(&request.asked_by);
        slot
    }

    /// The tenant's limits that a change exceeds; `before` was the total.
    fn tenant_shortfalls(&self, before: &Usage) -> Vec<Shortfall> {
        let exceeded = self.known.limits.hard.iter().filter(|(name, hard)| {
            let total = self.total.get(name);
            total > **hard && total > before.get(name)
        });
        let shortfall = |(name, hard): (&String, &_)| Shortfall {
            owner: LimitOwner::Tenant,
            resource: name.clone(),
            used: before.get(name),
            total: self.total.get(name),
            hard: *hard,
        };
        exceeded.map(shortfall).collect()
    }

    /// The limits of one cluster that a change exceeds; `before` was the charge of its slot.
    fn cluster_shortfalls(&self, object: &ObjectRef, before: &Usage) -> Vec<Shortfall> {
        let Some(slot) = self.slots.get(object) else { return Vec::new() };
        // A charge within the limits of one cluster is within those of several.
        let limits = &self.known.limits.per_cluster;
        if limits.iter().all(|(name, hard)| slot.charge.get(name) <= *hard) {
            return Vec::new();
        }
        let own = slot.own();
        // Each node adds a pod to a DaemonSet, which declares only one.
        let has_more = object.kind == "DaemonSet" && !own.get("taskManagers").is_zero();
        let clusters = own.get("clusters").units_ceil().max(u64::from(has_more));
        if clusters == 0 {
            return Vec::new();
        }
        let exceeded = limits.iter().filter(|(name, hard)| {
            let charge = slot.charge.get(name);
            hard.checked_mul(clusters).is_some_and(|hard| charge > hard)
                && charge > before.get(name)
        });
        let shortfall = |(name, hard): (&String, &_)| Shortfall {
            owner: LimitOwner::Cluster(object.clone()),
            resource: name.clone(),
            used: before.get(name).part(clusters),
            total: slot.charge.get(name).part(clusters),
            hard: *hard,
        };
        exceeded.map(shortfall).collect()
    }
}
