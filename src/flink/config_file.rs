//! Flink's configuration files, `flink-conf.yaml` and `config.yaml`, and the ConfigMaps that hold
//! them.

use super::config::{self, Duplicate, FlinkConfig};
use super::text_form;
use super::version::FlinkVersion;
use crate::resource::limits::Limit;
use crate::resource::yaml::Positions;
use crate::resource::{limits, pointer, type_name, yaml};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

/// The older file, which consists of lines: every Flink before 2.0 reads it if it exists.
pub const FLINK_CONF: &str = "flink-conf.yaml";
/// The newer file in YAML, which Flink reads since 1.19.
pub const CONFIG: &str = "config.yaml";

/// A key of a ConfigMap that Flink reads as one of its files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlinkFile {
    /// The key.
    pub key: String,
    /// The file whose format it has.
    pub file: &'static str,
    /// Whether the Flink operator sends the ConfigMap.
    pub by_operator: bool,
}

/// The oldest version of Flink that may read a file.
pub fn oldest_reader(file: &'static str) -> FlinkVersion {
    FlinkVersion::new(1, if file == CONFIG { 19 } else { 18 })
}

/// The most keys of a file that may have a second spelling: the order of each is looked up.
const MOST_SPELLINGS: usize = 100;

/// The error for a file that Flink cannot read either.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file} cannot be read at line {line}: {message}")]
pub struct Unreadable {
    /// The file's name.
    pub file: &'static str,
    /// Line within the file.
    pub line: usize,
    /// The problem.
    pub message: String,
}

/// The configuration file in the `data` of a ConfigMap: its name, which is the key, and its text.
pub fn of_config_map(object: &Value) -> Option<(&'static str, &str)> {
    let data = object.get("data")?;
    [FLINK_CONF, CONFIG].into_iter().find_map(|file| Some((file, data.get(file)?.as_str()?)))
}

/// The keys of a ConfigMap.
pub fn keys_of_config_map(object: &Value) -> BTreeSet<&str> {
    let of = |field: &str| object.get(field).and_then(Value::as_object);
    let fields = [of("data"), of("binaryData")].into_iter().flatten();
    fields.flatten().map(|(key, _)| key.as_str()).collect()
}

/// The text of a key of a ConfigMap, in `data` or `binaryData`, with its JSON Pointer.
pub fn text_in_config_map<'a>(object: &'a Value, key: &str) -> Option<(Cow<'a, str>, String)> {
    let value = |field: &str| object.get(field)?.get(key)?.as_str();
    match value("data") {
        Some(text) => Some((text.into(), pointer::join("/data", key))),
        None => {
            let bytes = STANDARD.decode(value("binaryData")?).ok()?;
            let text = String::from_utf8_lossy(&bytes).into_owned();
            Some((text.into(), pointer::join("/binaryData", key)))
        }
    }
}

/// Reads the text of a configuration file; every entry gets the pointer `place`.
///
/// # Errors
/// If a `config.yaml` is not YAML: Flink does not start with it.
pub fn parse(
    file: &'static str,
    text: &str,
    place: Option<&str>,
) -> Result<FlinkConfig, Unreadable> {
    if file == CONFIG { nested(text, place) } else { Ok(lines(text, place)) }
}

/// Reads lines as Flink's `GlobalConfiguration` does. A `#` starts a comment anywhere, and a line
/// without a pair is skipped.
fn lines(text: &str, place: Option<&str>) -> FlinkConfig {
    let mut config = FlinkConfig::default();
    for (key, value) in text_form::lines(text).filter_map(text_form::option) {
        config.set(key, value, place.map(Into::into));
    }
    config
}

fn nested(text: &str, place: Option<&str>) -> Result<FlinkConfig, Unreadable> {
    let mut config = FlinkConfig::default();
    let whole = || place.unwrap_or_default().to_owned();
    if let Some(limit) = limits::yaml_excess(text) {
        config.exceed(whole(), limit);
        return Ok(config);
    }
    for document in yaml::parse_for_flink(text) {
        if let Some(problem) = document.problems.iter().find(|problem| !problem.usable) {
            return Err(Unreadable {
                file: CONFIG,
                line: problem.span.line,
                message: problem.message.clone(),
            });
        }
        let value = document.value.unwrap_or_default();
        if !value.is_object() && !value.is_null() {
            let message = format!("it is {}: write a mapping of options", type_name(&value));
            return Err(Unreadable { file: CONFIG, line: 1, message });
        }
        let read = FlinkConfig::from_object(&value, "");
        if read.duplicates().len() > MOST_SPELLINGS {
            config.exceed(whole(), Limit::Options);
        }
        let last = last_spellings(&read, &document.positions);
        for (key, entry) in read.iter() {
            // Flink takes the spelling that comes last in the file.
            let last = last.get(key).and_then(|place| pointer::at(&value, place));
            let text = last.map_or_else(|| entry.value.clone(), config::text);
            config.set(key, text, place.map(Into::into));
        }
        if let Some(excess) = read.excess() {
            config.exceed(whole(), excess.limit);
        }
    }
    Ok(config)
}

/// The place of the last spelling in the file, for each key that has several, such as `a.b: 1` and
/// `a: {b: 2}`.
fn last_spellings<'c>(
    config: &'c FlinkConfig,
    positions: &Positions,
) -> BTreeMap<&'c str, &'c str> {
    let mut last: BTreeMap<&str, &str> = BTreeMap::new();
    for Duplicate { key, first, second } in config.duplicates().iter().take(MOST_SPELLINGS) {
        let known = last.get(key.as_str()).copied().unwrap_or(first);
        let later = if is_before(known, second, positions) { second } else { known };
        last.insert(key, later);
    }
    last
}

/// Whether a field comes before another one. Their places differ by a key, and the value of a field
/// ends before the next key begins.
fn is_before(one: &str, other: &str, positions: &Positions) -> bool {
    let start = |place: &str| {
        let shared = place.bytes().zip(one.bytes().zip(other.bytes()));
        let shared = shared.take_while(|(_, (one, other))| one == other).count();
        let end = place.get(shared..).and_then(|rest| rest.find('/')).map(|end| end + shared);
        let key = place.get(..end.unwrap_or(place.len())).unwrap_or(place);
        positions.key(key).map(|span| (span.line, span.column))
    };
    start(one) <= start(other)
}

/// Whether a `config.yaml` that is over a limit of options has one of these, wherever it is.
pub fn has_option(text: &str, is_it: &impl Fn(&str) -> bool) -> bool {
    yaml::any_key(text, limits::OPTION_KEY, is_it).unwrap_or_else(|| mentions_flink(text))
}

/// Whether a text that is not YAML may be meant for Flink.
pub fn mentions_flink(text: &str) -> bool {
    text.contains("taskmanager") || text.contains("jobmanager")
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;

    fn pairs(file: &'static str, text: &str) -> Vec<(String, String)> {
        let config = parse(file, text, None).unwrap();
        config.iter().map(|(key, entry)| (key.to_owned(), entry.value.clone())).collect()
    }

    #[test]
    fn lines_are_pairs_with_comments_anywhere() {
        let text = "# all: comment\njobmanager.rpc.address: jm # here\n\nno pair\nkey:value\nempty: \n  a.b:  c: d  \n";
        assert_eq!(
            pairs(FLINK_CONF, text),
            [("a.b".into(), "c: d".into()), ("jobmanager.rpc.address".into(), "jm".into())]
        );
    }

    /// Each compared with `GlobalConfiguration` of Flink 1.20.5.
    #[test]
    fn directives_are_read_as_flink_does() {
        for text in [
            "%YAML 1.2\n---\na: 1\n",
            "%YAML 1.3\n---\na: 1\n",
            "%YAML 1.2 # why\n---\na: 1\n",
            "# why\n\n%YAML 1.2\n# and\n--- # here\na: 1\n",
            "%FOO bar baz\n---\na: 1\n",
            "%TAG ! tag:x,2000:\n---\na: 1\n",
            "%TAG !e! tag:yaml.org,2002:\n---\na: !e!str 1\n",
            "%YAML 1.2\n%TAG !e! tag:b:\n\n---\na: 1\n",
            "%YAML 1.2\r\n---\r\na: 1\r\n",
            "%YAML 1.2\n--- {a: 1}\n",
        ] {
            assert_eq!(pairs(CONFIG, text), [("a".into(), "1".into())], "{text}");
        }
        assert_eq!(pairs(CONFIG, "%YAML 1.1\n---\na: 010\n"), [("a".into(), "10".into())]);
        assert_eq!(pairs(CONFIG, "%YAML 1.2\n---\n"), []);
        for text in [
            "%YAML 2.0\n---\na: 1\n",
            "%YAML 1.2\na: 1\n",
            "%YAML 1.2\n%YAML 1.2\n---\na: 1\n",
            "%TAG !e! tag:a:\n%TAG !e! tag:b:\n---\na: 1\n",
            "%YAML 1\n---\na: 1\n",
            "%YAML 1.2\n",
            "%\n---\na: 1\n",
            " %YAML 1.2\n---\na: 1\n",
            "%a: b\n",
        ] {
            assert!(parse(CONFIG, text, None).is_err(), "{text}");
        }
    }

    #[test]
    fn yaml_is_nested_or_flat() {
        let text = "taskmanager:\n  memory: {process: {size: 2g}}\n  numberOfTaskSlots: 2\nstate.backend.type: rocksdb\n";
        let expected = [
            ("state.backend.type", "rocksdb"),
            ("taskmanager.memory.process.size", "2g"),
            ("taskmanager.numberOfTaskSlots", "2"),
        ];
        assert_eq!(
            pairs(CONFIG, text),
            expected.map(|(key, value)| (key.to_owned(), value.to_owned()))
        );
        assert_eq!(pairs(CONFIG, ""), []);
    }

    /// As Flink 1.20.5 and 2.3.0 read it.
    #[test]
    fn yaml_is_that_of_version_1_2() {
        let text = "a: 010\nb: 1_0\nc: no\nd: 0b11\ne: 0x10\nf: +5\nh: 1.50\nj: 0o17\nk: -0x10\nm: .inf\n\
            n: 12345678901234567890\no: Y\nr: 00\ns: FALSE\nt: \"x\u{2028}y\" # z\u{85}u: 1\n<<: {a: 1}\non: 2\n";
        let expected = [
            ("<<.a", "1"),
            ("a", "10"),
            ("b", "1_0"),
            ("c", "no"),
            ("d", "0b11"),
            ("e", "16"),
            ("f", "5"),
            ("h", "1.5"),
            ("j", "15"),
            ("k", "-0x10"),
            ("m", ".inf"),
            ("n", "12345678901234567890"),
            ("o", "Y"),
            ("on", "2"),
            ("r", "0"),
            ("s", "false"),
            ("t", "x\u{2028}y"),
        ];
        assert_eq!(
            pairs(CONFIG, text),
            expected.map(|(key, value)| (key.to_owned(), value.to_owned()))
        );
    }

    #[test]
    fn the_last_spelling_of_a_key_counts() {
        let nested = "web:\n  submit:\n    enable: true\n";
        let flat = "web.submit.enable: false\n";
        let half = "web:\n  submit.enable: 1\n";
        let partly = "web.submit: {enable: x}\n";
        for (text, expected) in [
            (format!("{nested}{flat}"), "false"),
            (format!("{flat}{nested}"), "true"),
            (format!("{flat}{partly}{nested}"), "true"),
            (format!("{nested}{flat}{partly}"), "x"),
            (format!("{partly}{half}{flat}"), "false"),
            ("web: {submit.enable: 1, submit: {enable: 2}}\n".into(), "2"),
            ("web: {submit: {enable: 2}, submit.enable: 1}\n".into(), "1"),
        ] {
            assert_eq!(
                pairs(CONFIG, &text),
                [("web.submit.enable".into(), expected.into())],
                "{text}"
            );
        }
    }

    #[test]
    fn invalid_yaml_is_an_error_with_its_line() {
        let error = parse(CONFIG, "a: b\nc: [\n", None).unwrap_err();
        assert!(
            error.line >= 2 && error.to_string().starts_with("config.yaml cannot be read at line"),
            "{error}"
        );
        // An alias of itself, and nested aliases that multiply.
        assert!(parse(CONFIG, "a: &a [*a]\n", None).is_err());
        assert_eq!(
            parse(CONFIG, "- a\n", None).unwrap_err().message,
            "it is a list: write a mapping of options"
        );
    }

    #[test]
    fn older_file_takes_precedence() {
        let data = serde_json::json!({"data": {"config.yaml": "a: b", "flink-conf.yaml": "a: c"}});
        assert_eq!(of_config_map(&data), Some((FLINK_CONF, "a: c")));
        assert_eq!(of_config_map(&serde_json::json!({"data": {"config.yaml": 1}})), None);
    }
}
