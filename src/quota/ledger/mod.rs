//! A tenant's ledger: what was promised to objects that may yet come to be, and what is there.
//!
//! # The promise
//!
//! *Never over.* No transition of a ledger makes its total pass a limit, and whatever lives is in
//! the total: an object is there with all that it may be stored as, from before its admission is
//! answered until it was seen to be gone. *Never leaking.* What was promised and did not come to be
//! is free again after [`HORIZON`] and the next settling (with a settling every 15 s, at most 105 s
//! after the leader first saw the promise; a new leader starts to wait anew). What has gone is free
//! again with the first settling that saw it go. To that bound, creating a cluster by a name that
//! is taken costs as much as the pods of the one that is there: until it is known that nothing came
//! of it, they may be those of a former one. *Never in the way.* What asks for no more than before
//! passes without the ledger, also where the tenant is over a lowered limit.
//!
//! # How
//!
//! An admission [reserves](Reservation) under the object's persisted UID, as an absolute usage:
//! repeating it changes nothing, and no answer that got lost matters. Nothing is ever given back by
//! an admission, by a DELETE review or by a clock. A [settling](reconcile) alone does that: one who
//! watches the objects counts those that are there, and drops a reservation when what is there
//! shows what became of it (the object stands past the version that the request was about), or when
//! the request was over before the objects were looked at. What has settled is counted, not listed:
//! pods and claims become sums of the cluster they belong to, so that a ledger grows with clusters
//! and with what is on its way, not with pods.
//!
//! A [`Slot`] is charged with the most that any one of the objects of its name may be, for only one
//! lives at a time: creating what exists costs nothing more. An object that declares others (a
//! FlinkDeployment its pods) is charged whole, and what it owns draws on that: the larger of what
//! is declared and what was drawn counts, so that pods beyond it extend it. While there are several
//! objects of the name, what was drawn counts beside what is declared: pods outlive their cluster,
//! and those of a former one draw on none that is made anew. So it is with what leaves an owner:
//! until it was seen on whom it draws, it draws on nobody. Owners are taken from owner references,
//! which users can write, or from names. That wins nobody anything: every pod is counted below some
//! owner or by itself, and [who may draw on whom](ObjectRef::may_draw_on) follows the kinds.
//!
//! # What is trusted
//!
//! - Compare-and-swap on the stored ledger, and that a read without cache sees the last write
//!   (etcd).
//! - The UID and the old object's `resourceVersion` in a validating review: an update is stored
//!   only over that very version.
//! - That an API server stores nothing later than [`HORIZON`] after Flinkgate's write (a request
//!   ends after 34 s).
//! - That resource versions of one kind can be compared as numbers (Kubernetes says so since 1.35,
//!   and etcd always did).
//! - That who settles has all objects of the kinds that count as they stood at one resource version
//!   a kind; views older than one that was settled with are [refused](reconcile::StaleView), and by the
//!   Lease's version those of a former leader.
//! - That who settles asks for each object whose request is over and of which the view shows
//!   nothing, before it says so; that it still leads after it asked; and that no view of its own
//!   shows what was not there.
//! - That a view says how new the knowledge is of whose a namespace is, as it does of objects, and
//!   that who settles hears of a move within [`HORIZON`].
//!
//! Clocks are not trusted: a ledger has no time in it, and [`StampTimes`] measures on the leader's
//! own.
//!
//! What was admitted without a ledger comes in when it is counted: namespaces that move to a
//! tenant, objects from before its first limits, or from while no webhook was registered. The
//! ledger may be over then, and refuses what asks for more.
//!
//! Nothing here does I/O. `tests/quota_model` explores these very functions.

pub mod admit;
pub mod crd;
pub mod horizon;
pub mod line;
pub mod object;
pub mod reconcile;
pub mod request;
pub mod shortage;
pub mod slot;

pub use admit::Decision;
pub use horizon::{HORIZON, StampTimes};
pub use object::ObjectRef;
pub use reconcile::{LiveObject, MAX_LARGEST_OBJECTS, OpenReservation, Reconciliation, View};
pub use request::{Request, TaskManagers, WaivedLimits};
pub use shortage::Shortage;
pub use slot::{Reservation, Slot};

use super::Usage;
use super::limits::Limits;
use std::collections::BTreeMap;
use std::hash::{Hash, Hasher};

/// The most that a ledger may take when it is stored, in bytes, about: etcd takes requests of 1.5
/// MiB, and the API server adds to it.
pub const CAPACITY: usize = 1_000_000;

/// Limits, and how new the knowledge of them is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KnownLimits {
    /// The FlinkTenant's resource version; the larger one is the newer, for a tenant that was
    /// deleted and made again too.
    pub version: u64,
    /// What the tenant may use.
    pub limits: Limits,
}

/// What a tenant was promised and what it has.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    /// The newest limits that anybody wrote; they hold for all who read the ledger.
    known: KnownLimits,
    /// Whether everything that was there before the ledger has been counted into it.
    counted: bool,
    /// The stamp that the next reservation gets.
    next: u64,
    /// By kind, the resource version at which the objects stood when they were last counted.
    observed: BTreeMap<String, u64>,
    /// What is reserved, and what others draw on.
    slots: BTreeMap<ObjectRef, Slot>,
    /// What settled objects use that draw on nothing.
    others: Usage,
    /// Slots by the UIDs in them. Follows from the slots, as does `total`.
    uids: BTreeMap<String, ObjectRef>,
    total: Usage,
    weight: usize,
}

impl Ledger {
    /// The ledger of a tenant that has nothing, where that is known; otherwise the default one
    /// waits for the first settling.
    pub fn empty() -> Self {
        Self { counted: true, ..Self::default() }
    }

    /// What everything together is charged.
    pub fn total(&self) -> &Usage {
        &self.total
    }

    /// Whether requests can be judged by it: all that was there before has been counted.
    pub fn is_counted(&self) -> bool {
        self.counted
    }

    /// The limits it holds requests to.
    pub fn known_limits(&self) -> &KnownLimits {
        &self.known
    }

    /// The stamp that the next reservation will get, for [`StampTimes::note`].
    pub fn next_stamp(&self) -> u64 {
        self.next
    }

    /// How many reservations have not settled.
    pub fn reservations(&self) -> usize {
        self.slots.values().map(|slot| slot.reserved.len()).sum()
    }

    /// The slots that draw on nothing, and what each is charged with all that draws on it.
    pub fn charges(&self) -> impl Iterator<Item = (&ObjectRef, &Usage)> {
        self.slots
            .iter()
            .filter(|(_, slot)| slot.within.is_none())
            .map(|(object, slot)| (object, slot.charge()))
    }

    /// What settled objects use that have no slot and draw on none.
    pub fn others(&self) -> &Usage {
        &self.others
    }

    /// Takes limits over if they are newer than those it has, and others; says whether it did. That
    /// a FlinkTenant's version moves alone, as with every write of its status, is not worth a write
    /// here.
    pub fn learn_limits(&mut self, known: &KnownLimits) -> bool {
        let newer =
            known.version > self.known.version || (known.version == 0 && self.known.version == 0);
        let learns = newer && known.limits != self.known.limits;
        if learns {
            self.known = known.clone();
        }
        learns
    }

    /// Gives back what an object was promised because somebody said that it goes. Only for where
    /// nobody watches the objects (`serve` from files): where somebody does, a settling gives back,
    /// and a DELETE review proves nothing.
    pub fn release(&mut self, object: &ObjectRef) {
        let Some(gone) = self.slots.remove(object) else { return };
        for slot in self.slots.values_mut().filter(|slot| slot.within.as_ref() == Some(object)) {
            slot.within.clone_from(&gone.within);
        }
        self.rebuild();
    }

    /// The slot of an object and those it draws on, nearest first.
    fn line(&self, object: &ObjectRef) -> Vec<ObjectRef> {
        let mut line = Vec::new();
        let mut at = Some(object);
        while let Some(object) = at {
            line.push(object.clone());
            // Ends: who is drawn on is always of a higher rank.
            at = self.slots.get(object).and_then(|slot| slot.within.as_ref());
        }
        line
    }

    /// Puts a slot in place, or takes it away, and carries what that changes up to the total.
    fn put(&mut self, object: &ObjectRef, slot: Option<Slot>) {
        let before = self.slots.remove(object);
        for uid in before.iter().flat_map(Slot::uids) {
            self.uids.remove(uid);
        }
        let charge = |slot: &Option<Slot>| {
            slot.as_ref().map(|slot| slot.charge().clone()).unwrap_or_default()
        };
        self.weight =
            self.weight.saturating_sub(before.as_ref().map_or(0, |slot| slot.weight(object)));
        let old = charge(&before);
        let was_within = before.as_ref().and_then(|slot| slot.within.clone());
        let slot = slot.map(|mut slot| {
            slot.below = before.map(|before| before.below).unwrap_or_default();
            slot.renew();
            slot
        });
        let new = charge(&slot);
        let within = slot.as_ref().map_or_else(|| was_within.clone(), |slot| slot.within.clone());
        if let Some(slot) = slot {
            self.weight = self.weight.saturating_add(slot.weight(object));
            self.uids.extend(slot.uids().map(|uid| (uid.to_owned(), object.clone())));
            self.slots.insert(object.clone(), slot);
        }
        if was_within == within {
            self.carry(within, old, new);
        } else {
            self.carry(was_within, old, Usage::default());
            self.carry(within, Usage::default(), new);
        }
    }

    /// Carries a charge that has changed up to the total.
    fn carry(&mut self, within: Option<ObjectRef>, mut old: Usage, mut new: Usage) {
        let mut at = within;
        while let Some(slot) = at.as_ref().and_then(|at| self.slots.get_mut(at)) {
            let charge = slot.charge().clone();
            slot.below = exchange(&slot.below, &old, &new);
            slot.renew();
            (old, new) = (charge, slot.charge().clone());
            at = slot.within.clone();
        }
        self.total = exchange(&self.total, &old, &new);
    }

    /// Works out everything that follows from the slots.
    fn rebuild(&mut self) {
        (self.uids, self.total, self.weight) = (BTreeMap::new(), self.others.clone(), 0);
        let may_not = |object: &ObjectRef, within: &ObjectRef| {
            !object.may_draw_on(within) || !self.slots.contains_key(within)
        };
        let wrong = self.slots.iter().filter(|(object, slot)| {
            slot.within.as_ref().is_some_and(|within| may_not(object, within))
        });
        for object in wrong.map(|(object, _)| object.clone()).collect::<Vec<_>>() {
            self.slots.entry(object).and_modify(|slot| slot.within = None);
        }
        let mut order: Vec<ObjectRef> = self.slots.keys().cloned().collect();
        order.sort_by_key(ObjectRef::rank);
        // From the lowest rank up, so that what draws on a slot is known before that slot is
        // charged.
        self.slots.values_mut().for_each(|slot| slot.below = Usage::default());
        for object in &order {
            let Some(slot) = self.slots.get_mut(object) else { continue };
            slot.renew();
            self.weight = self.weight.saturating_add(slot.weight(object));
            let (within, charge) = (slot.within.clone(), slot.charge.clone());
            let above = within.and_then(|within| self.slots.get_mut(&within));
            above.map_or(&mut self.total, |above| &mut above.below).add(&charge);
        }
        for (object, slot) in &self.slots {
            self.uids.extend(slot.uids().map(|uid| (uid.to_owned(), object.clone())));
        }
    }
}

/// A sum in which one of its parts was replaced.
fn exchange(sum: &Usage, old: &Usage, new: &Usage) -> Usage {
    let mut sum = sum.without(old);
    sum.add(new);
    sum
}

/// By what is stored; the rest follows from it.
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
