//! All names of an option: its deprecated keys and the options that it falls back to.
//!
//! Flink reads the value under the option's own key, then under its deprecated keys, then under its
//! fallbacks. A rule about an option must hold for each of them, and for no other key.

use super::hash::KeyMap;
use super::table::{KeyRole, Table};
use crate::flink::key_filter::KeyFilter;
use std::collections::HashMap;
use std::sync::LazyLock;

/// Longer than every key in the table, so that a long key is not looked up at each of its dots.
const LONGEST_KEY: usize = 128;

/// The keys with other names, and what they are.
static NAMES: LazyLock<(KeyFilter<64>, KeyMap<OtherNames>)> = LazyLock::new(|| {
    let (mut keys, names) = (KeyFilter::default(), build());
    names.keys().for_each(|key| keys.add(key));
    (keys, names)
});

static NONE: OtherNames =
    OtherNames { newer: Vec::new(), older: Vec::new(), readers: Vec::new(), fallbacks: Vec::new() };

/// The other names of one key, in any release of Flink.
#[derive(Debug, Default)]
pub struct OtherNames {
    /// The options that this key is a deprecated name of.
    pub newer: Vec<&'static str>,
    /// The deprecated names of the option with this key.
    pub older: Vec<&'static str>,
    /// The options for which Flink reads this key: those in `newer`, and those that fall back to it.
    pub readers: Vec<&'static str>,
    /// The keys that Flink reads for this option where it is not set: those of other options.
    pub fallbacks: Vec<&'static str>,
}

/// The other names of a key; none for a key that has only one.
pub fn other_names(key: &str) -> &'static OtherNames {
    let (keys, names) = &*NAMES;
    if keys.may_have(key) { names.get(key).unwrap_or(&NONE) } else { &NONE }
}

/// Prefixes under which a plugin for a file system reads the same options. The catalog has only the
/// prefixes, because Hadoop and Presto define the options.
const MIRRORED: [&[&str]; 3] =
    [&["s3.", "s3a.", "fs.s3a.", "presto.s3."], &["gs.", "fs.gs."], &["azure.", "fs.azure."]];

/// The ends of keys that the plugin for S3 spells in two ways.
const SPELLINGS: [(&str, &str); 3] = [
    ("access-key", "access.key"),
    ("secret-key", "secret.key"),
    ("path-style-access", "path.style.access"),
];

/// The prefixes under which a plugin reads the same options, and the rest of the key; `None` for the
/// keys of all other options.
pub fn mirrored_prefixes(key: &str) -> Option<(&'static [&'static str], &str)> {
    let start = key.as_bytes().first_chunk::<2>();
    MIRRORED.iter().find_map(|family| {
        // Most keys begin with none of the prefixes, as two letters show.
        let begins = |prefix: &&&str| prefix.as_bytes().first_chunk::<2>() == start;
        let rest = family.iter().filter(begins).find_map(|prefix| key.strip_prefix(prefix))?;
        Some((*family, rest))
    })
}

/// The other keys under which a plugin for a file system reads an option.
pub fn mirrored_names(key: &str) -> impl Iterator<Item = String> + use<'_> {
    mirrored_prefixes(key).into_iter().flat_map(move |(family, rest)| {
        let other = SPELLINGS.iter().find_map(|(one, other)| match rest {
            rest if rest == *one => Some(*other),
            rest if rest == *other => Some(*one),
            _ => None,
        });
        let names = [Some(rest), other]
            .into_iter()
            .flatten()
            .flat_map(|rest| family.iter().map(move |prefix| format!("{prefix}{rest}")));
        names.filter(move |name| name != key)
    })
}

/// Whether a key is that of a map option, and the map option that it sets one element of.
pub fn map_names(key: &str) -> (bool, Option<&str>) {
    match Table::get().readings(key) {
        [] => (false, map_around(key)),
        readings => (readings.iter().any(super::Reading::is_map), None),
    }
}

/// The map option that a key sets one element of: `kubernetes.secrets` for `kubernetes.secrets.a`.
pub fn map_of_element(key: &str) -> Option<&str> {
    map_names(key).1
}

fn map_around(key: &str) -> Option<&str> {
    let dots = key.match_indices('.').take_while(|(dot, _)| *dot <= LONGEST_KEY);
    let mut maps = dots.filter_map(|(dot, _)| key.get(..dot));
    maps.find(|map| is_map(map))
}

/// Whether a key is that of a map option, whose elements may be written as keys of their own.
pub fn is_map(key: &str) -> bool {
    Table::get().readings(key).iter().any(super::Reading::is_map)
}

/// Follows the table's aliases and fallbacks from each key.
fn build() -> KeyMap<OtherNames> {
    let mut edges: HashMap<&'static str, Vec<(&'static str, KeyRole)>> = HashMap::new();
    for reading in Table::get().all() {
        let leads = matches!(reading.reads, KeyRole::Alias | KeyRole::Fallback);
        if leads && reading.key != reading.detail {
            edges.entry(reading.key).or_default().push((reading.detail, reading.reads));
        }
    }
    let mut names = KeyMap::<OtherNames>::default();
    for key in edges.keys().copied() {
        let newer = reachable(key, &edges, |role| role == KeyRole::Alias);
        let readers = reachable(key, &edges, |_| true);
        for option in &newer {
            names.entry(option).or_default().older.push(key);
        }
        for option in readers.iter().filter(|option| !newer.contains(option)) {
            names.entry(option).or_default().fallbacks.push(key);
        }
        let own = names.entry(key).or_default();
        (own.newer, own.readers) = (newer, readers);
    }
    for names in names.values_mut() {
        names.older.sort_unstable();
        names.fallbacks.sort_unstable();
    }
    names
}

/// The other keys that a key leads to, nearest first.
fn reachable(
    key: &'static str,
    edges: &HashMap<&'static str, Vec<(&'static str, KeyRole)>>,
    is_followed: impl Fn(KeyRole) -> bool,
) -> Vec<&'static str> {
    let (mut found, mut pending) = (Vec::new(), vec![key]);
    while let Some(next) = pending.pop() {
        for (target, role) in edges.get(next).into_iter().flatten() {
            if is_followed(*role) && *target != key && !found.contains(target) {
                found.push(*target);
                pending.push(target);
            }
        }
    }
    found
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;

    #[test]
    fn every_alias_and_fallback_is_a_name() {
        for reading in Table::get().all().iter().filter(|reading| reading.key != reading.detail) {
            let (own, target) = (other_names(reading.key), other_names(reading.detail));
            match reading.reads {
                KeyRole::Alias => {
                    assert!(own.newer.contains(&reading.detail), "{reading:?}");
                    assert!(own.readers.contains(&reading.detail), "{reading:?}");
                    assert!(target.older.contains(&reading.key), "{reading:?}");
                }
                KeyRole::Fallback => {
                    assert!(own.readers.contains(&reading.detail), "{reading:?}");
                }
                _ => {}
            }
        }
    }

    #[test]
    fn aliases_of_aliases_are_names() {
        assert_eq!(
            other_names("high-availability.type").older,
            ["high-availability", "recovery.mode"]
        );
        assert!(other_names("jobmanager.web.port").readers.contains(&"rest.bind-port"));
        assert!(other_names("my.own.key").readers.is_empty());
    }

    #[test]
    fn siblings_are_not_names_of_each_other() {
        let names = other_names("execution.state-recovery.from-local");
        assert!(!names.older.contains(&"execution.checkpointing.local-backup.enabled"));
        assert!(!names.newer.contains(&"execution.checkpointing.local-backup.enabled"));
    }

    #[test]
    fn no_key_is_longer_than_the_longest() {
        assert!(Table::get().all().iter().all(|reading| reading.key.len() < LONGEST_KEY));
    }

    #[test]
    fn elements_of_maps_have_their_map() {
        assert_eq!(map_of_element("kubernetes.secrets.a.b"), Some("kubernetes.secrets"));
        assert_eq!(map_of_element("kubernetes.secrets"), None);
        assert_eq!(map_of_element("web.submit.enable"), None);
    }
}
