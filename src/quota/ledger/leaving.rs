//! Pods that are being deleted, in a view: each has a slot, so that another may
//! [take its place](super::replacement).

use super::{Ledger, LiveObject, ObjectRef, Slot};
use std::collections::{BTreeMap, BTreeSet};

/// The most leaving pods that have a slot each. More are counted with their cluster until they are
/// gone. A deletion of thousands of pods must not fill the ledger.
const MOST: usize = 256;

/// Adds slots for leaving pods, first for those whose place was taken.
pub(super) fn add_slots<'v, I: Iterator<Item = &'v LiveObject>>(
    slots: &mut BTreeMap<ObjectRef, Slot>,
    objects: impl Fn() -> I,
    before: &Ledger,
) {
    let mut room = MOST;
    let leaving = || objects().filter(|live| live.leaving && !live.owners.is_empty());
    let (taken, free): (Vec<_>, Vec<_>) =
        leaving().partition(|live| replacement_of(live, before).is_some());
    for live in taken.into_iter().chain(free) {
        if room == 0 {
            return;
        }
        room -= 1;
        slots.entry(live.object.clone()).or_default();
    }
}

/// Keeps who took which place, while both pods exist or may exist.
pub(super) fn keep_replacements<'v, I: Iterator<Item = &'v LiveObject>>(
    slots: &mut BTreeMap<ObjectRef, Slot>,
    objects: impl Fn() -> I,
    before: &Ledger,
) {
    let taken: Vec<&LiveObject> =
        objects().filter(|live| live.leaving && replacement_of(live, before).is_some()).collect();
    if taken.is_empty() {
        return;
    }
    let reserved = slots.values().flat_map(|slot| slot.reserved.keys().cloned());
    let uids: BTreeSet<String> = objects().map(|live| live.uid.clone()).chain(reserved).collect();
    for live in taken {
        let replacement = replacement_of(live, before).filter(|one| uids.contains(&one.uid));
        if let Some(slot) = slots.get_mut(&live.object)
            && let Some((uid, usage)) = &slot.live
            && *uid == live.uid
            && let Some(replacement) = replacement
        {
            let mut replacement = replacement.clone();
            replacement.excused.lower_to(usage);
            slot.replacement = Some(replacement);
        }
    }
}

/// The pod that took the place of a live one.
fn replacement_of<'l>(live: &LiveObject, before: &'l Ledger) -> Option<&'l super::Replacement> {
    let slot = before.slots.get(&live.object)?;
    slot.replacement
        .as_ref()
        .filter(|_| slot.live.as_ref().is_some_and(|(uid, _)| *uid == live.uid))
}
