//! Rules as SARIF describes them, with what GitHub's code scanning reads besides.
//!
//! `security-severity` and `tags` are GitHub's properties ("SARIF support for code scanning", read in
//! November 2026): a number from 0.0 to 10.0, of which 7.0 and more is shown as high.

use super::level;
use crate::report::RuleInfo;
use crate::rules::Level;
use serde_json::{Value, json};

/// Where the pages of built-in rules are published.
const PAGES: &str = "https://flinkgate.dev/rules/";
/// Families whose findings are about security.
const SECURITY: [&str; 2] = ["security", "network"];

/// A rule's descriptor.
pub(super) fn descriptor(rule: &RuleInfo) -> Value {
    let help = if rule.help.is_empty() { &rule.description } else { &rule.help };
    let family = rule.id.split('/').next().unwrap_or_default();
    let mut tags = vec![family];
    tags.extend((SECURITY.contains(&family) && family != "security").then_some("security"));
    tags.extend(["flink", "kubernetes"]);
    let mut properties =
        json!({"tags": tags, "precision": "very-high", "problem.severity": severity(rule.level)});
    if SECURITY.contains(&family) {
        properties["security-severity"] = security_severity(rule.level).into();
    }
    let mut descriptor = json!({
        "id": rule.id,
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": rule.description},
        "help": {"text": help, "markdown": help},
        "defaultConfiguration": {"level": level(rule.level)},
        "properties": properties,
    });
    if rule.is_builtin {
        descriptor["helpUri"] = format!("{PAGES}{}", rule.id).into();
    }
    descriptor
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
