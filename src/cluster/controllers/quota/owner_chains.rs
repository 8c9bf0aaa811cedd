//! Whose an object is: its owners, and theirs, as far as they are known.
//!
//! What a deleted object said of its owners is remembered for a while, since its pods outlive it.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

/// Owners of one object, by UID.
pub type Owners = Arc<[Arc<str>]>;

/// Objects that are gone and remembered.
const REMEMBERED: usize = 10_000;
/// Owners of one object that are told; no chain that Kubernetes or Flink makes is as long.
const TOLD: usize = 16;

/// Owners by the UID of what they own.
#[derive(Debug, Default)]
pub struct Lineage {
    owners: HashMap<Arc<str>, Known>,
    departed: VecDeque<Arc<str>>,
}

#[derive(Debug)]
struct Known {
    owners: Owners,
    departed: bool,
}

impl Lineage {
    /// An object is there.
    pub fn set(&mut self, uid: &Arc<str>, owners: &Owners) {
        if owners.is_empty() {
            self.owners.remove(uid);
        } else {
            self.owners
                .insert(Arc::clone(uid), Known { owners: Arc::clone(owners), departed: false });
        }
    }

    /// An object is gone; `remember` where it may have owned what outlives it.
    pub fn depart(&mut self, uid: &Arc<str>, remember: bool) {
        if !remember {
            self.owners.remove(uid);
        } else if let Some(known) = self.owners.get_mut(uid)
            && !std::mem::replace(&mut known.departed, true)
        {
            self.departed.push_back(Arc::clone(uid));
        }
        if self.departed.len() > REMEMBERED
            && let Some(oldest) = self.departed.pop_front()
            && self.owners.get(&oldest).is_some_and(|known| known.departed)
        {
            self.owners.remove(&oldest);
        }
    }

    /// An object's owners and theirs, nearest first.
    pub fn above(&self, own: &Owners) -> Vec<String> {
        let mut above: Vec<&Arc<str>> = Vec::new();
        let mut level: Vec<&Arc<str>> = own.iter().collect();
        while !level.is_empty() {
            level.retain(|uid| !above.contains(uid));
            above.extend(&level);
            if above.len() >= TOLD {
                break;
            }
            level = level
                .iter()
                .filter_map(|uid| self.owners.get(*uid))
                .flat_map(|known| known.owners.iter())
                .collect();
        }
        above.into_iter().take(TOLD).map(|uid| uid.to_string()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owners(uids: &[&str]) -> Owners {
        uids.iter().map(|uid| Arc::from(*uid)).collect()
    }

    #[test]
    fn owners_of_owners_are_told_nearest_first_and_of_those_that_are_gone_too() {
        let mut lineage = Lineage::default();
        lineage.set(&"set".into(), &owners(&["deployment"]));
        lineage.set(&"deployment".into(), &owners(&["flink"]));
        lineage.set(&"flink".into(), &owners(&["blue-green"]));
        lineage.depart(&"deployment".into(), true);
        assert_eq!(lineage.above(&owners(&["set"])), ["set", "deployment", "flink", "blue-green"]);
        lineage.depart(&"set".into(), false);
        assert_eq!(lineage.above(&owners(&["set"])), ["set"]);
    }

    #[test]
    fn owners_that_own_one_another_end() {
        let mut lineage = Lineage::default();
        lineage.set(&"a".into(), &owners(&["b", "a"]));
        lineage.set(&"b".into(), &owners(&["a"]));
        assert_eq!(lineage.above(&owners(&["a"])), ["a", "b"]);
        lineage.set(&"many".into(), &(0..100).map(|n| Arc::from(format!("o{n}"))).collect());
        assert_eq!(lineage.above(&owners(&["many"])).len(), TOLD);
    }

    #[test]
    fn few_of_those_that_are_gone_are_remembered_and_none_that_lives_is_forgotten() {
        let mut lineage = Lineage::default();
        let uid = |n: usize| Arc::<str>::from(format!("u{n}"));
        for n in 0..=REMEMBERED + 1 {
            lineage.set(&uid(n), &owners(&["o"]));
            lineage.depart(&uid(n), true);
            if n == 1 {
                lineage.set(&uid(1), &owners(&["o"]));
            }
        }
        assert_eq!(lineage.above(&[uid(0)].into()), ["u0"]);
        assert_eq!(lineage.above(&[uid(1)].into()), ["u1", "o"]);
        assert_eq!(lineage.above(&[uid(2)].into()), ["u2", "o"]);
    }
}
