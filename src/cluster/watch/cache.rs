//! What is known of the objects of one kind, while watches come and go.

use kube::runtime::watcher::Event;
use std::collections::{BTreeMap, BTreeSet};

/// Objects by name. A list that is under way does not show until it is complete.
#[derive(Debug)]
pub struct Table<T> {
    known: BTreeMap<String, T>,
    incoming: Option<BTreeMap<String, T>>,
    listed: bool,
    trouble: Option<String>,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self { known: BTreeMap::new(), incoming: None, listed: false, trouble: None }
    }
}

impl<T: PartialEq> Table<T> {
    /// Takes one event; the names of the objects that came, changed or went.
    pub fn take(&mut self, event: Event<(String, T)>) -> BTreeSet<String> {
        match event {
            Event::Init => {
                self.incoming = Some(BTreeMap::new());
                BTreeSet::new()
            }
            Event::InitApply((name, object)) => {
                self.incoming.get_or_insert_default().insert(name, object);
                BTreeSet::new()
            }
            Event::InitDone => {
                self.trouble = None;
                self.listed = true;
                let now = self.incoming.take().unwrap_or_default();
                let before = std::mem::replace(&mut self.known, now);
                let names = before.keys().chain(self.known.keys());
                names.filter(|name| before.get(*name) != self.known.get(*name)).cloned().collect()
            }
            Event::Apply((name, object)) => {
                self.trouble = None;
                if self.known.get(&name) == Some(&object) {
                    return BTreeSet::new();
                }
                self.known.insert(name.clone(), object);
                BTreeSet::from([name])
            }
            Event::Delete((name, _)) => {
                self.trouble = None;
                self.known.remove(&name).map(|_| name).into_iter().collect()
            }
        }
    }

    /// Notes that the watch broke; what is known stays.
    pub fn broke(&mut self, error: String) {
        self.trouble = Some(error);
    }

    /// The objects by name.
    pub fn known(&self) -> &BTreeMap<String, T> {
        &self.known
    }

    /// Whether a first full list has come.
    pub fn is_listed(&self) -> bool {
        self.listed
    }

    /// A line for `/readyz`, about what is called `what`.
    pub fn report(&self, what: &str) -> String {
        match (&self.trouble, self.listed) {
            (None, true) => format!("{} {what}", self.known.len()),
            (Some(error), true) => format!(
                "{} {what}; what is known stays in force while the watch is broken: {error}",
                self.known.len()
            ),
            (None, false) => "waiting for the first list".to_owned(),
            (Some(error), false) => format!("waiting for the first list: {error}"),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;

    fn object(name: &str, value: u8) -> (String, u8) {
        (name.to_owned(), value)
    }

    #[test]
    fn a_list_under_way_does_not_show_and_a_broken_one_leaves_what_was() {
        let mut table = Table::default();
        assert_eq!(table.report("tenants"), "waiting for the first list");
        table.broke("connection refused".into());
        assert_eq!(
            (table.report("tenants").as_str(), table.is_listed()),
            ("waiting for the first list: connection refused", false)
        );
        table.take(Event::Init);
        table.take(Event::InitApply(object("a", 1)));
        assert!(table.known().is_empty());
        table.take(Event::InitApply(object("b", 1)));
        assert_eq!(table.take(Event::InitDone), BTreeSet::from(["a".to_owned(), "b".to_owned()]));
        assert_eq!(table.report("tenants"), "2 tenants");
        table.take(Event::Init);
        table.take(Event::InitApply(object("a", 2)));
        table.broke("gone".into());
        assert_eq!(table.known().len(), 2);
        assert!(table.report("tenants").starts_with("2 tenants; what is known stays in force"));
        // The list starts anew: what is no longer in it went away while nobody watched.
        table.take(Event::Init);
        table.take(Event::InitApply(object("a", 2)));
        assert_eq!(table.take(Event::InitDone), BTreeSet::from(["a".to_owned(), "b".to_owned()]));
        assert_eq!(table.known().len(), 1);
    }

    #[test]
    fn only_what_changes_is_told() {
        let mut table = Table::default();
        table.take(Event::InitDone);
        assert_eq!(table.take(Event::Apply(object("a", 1))).len(), 1);
        assert_eq!(table.take(Event::Apply(object("a", 1))).len(), 0);
        assert_eq!(table.take(Event::Delete(object("a", 1))).len(), 1);
        assert_eq!(table.take(Event::Delete(object("a", 1))).len(), 0);
    }
}
