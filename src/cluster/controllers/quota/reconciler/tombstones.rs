//! Objects that did not exist when the API server was asked, after the requests that could have
//! created them ended: they never will exist.
//!
//! A delayed watch may still report one. Counted then, it would cover pods that remain without it,
//! or another object of its name.

use std::collections::{HashSet, VecDeque};

/// How many are remembered. A watch would have to be delayed by as many confirmations to report one
/// that is forgotten.
const REMEMBERED: usize = 20_000;

/// Their UIDs, oldest first. UIDs do not return.
#[derive(Debug, Default)]
pub(super) struct Tombstones {
    uids: HashSet<String>,
    order: VecDeque<String>,
}

impl Tombstones {
    pub(super) fn add(&mut self, uid: String) {
        if self.uids.insert(uid.clone()) {
            self.order.push_back(uid);
        }
        if self.order.len() > REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.uids.remove(&oldest);
        }
    }

    pub(super) fn contains(&self, uid: &str) -> bool {
        self.uids.contains(uid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_are_remembered_once_each() {
        let mut tombstones = Tombstones::default();
        for number in 0..=REMEMBERED {
            tombstones.add(number.to_string());
            tombstones.add("1".into());
        }
        assert_eq!(["0", "1", "20000"].map(|uid| tombstones.contains(uid)), [false, true, true]);
        assert_eq!((tombstones.uids.len(), tombstones.order.len()), (REMEMBERED, REMEMBERED));
    }
}
