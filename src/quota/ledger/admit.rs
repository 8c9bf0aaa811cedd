//! A request is held against a ledger: it reserves, or is told what is missing.

use super::shortage::{Missing, Scope};
use super::{CAPACITY, Ledger, ObjectRef, Request, Reservation, Shortage, Slot};
use crate::quota::Usage;

/// What a ledger says to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It asks for no more than before: nothing to write.
    Unchanged,
    /// It may pass once the ledger, which has changed, is stored.
    Reserved,
    /// There is too little left. The ledger has not changed.
    Refused(Box<Shortage>),
    /// What was there before the ledger has not been counted yet: ask again. The ledger has not
    /// changed.
    NotCounted,
    /// The ledger has no room for one more reservation until some have settled: ask again. The
    /// ledger has not changed.
    Full,
}

impl Ledger {
    /// Reserves what a request asks for, if there is as much.
    pub fn admit(&mut self, request: &Request) -> Decision {
        match self.reserve(request) {
            Ok(_) => Decision::Reserved,
            Err(decision) => decision,
        }
    }

    /// What [`Ledger::admit`] would say; nothing changes.
    pub fn would_admit(&mut self, request: &Request) -> Decision {
        let next = self.next;
        match self.reserve(request) {
            Ok(before) => {
                self.put(&request.object, before);
                self.next = next;
                Decision::Reserved
            }
            Err(decision) => decision,
        }
    }

    /// Reserves, and gives the slot as it was; or says why not, and has changed nothing.
    fn reserve(&mut self, request: &Request) -> Result<Option<Slot>, Decision> {
        if !request.increases_usage() {
            return Err(Decision::Unchanged);
        }
        if !self.counted {
            return Err(Decision::NotCounted);
        }
        let before = self.slots.get(&request.object).cloned();
        let slot = self.with_reservation(self.slot_for(before.clone(), request), request);
        let total = self.total.clone();
        let line: Vec<ObjectRef> = match &slot.within {
            Some(within) => {
                std::iter::once(request.object.clone()).chain(self.line(within)).collect()
            }
            None => vec![request.object.clone()],
        };
        let charge = |ledger: &Self, object: &ObjectRef| {
            ledger.slots.get(object).map(|slot| slot.charge.clone()).unwrap_or_default()
        };
        let charges: Vec<Usage> = line.iter().map(|object| charge(self, object)).collect();
        let weight = self.weight;
        self.put(&request.object, Some(slot));
        let mut missing =
            if request.waived.tenant { Vec::new() } else { self.missing_to_tenant(&total) };
        for (object, charge) in line.iter().zip(&charges).filter(|_| !request.waived.cluster) {
            missing.extend(self.missing_to_cluster(object, charge));
        }
        let full = self.weight > CAPACITY && self.weight > weight;
        if missing.is_empty() && !full {
            self.next = self.next.saturating_add(1);
            return Ok(before);
        }
        self.put(&request.object, before);
        let refused = || Decision::Refused(Box::new(Shortage::new(self, request, missing)));
        Err(if full { Decision::Full } else { refused() })
    }

    /// The slot of an object: it draws on the nearest of its owners that has one. Where another of
    /// its name draws on somebody else, nobody knows which will live, and the slot draws on
    /// nothing.
    fn slot_for(&self, slot: Option<Slot>, request: &Request) -> Slot {
        let within = Self::owner_of(&request.object, &request.owners, &self.uids, &self.slots);
        match slot {
            Some(slot) if slot.within == within => slot,
            Some(slot) => Slot { within: None, ..slot },
            None => Slot { within, ..Slot::default() },
        }
    }

    fn with_reservation(&self, mut slot: Slot, request: &Request) -> Slot {
        // A settled object without a slot is in a sum already, with what it used.
        let listed = slot.settled.is_some() || request.object.declares();
        let counted =
            if listed || request.version == 0 { Usage::default() } else { request.before.clone() };
        let first = Reservation { counted: counted.clone(), ..Reservation::default() };
        let reservation = slot.reserved.entry(request.uid.clone()).or_insert(first);
        reservation.counted.lower_to(&counted);
        reservation.usage.raise_to(&request.usage);
        reservation.base = reservation.base.max(request.version);
        reservation.stamp = self.next;
        slot
    }

    /// What of the tenant's limits a change passes, where `before` was the total.
    fn missing_to_tenant(&self, before: &Usage) -> Vec<Missing> {
        let passed = self.known.limits.hard.iter().filter(|(name, hard)| {
            let total = self.total.get(name);
            total > **hard && total > before.get(name)
        });
        let missing = |(name, hard): (&String, &_)| Missing {
            scope: Scope::Tenant,
            resource: name.clone(),
            used: before.get(name),
            wanted: self.total.get(name),
            hard: *hard,
        };
        passed.map(missing).collect()
    }

    /// What of the limits of one cluster a change passes at a slot that was charged `before`.
    fn missing_to_cluster(&self, object: &ObjectRef, before: &Usage) -> Vec<Missing> {
        let Some(slot) = self.slots.get(object) else { return Vec::new() };
        let clusters = slot.own().get("clusters").units_ceil();
        if clusters == 0 {
            return Vec::new();
        }
        let passed = self.known.limits.per_cluster.iter().filter(|(name, hard)| {
            let charge = slot.charge.get(name);
            hard.checked_mul(clusters).is_some_and(|hard| charge > hard)
                && charge > before.get(name)
        });
        let missing = |(name, hard): (&String, &_)| Missing {
            scope: Scope::Cluster(object.clone()),
            resource: name.clone(),
            used: before.get(name).part(clusters),
            wanted: slot.charge.get(name).part(clusters),
            hard: *hard,
        };
        passed.map(missing).collect()
    }
}
