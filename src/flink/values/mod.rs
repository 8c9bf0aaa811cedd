//! Checks option values as Flink does for each type.
//!
//! Flink reads a value when code asks for the option. A wrong value stops the JobManager at its
//! start, or a job at its first checkpoint. A value and a Flink version go in; the result is that
//! of this Flink release, including blanks and letter case. Options that Flink does not know are
//! not checked here.

mod duration;
mod names;
mod structured;

pub use duration::parse_duration;
pub use names::check_name;
pub use structured::{Pairs, list_elements, list_of_map_pairs, map_pairs};

use super::memory::java::{parse_double, parse_float, parse_int};
use super::memory_size::{MemorySizeError, parse_memory_size};
use super::version::FlinkVersion;

/// The types of Flink's options.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueType {
    /// `true` or `false`.
    Boolean,
    /// A whole number of 32 bits.
    Integer,
    /// A whole number of 64 bits.
    Long,
    /// A number of single precision.
    Float,
    /// A number of double precision.
    Double,
    /// Any text.
    Text,
    /// A span of time.
    Duration,
    /// A number of bytes.
    MemorySize,
    /// One of a fixed set of values.
    Enum,
    /// Texts separated by semicolons.
    List,
    /// Values of a fixed set, separated by semicolons.
    EnumList,
    /// `key:value`, separated by commas.
    Map,
    /// Maps, separated by semicolons.
    MapList,
}

/// Why Flink refuses a value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ValueError {
    /// Neither `true` nor `false`.
    #[error("`{0}` is not a boolean")]
    Boolean(String),
    /// Not a whole number of 32 bits.
    #[error("`{0}` is not a 32-bit integer")]
    Integer(String),
    /// Not a whole number of 64 bits.
    #[error("`{0}` is not a 64-bit integer")]
    Long(String),
    /// Not a number.
    #[error("`{0}` is not a number")]
    Number(String),
    /// Not a duration.
    #[error("`{0}` is not a duration")]
    Duration(String),
    /// Not a memory size.
    #[error(transparent)]
    MemorySize(#[from] MemorySizeError),
    /// None of the allowed values.
    #[error("`{value}` is not one of its values")]
    Enum {
        /// The value as written.
        value: String,
        /// The allowed values, separated by `|`.
        allowed: String,
    },
    /// Not the name of a part of Flink.
    #[error("`{value}` is unknown")]
    Name {
        /// The value as written.
        value: String,
        /// The names that Flink knows.
        known: Vec<&'static str>,
        /// What else the value may be.
        class: Option<&'static str>,
    },
    /// A list with invalid quotes.
    #[error("`{0}` is not a list")]
    List(String),
    /// Not of the form `key:value,key:value`.
    #[error("`{0}` is not a map")]
    Map(String),
}

/// Checks a value as this Flink version does. `allowed` holds an enum's values, separated by `|`.
///
/// # Errors
/// If Flink would not read it.
pub fn check(
    kind: ValueType,
    allowed: &str,
    text: &str,
    version: FlinkVersion,
) -> Result<(), ValueError> {
    // 1.19 added YAML for lists and maps.
    let yaml = version >= FlinkVersion::new(1, 19);
    let unless = |fine: bool, error: fn(String) -> ValueError| {
        if fine { Ok(()) } else { Err(error(shown(text))) }
    };
    let no_word =
        |value: &str| ValueError::Enum { value: shown(value), allowed: allowed.to_owned() };
    match kind {
        ValueType::Text => Ok(()),
        ValueType::Boolean => {
            unless(is_any_case(text, "true") || is_any_case(text, "false"), ValueError::Boolean)
        }
        ValueType::Integer => unless(parse_int(text).is_some(), ValueError::Integer),
        ValueType::Long => unless(text.parse::<i64>().is_ok(), ValueError::Long),
        ValueType::Float => unless(parse_float(text).is_some(), ValueError::Number),
        ValueType::Double => unless(parse_double(text).is_some(), ValueError::Number),
        ValueType::Duration => {
            unless(parse_duration(text, version).is_some(), ValueError::Duration)
        }
        ValueType::MemorySize => parse_memory_size(text).map(|_| ()).map_err(ValueError::from),
        ValueType::Enum => {
            if is_word(text, allowed) {
                Ok(())
            } else {
                Err(no_word(text))
            }
        }
        ValueType::List => unless(structured::is_list(text, yaml), ValueError::List),
        ValueType::EnumList => {
            match structured::elements(text, yaml, |word| is_word(word, allowed)) {
                Ok(()) => Ok(()),
                Err(Some(word)) => Err(no_word(&word)),
                Err(None) => Err(ValueError::List(shown(text))),
            }
        }
        ValueType::Map => unless(structured::is_map(text, yaml), ValueError::Map),
        ValueType::MapList => unless(structured::is_list_of_maps(text, yaml), ValueError::Map),
    }
}

fn is_word(text: &str, allowed: &str) -> bool {
    allowed.split('|').any(|word| is_any_case(word, text))
}

fn is_any_case(text: &str, word: &str) -> bool {
    text.eq_ignore_ascii_case(word)
}

/// A value for a message, shortened to fit.
fn shown(text: &str) -> String {
    const MOST: usize = 64;
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;

    const ALL: [FlinkVersion; 3] =
        [FlinkVersion::new(1, 16), FlinkVersion::new(1, 20), FlinkVersion::new(2, 3)];

    /// Results of Flink 1.16.3, 1.20.5 and 2.3.0, in this order: `y` accepted, `n` refused.
    const RESULTS: [(ValueType, &str, &str); 63] = [
        (ValueType::Map, "a:1,b:2", "yyy"),
        (ValueType::Map, "a: 1, b: 2", "yyy"),
        (ValueType::Map, "{a: 1, b: 2}", "yyy"),
        (ValueType::Map, "a", "nnn"),
        (ValueType::Map, "'a:b':1", "nnn"),
        (ValueType::Duration, "10", "yyy"),
        (ValueType::Duration, "10 s", "yyy"),
        (ValueType::Duration, "10s", "yyy"),
        (ValueType::Duration, "5min", "yyy"),
        (ValueType::Duration, "5 m", "yyy"),
        (ValueType::Duration, "1 h", "yyy"),
        (ValueType::Duration, "1 d", "yyy"),
        (ValueType::Duration, "PT10S", "nny"),
        (ValueType::Duration, "pt10s", "nny"),
        (ValueType::Duration, "1.5 s", "nnn"),
        (ValueType::Duration, "-1 s", "nnn"),
        (ValueType::Duration, "10 sec", "yyy"),
        (ValueType::Duration, "10 secs", "yyy"),
        (ValueType::Duration, "10 seconds", "yyy"),
        (ValueType::Duration, "10 S", "yyy"),
        (ValueType::Duration, "1 minute", "yyy"),
        (ValueType::Duration, "1 Min", "yyy"),
        (ValueType::Duration, "1 hour 30 min", "nnn"),
        (ValueType::Duration, "1d 2h", "nnn"),
        (ValueType::Duration, "", "nnn"),
        (ValueType::Duration, "2 weeks", "nnn"),
        (ValueType::Boolean, "true", "yyy"),
        (ValueType::Boolean, "TRUE", "yyy"),
        (ValueType::Boolean, "True", "yyy"),
        (ValueType::Boolean, "yes", "nnn"),
        (ValueType::Boolean, "1", "nnn"),
        (ValueType::Boolean, " true", "nnn"),
        (ValueType::Boolean, "on", "nnn"),
        (ValueType::List, "a;b", "yyy"),
        (ValueType::List, "a,b", "yyy"),
        (ValueType::List, "a; b", "yyy"),
        (ValueType::List, "[a, b]", "yyy"),
        (ValueType::List, "'a;b';c", "yyy"),
        (ValueType::List, "- a\n- b", "yyy"),
        (ValueType::Enum, "EXACTLY_ONCE", "yyy"),
        (ValueType::Enum, "exactly_once", "yyy"),
        (ValueType::Enum, "Exactly_Once", "yyy"),
        (ValueType::Enum, "exactly-once", "nnn"),
        (ValueType::Enum, " EXACTLY_ONCE", "nnn"),
        (ValueType::Integer, "5", "yyy"),
        (ValueType::Integer, " 5", "nnn"),
        (ValueType::Integer, "+5", "yyy"),
        (ValueType::Integer, "05", "yyy"),
        (ValueType::Integer, "5.0", "nnn"),
        (ValueType::Integer, "1_000", "nnn"),
        (ValueType::Integer, "2147483648", "nnn"),
        (ValueType::Integer, "0x5", "nnn"),
        // The following results were not produced by Flink; they follow from the Java methods that
        // it calls.
        (ValueType::Long, "2147483648", "yyy"),
        (ValueType::Long, "9223372036854775808", "nnn"),
        (ValueType::Double, "1e3", "yyy"),
        (ValueType::Double, "a tenth", "nnn"),
        (ValueType::Float, "0.1f", "yyy"),
        (ValueType::MemorySize, "64 mb", "yyy"),
        (ValueType::MemorySize, "64 mib", "nnn"),
        (ValueType::EnumList, "EXACTLY_ONCE; at_least_once", "yyy"),
        (ValueType::EnumList, "EXACTLY_ONCE;NEVER", "nnn"),
        (ValueType::MapList, "name:a,path:/a;name:b,path:/b", "yyy"),
        (ValueType::MapList, "name", "nnn"),
    ];

    #[test]
    fn values_are_checked_as_in_flink() {
        for (kind, text, reported) in RESULTS {
            let judged: String = ALL
                .iter()
                .map(|version| {
                    if check(kind, "EXACTLY_ONCE|AT_LEAST_ONCE", text, *version).is_ok() {
                        'y'
                    } else {
                        'n'
                    }
                })
                .collect();
            assert_eq!(judged, reported, "{kind:?} {text:?}");
        }
    }

    /// Results of Flink's classes from 1.16 to 2.3: tests/data/option-values.md.
    #[test]
    fn values_match_recorded_results_of_flink() {
        let releases =
            [(1, 16), (1, 17), (1, 18), (1, 19), (1, 20), (2, 0), (2, 1), (2, 2), (2, 3)];
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/option-values.tsv");
        let lines = std::fs::read_to_string(file).unwrap();
        assert!(lines.lines().count() > 600);
        for line in lines.lines() {
            let [name, reported, value] = line.splitn(3, '\t').collect::<Vec<_>>()[..] else {
                panic!("{line}")
            };
            let judged: String = releases
                .iter()
                .map(|(major, minor)| {
                    let version = FlinkVersion::new(*major, *minor);
                    if check(named(name), "EXACTLY_ONCE|AT_LEAST_ONCE", value, version).is_ok() {
                        'y'
                    } else {
                        'n'
                    }
                })
                .collect();
            assert_eq!(judged, reported, "{name} {value:?}");
        }
    }

    fn named(name: &str) -> ValueType {
        match name {
            "Boolean" => ValueType::Boolean,
            "Integer" => ValueType::Integer,
            "Long" => ValueType::Long,
            "Float" => ValueType::Float,
            "Double" => ValueType::Double,
            "Duration" => ValueType::Duration,
            "MemorySize" => ValueType::MemorySize,
            "Enum" => ValueType::Enum,
            "List" => ValueType::List,
            "EnumList" => ValueType::EnumList,
            "Map" => ValueType::Map,
            "MapList" => ValueType::MapList,
            other => panic!("{other}"),
        }
    }

    #[test]
    fn errors_contain_the_value() {
        let reported =
            |kind, text: &str| check(kind, "FULL|REGION", text, ALL[1]).unwrap_err().to_string();
        assert_eq!(reported(ValueType::Boolean, "yes"), "`yes` is not a boolean");
        assert_eq!(reported(ValueType::Enum, "none"), "`none` is not one of its values");
        let long = reported(ValueType::Integer, &"x".repeat(5000));
        assert!(long.len() < 200 && long.contains('…'), "{long}");
    }

    #[test]
    fn checks_never_panic() {
        for text in [
            "",
            "'",
            "\"",
            "''",
            "'a",
            "a:",
            ":",
            ";;",
            ",",
            "é",
            "9999999999999999999 d",
            "P",
            "PT",
            "-P",
            "P1D2",
            "[",
            "{",
        ] {
            for (kind, ..) in RESULTS {
                for version in ALL {
                    let _ = check(kind, "A|B", text, version);
                }
            }
        }
    }
}
