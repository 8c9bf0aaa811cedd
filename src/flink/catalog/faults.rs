//! Finds faults in the options that an object sets: keys and values that the named Flink version
//! does not read.
//!
//! Fields that set an option are not checked. If the object names no Flink version, only faults in
//! every version count.

use super::{KeyLookup, KeyRole, Reading, Release, find, nearest, other_name, reading, successors};
use crate::flink::config::Entry;
use crate::flink::values::{self, ValueError};
use crate::flink::version::FlinkVersion;
use crate::flink::{Engine, Workload};

/// The maximum number of unknown keys per object that are compared with all known keys. A
/// comparison is expensive, and the sender chooses the number.
const MOST_COMPARED: usize = 50;

/// The Flink version whose classes the operator uses to read an object, whatever version the object
/// names.
const OPERATORS_OWN: FlinkVersion = FlinkVersion::new(1, 20);

/// Newer than every release.
const NEWEST: FlinkVersion = FlinkVersion::new(u16::MAX, u16::MAX);

/// An option of an object with a fault.
#[derive(Clone, Debug, PartialEq)]
pub struct FaultyOption<'a> {
    /// The flat key.
    pub key: &'a str,
    /// The value with its place.
    pub entry: &'a Entry,
    /// What is wrong with it.
    pub fault: OptionFault,
}

/// Why Flink does not read an option as its author expects.
#[derive(Clone, Debug, PartialEq)]
pub enum OptionFault {
    /// No version knows the key, and it is a misspelled one or below a prefix that only Flink uses.
    Unknown {
        /// The known key that is closest.
        suggestion: Option<&'static str>,
    },
    /// The named version does not read the key.
    Unread {
        /// The first release that reads it, if that is newer.
        since: Option<Release>,
        /// The last release that reads it, if that is older.
        until: Option<Release>,
        /// The key under which the named version reads the option.
        instead: Option<&'static str>,
    },
    /// The named version reads the key, but it is deprecated.
    Deprecated {
        /// The current key of the option.
        successor: Option<&'static str>,
    },
    /// Flink cannot read the value.
    Invalid(ValueError),
}

/// The options with a fault, in the order of their keys. One option may have two faults: a
/// deprecated key and an invalid value. Allocates nothing if there are none.
pub fn faulty_options(workload: &Workload) -> Vec<FaultyOption<'_>> {
    let mut found = Vec::new();
    let release = workload.version.map(Release::of);
    let mut compared = 0;
    for (key, entry) in workload.config.iter().filter(|(_, entry)| is_written(entry, workload)) {
        let mut add = |fault| found.push(FaultyOption { key, entry, fault });
        match find(key) {
            KeyLookup::UserDefined => {}
            KeyLookup::Unknown { closed } => {
                compared += 1;
                let meant = (compared <= MOST_COMPARED).then(|| nearest(key, closed)).flatten();
                if closed || meant.is_some() {
                    let suggestion = meant.and_then(|meant| current_name(meant, release));
                    add(OptionFault::Unknown { suggestion });
                }
            }
            KeyLookup::Readings(readings) => {
                if let Some(fault) =
                    release.and_then(|release| key_fault(key, readings, release, workload.engine))
                {
                    add(fault);
                }
                if let Some(error) = value_error(key, entry, readings, workload)
                    && !is_filled_in(entry, workload)
                {
                    add(OptionFault::Invalid(error));
                }
            }
        }
    }
    found
}

/// Whether an entry is written as an option, and not implied by a field.
fn is_written(entry: &Entry, workload: &Workload) -> bool {
    entry.pointer.as_deref().is_some_and(|place| workload.is_written_at(place))
}

/// Whether a shell fills the value in when the container starts.
fn is_filled_in(entry: &Entry, workload: &Workload) -> bool {
    workload.config_pointer.is_none() && (entry.value.contains("$(") || entry.value.contains("${"))
}

fn key_fault(
    key: &str,
    readings: &'static [Reading],
    release: Release,
    engine: Engine,
) -> Option<OptionFault> {
    match read_by(key, readings, release, engine) {
        Some(reading) if reading.reads == KeyRole::Alias => {
            Some(OptionFault::Deprecated { successor: Some(reading.detail) })
        }
        Some(reading) => reading
            .obsolete
            .filter(|from| *from <= release)
            .map(|_| OptionFault::Deprecated { successor: successors(key, release).next() }),
        None => {
            let since = readings.iter().map(|reading| reading.since).min().flatten();
            let until = readings.iter().filter_map(|reading| reading.until).max();
            Some(OptionFault::Unread {
                since: since.filter(|since| *since > release),
                until: until.filter(|until| *until < release),
                instead: other_name(key, release).or_else(|| replacement(key, release)),
            })
        }
    }
}

/// The option that a release has in place of one that it does not read.
fn replacement(key: &str, release: Release) -> Option<&'static str> {
    let is_read = |new: &&str| match find(new) {
        KeyLookup::Readings(readings) => reading(readings, release).is_some(),
        _ => false,
    };
    successors(key, release).find(is_read)
}

/// The name under which a release reads an option that a suggestion names; `None` where it does not
/// read the option.
fn current_name(meant: &'static str, release: Option<Release>) -> Option<&'static str> {
    let Some(release) = release else { return Some(meant) };
    let KeyLookup::Readings(readings) = find(meant) else { return Some(meant) };
    match reading(readings, release) {
        Some(reading) if reading.reads == KeyRole::Alias => Some(reading.detail),
        Some(_) => Some(meant),
        None => other_name(meant, release),
    }
}

/// How a release reads a key. The operator, which brings its own Flink, reads the options of
/// Kubernetes pods too.
fn read_by(
    key: &str,
    readings: &'static [Reading],
    release: Release,
    engine: Engine,
) -> Option<&'static Reading> {
    let by_operator = engine == Engine::Operator && key.starts_with("kubernetes.");
    reading(readings, release)
        .or_else(|| by_operator.then(|| reading(readings, Release::of(OPERATORS_OWN))).flatten())
}

/// Without a version, a value is invalid only if it is invalid in all releases.
fn value_error(
    key: &str,
    entry: &Entry,
    readings: &'static [Reading],
    workload: &Workload,
) -> Option<ValueError> {
    let Some(version) = workload.version else {
        let mut first = None;
        for reading in readings {
            first.get_or_insert(check(entry, reading, None, NEWEST).err()?);
        }
        return first;
    };
    let release = Release::of(version);
    let reading = read_by(key, readings, release, workload.engine)?;
    check(entry, reading, Some(release), version).err()
}

/// Checks a value against the type of the option, or of the option that an alias replaces.
fn check(
    entry: &Entry,
    read: &Reading,
    release: Option<Release>,
    version: FlinkVersion,
) -> Result<(), ValueError> {
    let reading = match read.reads {
        KeyRole::Value(_) | KeyRole::Open | KeyRole::Closed => Some(read),
        KeyRole::Alias | KeyRole::Fallback => {
            let KeyLookup::Readings(targets) = find(read.detail) else { return Ok(()) };
            // The target may belong to the operator or to another release; both are checked.
            release.and_then(|release| reading(targets, release)).or(targets.first())
        }
    };
    let Some(reading) = reading else { return Ok(()) };
    let KeyRole::Value(kind) = reading.reads else { return Ok(()) };
    values::check(kind, reading.detail, &entry.value, version)?;
    // A release that is not in the catalog may know other names.
    let is_in_catalog = release.is_none_or(|release| release.is(version));
    if is_in_catalog {
        values::check_name(reading.key, &entry.value, release.map(|_| version))
    } else {
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use crate::flink::config::FlinkConfig;
    use serde_json::{Value, json};

    fn workload(version: Option<(u16, u16)>, configuration: &Value) -> Workload {
        let place = "/spec/flinkConfiguration";
        Workload {
            engine: Engine::Operator,
            version: version.map(|(major, minor)| FlinkVersion::new(major, minor)),
            config: FlinkConfig::from_object(configuration, place),
            config_pointer: Some(place.into()),
            ..Workload::default()
        }
    }

    /// `key: fault` of each option.
    fn faults(workload: &Workload) -> Vec<String> {
        let name = |release: Option<Release>| release.map_or("-".into(), Release::name);
        faulty_options(workload)
            .iter()
            .map(|FaultyOption { key, fault, .. }| match fault {
                OptionFault::Unknown { suggestion } => {
                    format!("{key}: unknown, suggestion {}", suggestion.unwrap_or("-"))
                }
                OptionFault::Unread { since, until, instead } => format!(
                    "{key}: unread, since {} until {} instead {}",
                    name(*since),
                    name(*until),
                    instead.unwrap_or("-")
                ),
                OptionFault::Deprecated { successor } => {
                    format!("{key}: deprecated, successor {}", successor.unwrap_or("-"))
                }
                OptionFault::Invalid(error) => format!("{key}: {error}"),
            })
            .collect()
    }

    fn of(version: (u16, u16), configuration: &Value) -> Vec<String> {
        faults(&workload(Some(version), configuration))
    }

    #[test]
    fn new_checkpoint_name_is_unread_on_1_19() {
        let configuration = json!({"execution": {"checkpointing.dir": "s3://a"}});
        assert_eq!(
            of((1, 19), &configuration),
            [
                "execution.checkpointing.dir: unread, since 1.20 until - instead state.checkpoints.dir"
            ]
        );
        assert!(of((1, 20), &configuration).is_empty());
        assert!(faults(&workload(None, &configuration)).is_empty());
    }

    #[test]
    fn removed_options_are_faults_from_the_next_release() {
        let configuration = json!({"state.backend.async": true, "metrics.reporter.a.class": "x", "env.java.opts": "-Dx"});
        assert_eq!(
            of((2, 3), &configuration),
            [
                "env.java.opts: deprecated, successor env.java.opts.all",
                "metrics.reporter.a.class: unread, since - until 1.16 instead -",
                "state.backend.async: unread, since - until 1.20 instead -"
            ]
        );
        // A version that is not known yet is checked as the newest known one.
        assert_eq!(of((2, 3), &configuration), of((9, 9), &configuration));
    }

    #[test]
    fn deprecated_keys_name_a_successor_once_it_exists() {
        let configuration = json!({"state.checkpoints.dir": "s3://a", "kubernetes.operator.job.autoscaler.enabled": "true"});
        let operators = "kubernetes.operator.job.autoscaler.enabled: deprecated, successor job.autoscaler.enabled";
        assert_eq!(of((1, 19), &configuration), [operators]);
        assert_eq!(
            of((1, 20), &configuration),
            [operators, "state.checkpoints.dir: deprecated, successor execution.checkpointing.dir"]
        );
    }

    #[test]
    fn values_are_checked_as_the_release_reads_them() {
        let configuration = json!({"client.heartbeat.interval": "30 s", "execution.checkpointing.interval": "PT1M"});
        let duration = "execution.checkpointing.interval: `PT1M` is not a duration";
        let long = "client.heartbeat.interval: `30 s` is not a 64-bit integer";
        assert_eq!(of((1, 19), &configuration), [long, duration]);
        assert_eq!(of((1, 20), &configuration), [duration]);
        assert!(of((2, 1), &configuration).is_empty());
        assert!(faults(&workload(None, &configuration)).is_empty());
        assert_eq!(
            faults(&workload(None, &json!({"parallelism.default": "many"}))),
            ["parallelism.default: `many` is not a 32-bit integer"]
        );
    }

    #[test]
    fn deprecated_keys_can_have_invalid_values() {
        assert_eq!(
            of((1, 20), &json!({"state.backend.incremental": "yes"})),
            [
                "state.backend.incremental: deprecated, successor execution.checkpointing.incremental",
                "state.backend.incremental: `yes` is not a boolean"
            ]
        );
    }

    #[test]
    fn only_misspelled_keys_are_faults() {
        let configuration = json!({"taskmanager.numberOfTaskSlot": 2, "state.backend.frobnicate": 1, "my.fraud.threshold": "0.5",
            "metrics.reporter.prom.port": "9249", "kubernetes.secrets.a": "/b", "$internal.x": "y", "s3.endpoint": "http://s3"});
        assert_eq!(
            of((1, 20), &configuration),
            [
                "state.backend.frobnicate: unknown, suggestion -",
                "taskmanager.numberOfTaskSlot: unknown, suggestion taskmanager.numberOfTaskSlots"
            ]
        );
    }

    #[test]
    fn options_that_a_field_sets_are_not_checked() {
        let mut workload = workload(Some((1, 20)), &json!({}));
        workload.config.set("kubernetes.container.image", "x", Some("/spec/image".into()));
        assert!(faults(&workload).is_empty());
    }

    #[test]
    fn operator_reads_kubernetes_options_with_its_own_flink() {
        assert!(of((1, 16), &json!({"kubernetes.jobmanager.cpu.amount": 1})).is_empty());
    }

    #[test]
    fn values_with_shell_variables_are_not_checked() {
        let mut pod = Workload::default();
        pod.config.set("rest.port", "${PORT}", Some("/spec/containers/0/args/1".into()));
        assert!(faults(&pod).is_empty());
    }
}
