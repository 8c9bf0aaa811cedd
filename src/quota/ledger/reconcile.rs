//! Reconciles a ledger with a view of the live objects.
//!
//! Live objects are counted from scratch each time, so a ledger cannot drift. Reservations whose
//! outcome is known are dropped. Reconciling the default ledger is its first count.

use super::replacement::CLAIM;
use super::{KnownLimits, Ledger, ObjectRef, Reservation, Slot, job_managers, leaving};
use crate::quota::Usage;
use std::collections::{BTreeMap, BTreeSet};

/// A stored object.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct LiveObject {
    /// Its kind, namespace and name.
    pub object: ObjectRef,
    /// Its UID.
    pub uid: String,
    /// Its resource version.
    pub version: u64,
    /// Its owners and their owners, nearest first: a UID each, or `KIND/NAMESPACE/NAME` where only
    /// a name shows the owner.
    pub owners: Vec<String>,
    /// What it uses.
    pub usage: Usage,
    /// Whether it is a pod that is being deleted. Another of its cluster may take its place.
    pub leaving: bool,
    /// Whether its operator reports that it has ended or is suspended, while pods of it exist. It
    /// counts as declared, unless it had stopped to count before.
    pub resting: bool,
}

impl LiveObject {
    /// An object that was deleted. It uses nothing; it has the highest version, because no request
    /// about it can succeed any more.
    pub fn deleted(object: ObjectRef, uid: String) -> Self {
        Self { object, uid, version: u64::MAX, ..Self::default() }
    }

    /// Whether the object was deleted.
    pub fn is_deleted(&self) -> bool {
        self.version == u64::MAX
    }
}

/// What a leader sees of a tenant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct View {
    /// First [deleted](LiveObject::deleted) objects, then all live objects that count, even if they
    /// use nothing before an update.
    pub objects: Vec<LiveObject>,
    /// By kind, the resource version at which all its objects were as given. Kinds that the cluster
    /// does not serve are absent. `Lease` has the version at which the leader began to lead: it
    /// makes a leader's views newer than those of any former leader.
    pub positions: BTreeMap<String, u64>,
    /// Requests with lower stamps had finished before the view was taken. Computed first, by
    /// [`StampTimes::finished_below`](super::StampTimes::finished_below); the positions are at
    /// least as new.
    pub finished_below: u64,
}

/// What a reconciliation did, and the ledger afterwards.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reconciliation {
    /// Dropped reservations whose objects exist.
    pub bound: usize,
    /// Dropped reservations whose objects do not exist.
    pub released: usize,
    /// Whether the ledger changed and must be stored.
    pub changed: bool,
    /// Whether this was the first count. Stamps start again then, so earlier
    /// [`StampTimes`](super::StampTimes) do not apply.
    pub first: bool,
    /// The stamp of the next reservation.
    pub next: u64,
    /// The open reservations.
    pub open: Vec<OpenReservation>,
    /// By kind, the resource version at which its objects were counted before. What a later
    /// reservation is for was stored after that.
    pub counted_before: BTreeMap<String, u64>,
    /// The charge of everything.
    pub total: Usage,
    /// The objects with the largest charges, largest first.
    pub largest: Vec<(ObjectRef, Usage)>,
}

/// A reservation whose outcome is not known yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OpenReservation {
    /// Its object.
    pub object: ObjectRef,
    /// The object's UID.
    pub uid: String,
    /// The resource version that its request updates; 0 for a create.
    pub base: u64,
    /// Its number in the ledger.
    pub stamp: u64,
    /// The object that it draws on, or drew on before the reconciliation.
    pub owner: Option<ObjectRef>,
    /// The UID of the pod that asked for it; empty where no pod did.
    pub asked_by: String,
}

/// The most objects in [`Reconciliation::largest`].
pub const MAX_LARGEST_OBJECTS: usize = 20;

/// The view is older than the ledger, so objects that it lacks may exist.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the view of `{kind}` is stale: resource version {seen}, while the ledger counted version {known}"
)]
pub struct StaleView {
    /// The kind.
    pub kind: String,
    /// The view's position.
    pub seen: u64,
    /// The ledger's position.
    pub known: u64,
}

impl Ledger {
    /// Counts a view's objects and drops reservations whose outcome it shows.
    ///
    /// # Errors
    /// The view is older than one that was counted before. The ledger does not change.
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
        let versions: BTreeMap<&str, u64> =
            view.objects.iter().map(|live| (live.uid.as_str(), live.version)).collect();
        let mut result =
            Reconciliation { counted_before: self.observed.clone(), ..Reconciliation::default() };
        let mut slots: BTreeMap<ObjectRef, Slot> = BTreeMap::new();
        for (object, slot) in &self.slots {
            let position = view.positions.get(&object.kind).copied();
            for (uid, reservation) in &slot.reserved {
                let seen = versions.get(uid.as_str()).copied();
                if is_open(reservation, seen, position, view.finished_below) {
                    let kept = slots
                        .entry(object.clone())
                        .or_insert_with(|| Slot { owner: slot.owner.clone(), ..Slot::default() });
                    // From now on the live object is counted in the slot.
                    let counted = Usage::default();
                    kept.reserved
                        .insert(uid.clone(), Reservation { counted, ..reservation.clone() });
                } else if seen.is_some() {
                    result.bound += 1;
                } else {
                    result.released += 1;
                }
            }
        }
        let others = fold(&mut slots, &view.objects, self);
        for (object, slot) in &mut slots {
            if let Some(before) = self.slots.get(object) {
                slot.unknown.clone_from(&before.unknown);
            }
        }
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
        // An owner that is gone is in no slot afterwards.
        let owners: BTreeMap<ObjectRef, ObjectRef> = self
            .slots
            .iter()
            .filter(|(_, slot)| !slot.reserved.is_empty())
            .filter_map(|(object, slot)| Some((object.clone(), slot.owner.clone()?)))
            .collect();
        // Newer positions alone are not worth a write: the ledger has all live objects already.
        result.changed = counted != *self;
        result.first = !self.counted;
        if result.changed {
            counted
                .observed
                .extend(view.positions.iter().map(|(kind, position)| (kind.clone(), *position)));
            *self = counted;
        }
        Ok(Reconciliation {
            next: self.next,
            open: self.open(&owners),
            total: self.total.clone(),
            largest: self.largest(),
            ..result
        })
    }

    fn open(&self, owners: &BTreeMap<ObjectRef, ObjectRef>) -> Vec<OpenReservation> {
        let mut open = Vec::new();
        for (object, slot) in &self.slots {
            open.extend(slot.reserved.iter().map(|(uid, one)| OpenReservation {
                object: object.clone(),
                uid: uid.clone(),
                base: one.base,
                stamp: one.stamp,
                owner: slot.owner.as_ref().or_else(|| owners.get(object)).cloned(),
                asked_by: one.asked_by.clone(),
            }));
        }
        open
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

    /// The nearest owner that an object may draw on. For each owner, a known UID takes precedence
    /// over a name.
    pub(super) fn owner_of(
        object: &ObjectRef,
        owners: &[String],
        uids: &BTreeMap<String, ObjectRef>,
        slots: &BTreeMap<ObjectRef, Slot>,
    ) -> Option<ObjectRef> {
        let by_name = |owner: &String| {
            let owner = owner.contains('/').then(|| owner.parse().ok()).flatten();
            owner.filter(|owner| slots.contains_key(owner))
        };
        let known =
            owners.iter().filter_map(|owner| uids.get(owner).cloned().or_else(|| by_name(owner)));
        known.into_iter().find(|owner| object.may_draw_on(owner))
    }
}

impl OpenReservation {
    /// Whether a view at `position` shows the request's outcome. The view has the object at version
    /// `seen`, or not at all.
    pub fn has_known_outcome(&self, seen: Option<u64>, position: Option<u64>) -> bool {
        has_known_outcome(self.base, seen, position)
    }
}

fn has_known_outcome(base: u64, seen: Option<u64>, position: Option<u64>) -> bool {
    match seen {
        // An update is only stored over its base. Once the base is replaced, the request is over.
        Some(version) => version > base,
        // The base existed and is deleted.
        None => base > 0 && position.is_some_and(|position| position >= base),
    }
}

/// Whether the request of a reservation may still store an object that a view at `position` does
/// not show. The view has the object at version `seen`.
fn is_open(
    reservation: &Reservation,
    seen: Option<u64>,
    position: Option<u64>,
    finished_below: u64,
) -> bool {
    !has_known_outcome(reservation.base, seen, position) && reservation.stamp >= finished_below
}

/// Counts live objects in their own slot or in the nearest slot that they draw on. Returns the sum
/// of the others.
fn fold(
    slots: &mut BTreeMap<ObjectRef, Slot>,
    view_objects: &[LiveObject],
    before: &Ledger,
) -> Usage {
    // Deleted objects, and those that use nothing, have no slot.
    let objects = || view_objects.iter().filter(|live| counts(live, before));
    for live in objects().filter(|live| needs_slot(live)) {
        slots.entry(live.object.clone()).or_default();
    }
    leaving::add_slots(slots, objects, before);
    let live_uids = objects()
        .filter(|live| slots.contains_key(&live.object))
        .map(|live| (live.uid.clone(), live.object.clone()));
    let reserved = slots
        .iter()
        .flat_map(|(object, slot)| slot.reserved.keys().map(|uid| (uid.clone(), object.clone())));
    let uids: BTreeMap<String, ObjectRef> = live_uids.chain(reserved).collect();
    // If an object of an owner's name was deleted, that one may have been drawn on.
    let has_all_uids = |owner: &ObjectRef| {
        let then = before.slots.get(owner).filter(|_| slots.contains_key(owner));
        then.is_some_and(|then| then.uids().all(|uid| uids.get(uid) == Some(owner)))
    };
    // A reserved object draws on the owner for which it was admitted, or else on that one's owner.
    let admitted: BTreeMap<ObjectRef, Option<ObjectRef>> = slots
        .iter()
        .filter(|(_, slot)| !slot.reserved.is_empty())
        .map(|(object, _)| {
            let mut owners = before.owner_chain(object).into_iter().skip(1);
            (object.clone(), owners.find(has_all_uids))
        })
        .collect();
    for (object, owner) in &admitted {
        if let Some(slot) = slots.get_mut(object) {
            slot.owner.clone_from(owner);
        }
    }
    let mut others = Usage::default();
    let mut claims = MOST_CLAIMS;
    let is_apart = |live: &LiveObject| job_managers::may_be_apart(&live.object, &live.usage);
    let leading = if objects().any(is_apart) {
        job_managers::leading(slots, view_objects)
    } else {
        BTreeSet::new()
    };
    for live in objects() {
        let object = &live.object;
        let owner = Ledger::owner_of(&live.object, &live.owners, &uids, slots);
        let leads = |owner: &ObjectRef| leading.contains(owner);
        let (owner, usage) = job_managers::joined(&live.object, &live.usage, owner, leads);
        let agrees = admitted.get(&live.object).is_none_or(|admitted| *admitted == owner);
        if let Some(slot) = slots.get_mut(&live.object)
            && (agrees || needs_slot(live) || before.has_in_slot(live))
        {
            slot.live = Some((live.uid.clone(), usage.into_owned()));
            slot.leaving = live.leaving;
            // If objects of one name have different owners, either may live.
            slot.owner = if agrees { owner } else { None };
            continue;
        }
        // It was counted in a sum and stays there; the slot counts reservations of its name.
        if let Some(reservation) =
            slots.get_mut(&live.object).and_then(|slot| slot.reserved.get_mut(&live.uid))
        {
            reservation.counted.clone_from(&usage);
        }
        if let Some(owner) = owner.as_ref().and_then(|owner| slots.get_mut(owner)) {
            owner.drawn.add(&usage);
        } else if may_be_declared(live) && !slots.contains_key(object) && claims > 0 {
            // A cluster of its name may declare it.
            claims -= 1;
            let live = Some((live.uid.clone(), usage.into_owned()));
            slots.insert(object.clone(), Slot { live, ..Slot::default() });
        } else {
            others.add(&usage);
        }
    }
    leaving::keep_replacements(slots, objects, before);
    others
}

/// The most claims without an owner that have a slot each. More are counted in the sum of others,
/// and a cluster that declares one of them costs it twice until the next reconciliation.
const MOST_CLAIMS: usize = 512;

/// Whether a live object counts. One that has ended and had stopped to count does not count again
/// by pods that name it as their owner: its next update must ask for it.
fn counts(live: &LiveObject, before: &Ledger) -> bool {
    let had_stopped = before.counted && !before.uids.contains_key(&live.uid);
    !(live.usage.is_empty() || live.resting && had_stopped)
}

/// Whether an object that will be created may declare this one: a claim, by its name.
fn may_be_declared(live: &LiveObject) -> bool {
    let may_draw_on = |owner: &String| {
        owner.contains('/')
            && owner.parse().is_ok_and(|owner: ObjectRef| live.object.may_draw_on(&owner))
    };
    live.object.kind == CLAIM && live.owners.iter().any(may_draw_on)
}

impl Ledger {
    /// Whether this object is counted in its slot, not in a sum.
    fn has_in_slot(&self, live: &LiveObject) -> bool {
        self.slots.get(&live.object).is_some_and(|slot| {
            let is_live = slot.live.as_ref().is_some_and(|(uid, _)| *uid == live.uid);
            let reservation = slot.reserved.get(&live.uid);
            is_live || reservation.is_some_and(|reservation| reservation.counted.is_empty())
        })
    }
}

/// Whether other objects may draw on this one. Claims draw on a pod that declares them.
fn needs_slot(live: &LiveObject) -> bool {
    live.object.declares()
        || (live.object.kind == "Pod" && !live.usage.get("persistentVolumeClaims").is_zero())
}
