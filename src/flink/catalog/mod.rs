//! The catalog of options: every key that Flink and its operator read, with its releases, type and
//! other names.
//!
//! Flink ignores an unknown key without a warning, so only a list of all keys can find a misspelled
//! one. The list is a table in this folder, found by a hash index; the README there names its source.

mod faults;
mod hash;
mod meaning;
mod names;
mod nearest;
mod successors;
mod table;

pub use faults::{FaultyOption, OptionFault, faulty_options};
pub use names::{
    OtherNames, map_names, map_of_element, mirrored_names, mirrored_prefixes, other_names,
};
use nearest::nearest;
pub use successors::successors;
pub use table::{KeyRole, Reading, Release};

use table::Table;

/// No prefix in the catalog has more dots, so that a long key is not looked up at each of its own.
const MOST_DOTS: usize = 12;

/// What the catalog knows about a key.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum KeyLookup {
    /// How releases read the key; regular readings before fallbacks.
    Readings(&'static [Reading]),
    /// A key that the user defines: an element of a map, or a parameter of a plugin.
    UserDefined,
    /// An unknown key.
    Unknown {
        /// Whether only Flink uses keys with this prefix, so that no plugin reads this one.
        closed: bool,
    },
}

/// Looks up a key.
pub fn find(key: &str) -> KeyLookup {
    let table = Table::get();
    let readings = table.readings(key);
    if !readings.is_empty() {
        return KeyLookup::Readings(readings);
    }
    let template = table.template(key);
    if !template.is_empty() {
        return KeyLookup::Readings(template);
    }
    let mut closed = false;
    for (dot, _) in key.match_indices('.').take(MOST_DOTS) {
        let (Some(parent), Some(prefix)) = (key.get(..dot), key.get(..=dot)) else { continue };
        if table.readings(parent).iter().any(Reading::is_map) {
            return KeyLookup::UserDefined;
        }
        match table.readings(prefix).first().map(|reading| reading.reads) {
            Some(KeyRole::Open) => return KeyLookup::UserDefined,
            Some(KeyRole::Closed) => closed = true,
            _ => {}
        }
    }
    KeyLookup::Unknown { closed }
}

/// How a release reads a key; `None` if it does not.
pub fn reading(readings: &'static [Reading], release: Release) -> Option<&'static Reading> {
    readings.iter().find(|reading| reading.holds(release))
}

/// The older or newer name of the option that a release reads instead of this key.
pub fn other_name(key: &str, release: Release) -> Option<&'static str> {
    let table = Table::get();
    let read_as = |name: &str| reading(table.readings(name), release).map(|reading| reading.reads);
    let older = table
        .all()
        .iter()
        .filter(|reading| reading.reads == KeyRole::Alias && reading.detail == key)
        .map(|reading| reading.key);
    let newer = table
        .readings(key)
        .iter()
        .filter(|reading| reading.reads == KeyRole::Alias)
        .map(|reading| reading.detail);
    let names = older.chain(newer);
    // Of several names, the one that is not deprecated itself in this release.
    names
        .clone()
        .find(|name| matches!(read_as(name), Some(KeyRole::Value(_))))
        .or_else(|| names.clone().find(|name| read_as(name).is_some()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use crate::flink::values::ValueType;
    use crate::flink::version::FlinkVersion;

    fn release(minor: u16) -> Release {
        Release::of(FlinkVersion::new(1, minor))
    }

    fn reads(key: &str, minor: u16) -> Option<KeyRole> {
        let KeyLookup::Readings(readings) = find(key) else { return None };
        reading(readings, release(minor)).map(|reading| reading.reads)
    }

    #[test]
    fn checkpoint_directory_is_renamed_in_1_20() {
        assert_eq!(
            (reads("execution.checkpointing.dir", 19), reads("execution.checkpointing.dir", 20)),
            (None, Some(KeyRole::Value(ValueType::Text)))
        );
        assert_eq!(
            other_name("execution.checkpointing.dir", release(19)),
            Some("state.checkpoints.dir")
        );
        assert_eq!(
            (reads("state.checkpoints.dir", 19), reads("state.checkpoints.dir", 20)),
            (Some(KeyRole::Value(ValueType::Text)), Some(KeyRole::Alias))
        );
    }

    #[test]
    fn keys_are_found_as_options_templates_and_elements_of_maps() {
        assert_eq!(
            reads("metrics.reporter.prom.interval", 20),
            Some(KeyRole::Value(ValueType::Duration))
        );
        assert_eq!(reads("fs.s3.limit.total", 20), Some(KeyRole::Value(ValueType::Integer)));
        assert_eq!(reads("kubernetes.secrets", 20), Some(KeyRole::Value(ValueType::Map)));
        for users in [
            "metrics.reporter.prom.port",
            "kubernetes.secrets.a.b",
            "s3.endpoint",
            "containerized.master.env.A",
            "fs.s3a.impl",
        ] {
            assert_eq!(find(users), KeyLookup::UserDefined, "{users}");
        }
        assert_eq!(find("state.backend.typ"), KeyLookup::Unknown { closed: true });
        for unknown in ["", ".", "my.own.key", "fraud", "state"] {
            assert_eq!(find(unknown), KeyLookup::Unknown { closed: false }, "{unknown}");
        }
    }
}
