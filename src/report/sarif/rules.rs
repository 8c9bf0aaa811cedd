//! Rules as SARIF describes them, with what GitHub's code scanning reads besides.
//!
//! `security-severity` and `tags` are GitHub's properties ("SARIF support for code scanning", read in
//! November 2026): a number from 0.0 to 10.0, of which 7.0 and more is shown as high.

use super::level;
use crate::report::RuleInfo;
use crate::rules::Level;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// Where the pages of built-in rules are published.
const PAGES: &str = "https://flinkgate.dev/rules/";
/// Families whose findings are about security.
const SECURITY: [&str; 2] = ["security", "network"];

/// A rule's descriptor.
pub(super) fn descriptor(rule: &RuleInfo) -> Value {
    let help = if rule.help.is_empty() { &rule.description } else { &rule.help };
    let family = rule.id.split('/').next().unwrap_or_default();
    let is_security = SECURITY.contains(&family);
    let tags: BTreeSet<&str> = [family, "flink", "kubernetes"]
        .into_iter()
        .chain(is_security.then_some("security"))
        .collect();
    let mut properties = Map::new();
    properties.insert("tags".into(), json!(tags));
    properties.insert("precision".into(), "very-high".into());
    properties.insert("problem.severity".into(), severity(rule.level).into());
    if is_security {
        properties.insert("security-severity".into(), security_severity(rule.level).into());
    }
    let page =
        rule.is_builtin.then(|| ("helpUri".to_owned(), format!("{PAGES}{}", rule.id).into()));
    let fields = [
        ("id", json!(rule.id)),
        ("shortDescription", json!({"text": rule.title})),
        ("fullDescription", json!({"text": rule.description})),
        ("help", json!({"text": help, "markdown": help})),
        ("defaultConfiguration", json!({"level": level(rule.level)})),
        ("properties", properties.into()),
    ];
    let fields = fields.into_iter().map(|(name, value)| (name.to_owned(), value));
    fields.chain(page).collect::<Map<String, Value>>().into()
}

fn severity(level: Level) -> &'static str {
    match level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Info => "recommendation",
    }
}

fn security_severity(level: Level) -> &'static str {
    match level {
        Level::Error => "8.0",
        Level::Warning => "5.0",
        Level::Info => "2.0",
    }
}
