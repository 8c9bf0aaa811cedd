//! The edits of one set of pods that are not applied yet.

use super::edit::{Edit, Path};
use std::cell::OnceCell;
use std::collections::HashMap;

/// More edits are found by their place in the common template, and fewer one after the other.
const LONG: usize = 32;

/// Edits in their order. An edit keeps its index when others are done.
#[derive(Debug)]
pub(super) struct Pending {
    edits: Vec<Option<Edit>>,
    next: usize,
    by_place: OnceCell<HashMap<Path, Vec<usize>>>,
}

impl Pending {
    pub(super) fn new(edits: Vec<Edit>) -> Self {
        let edits = edits.into_iter().map(Some).collect();
        Self { edits, next: 0, by_place: OnceCell::new() }
    }

    /// Whether nothing was requested.
    pub(super) fn is_empty(&self) -> bool {
        self.edits.is_empty()
    }

    /// Takes the next edit.
    pub(super) fn next(&mut self) -> Option<Edit> {
        loop {
            let edit = self.edits.get_mut(self.next)?.take();
            self.next += 1;
            if edit.is_some() {
                return edit;
            }
        }
    }

    /// The edit at an index, unless it is done.
    pub(super) fn get(&self, at: usize) -> Option<&Edit> {
        self.edits.get(at)?.as_ref()
    }

    /// Drops the edit at an index.
    pub(super) fn forget(&mut self, at: usize) {
        if let Some(edit) = self.edits.get_mut(at) {
            *edit = None;
        }
    }

    /// Whether edits should be found by their place.
    pub(super) fn is_long(&self) -> bool {
        self.edits.len() > LONG
    }

    /// The index of the first edit that is not done and for which this holds.
    pub(super) fn position(&self, is_wanted: impl Fn(&Edit) -> bool) -> Option<usize> {
        let rest = self.edits.iter().enumerate().skip(self.next);
        rest.filter_map(|(at, edit)| Some((at, edit.as_ref()?)))
            .find(|(_, edit)| is_wanted(edit))
            .map(|(at, _)| at)
    }

    /// The indices of edits at a place of the common template, in their order. `place_of` finds the
    /// place of a path.
    pub(super) fn at_place(
        &self,
        place: &Path,
        place_of: impl Fn(&Path) -> Option<Path>,
    ) -> impl Iterator<Item = usize> {
        let by_place = self.by_place.get_or_init(|| {
            let mut by_place: HashMap<Path, Vec<usize>> = HashMap::new();
            for (at, edit) in self.edits.iter().enumerate() {
                if let Some(place) = edit.as_ref().and_then(|edit| place_of(&edit.path)) {
                    by_place.entry(place).or_default().push(at);
                }
            }
            by_place
        });
        by_place.get(place).into_iter().flatten().copied()
    }
}
