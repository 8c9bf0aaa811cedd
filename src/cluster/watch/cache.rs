//! What is known of the objects of a target, while watches come and go.

use super::Event;
use kube::api::ObjectMeta;
use kube::core::DynamicObject;
use std::collections::{BTreeMap, BTreeSet};

/// Objects by name, or by `NAMESPACE/NAME`. A list under way does not show until it is complete.
#[derive(Debug)]
pub struct Cache<T> {
    known: BTreeMap<String, T>,
    incoming: Option<BTreeMap<String, T>>,
    listed: bool,
    trouble: Option<String>,
}

impl<T> Default for Cache<T> {
    fn default() -> Self {
        Self { known: BTreeMap::new(), incoming: None, listed: false, trouble: None }
    }
}

impl<T: PartialEq> Cache<T> {
    /// Takes one event; the keys of the objects that came, changed or went. `read` takes from an
    /// object what is kept of it: `None` for an object that does not matter.
    pub fn apply(
        &mut self,
        event: Event,
        read: impl FnOnce(DynamicObject) -> Option<T>,
    ) -> BTreeSet<String> {
        match event {
            Event::ListStarted(_) => {
                self.incoming = Some(BTreeMap::new());
                BTreeSet::new()
            }
            Event::Applied(object) => {
                let key = key(&object.metadata);
                self.put(key, read(*object))
            }
            Event::Deleted(object) => self.put(key(&object.metadata), None),
            Event::Listed(_) => {
                (self.trouble, self.listed) = (None, true);
                let now = self.incoming.take().unwrap_or_default();
                let before = std::mem::replace(&mut self.known, now);
                let keys = before.keys().chain(self.known.keys());
                keys.filter(|key| before.get(*key) != self.known.get(*key)).cloned().collect()
            }
            Event::Position(_) | Event::Resumed => {
                self.trouble = None;
                BTreeSet::new()
            }
            Event::Interrupted(error) => {
                self.trouble = Some(error);
                BTreeSet::new()
            }
            Event::Unserved => {
                self.trouble = Some(UNSERVED.into());
                BTreeSet::new()
            }
        }
    }

    fn put(&mut self, key: String, value: Option<T>) -> BTreeSet<String> {
        let listing = self.incoming.is_some();
        let objects = self.incoming.as_mut().unwrap_or(&mut self.known);
        let is_same = objects.get(&key) == value.as_ref();
        match value {
            Some(value) => drop(objects.insert(key.clone(), value)),
            None => drop(objects.remove(&key)),
        }
        if listing || is_same { BTreeSet::new() } else { BTreeSet::from([key]) }
    }

    /// The objects by key.
    pub fn known(&self) -> &BTreeMap<String, T> {
        &self.known
    }

    /// Whether a first full list has come.
    pub fn is_listed(&self) -> bool {
        self.listed
    }

    /// A line for `/readyz` about objects that are called `what`.
    pub fn report(&self, what: &str) -> String {
        match (&self.trouble, self.listed) {
            (None, true) => format!("{} {what}", self.known.len()),
            (Some(error), true) => format!(
                "{} {what}; what is known stays in force while the watch is interrupted: {error}",
                self.known.len()
            ),
            (None, false) => "waiting for the first list".to_owned(),
            (Some(error), false) => format!("waiting for the first list: {error}"),
        }
    }
}

/// The kinds of which caches are reported are Flinkgate's.
const UNSERVED: &str = "the API server does not know this kind: install it by `flinkgate crds | kubectl apply --server-side -f -`";

fn key(metadata: &ObjectMeta) -> String {
    let name = metadata.name.as_deref().unwrap_or_default();
    match metadata.namespace.as_deref() {
        Some(namespace) => format!("{namespace}/{name}"),
        None => name.to_owned(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use kube::api::ApiResource;
    use kube::core::GroupVersionKind;

    fn started() -> Event {
        Event::ListStarted(ApiResource::from_gvk(&GroupVersionKind::gvk("", "v1", "Namespace")))
    }

    /// An object whose value is its number.
    fn object(name: &str) -> Box<DynamicObject> {
        let resource = ApiResource::from_gvk(&GroupVersionKind::gvk("", "v1", "Namespace"));
        Box::new(DynamicObject::new(name, &resource))
    }

    fn apply(cache: &mut Cache<u8>, name: &str, value: u8) -> usize {
        cache.apply(Event::Applied(object(name)), |_| Some(value)).len()
    }

    fn take(cache: &mut Cache<u8>, event: Event) -> BTreeSet<String> {
        cache.apply(event, |_| None)
    }

    #[test]
    fn a_list_shows_when_complete_and_a_broken_one_never() {
        let mut cache = Cache::default();
        assert_eq!(cache.report("tenants"), "waiting for the first list");
        take(&mut cache, Event::Interrupted("connection refused".into()));
        assert_eq!(
            (cache.report("tenants").as_str(), cache.is_listed()),
            ("waiting for the first list: connection refused", false)
        );
        take(&mut cache, started());
        apply(&mut cache, "a", 1);
        assert!(cache.known().is_empty());
        apply(&mut cache, "b", 1);
        let both = BTreeSet::from(["a".to_owned(), "b".to_owned()]);
        assert_eq!(take(&mut cache, Event::Listed(1)), both);
        assert_eq!(cache.report("tenants"), "2 tenants");
        take(&mut cache, started());
        apply(&mut cache, "a", 2);
        take(&mut cache, Event::Interrupted("gone".into()));
        assert_eq!(cache.known().len(), 2);
        assert!(cache.report("tenants").starts_with("2 tenants; what is known stays in force"));
        // The next list: what it does not name was deleted during the interruption.
        take(&mut cache, started());
        apply(&mut cache, "a", 2);
        assert_eq!(take(&mut cache, Event::Listed(2)), both);
        assert_eq!(cache.known().len(), 1);
    }

    #[test]
    fn only_changes_are_reported() {
        let mut cache = Cache::default();
        take(&mut cache, started());
        take(&mut cache, Event::Listed(1));
        assert_eq!(apply(&mut cache, "a", 1), 1);
        assert_eq!(apply(&mut cache, "a", 1), 0);
        assert_eq!(take(&mut cache, Event::Deleted(object("a"))).len(), 1);
        assert_eq!(take(&mut cache, Event::Deleted(object("a"))).len(), 0);
    }
}
