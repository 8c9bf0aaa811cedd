//! Objects without a namespace, by name, as a watch tells them.

use std::collections::BTreeMap;

/// What is kept of each, with the last list that named it.
#[derive(Debug)]
pub(super) struct Table<T> {
    entries: BTreeMap<String, (u32, T)>,
    list: u32,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self { entries: BTreeMap::new(), list: 0 }
    }
}

impl<T> Table<T> {
    pub(super) fn began(&mut self) {
        self.list = self.list.wrapping_add(1);
    }

    pub(super) fn put(&mut self, name: String, value: T) {
        self.entries.insert(name, (self.list, value));
    }

    pub(super) fn remove(&mut self, name: &str) {
        self.entries.remove(name);
    }

    /// Drops what the list did not name, and tells the names.
    pub(super) fn listed(&mut self) -> Vec<String> {
        let gone: Vec<String> = self
            .entries
            .iter()
            .filter(|(_, (list, _))| *list != self.list)
            .map(|(name, _)| name.clone())
            .collect();
        gone.iter().for_each(|name| self.remove(name));
        gone
    }

    pub(super) fn get(&self, name: &str) -> Option<&T> {
        self.entries.get(name).map(|(_, value)| value)
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &String> {
        self.entries.keys()
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = (&String, &mut T)> {
        self.entries.iter_mut().map(|(name, (_, value))| (name, value))
    }
}
