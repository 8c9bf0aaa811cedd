//! Flink's configuration in an object: flat keys, each with the place where it is written.
//!
//! `flinkConfiguration` may be nested, flat or a mix of both. [`FlinkConfig::from_object`] flattens
//! it as the operator does, so that all other code sees Flink's keys.

use super::catalog::other_names;
use super::key_filter::KeyFilter;
use crate::resource::limits::{self, Excess, Limit};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry::{Occupied, Vacant};

mod flatten;

pub(super) use flatten::text;

/// One option: its value as text and its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The value as Flink reads it.
    pub value: String,
    /// JSON Pointer of the value, or of the field that sets it. `None` if it comes from elsewhere,
    /// such as the operator's defaults.
    pub pointer: Option<String>,
}

/// Options by flat key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FlinkConfig {
    entries: BTreeMap<String, Entry>,
    /// The keys of `entries`, and the options of which `renamed` has an older name.
    keys: KeyFilter<4>,
    duplicates: Vec<Duplicate>,
    overwritten: Vec<(String, Entry)>,
    /// Options that are set under a deprecated name of the catalog, each with that name.
    renamed: Vec<(&'static str, String)>,
    /// See [`limits::OPTION_YAML`].
    yaml_bytes: usize,
    excess: Option<Excess>,
}

/// A key that is spelled in two ways, such as `state: {backend: x}` and `state.backend: y`. The
/// second one counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Duplicate {
    /// The flat key.
    pub key: String,
    /// JSON Pointer of the ignored value.
    pub first: String,
    /// JSON Pointer of the value that Flink reads.
    pub second: String,
}

impl FlinkConfig {
    fn is_full(&self) -> bool {
        let read = [self.entries.len(), self.duplicates.len(), self.overwritten.len()];
        read.into_iter().sum::<usize>() >= Limit::Options.most()
    }

    /// The limit that an option with this value exceeds.
    fn value_excess(&mut self, value: &str) -> Option<Limit> {
        if value.len() > Limit::OptionValue.most() {
            return Some(Limit::OptionValue);
        }
        self.yaml_bytes = self.yaml_bytes.saturating_add(limits::yaml_bytes(value));
        (self.yaml_bytes > Limit::OptionYaml.most()).then_some(Limit::OptionYaml)
    }

    /// Notes that the options at a place are over a limit: see [`Self::excess`].
    pub fn exceed(&mut self, place: String, limit: Limit) {
        self.excess.get_or_insert(Excess { place, limit });
    }

    /// Where the options are over a limit. Some are missing then, so nothing can be checked.
    pub fn excess(&self) -> Option<&Excess> {
        self.excess.as_ref()
    }

    fn add(&mut self, key: String, value: String, place: String) {
        match self.entries.entry(key) {
            Occupied(mut known) => {
                let entry = Entry { value, pointer: Some(place.clone()) };
                if let Some(first) = known.insert(entry).pointer {
                    let key = known.key().clone();
                    self.duplicates.push(Duplicate { key, first, second: place });
                }
            }
            Vacant(unknown) => {
                note_names(unknown.key(), &mut self.renamed, &mut self.keys);
                unknown.insert(Entry { value, pointer: Some(place) });
            }
        }
    }

    /// Duplicate keys in the order in which [`Self::from_object`] found them.
    pub fn duplicates(&self) -> &[Duplicate] {
        &self.duplicates
    }

    /// The first of these keys that is set: an option and its deprecated names, in Flink's order.
    /// The catalog knows further deprecated names; they come last.
    pub fn first(&self, keys: &[&str]) -> Option<(&str, &Entry)> {
        let is_set = |key: &&&str| self.keys.may_have(key);
        let written = keys.iter().filter(is_set).find_map(|key| self.entries.get_key_value(*key));
        if written.is_none() && !keys.iter().any(|key| is_set(&key)) {
            return None;
        }
        let older = || {
            let names = self.renamed.iter().filter(|(option, _)| keys.contains(option));
            self.entries.get_key_value(names.map(|(_, name)| name).min()?)
        };
        written.or_else(older).map(|(key, entry)| (key.as_str(), entry))
    }

    /// The value of an option, under its key or a deprecated one.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.entry(key).map(|entry| entry.value.as_str())
    }

    /// The option with its place, under its key or a deprecated one.
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.first(&[key]).map(|(_, entry)| entry)
    }

    /// What is written under exactly this key.
    pub fn exact(&self, key: &str) -> Option<&Entry> {
        if self.keys.may_have(key) { self.entries.get(key) } else { None }
    }

    /// The same with the key as it is kept.
    pub fn exact_pair(&self, key: &str) -> Option<(&str, &Entry)> {
        let found = self.keys.may_have(key).then(|| self.entries.get_key_value(key)).flatten();
        found.map(|(key, entry)| (key.as_str(), entry))
    }

    /// Sets an option and replaces an existing value.
    pub fn set(
        &mut self,
        key: impl Into<String>,
        value: impl Into<String>,
        pointer: Option<String>,
    ) {
        let (key, entry) = (key.into(), Entry { value: value.into(), pointer });
        let limit = match key.len() {
            length if length > Limit::OptionKey.most() => Some(Limit::OptionKey),
            _ if self.is_full() => Some(Limit::Options),
            _ => self.value_excess(&entry.value),
        };
        if let Some(limit) = limit {
            return self.exceed(entry.pointer.unwrap_or_default(), limit);
        }
        match self.entries.entry(key) {
            Occupied(mut before) => {
                let (key, before) = (before.key().clone(), before.insert(entry));
                self.overwritten.push((key, before));
            }
            Vacant(place) => {
                note_names(place.key(), &mut self.renamed, &mut self.keys);
                place.insert(entry);
            }
        }
    }

    /// Corrects the value of an option that is written otherwise than it is read.
    pub fn correct(&mut self, key: &str, value: &str) {
        if let Some(entry) = self.entries.get_mut(key) {
            value.clone_into(&mut entry.value);
        }
    }

    /// The values that [`Self::set`] replaced, in that order.
    pub fn overwritten(&self) -> impl Iterator<Item = (&str, &Entry)> {
        self.overwritten.iter().map(|(key, entry)| (key.as_str(), entry))
    }

    /// Adds the options of `under` that this configuration does not set.
    pub fn fill(&mut self, under: Self) {
        for (key, entry) in under.entries {
            if let Vacant(place) = self.entries.entry(key) {
                note_names(place.key(), &mut self.renamed, &mut self.keys);
                place.insert(entry);
            }
        }
        self.excess = self.excess.take().or(under.excess);
    }

    /// Prefixes every place with `base`, if the configuration is part of a larger object.
    pub fn move_below(&mut self, base: &str) {
        let entries =
            self.entries.values_mut().chain(self.overwritten.iter_mut().map(|(_, entry)| entry));
        let places = entries.filter_map(|entry| entry.pointer.as_mut());
        let lost = self
            .duplicates
            .iter_mut()
            .flat_map(|duplicate| [&mut duplicate.first, &mut duplicate.second]);
        let excess = self.excess.iter_mut().map(|excess| &mut excess.place);
        places.chain(lost).chain(excess).for_each(|place| place.insert_str(0, base));
    }

    /// Gives every option the same place.
    pub fn move_to(&mut self, place: &str) {
        for entry in self.entries.values_mut() {
            entry.pointer = Some(place.to_owned());
        }
    }

    /// Keeps the options for whose keys a condition holds.
    pub fn retain(&mut self, keep: impl Fn(&str) -> bool) {
        self.entries.retain(|key, _| keep(key));
    }

    /// All options in the order of their keys.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Entry)> {
        self.entries.iter().map(|(key, entry)| (key.as_str(), entry))
    }

    /// The options with this prefix, in the order of their keys.
    pub fn under<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = (&'a str, &'a Entry)> {
        let from = (std::ops::Bound::Included(prefix), std::ops::Bound::Unbounded);
        let found =
            self.entries.range::<str, _>(from).take_while(move |(key, _)| key.starts_with(prefix));
        found.map(|(key, entry)| (key.as_str(), entry))
    }

    /// Whether no option is set.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

/// Notes the options that a key is a deprecated name of.
fn note_names(key: &str, renamed: &mut Vec<(&'static str, String)>, keys: &mut KeyFilter<4>) {
    let newer = other_names(key).newer.iter();
    keys.add(key);
    if newer.len() == 0 {
        return;
    }
    newer.clone().for_each(|option| keys.add(option));
    renamed.extend(newer.map(|option| (*option, key.to_owned())));
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn entries_have_their_place() {
        let object = json!({"state": {"checkpoints.dir": "s3://a"}, "a/b": 1, "list": ["x"]});
        let config = FlinkConfig::from_object(&object, "/spec/flinkConfiguration");
        let place = |key| config.entry(key).and_then(|entry| entry.pointer.as_deref());
        assert_eq!(
            place("state.checkpoints.dir"),
            Some("/spec/flinkConfiguration/state/checkpoints.dir")
        );
        assert_eq!(place("a/b"), Some("/spec/flinkConfiguration/a~1b"));
        assert_eq!(place("list"), Some("/spec/flinkConfiguration/list"));
        assert_eq!(config.duplicates(), []);
    }

    #[test]
    fn later_of_two_spellings_counts() {
        let config = FlinkConfig::from_object(
            &json!({"a.b.c": "flat", "a": {"b.c": "half", "b": {"c": "deep"}}}),
            "",
        );
        assert_eq!(config.get("a.b.c"), Some("flat"));
        let duplicate = |first: &str, second: &str| Duplicate {
            key: "a.b.c".into(),
            first: first.into(),
            second: second.into(),
        };
        assert_eq!(
            config.duplicates(),
            [duplicate("/a/b/c", "/a/b.c"), duplicate("/a/b.c", "/a.b.c")]
        );
    }

    #[test]
    fn overwritten_options_keep_their_place() {
        let mut config = FlinkConfig::from_object(&json!({"a": {"b": 1}}), "/spec");
        config.set("a.b", "2", Some("/field".into()));
        config.set("c", "3", None);
        config.move_below("/template");
        let lost: Vec<_> = config
            .overwritten()
            .map(|(key, entry)| (key, entry.value.as_str(), entry.pointer.as_deref()))
            .collect();
        assert_eq!(
            (config.get("a.b"), lost),
            (Some("2"), vec![("a.b", "1", Some("/template/spec/a/b"))])
        );
    }
}
