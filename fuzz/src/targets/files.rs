//! Files and lines.

use flinkgate::flink::config::FlinkConfig;
use flinkgate::flink::config_file::{self, CONFIG, FLINK_CONF};
use flinkgate::flink::context::OperatorDefaults;
use flinkgate::quota::ledger::{ObjectRef, Slot, line};
use flinkgate::resource::limits::object_excess;
use flinkgate::resource::yaml;
use serde_json::Value;

/// YAML: documents have a value or a problem, and places within the text. A value in JSON is read
/// as itself.
pub fn yaml_documents(data: &[u8]) -> bool {
    let text = String::from_utf8_lossy(data);
    let lines = text.matches(['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}']).count() + 2;
    let mut is_read = false;
    for document in yaml::parse(&text) {
        let broken = document.problems.iter().any(|problem| !problem.usable);
        assert_eq!(document.value.is_none(), broken);
        for problem in &document.problems {
            assert!(problem.span.line > 0 && problem.span.line <= lines);
            assert!(!problem.message.is_empty());
        }
        let Some(value) = &document.value else { continue };
        is_read |= value.is_object();
        // Each value has a place.
        for place in ["/metadata/name", "/spec", ""] {
            let span = document.positions.nearest(place);
            assert!(span.line <= lines && span.line <= span.end_line);
        }
        if object_excess(value).is_none() {
            let config = FlinkConfig::from_object(value, "/spec");
            assert!(config.iter().all(|(key, _)| key.len() < text.len() + 64));
            let json = value.to_string();
            // JSON has fewer levels for serde_json than for the limits.
            let Ok(read) = serde_json::from_str::<Value>(&json) else { continue };
            assert_eq!(&read, value, "{text:?}");
            if value.is_object() || value.is_array() {
                let again = yaml::parse(&json);
                assert_eq!(again.len(), 1, "{json}");
                assert_eq!(again[0].value.as_ref(), Some(value), "{text:?}");
            }
        }
    }
    is_read
}

/// Configuration files in both forms: what is read, written and read again is the same.
pub fn config_files(data: &[u8]) -> bool {
    let text = String::from_utf8_lossy(data);
    let _ = OperatorDefaults::parse(&text);
    let mut is_read = false;
    if let Ok(config) = config_file::parse(FLINK_CONF, &text, Some("/data")) {
        let written: String =
            config.iter().map(|(key, entry)| format!("{key}: {}\n", entry.value)).collect();
        same(&config, FLINK_CONF, &written);
        is_read |= !config.is_empty();
    }
    if let Ok(config) = config_file::parse(CONFIG, &text, Some("/data")) {
        let options =
            config.iter().map(|(key, entry)| (key.to_owned(), entry.value.clone().into()));
        let written = Value::Object(options.collect()).to_string();
        same(&config, CONFIG, &written);
        is_read |= !config.is_empty();
    }
    is_read
}

fn same(config: &FlinkConfig, file: &'static str, written: &str) {
    if config.excess().is_some() {
        return;
    }
    let again = config_file::parse(file, written, Some("/data")).unwrap();
    let options = |config: &FlinkConfig| {
        let pairs = config.iter().map(|(key, entry)| (key.to_owned(), entry.value.clone()));
        pairs.collect::<Vec<_>>()
    };
    assert_eq!(options(&again), options(config), "{written:?}");
}

/// Lines of a ledger: what is read is written as it was, and any name survives.
pub fn ledger_lines(data: &[u8]) -> bool {
    let text = String::from_utf8_lossy(data);
    let mut names = super::parts(&text);
    let mut name = || names.next().unwrap_or_default();
    let object = ObjectRef::new(name(), name(), name());
    let mut slot = Slot::default();
    slot.owner = Some(ObjectRef::new(name(), name(), name()));
    let written = line::write(&object, &slot);
    assert_eq!(line::read(&written), Ok((object, slot)), "{text:?}");
    let Ok((object, slot)) = line::read(&text) else { return false };
    let written = line::write(&object, &slot);
    assert_eq!(line::read(&written), Ok((object, slot)), "{text:?}");
    true
}
