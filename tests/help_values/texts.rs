//! Help for an option in a text, such as `config.yaml` of a ConfigMap or `FLINK_PROPERTIES`.

use super::Step;
use flinkgate::flink::catalog::other_names;
use flinkgate::flink::config_file::{CONFIG, FLINK_CONF, parse};
use flinkgate::rules::Finding;
use serde_json::Value;
use std::collections::BTreeMap;

/// The option that a finding about a part of a text is about.
pub fn key(finding: &Finding) -> Option<&str> {
    let place = finding.pointer.as_str();
    let is_text =
        place.starts_with("/data/") || (place.contains("/env/") && place.ends_with("/value"));
    finding.facts.key.as_deref().filter(|_| is_text)
}

/// The options of the text at a place, by their present names.
pub fn options(object: &Value, place: &str) -> BTreeMap<String, String> {
    let options = written(object, place).into_iter();
    let named = |key: String| other_names(&key).newer.first().map_or(key, |name| (*name).into());
    options.map(|(key, value)| (named(key), value)).collect()
}

fn written(object: &Value, place: &str) -> BTreeMap<String, String> {
    let text = object.pointer(place).and_then(Value::as_str).unwrap();
    let file = if place.ends_with(CONFIG) { CONFIG } else { FLINK_CONF };
    let read = parse(file, text, None).unwrap();
    read.iter().map(|(key, entry)| (key.to_owned(), entry.value.clone())).collect()
}

/// Does a step in the text at a place, which is written again with one option a line.
pub fn apply(object: &mut Value, place: &str, key: &str, step: Step) {
    let mut options = written(object, place);
    let text_of = |value: Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    assert!(options.contains_key(key) || matches!(step, Step::Set(..)), "{key} in {options:?}");
    match step {
        Step::Set(key, value) => {
            options.insert(key, text_of(value));
        }
        Step::Replace(value) => {
            options.insert(key.to_owned(), text_of(value));
        }
        Step::Rename(name) => {
            let value = options.remove(key).unwrap_or_default();
            options.insert(name, value);
        }
        Step::Remove => {
            options.remove(key);
        }
    }
    let lines: Vec<String> =
        options.iter().map(|(key, value)| format!("{key}: {value}\n")).collect();
    *object.pointer_mut(place).unwrap() = lines.concat().into();
}
