//! `flink/duplicate-option`

use crate::flink::credentials::is_credential;
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
            Some(value) if !is_credential(key) => format!("`{}`", shown(value)),
            _ => "another value".into(),
        };
        findings
            .at(duplicate.first.as_str())
            .message(format!("`{key}` is set twice: this value is ignored, Flink uses {effective}"))
            .help(format!("set `{key}` once"))
            .key(key);
    }
}
