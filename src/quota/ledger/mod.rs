//! A tenant's ledger: what its admitted requests reserve, and what its live objects use.
//!
//! [Requests](Request) and [views](View) of the live objects go in; decisions and the changed
//! ledger come out. Nothing here does I/O or reads a clock. `tests/quota_model` explores these
//! functions.
//!
//! # Guarantees
//!
//! - *Usage never exceeds a limit.* No admission raises the total above a limit, and the total
//!   contains every live object. An object is counted with the most that it may be stored with,
//!   from before its admission is answered until a view shows that it is deleted.
//! - *Reservations do not leak.* A reservation without an object is released by the first
//!   reconciliation after [`HORIZON`], that of a pod whose cluster, or whose
//!   requesting pod, is gone after [`ORPHAN_HORIZON`]. With one every 15 s, that is at most 105 s after the leader
//!   first saw it; a new leader starts this time again. What a deleted object used is released by
//!   the first reconciliation that sees the deletion. Until then, creating a cluster whose name is
//!   taken costs as much as the pods of the existing one, because these may belong to a former
//!   cluster of that name.
//! - *Other requests always pass.* A request that does not increase the usage is admitted without
//!   the ledger, even if the tenant exceeds a lowered limit.
//!
//! # How it works
//!
//! An admission makes a [`Reservation`] for the object's persisted UID, as an absolute usage. So it
//! can be repeated, and a lost answer does no harm. Admissions, DELETE reviews and clocks never
//! release anything. Only a [reconciliation](reconcile) does: the leader, which watches the
//! objects, counts those that exist. It drops a reservation if the view shows the outcome: the
//! object has a later version than the request's base, or the request had finished before the view
//! was taken. Live pods and claims are summed up in the cluster that they belong to. So a ledger
//! grows with clusters and open reservations, not with pods.
//!
//! A [`Slot`] is charged with the most that any object of its name may use, because only one of
//! them lives at a time: creating an object that exists costs nothing more. An object that declares
//! others, as a FlinkDeployment declares its pods, is charged whole, and these draw on that charge.
//! The larger of the declared and the drawn usage counts, so pods beyond the declaration extend it.
//! While a name has several UIDs, both count: pods outlive their cluster, and those of a former
//! cluster do not draw on a new one. For the same reason an object that leaves its owner draws on
//! no other until a view shows its owner.
//!
//! Owners come from owner references, which users can write, or from names. Users gain nothing by
//! that: every pod is counted below an owner or by itself, and the kinds decide
//! [which object may draw on which](ObjectRef::may_draw_on). A JobManager that nothing declares is a
//! [cluster of its own](job_managers).
//!
//! # Assumptions
//!
//! - The stored ledger supports compare-and-swap, and a read without a cache returns the last write
//!   (etcd).
//! - A validating review has the object's UID and the old object's `resourceVersion`. The API
//!   server stores an update only over that version.
//! - An API server stores nothing later than [`HORIZON`] after Flinkgate's write. It ends a request
//!   after 34 s.
//! - Resource versions of one kind are ordered numbers. Kubernetes guarantees it since 1.35, and
//!   etcd always did.
//! - A view has all objects of the kinds that count, each kind at one resource version. A view that
//!   is older than a counted one is a [`StaleView`](reconcile::StaleView); the Lease's version
//!   excludes views of former leaders.
//! - Before a view says that a request has finished without a visible object, the leader asks the
//!   API server for that object, and then checks that it still leads. Its views show only objects
//!   that existed.
//! - A view's positions include those of namespace ownership, and the leader sees a namespace move
//!   to another tenant within [`HORIZON`].
//!
//! Clocks need not agree: a ledger contains no time, and [`StampTimes`] uses the leader's own clock.
//!
//! Some objects are added only when they are counted: those of a namespace that moves to the
//! tenant, and those from before its limits or its webhooks. The ledger may exceed a limit then. It
//! refuses further increases.

pub mod admit;
pub mod admitted;
pub mod crd;
pub mod horizon;
mod job_managers;
mod leaving;
pub mod line;
pub mod object;
pub mod reconcile;
mod replacement;
pub mod request;
pub mod shortage;
pub mod slot;

pub use admit::Decision;
pub use horizon::{HORIZON, ORPHAN_HORIZON, StampTimes};
pub use object::ObjectRef;
pub use reconcile::{LiveObject, MAX_LARGEST_OBJECTS, OpenReservation, Reconciliation, View};
pub use request::{ClaimNames, Request, TaskManagers, WaivedLimits};
pub use shortage::Shortage;
pub use slot::{Replacement, Reservation, Slot};

use super::Usage;
use super::limits::Limits;
use std::collections::BTreeMap;
use std::hash::{Hash, Hasher};

/// The approximate limit of a stored ledger in bytes. etcd accepts requests of 1.5 MiB, and the API
/// server adds to them.
pub const CAPACITY: usize = 1_000_000;

/// A tenant's limits and their version.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KnownLimits {
    /// The FlinkTenant's resource version. The larger one is newer, also after the tenant was
    /// deleted and created again.
    pub version: u64,
    /// What the tenant may use.
    pub limits: Limits,
}

/// A tenant's reservations and live objects, with its limits.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    /// The newest limits that any replica wrote. They apply to all replicas.
    known: KnownLimits,
    /// Whether the objects that are older than the ledger have been counted.
    counted: bool,
    /// The stamp of the next reservation.
    next: u64,
    /// By kind, the resource version at which its objects were last counted.
    observed: BTreeMap<String, u64>,
    /// Objects with reservations, and objects on which others draw.
    slots: BTreeMap<ObjectRef, Slot>,
    /// Usage of live objects without a slot that draw on none.
    others: Usage,
    /// Slots by the UIDs in them. This and the following are derived from the slots.
    uids: BTreeMap<String, ObjectRef>,
    total: Usage,
    stored_size: usize,
}

impl Ledger {
    /// The ledger of a tenant that is known to have no objects. The default ledger, in contrast,
    /// waits for its first reconciliation.
    pub fn empty() -> Self {
        Self { counted: true, ..Self::default() }
    }

    /// The charge of everything.
    pub fn total(&self) -> &Usage {
        &self.total
    }

    /// Whether existing objects are counted, so that the ledger can decide about requests.
    pub fn is_counted(&self) -> bool {
        self.counted
    }

    /// The limits that the ledger enforces.
    pub fn known_limits(&self) -> &KnownLimits {
        &self.known
    }

    /// The stamp of the next reservation, for [`StampTimes::record`].
    pub fn next_stamp(&self) -> u64 {
        self.next
    }

    /// The number of open reservations.
    pub fn reservations(&self) -> usize {
        self.slots.values().map(|slot| slot.reserved.len()).sum()
    }

    /// The slots that draw on no other, with their charges.
    pub fn charges(&self) -> impl Iterator<Item = (&ObjectRef, &Usage)> {
        self.slots
            .iter()
            .filter(|(_, slot)| slot.owner.is_none())
            .map(|(object, slot)| (object, slot.charge()))
    }

    /// Usage of live objects without a slot that draw on none.
    pub fn others(&self) -> &Usage {
        &self.others
    }

    /// Replaces the limits by newer ones that differ; returns whether it did. A newer version alone
    /// is not worth a write: each write of the FlinkTenant's status gives one.
    pub fn learn_limits(&mut self, known: &KnownLimits) -> bool {
        let newer =
            known.version > self.known.version || (known.version == 0 && self.known.version == 0);
        let replaces = newer && known.limits != self.known.limits;
        if replaces {
            self.known = known.clone();
        }
        replaces
    }

    /// Releases the slot of an object that is about to be deleted. Only for `serve` from files,
    /// where no leader watches the objects. In a cluster, reconciliations release: a DELETE review
    /// does not prove a deletion.
    pub fn release(&mut self, object: &ObjectRef) {
        let Some(removed) = self.slots.remove(object) else { return };
        for slot in self.slots.values_mut().filter(|slot| slot.owner.as_ref() == Some(object)) {
            slot.owner.clone_from(&removed.owner);
        }
        self.rebuild();
    }

    /// An object and the owners that it draws on, nearest first.
    fn owner_chain(&self, object: &ObjectRef) -> Vec<ObjectRef> {
        let mut chain = Vec::new();
        let mut next = Some(object);
        while let Some(object) = next {
            chain.push(object.clone());
            // Ends, because an owner always has a higher rank.
            next = self.slots.get(object).and_then(|slot| slot.owner.as_ref());
        }
        chain
    }

    /// Inserts, replaces or removes a slot, and updates the charges up to the total.
    fn replace_slot(&mut self, object: &ObjectRef, slot: Option<Slot>) {
        let before = self.slots.remove(object);
        for uid in before.iter().flat_map(Slot::uids) {
            self.uids.remove(uid);
        }
        let charge = |slot: &Option<Slot>| {
            slot.as_ref().map(|slot| slot.charge().clone()).unwrap_or_default()
        };
        let size = before.as_ref().map_or(0, |slot| slot.stored_size(object));
        self.stored_size = self.stored_size.saturating_sub(size);
        let old = charge(&before);
        let old_owner = before.as_ref().and_then(|slot| slot.owner.clone());
        let slot = slot.map(|mut slot| {
            slot.owned = before.map(|before| before.owned).unwrap_or_default();
            slot.update_charge();
            slot
        });
        let new = charge(&slot);
        let owner = slot.as_ref().map_or_else(|| old_owner.clone(), |slot| slot.owner.clone());
        if let Some(slot) = slot {
            self.stored_size = self.stored_size.saturating_add(slot.stored_size(object));
            self.uids.extend(slot.uids().map(|uid| (uid.to_owned(), object.clone())));
            self.slots.insert(object.clone(), slot);
        }
        if old_owner == owner {
            self.propagate(owner, old, new);
        } else {
            self.propagate(old_owner, old, Usage::default());
            self.propagate(owner, Usage::default(), new);
        }
    }

    /// Propagates a changed charge from an owner up to the total.
    fn propagate(&mut self, owner: Option<ObjectRef>, mut old: Usage, mut new: Usage) {
        let mut next = owner;
        while let Some(slot) = next.as_ref().and_then(|owner| self.slots.get_mut(owner)) {
            let charge = slot.charge().clone();
            slot.owned = replace_part(&slot.owned, &old, &new);
            slot.update_charge();
            (old, new) = (charge, slot.charge().clone());
            next = slot.owner.clone();
        }
        self.total = replace_part(&self.total, &old, &new);
    }

    /// Computes everything that is derived from the slots.
    fn rebuild(&mut self) {
        (self.uids, self.total, self.stored_size) = (BTreeMap::new(), self.others.clone(), 0);
        let may_not = |object: &ObjectRef, owner: &ObjectRef| {
            !object.may_draw_on(owner) || !self.slots.contains_key(owner)
        };
        let wrong = self.slots.iter().filter(|(object, slot)| {
            slot.owner.as_ref().is_some_and(|owner| may_not(object, owner))
        });
        for object in wrong.map(|(object, _)| object.clone()).collect::<Vec<_>>() {
            self.slots.entry(object).and_modify(|slot| slot.owner = None);
        }
        let mut order: Vec<ObjectRef> = self.slots.keys().cloned().collect();
        order.sort_by_key(ObjectRef::rank);
        // From the lowest rank up, so that a slot's charge includes all slots that draw on it.
        self.slots.values_mut().for_each(|slot| slot.owned = Usage::default());
        for object in &order {
            let Some(slot) = self.slots.get_mut(object) else { continue };
            slot.update_charge();
            self.stored_size = self.stored_size.saturating_add(slot.stored_size(object));
            let (owner, charge) = (slot.owner.clone(), slot.charge.clone());
            let owner = owner.and_then(|owner| self.slots.get_mut(&owner));
            owner.map_or(&mut self.total, |owner| &mut owner.owned).add(&charge);
        }
        for (object, slot) in &self.slots {
            self.uids.extend(slot.uids().map(|uid| (uid.to_owned(), object.clone())));
        }
    }
}

/// A sum after one of its parts was replaced.
fn replace_part(sum: &Usage, old: &Usage, new: &Usage) -> Usage {
    let mut sum = sum.without(old);
    sum.add(new);
    sum
}

/// Compares what is stored. The rest is derived from it.
impl PartialEq for Ledger {
    fn eq(&self, other: &Self) -> bool {
        let own = |ledger: &Self| (ledger.counted, ledger.next);
        own(self) == own(other)
            && self.known == other.known
            && self.observed == other.observed
            && self.slots == other.slots
            && self.others == other.others
    }
}

impl Eq for Ledger {}

impl Hash for Ledger {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.known.version, self.counted, self.next, &self.observed, &self.slots, &self.others)
            .hash(state);
    }
}

#[cfg(test)]
mod tests;
