//! Options whose value names a part of Flink, or for most of them a class of the user.
//!
//! Read in Flink 1.18.1, 1.19.3, 1.20.4, 2.0.2, 2.1.3, 2.2.1 and 2.3.0: `StateBackendLoader`,
//! `CheckpointStorageLoader`, `HighAvailabilityMode`, and for restarts
//! `RestartBackoffTimeStrategyFactoryLoader` with `RestartStrategyOptions.RestartStrategyType`. None
//! regards letter case. Any other value is loaded as a class, except a restart strategy.

use super::{ValueError, is_any_case, shown};
use crate::flink::version::FlinkVersion;

/// The releases that know a name: from, and before.
type Releases = (Option<FlinkVersion>, Option<FlinkVersion>);

/// An option with names.
struct Named {
    /// The keys of the option in all releases.
    keys: &'static [&'static str],
    names: &'static [(&'static str, Releases)],
    /// What else the value may be.
    class: Option<&'static str>,
}

const V2: FlinkVersion = FlinkVersion::new(2, 0);
const ALWAYS: Releases = (None, None);
const BEFORE_2: Releases = (None, Some(V2));
const SINCE_2: Releases = (Some(V2), None);

const NAMED: [Named; 4] = [
    Named {
        keys: &["state.backend.type", "state.backend"],
        names: &[
            ("hashmap", ALWAYS),
            ("rocksdb", ALWAYS),
            ("forst", SINCE_2),
            ("filesystem", BEFORE_2),
            ("jobmanager", BEFORE_2),
        ],
        class: Some("the class of a `StateBackendFactory`"),
    },
    Named {
        keys: &["execution.checkpointing.storage", "state.checkpoint-storage"],
        names: &[("filesystem", ALWAYS), ("jobmanager", ALWAYS)],
        class: Some("the class of a `CheckpointStorageFactory`"),
    },
    Named {
        keys: &["high-availability.type", "high-availability"],
        names: &[
            ("kubernetes", ALWAYS),
            ("zookeeper", ALWAYS),
            ("none", ALWAYS),
            ("standalone", ALWAYS),
        ],
        class: Some("the class of a `HighAvailabilityServicesFactory`"),
    },
    Named {
        keys: &["restart-strategy.type", "restart-strategy"],
        names: &[
            ("exponential-delay", ALWAYS),
            ("fixed-delay", ALWAYS),
            ("failure-rate", ALWAYS),
            ("none", ALWAYS),
            ("off", ALWAYS),
            ("disable", ALWAYS),
            ("exponentialdelay", ALWAYS),
            ("fixeddelay", ALWAYS),
            ("failurerate", ALWAYS),
        ],
        class: None,
    },
];

/// The spellings of names that help need not list.
const OTHER_SPELLINGS: [&str; 6] =
    ["standalone", "off", "disable", "exponentialdelay", "fixeddelay", "failurerate"];

/// Checks the value of an option that names a part of Flink; `version` is `None` if it is unknown, and
/// a name of any release is fine then. Values of other options are fine.
///
/// # Errors
/// If Flink knows no such name, and it is not a class.
pub fn check_name(key: &str, text: &str, version: Option<FlinkVersion>) -> Result<(), ValueError> {
    let Some(named) = NAMED.iter().find(|named| named.keys.contains(&key)) else { return Ok(()) };
    let name = text.trim();
    let is_known = |releases: &Releases| {
        version.is_none_or(|version| {
            releases.0.is_none_or(|since| since <= version)
                && releases.1.is_none_or(|until| version < until)
        })
    };
    // A class of the user has a package.
    let is_class = named.class.is_some() && name.contains('.');
    let known = named.names.iter().filter(|(_, releases)| is_known(releases));
    let mut known = known.map(|(name, _)| *name);
    if name.is_empty() || is_class || known.clone().any(|known| is_any_case(name, known)) {
        return Ok(());
    }
    let known = known.by_ref().filter(|name| !OTHER_SPELLINGS.contains(name)).collect();
    Err(ValueError::Name { value: shown(text), known, class: named.class })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_fine(key: &str, text: &str, version: Option<(u16, u16)>) -> bool {
        let version = version.map(|(major, minor)| FlinkVersion::new(major, minor));
        check_name(key, text, version).is_ok()
    }

    #[test]
    fn names_are_those_of_the_release() {
        let old_and_new = [Some((1, 18)), Some((1, 20)), Some((2, 0)), Some((2, 3)), None];
        for (key, text, fine) in [
            ("state.backend.type", "RocksDB", [true; 5]),
            ("state.backend.type", "rockdb", [false; 5]),
            ("state.backend", "filesystem", [true, true, false, false, true]),
            ("state.backend.type", "jobmanager", [true, true, false, false, true]),
            ("state.backend.type", "forst", [false, false, true, true, true]),
            ("state.backend.type", "com.example.Backend", [true; 5]),
            ("state.checkpoint-storage", "jobmanager", [true; 5]),
            ("execution.checkpointing.storage", "file-system", [false; 5]),
            ("execution.checkpointing.storage", "com.example.Storage", [true; 5]),
            ("high-availability", "KUBERNETES", [true; 5]),
            ("high-availability.type", "standalone", [true; 5]),
            ("high-availability.type", "zookeper", [false; 5]),
            (
                "high-availability.type",
                "org.apache.flink.kubernetes.highavailability.KubernetesHaServicesFactory",
                [true; 5],
            ),
            ("restart-strategy", "FixedDelay", [true; 5]),
            ("restart-strategy.type", "fixed_delay", [false; 5]),
            ("restart-strategy.type", "com.example.Strategy", [false; 5]),
            ("restart-strategy.type", "", [true; 5]),
            ("rest.address", "rockdb", [true; 5]),
        ] {
            let found = old_and_new.map(|version| is_fine(key, text, version));
            assert_eq!(found, fine, "{key}: {text}");
        }
    }
}
