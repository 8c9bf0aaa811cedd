//! `flink/duplicate-option`

use crate::flink::redaction::{is_sensitive, uri};
use crate::rules::words::shown;
use crate::rules::{Findings, Level, Rule, Subject};

/// Options that are set under several spellings of their key.
pub static RULE: Rule = Rule {
    id: "flink/duplicate-option",
    level: Level::Warning,
    since: "0.1.0",
    title: "Duplicate options",
    tenant_fields: &[],
    as_is: false,
    page: include_str!("duplicate_option.md"),
    check,
};

fn check(subject: &Subject<'_>, findings: &mut Findings) {
    let config = &subject.workload.config;
    for duplicate in config.duplicates() {
        let key = &duplicate.key;
        let effective = match config.get(key) {
            Some(value) if !is_sensitive(key) => format!("`{}`", shown(&uri(value))),
            _ => "another value".into(),
        };
        findings
            .at(duplicate.first.as_str())
            .message(format!("`{key}` is set twice: this value is ignored, Flink uses {effective}"))
            .help(format!("set `{key}` once"))
            .key(key);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use crate::flink::Workload;
    use crate::flink::config::FlinkConfig;
    use crate::rules::testing::reported;
    use serde_json::json;

    #[test]
    fn the_effective_value_is_shown_unless_it_is_a_secret() {
        let options = json!({"state": {"backend.type": "a"}, "state.backend.type": "b",
            "s3": {"secret-key": "a"}, "s3.secret-key": "b"});
        let config = FlinkConfig::from_object(&options, "/spec");
        let workload = Workload { config, ..Workload::default() };
        let messages: Vec<String> = reported(&RULE, &workload, json!({}))
            .into_iter()
            .map(|finding| format!("{} {}", finding.pointer, finding.message))
            .collect();
        let ignored = "is set twice: this value is ignored, Flink uses";
        assert_eq!(
            messages,
            [
                format!("/spec/s3/secret-key `s3.secret-key` {ignored} another value"),
                format!("/spec/state/backend.type `state.backend.type` {ignored} `b`"),
            ]
        );
    }
}
