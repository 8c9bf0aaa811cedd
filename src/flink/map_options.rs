//! Options with a map or a list of maps, in every spelling that Flink reads.
//!
//! `kubernetes.secrets: a:/x,b:/y` and `kubernetes.secrets.a: /x` are equivalent. If an option is
//! written in both ways, the result contains both, so that a rule holds whichever one counts.

use super::catalog::map_of_element;
use super::config::{Entry, FlinkConfig};
use super::values::{Pairs, list_of_map_pairs, map_pairs};

/// One entry of a map option.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MapEntry<'a> {
    /// The key within the map.
    pub key: String,
    /// Its value.
    pub value: String,
    /// The key of the option as written: that of the map, or that of this entry.
    pub option: &'a str,
    /// The option with its place.
    pub entry: &'a Entry,
}

/// All entries of a map option.
pub fn map_entries<'a>(config: &'a FlinkConfig, option: &'a str) -> Vec<MapEntry<'a>> {
    let mut found = Vec::new();
    for (key, entry) in config.under(option) {
        match key.strip_prefix(option) {
            Some("") => {
                let pairs = map_pairs(&entry.value).into_iter();
                found.extend(pairs.map(|(name, value)| MapEntry {
                    key: name,
                    value,
                    option: key,
                    entry,
                }));
            }
            Some(rest) => {
                if let Some(name) = rest.strip_prefix('.') {
                    found.push(MapEntry {
                        key: name.to_owned(),
                        value: entry.value.clone(),
                        option: key,
                        entry,
                    });
                }
            }
            None => {}
        }
    }
    found
}

/// The map that hides one of its entries: where the whole map is written as one text, Flink reads no
/// entry that has a key of its own. `None` if the text has the entry too, with a wanted value.
pub fn hiding_map<'a>(
    config: &'a FlinkConfig,
    key: &'a str,
    is_wanted: impl Fn(&str) -> bool,
) -> Option<(&'a str, &'a Entry)> {
    let map = map_of_element(key)?;
    let name = key.strip_prefix(map)?.strip_prefix('.')?;
    let entry = config.exact(map).filter(|entry| entry.pointer.is_some())?;
    let pairs = map_pairs(&entry.value);
    let mut own = pairs.iter().filter(|(found, _)| found == name).peekable();
    let has_value = own.peek().is_some() && own.all(|(_, found)| is_wanted(found));
    (!has_value).then_some((map, entry))
}

/// All maps of an option that holds a list of maps, with the option's place.
pub fn map_list<'a>(config: &'a FlinkConfig, option: &str) -> Option<(&'a Entry, Vec<Pairs>)> {
    let entry = config.entry(option)?;
    Some((entry, list_of_map_pairs(&entry.value)))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn maps_are_read_from_text_and_separate_keys() {
        let options = json!({"kubernetes": {"secrets": {"a.b": "/x"}}, "kubernetes.secrets": "c:/y", "kubernetes.secretsX": "no"});
        let config = FlinkConfig::from_object(&options, "/c");
        let found = map_entries(&config, "kubernetes.secrets");
        let reported: Vec<_> = found
            .iter()
            .map(|pair| {
                (pair.key.as_str(), pair.value.as_str(), pair.entry.pointer.as_deref().unwrap())
            })
            .collect();
        assert_eq!(
            reported,
            [("c", "/y", "/c/kubernetes.secrets"), ("a.b", "/x", "/c/kubernetes/secrets/a.b")]
        );
    }
}
