//! What is there is counted: reservations that came to be, or did not, are settled, and what has
//! gone is given back.
//!
//! The settled part of a ledger is always counted anew, from all living objects, so that a ledger
//! cannot drift: a settling of the default ledger is the first count, and of any other the recount.

use super::{KnownLimits, Ledger, ObjectRef, Reservation, Slot};
use crate::quota::Usage;
use std::collections::BTreeMap;

/// An object as it is stored.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct LiveObject {
    /// Its kind, namespace and name.
    pub object: ObjectRef,
    /// Its UID.
    pub uid: String,
    /// Its resource version.
    pub version: u64,
    /// Its owners, nearest first, theirs among them: by UID, or as `KIND/NAMESPACE/NAME` where only
    /// a name tells whose it is.
    pub owners: Vec<String>,
    /// What it uses.
    pub usage: Usage,
}

impl LiveObject {
    /// One that was seen to go: it uses nothing, at the highest version, for whatever was asked of
    /// it is over.
    pub fn deleted(object: ObjectRef, uid: String) -> Self {
        Self { object, uid, version: u64::MAX, ..Self::default() }
    }

    /// Whether it was seen to go.
    pub fn is_deleted(&self) -> bool {
        self.version == u64::MAX
    }
}

/// All living objects of a tenant that count, with those that use nothing and may with an update;
/// before them those that were seen to [go](LiveObject::deleted).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct View {
    /// The objects.
    pub objects: Vec<LiveObject>,
    /// By kind, the resource version at which they all were as they are given; a kind that the
    /// cluster does not serve is absent. Beside them stands `Lease`, as it was when the one who
    /// looks began to lead: a leader's views are newer by it than any of a former one, whatever
    /// that one has seen.
    pub positions: BTreeMap<String, u64>,
    /// Requests with stamps below this were over before the view was taken:
    /// [`StampTimes::over`](super::StampTimes::over), asked first, and the positions no older than
    /// that moment.
    pub finished_below: u64,
}

/// What a settling did, and what the ledger is after it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reconciliation {
    /// Reservations whose objects came to be, or changed.
    pub bound: usize,
    /// Reservations of which nothing came, or whose objects have gone.
    pub released: usize,
    /// Whether the ledger has changed, and must be stored.
    pub changed: bool,
    /// Whether it was the first count: stamps have begun anew, and earlier
    /// [`StampTimes`](super::StampTimes) say nothing of them.
    pub first: bool,
    /// The stamp that the next reservation gets.
    pub next: u64,
    /// What is still on its way.
    pub open: Vec<OpenReservation>,
    /// What everything together is charged.
    pub total: Usage,
    /// Who is charged most, largest first.
    pub largest: Vec<(ObjectRef, Usage)>,
}

/// A reservation that has not settled.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OpenReservation {
    /// Its object.
    pub object: ObjectRef,
    /// The object's UID.
    pub uid: String,
    /// The resource version that its request changes; 0 where that creates the object.
    pub base: u64,
    /// When it was made, in the order of the ledger's.
    pub stamp: u64,
}

/// How many of those who are charged most a settling tells.
pub const MAX_LARGEST_OBJECTS: usize = 20;

/// The view is older than what the ledger was counted from: what it lacks may be there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the {kind} objects were seen at resource version {seen}, and the ledger has counted them at {known}: look again"
)]
pub struct StaleView {
    /// The kind.
    pub kind: String,
    /// The view's position.
    pub seen: u64,
    /// The ledger's.
    pub known: u64,
}

impl Ledger {
    /// Counts what is there, and settles what that shows.
    ///
    /// # Errors
    /// When the view is older than one that was counted before; the ledger has not changed.
    pub fn reconcile(
        &mut self,
        view: &View,
        known: &KnownLimits,
    ) -> Result<Reconciliation, StaleView> {
        for (kind, known) in &self.observed {
            if let Some(seen) = view.positions.get(kind).filter(|seen| *seen < known) {
                return Err(StaleView { kind: kind.clone(), seen: *seen, known: *known });
            }
        }
        let living: BTreeMap<&str, &LiveObject> =
            view.objects.iter().map(|living| (living.uid.as_str(), living)).collect();
        let mut settled = Reconciliation::default();
        let mut slots: BTreeMap<ObjectRef, Slot> = BTreeMap::new();
        for (object, slot) in &self.slots {
            for (uid, reservation) in &slot.reserved {
                let seen = living.get(uid.as_str()).map(|living| living.version);
                if is_open(
                    reservation,
                    seen,
                    view.positions.get(&object.kind).copied(),
                    view.finished_below,
                ) {
                    let kept = slots
                        .entry(object.clone())
                        .or_insert_with(|| Slot { within: slot.within.clone(), ..Slot::default() });
                    // What settled of it stands in the slot from now on.
                    let counted = Usage::default();
                    kept.reserved
                        .insert(uid.clone(), Reservation { counted, ..reservation.clone() });
                } else if seen.is_some() {
                    settled.bound += 1;
                } else {
                    settled.released += 1;
                }
            }
        }
        let others = fold(&mut slots, &view.objects, self);
        let mut counted = Self {
            known: self.known.clone(),
            counted: true,
            next: self.next,
            slots,
            others,
            ..Self::default()
        };
        counted.learn_limits(known);
        counted.observed.clone_from(&self.observed);
        counted.rebuild();
        // That time has passed alone is not worth a write: all that lives is in the ledger as it
        // stands.
        settled.changed = counted != *self;
        settled.first = !self.counted;
        if settled.changed {
            counted
                .observed
                .extend(view.positions.iter().map(|(kind, position)| (kind.clone(), *position)));
            *self = counted;
        }
        Ok(Reconciliation {
            next: self.next,
            open: self.open(),
            total: self.total.clone(),
            largest: self.largest(),
            ..settled
        })
    }

    fn open(&self) -> Vec<OpenReservation> {
        let of = |object: &ObjectRef, uid: &String, reservation: &Reservation| OpenReservation {
            object: object.clone(),
            uid: uid.clone(),
            base: reservation.base,
            stamp: reservation.stamp,
        };
        let slots = self.slots.iter().flat_map(|(object, slot)| {
            slot.reserved.iter().map(move |(uid, one)| of(object, uid, one))
        });
        slots.collect()
    }

    fn largest(&self) -> Vec<(ObjectRef, Usage)> {
        let size =
            |usage: &Usage| ["cpu", "memory", "taskManagers", "pods"].map(|name| usage.get(name));
        let mut all: Vec<(&ObjectRef, &Usage)> =
            self.charges().filter(|(object, _)| object.declares()).collect();
        all.sort_by(|(a, of_a), (b, of_b)| size(of_b).cmp(&size(of_a)).then_with(|| a.cmp(b)));
        all.into_iter()
            .take(MAX_LARGEST_OBJECTS)
            .map(|(object, usage)| (object.clone(), usage.clone()))
            .collect()
    }

    /// The nearest of an object's owners that it may draw on; a UID goes before a name.
    pub(super) fn owner_of(
        object: &ObjectRef,
        owners: &[String],
        uids: &BTreeMap<String, ObjectRef>,
        slots: &BTreeMap<ObjectRef, Slot>,
    ) -> Option<ObjectRef> {
        let by_name = |owner: &String| {
            owner
                .contains('/')
                .then(|| owner.parse().ok())
                .flatten()
                .filter(|owner| slots.contains_key(owner))
        };
        let known =
            owners.iter().filter_map(|owner| uids.get(owner).cloned().or_else(|| by_name(owner)));
        known.into_iter().find(|owner| object.may_draw_on(owner))
    }
}

impl OpenReservation {
    /// Whether it shows what became of the request that a view at `position` has its object at
    /// version `seen`, or not at all.
    pub fn is_shown(&self, seen: Option<u64>, position: Option<u64>) -> bool {
        is_shown(self.base, seen, position)
    }
}

fn is_shown(base: u64, seen: Option<u64>, position: Option<u64>) -> bool {
    match seen {
        // An update is stored over its base or never; so the base is past, and with it the request.
        Some(version) => version > base,
        // The base was there, and is there no longer.
        None => base > 0 && position.is_some_and(|position| position >= base),
    }
}

/// Whether the request behind a reservation may yet store something that a view at `position` does
/// not show. `seen` is the version at which the view has the object.
fn is_open(reservation: &Reservation, seen: Option<u64>, position: Option<u64>, over: u64) -> bool {
    !is_shown(reservation.base, seen, position) && reservation.stamp >= over
}

/// Counts living objects: into slots of their own, or into the nearest slot that they draw on;
/// gives the rest.
fn fold(slots: &mut BTreeMap<ObjectRef, Slot>, objects: &[LiveObject], before: &Ledger) -> Usage {
    // What uses nothing, or was seen to go, has no place.
    let objects = || objects.iter().filter(|living| !living.usage.is_empty());
    for living in objects().filter(|living| keeps_slot(living)) {
        slots.entry(living.object.clone()).or_default();
    }
    let living_uids = objects()
        .filter(|living| slots.contains_key(&living.object))
        .map(|living| (living.uid.clone(), living.object.clone()));
    let reserved = slots
        .iter()
        .flat_map(|(object, slot)| slot.reserved.keys().map(|uid| (uid.clone(), object.clone())));
    let uids: BTreeMap<String, ObjectRef> = living_uids.chain(reserved).collect();
    // Where one of a name has gone, that may have been the one that was drawn on.
    let stands = |owner: &ObjectRef| {
        let then = before.slots.get(owner).filter(|_| slots.contains_key(owner));
        then.is_some_and(|then| then.uids().all(|uid| uids.get(uid) == Some(owner)))
    };
    // What has not come to be yet draws on whom it was admitted to draw on, or on whom that one
    // drew.
    let admitted: BTreeMap<ObjectRef, Option<ObjectRef>> = slots
        .iter()
        .filter(|(_, slot)| !slot.reserved.is_empty())
        .map(|(object, _)| (object.clone(), before.line(object).into_iter().skip(1).find(stands)))
        .collect();
    for (object, within) in &admitted {
        if let Some(slot) = slots.get_mut(object) {
            slot.within.clone_from(within);
        }
    }
    let mut others = Usage::default();
    for living in objects() {
        let within = Ledger::owner_of(&living.object, &living.owners, &uids, slots);
        let promised = admitted.get(&living.object);
        let agrees = promised.is_none_or(|admitted| *admitted == within);
        if let Some(slot) = slots.get_mut(&living.object)
            && (agrees || keeps_slot(living) || before.has_in_slot(living))
        {
            slot.settled = Some((living.uid.clone(), living.usage.clone()));
            // Of two of one name that draw on different owners nobody knows which will live.
            slot.within = if agrees { within } else { None };
            continue;
        }
        // It was in a sum until now, and stays there beside what was promised to others of its
        // name.
        if let Some(reservation) =
            slots.get_mut(&living.object).and_then(|slot| slot.reserved.get_mut(&living.uid))
        {
            reservation.counted.clone_from(&living.usage);
        }
        match within.and_then(|within| slots.get_mut(&within)) {
            Some(owner) => owner.drawn.add(&living.usage),
            None => others.add(&living.usage),
        }
    }
    others
}

impl Ledger {
    /// Whether a slot counts this object, not a sum.
    fn has_in_slot(&self, living: &LiveObject) -> bool {
        self.slots.get(&living.object).is_some_and(|slot| {
            let settled = slot.settled.as_ref().is_some_and(|(uid, _)| *uid == living.uid);
            settled
                || slot
                    .reserved
                    .get(&living.uid)
                    .is_some_and(|reservation| reservation.counted.is_empty())
        })
    }
}

/// Objects on which others draw. A pod is one where claims are made for it, which it has declared.
fn keeps_slot(living: &LiveObject) -> bool {
    living.object.declares()
        || (living.object.kind == "Pod" && !living.usage.get("persistentVolumeClaims").is_zero())
}
