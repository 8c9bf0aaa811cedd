//! Flink's configuration as an object gives it: flat keys, each with the place it is written at.

use std::collections::BTreeMap;

/// One option: its value as text and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The value as Flink reads it.
    pub value: String,
    /// JSON Pointer of the value in the object; `None` where a field of the object implies it.
    pub pointer: Option<String>,
}

/// Options by flat key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FlinkConfig {
    entries: BTreeMap<String, Entry>,
}

impl FlinkConfig {
    /// The value of the first of these keys that is set: an option and its deprecated names, in Flink's order.
    pub fn first(&self, keys: &[&str]) -> Option<(&str, &Entry)> {
        keys.iter().find_map(|key| self.entries.get_key_value(*key)).map(|(key, entry)| (key.as_str(), entry))
    }

    /// The value of an option.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.entries.get(key).map(|entry| entry.value.as_str())
    }

    /// The option with its place.
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries.get(key)
    }

    /// Sets an option, whatever it was before.
    pub fn set(&mut self, key: impl Into<String>, value: impl Into<String>, pointer: Option<String>) {
        self.entries.insert(key.into(), Entry { value: value.into(), pointer });
    }

    /// All options in the order of their keys.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Entry)> {
        self.entries.iter().map(|(key, entry)| (key.as_str(), entry))
    }

    /// Whether nothing is set.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}
