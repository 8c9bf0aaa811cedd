//! Objects that were not there when they were asked for, after the requests that could have made
//! them: they never will be.
//!
//! A watch that is late may show them yet. Counted then, one would stand for pods that outlive it,
//! or for another of its name.

use std::collections::{HashSet, VecDeque};

/// How many are remembered; a watch would have to be later than so many questions for one that is
/// forgotten to be shown.
const REMEMBERED: usize = 20_000;

/// Their UIDs, oldest first. UIDs do not return.
#[derive(Debug, Default)]
pub(super) struct Departed {
    uids: HashSet<String>,
    order: VecDeque<String>,
}

impl Departed {
    pub(super) fn note(&mut self, uid: String) {
        if self.uids.insert(uid.clone()) {
            self.order.push_back(uid);
        }
        if self.order.len() > REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.uids.remove(&oldest);
        }
    }

    pub(super) fn has(&self, uid: &str) -> bool {
        self.uids.contains(uid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_that_departed_are_remembered_and_each_of_them_once() {
        let mut departed = Departed::default();
        for number in 0..=REMEMBERED {
            departed.note(number.to_string());
            departed.note("1".into());
        }
        assert_eq!(["0", "1", "20000"].map(|uid| departed.has(uid)), [false, true, true]);
        assert_eq!((departed.uids.len(), departed.order.len()), (REMEMBERED, REMEMBERED));
    }
}
