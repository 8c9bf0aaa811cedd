//! A slot of a ledger: all objects of one name.

use super::ObjectRef;
use crate::quota::Usage;
use std::collections::BTreeMap;

/// What a ledger knows of the objects of one name. At most one of them lives at a time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Slot {
    /// The object whose charge this one draws on.
    pub owner: Option<ObjectRef>,
    /// UID and usage of the live object, as of the last reconciliation.
    pub live: Option<(String, Usage)>,
    /// Usage of live objects that draw on this one and have no slot.
    pub drawn: Usage,
    /// Open reservations, by UID.
    pub reserved: BTreeMap<String, Reservation>,
    /// Whether the live object is a pod that is being deleted, so that another may take its place.
    pub leaving: bool,
    /// The pod that took its place.
    pub replacement: Option<Replacement>,
    /// Words of its line that this version does not know.
    pub unknown: Vec<String>,
    /// Charges of the slots that draw on this one. Derived from them.
    pub(super) owned: Usage,
    /// The charge of all the above. Derived from it.
    pub(super) charge: Usage,
}

/// The pod that takes the place of one that is being deleted. While both exist, they count once.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Replacement {
    /// Its UID.
    pub uid: String,
    /// The part of the usage of the leaving pod that does not count: what the replacement uses too.
    pub excused: Usage,
}

/// Admitted requests for one UID. Their outcome is not known yet.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Reservation {
    /// The resource version of the stored object that the request updates; 0 for a create.
    pub base: u64,
    /// The number of the reservation in its ledger. Reservations are released by age, so up to
    /// some stamp.
    pub stamp: u64,
    /// The largest usage with which the object may be stored. An absolute amount.
    pub usage: Usage,
    /// The part of `usage` that is already in a sum (`drawn` or `others`), because the live object
    /// has no slot.
    pub counted: Usage,
    /// The UID of the pod that asked for it last; empty where no pod did.
    pub asked_by: String,
    /// Words of its line that this version does not know.
    pub unknown: Vec<String>,
}

impl Slot {
    /// The charge of this object and of all objects that draw on it.
    pub fn charge(&self) -> &Usage {
        &self.charge
    }

    /// The largest usage that the object of this name may have by itself.
    pub fn own(&self) -> Usage {
        let mut own = match (&self.live, &self.replacement) {
            (None, _) => Usage::default(),
            (Some((_, usage)), None) => usage.clone(),
            (Some((_, usage)), Some(replacement)) => usage.without(&replacement.excused),
        };
        for reservation in self.reserved.values() {
            own.raise_to(&reservation.usage.without(&reservation.counted));
        }
        own
    }

    /// Computes the charge: the larger of the declared and the drawn usage.
    ///
    /// With several UIDs it is their sum, because the drawn usage may belong to another object of
    /// this name than the one that will live.
    pub(super) fn update_charge(&mut self) {
        self.charge = self.own();
        if !self.drawn.is_empty() || !self.owned.is_empty() {
            let mut drawn = self.drawn.clone();
            drawn.add(&self.owned);
            if self.has_several_uids() {
                self.charge.add(&drawn);
            } else {
                self.charge.raise_to(&drawn);
            }
        }
    }

    fn has_several_uids(&self) -> bool {
        let mut uids = self.uids();
        let first = uids.next();
        uids.any(|uid| Some(uid) != first)
    }

    /// The UIDs of the live object and of the reservations.
    pub(super) fn uids(&self) -> impl Iterator<Item = &str> {
        let live = self.live.iter().map(|(uid, _)| uid.as_str());
        live.chain(self.reserved.keys().map(String::as_str))
    }

    /// The approximate length of its [line](super::line) in bytes, rounded up for long amounts.
    pub(super) fn stored_size(&self, object: &ObjectRef) -> usize {
        let reference =
            |object: &ObjectRef| object.kind.len() + object.namespace.len() + object.name.len() + 6;
        let usage =
            |usage: &Usage| usage.iter().map(|(name, _)| name.len() + 10).sum::<usize>() + 8;
        let live = self.live.as_ref().map_or(0, |(uid, amounts)| uid.len() + 5 + usage(amounts));
        let words = |words: &[String]| words.iter().map(|word| word.len() + 1).sum::<usize>();
        let reserved = self.reserved.iter().map(|(uid, one)| {
            uid.len()
                + one.asked_by.len()
                + 38
                + usage(&one.usage)
                + usage(&one.counted)
                + words(&one.unknown)
        });
        let owner = self.owner.as_ref().map_or(0, |owner| reference(owner) + 8);
        let leaving = usize::from(self.leaving) * 10
            + self.replacement.as_ref().map_or(0, |one| one.uid.len() + 10 + usage(&one.excused));
        let other = words(&self.unknown) + leaving;
        reference(object) + owner + live + usage(&self.drawn) + other + reserved.sum::<usize>()
    }
}
