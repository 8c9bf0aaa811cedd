//! The pods of a namespace by their labels, so that a selector does not look at all of them.

use crate::resource::steps;
use std::collections::BTreeMap;

/// Candidates that selectors may look at, for each object of the input. Together with the index, the
/// work stays in proportion to the input. An honest selector looks only at the pods that it selects.
const CANDIDATES_PER_OBJECT: usize = 16;

/// Pods of one set, and what is known of their labels.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct IndexedPods {
    /// Number of the object that runs them.
    pub object: usize,
    /// Number of the set in its workload.
    pub set: usize,
    /// Labels by key; `None` if it is not defined which of several values counts.
    pub labels: BTreeMap<String, Option<String>>,
    /// Labels that an operator may add to them.
    pub added: Vec<(String, String)>,
    /// Whether this is a pod, whose labels are complete.
    pub is_pod: bool,
}

/// Sets of pods by their labels.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PodIndex {
    pods: Vec<IndexedPods>,
    by_key: BTreeMap<String, Postings>,
}

/// The sets that have a key, in the order in which they were added.
#[derive(Clone, Debug, Default, PartialEq)]
struct Postings {
    all: Vec<usize>,
    by_value: BTreeMap<String, Vec<usize>>,
    /// Those whose value is not defined.
    undefined: Vec<usize>,
}

impl PodIndex {
    /// Adds a set.
    pub fn add(&mut self, pods: IndexedPods) {
        let number = self.pods.len();
        let own = pods.labels.iter().map(|(key, value)| (key, value.as_ref()));
        let added = pods.added.iter().map(|(key, value)| (key, Some(value)));
        for (key, value) in own.chain(added) {
            steps::step();
            let postings = self.by_key.entry(key.clone()).or_default();
            let of_value = match value {
                Some(value) => postings.by_value.entry(value.clone()).or_default(),
                None => &mut postings.undefined,
            };
            for list in [of_value, &mut postings.all] {
                // An operator may add a label that the template has already.
                if list.last() != Some(&number) {
                    list.push(number);
                }
            }
        }
        self.pods.push(pods);
    }

    /// The number of sets.
    pub fn len(&self) -> usize {
        self.pods.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.pods.is_empty()
    }

    /// A set by its number.
    pub fn get(&self, number: usize) -> Option<&IndexedPods> {
        self.pods.get(number)
    }

    /// The sets that may have all of these labels, by the rarest of them. A label without a value may
    /// have any.
    pub fn candidates<'a>(
        &self,
        wanted: impl Iterator<Item = (&'a str, Option<&'a str>)>,
    ) -> Candidates<'_> {
        let mut fewest = Candidates { all: self.pods.len(), ..Candidates::default() };
        for (key, value) in wanted {
            steps::step();
            let postings = self.by_key.get(key);
            let found = postings.map_or_else(Candidates::default, |postings| match value {
                None => Candidates { with_value: &postings.all, ..Candidates::default() },
                Some(value) => Candidates {
                    with_value: postings.by_value.get(value).map_or(&[], Vec::as_slice),
                    undefined: &postings.undefined,
                    all: 0,
                },
            });
            if found.len() < fewest.len() {
                fewest = found;
            }
        }
        fewest
    }
}

/// Sets that a selector has to look at.
#[derive(Clone, Copy, Debug, Default)]
pub struct Candidates<'a> {
    all: usize,
    with_value: &'a [usize],
    undefined: &'a [usize],
}

impl Candidates<'_> {
    /// How many they are.
    pub fn len(&self) -> usize {
        self.all.saturating_add(self.with_value.len()).saturating_add(self.undefined.len())
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Their numbers.
    pub fn iter(&self) -> impl Iterator<Item = usize> {
        (0..self.all).chain(self.with_value.iter().copied()).chain(self.undefined.iter().copied())
    }
}

/// The work that all selectors of a namespace may take together.
#[derive(Debug)]
pub struct SelectorWork(usize);

impl SelectorWork {
    /// The work for this many objects.
    pub fn for_objects(objects: usize) -> Self {
        Self(objects.saturating_mul(CANDIDATES_PER_OBJECT))
    }

    /// Takes a part of it; `false` if not enough is left.
    pub fn take(&mut self, units: usize) -> bool {
        (0..units).for_each(|_| steps::step());
        match self.0.checked_sub(units) {
            Some(left) => {
                self.0 = left;
                true
            }
            None => false,
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;

    #[test]
    fn the_rarest_label_gives_the_candidates() {
        let mut index = PodIndex::default();
        for name in ["a", "b", "c"] {
            let labels = [("app", Some(name)), ("team", Some("x"))];
            let labels =
                labels.map(|(key, value)| (key.to_owned(), value.map(str::to_owned))).into();
            index.add(IndexedPods { labels, ..IndexedPods::default() });
        }
        let labels = BTreeMap::from([("app".to_owned(), None)]);
        index.add(IndexedPods { labels, ..IndexedPods::default() });
        let found = |wanted: &[(&'static str, Option<&'static str>)]| {
            index.candidates(wanted.iter().copied()).iter().collect::<Vec<_>>()
        };
        assert_eq!(found(&[]), [0, 1, 2, 3]);
        assert_eq!(found(&[("team", Some("x")), ("app", Some("b"))]), [1, 3]);
        assert_eq!(found(&[("team", None)]), [0, 1, 2]);
        assert!(found(&[("app", Some("a")), ("none", None)]).is_empty());
    }
}
