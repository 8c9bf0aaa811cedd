//! One name's place in a ledger.

use super::ObjectRef;
use crate::quota::Usage;
use std::collections::BTreeMap;

/// Everything known of the objects of one name, of which at most one lives at a time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Slot {
    /// On whom it draws.
    pub within: Option<ObjectRef>,
    /// The object as it was last seen: its UID and what it uses.
    pub settled: Option<(String, Usage)>,
    /// What settled objects use that draw on this one and have no slot of their own.
    pub drawn: Usage,
    /// What is on its way, by UID.
    pub reserved: BTreeMap<String, Reservation>,
    /// What the slots that draw on this one are charged; follows from them.
    pub(super) below: Usage,
    /// What all of this is charged; follows from the rest.
    pub(super) charge: Usage,
}

/// A request, or several about one object, that were admitted and of which it is not known what
/// became.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Reservation {
    /// The resource version of the stored object that the request changes; 0 where it creates it.
    pub base: u64,
    /// Grows with every reservation of a ledger; requests up to a stamp are over at a time.
    pub stamp: u64,
    /// The most that the object may be stored with, absolutely.
    pub usage: Usage,
    /// What of it is counted as drawn, or as used by others, already: the object has settled, and
    /// has no slot for it.
    pub counted: Usage,
}

impl Slot {
    /// What it is charged with all that draws on it.
    pub fn charge(&self) -> &Usage {
        &self.charge
    }

    /// The most that the one object of this name may be.
    pub fn own(&self) -> Usage {
        let mut own = self.settled.as_ref().map(|(_, usage)| usage.clone()).unwrap_or_default();
        for reservation in self.reserved.values() {
            own.raise_to(&reservation.usage.without(&reservation.counted));
        }
        own
    }

    /// Works the charge out anew: the larger of what is declared and what is drawn; both, while
    /// what is drawn may be drawn on another object of this name than the one that will live.
    pub(super) fn renew(&mut self) {
        self.charge = self.own();
        if !self.drawn.is_empty() || !self.below.is_empty() {
            let mut drawn = self.drawn.clone();
            drawn.add(&self.below);
            if self.is_of_several() {
                self.charge.add(&drawn);
            } else {
                self.charge.raise_to(&drawn);
            }
        }
    }

    /// Whether more than one object may be the one of this name.
    fn is_of_several(&self) -> bool {
        let mut uids = self.uids();
        let first = uids.next();
        uids.any(|uid| Some(uid) != first)
    }

    /// The UIDs that were seen or promised under this name.
    pub(super) fn uids(&self) -> impl Iterator<Item = &str> {
        let settled = self.settled.iter().map(|(uid, _)| uid.as_str());
        settled.chain(self.reserved.keys().map(String::as_str))
    }

    /// About how many bytes its [line](super::line) takes: amounts may be longer than they usually
    /// are.
    pub(super) fn weight(&self, object: &ObjectRef) -> usize {
        let reference =
            |object: &ObjectRef| object.kind.len() + object.namespace.len() + object.name.len() + 6;
        let usage =
            |usage: &Usage| usage.iter().map(|(name, _)| name.len() + 10).sum::<usize>() + 8;
        let settled =
            self.settled.as_ref().map_or(0, |(uid, amounts)| uid.len() + 5 + usage(amounts));
        let reserved = self
            .reserved
            .iter()
            .map(|(uid, one)| uid.len() + 34 + usage(&one.usage) + usage(&one.counted));
        let within = self.within.as_ref().map_or(0, |within| reference(within) + 8);
        reference(object) + within + settled + usage(&self.drawn) + reserved.sum::<usize>()
    }
}
