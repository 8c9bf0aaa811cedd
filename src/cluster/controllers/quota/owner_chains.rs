//! The owners of objects, and the owners of those, as far as they are known.
//!
//! The owners of a deleted object are remembered for a while, because its pods remain longer.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

/// Owners of one object, by UID.
pub type Owners = Arc<[Arc<str>]>;

/// Deleted objects that are remembered.
const REMEMBERED: usize = 10_000;
/// The longest chain; none that Kubernetes or Flink creates is as long.
const LONGEST: usize = 16;

/// Owners by the UID of what they own.
#[derive(Debug, Default)]
pub struct OwnerChains {
    owners: HashMap<Arc<str>, KnownOwners>,
    deleted: VecDeque<Arc<str>>,
}

#[derive(Debug)]
struct KnownOwners {
    owners: Owners,
    deleted: bool,
}

impl OwnerChains {
    /// An object exists.
    pub fn set(&mut self, uid: &Arc<str>, owners: &Owners) {
        if owners.is_empty() {
            self.owners.remove(uid);
        } else {
            self.owners.insert(
                Arc::clone(uid),
                KnownOwners { owners: Arc::clone(owners), deleted: false },
            );
        }
    }

    /// An object was deleted; `remember` its owners where its dependents may remain.
    pub fn delete(&mut self, uid: &Arc<str>, remember: bool) {
        if !remember {
            self.owners.remove(uid);
        } else if let Some(known) = self.owners.get_mut(uid)
            && !std::mem::replace(&mut known.deleted, true)
        {
            self.deleted.push_back(Arc::clone(uid));
        }
        if self.deleted.len() > REMEMBERED
            && let Some(oldest) = self.deleted.pop_front()
            && self.owners.get(&oldest).is_some_and(|known| known.deleted)
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
            if above.len() >= LONGEST {
                break;
            }
            level = level
                .iter()
                .filter_map(|uid| self.owners.get(*uid))
                .flat_map(|known| known.owners.iter())
                .collect();
        }
        above.into_iter().take(LONGEST).map(|uid| uid.to_string()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owners(uids: &[&str]) -> Owners {
        uids.iter().map(|uid| Arc::from(*uid)).collect()
    }

    #[test]
    fn owners_of_owners_come_nearest_first_even_when_deleted() {
        let mut chains = OwnerChains::default();
        chains.set(&"set".into(), &owners(&["deployment"]));
        chains.set(&"deployment".into(), &owners(&["flink"]));
        chains.set(&"flink".into(), &owners(&["blue-green"]));
        chains.delete(&"deployment".into(), true);
        assert_eq!(chains.above(&owners(&["set"])), ["set", "deployment", "flink", "blue-green"]);
        chains.delete(&"set".into(), false);
        assert_eq!(chains.above(&owners(&["set"])), ["set"]);
    }

    #[test]
    fn a_cycle_of_owners_ends() {
        let mut chains = OwnerChains::default();
        chains.set(&"a".into(), &owners(&["b", "a"]));
        chains.set(&"b".into(), &owners(&["a"]));
        assert_eq!(chains.above(&owners(&["a"])), ["a", "b"]);
        chains.set(&"many".into(), &(0..100).map(|n| Arc::from(format!("o{n}"))).collect());
        assert_eq!(chains.above(&owners(&["many"])).len(), LONGEST);
    }

    #[test]
    fn few_deleted_objects_and_all_others_are_remembered() {
        let mut chains = OwnerChains::default();
        let uid = |n: usize| Arc::<str>::from(format!("u{n}"));
        for n in 0..=REMEMBERED + 1 {
            chains.set(&uid(n), &owners(&["o"]));
            chains.delete(&uid(n), true);
            if n == 1 {
                chains.set(&uid(1), &owners(&["o"]));
            }
        }
        assert_eq!(chains.above(&[uid(0)].into()), ["u0"]);
        assert_eq!(chains.above(&[uid(1)].into()), ["u1", "o"]);
        assert_eq!(chains.above(&[uid(2)].into()), ["u2", "o"]);
    }
}
