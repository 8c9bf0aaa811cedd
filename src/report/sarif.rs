//! `--format sarif`: SARIF 2.1.0, which GitHub's code scanning and most dashboards read.

mod rules;

use super::fingerprint::fingerprints;
use super::line_hash::LineHashes;
use super::{Diagnostic, RenderError, Report, RuleInfo, Suppressor, Unreadable};
use crate::resource::yaml::Span;
use crate::rules::Level;
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";
/// What relative addresses are relative to, as GitHub names the repository's root.
const ROOT: &str = "%SRCROOT%";
const FINGERPRINT: &str = "flinkgate/v1";
/// GitHub's own fingerprint.
const LINE_HASH: &str = "primaryLocationLineHash";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Log<'a> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run<'a> {
    tool: Value,
    /// Columns are characters, not the UTF-16 units that SARIF assumes otherwise.
    column_kind: &'static str,
    invocations: [Invocation<'a>; 1],
    results: Vec<Outcome<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Invocation<'a> {
    execution_successful: bool,
    tool_execution_notifications: Vec<Notification<'a>>,
}

#[derive(Serialize)]
struct Notification<'a> {
    level: &'static str,
    message: Message<'a>,
    locations: [Location; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Outcome<'a> {
    rule_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule_index: Option<usize>,
    level: &'static str,
    message: Message<'a>,
    locations: [Location; 1],
    partial_fingerprints: BTreeMap<&'static str, String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    suppressions: Vec<Value>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    fixes: Vec<Value>,
}

#[derive(Serialize)]
struct Message<'a> {
    text: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Location {
    physical_location: Physical,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    logical_locations: Vec<Value>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Physical {
    artifact_location: Artifact,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<Region>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Artifact {
    uri: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    uri_base_id: Option<&'static str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: usize,
    start_column: usize,
    end_line: usize,
    end_column: usize,
}

/// The report as one SARIF log; `rules` are described in it, in their order. Findings carry the hashes of
/// their lines, for services that recognise them by these.
///
/// # Errors
/// When serialisation fails, which none of these types does.
pub fn render(
    report: &Report,
    rules: &[RuleInfo],
    line_hashes: &LineHashes,
) -> Result<String, RenderError> {
    let mut descriptors: Vec<Value> = rules.iter().map(rules::descriptor).collect();
    let mut index: BTreeMap<&str, usize> =
        rules.iter().enumerate().map(|(index, rule)| (rule.id.as_str(), index)).collect();
    let suppressed = report.suppressed.iter().map(|one| (&one.diagnostic, Some(&one.by)));
    let counting = report.diagnostics.iter().map(|diagnostic| (diagnostic, None));
    let all: Vec<(&Diagnostic, Option<&Suppressor>)> = counting.chain(suppressed).collect();
    for (diagnostic, _) in &all {
        // A user's own rule may come without documentation; a result still has to name a
        // descriptor.
        index.entry(&diagnostic.rule).or_insert_with(|| {
            descriptors.push(json!({"id": diagnostic.rule}));
            descriptors.len() - 1
        });
    }
    let fingerprints = fingerprints(all.iter().map(|(diagnostic, _)| *diagnostic));
    let results = all
        .iter()
        .zip(fingerprints)
        .map(|((diagnostic, suppressor), fingerprint)| Outcome {
            rule_id: &diagnostic.rule,
            rule_index: index.get(diagnostic.rule.as_str()).copied(),
            level: level(diagnostic.level),
            message: Message { text: &diagnostic.message },
            locations: [Location {
                physical_location: physical(&diagnostic.file, Some(diagnostic.span)),
                logical_locations: logical(diagnostic),
            }],
            suppressions: suppressor.map(suppression).into_iter().collect(),
            partial_fingerprints: {
                let of_line = line_hashes.get(&diagnostic.file, diagnostic.span.line);
                let of_line = of_line.map(|hash| (LINE_HASH, hash.to_owned()));
                of_line.into_iter().chain([(FINGERPRINT, fingerprint)]).collect()
            },
            fixes: fixes(diagnostic),
        })
        .collect();
    let log = Log {
        schema: SCHEMA,
        version: "2.1.0",
        runs: [Run {
            tool: json!({"driver": {
                "name": "flinkgate",
                "version": env!("CARGO_PKG_VERSION"),
                "informationUri": "https://flinkgate.dev",
                "rules": descriptors,
            }}),
            column_kind: "unicodeCodePoints",
            invocations: [Invocation {
                execution_successful: report.unreadable.is_empty(),
                tool_execution_notifications: report.unreadable.iter().map(notification).collect(),
            }],
            results,
        }],
    };
    Ok(serde_json::to_string_pretty(&log)? + "\n")
}

fn fixes(diagnostic: &Diagnostic) -> Vec<Value> {
    let fix = diagnostic.fix.as_deref().map(|fix| {
        let replacements = fix.edits.iter().map(|edit| {
            let span = edit.span;
            json!({
                "deletedRegion": {
                    "startLine": span.line,
                    "startColumn": span.column,
                    "endLine": span.end_line,
                    "endColumn": span.end_column,
                },
                "insertedContent": {"text": edit.text},
            })
        });
        let Artifact { uri, uri_base_id } = artifact(&diagnostic.file);
        let location = match uri_base_id {
            Some(base) => json!({"uri": uri, "uriBaseId": base}),
            None => json!({"uri": uri}),
        };
        json!({
            "description": {"text": diagnostic.help.as_deref().unwrap_or(&diagnostic.message)},
            "artifactChanges": [{
                "artifactLocation": location,
                "replacements": replacements.collect::<Vec<_>>(),
            }],
        })
    });
    fix.into_iter().collect()
}

fn logical(diagnostic: &Diagnostic) -> Vec<Value> {
    let name = |object| json!({"fullyQualifiedName": format!("{object}{}", diagnostic.pointer), "kind": "object"});
    diagnostic.object.as_ref().map(name).into_iter().collect()
}

fn suppression(by: &Suppressor) -> Value {
    match by {
        Suppressor::InSource { reason } => json!({"kind": "inSource", "justification": reason}),
        Suppressor::Baseline => json!({"kind": "external", "justification": "in the baseline"}),
    }
}

fn notification(unreadable: &Unreadable) -> Notification<'_> {
    Notification {
        level: "error",
        message: Message { text: &unreadable.message },
        locations: [Location {
            physical_location: physical(&unreadable.file, unreadable.span),
            logical_locations: Vec::new(),
        }],
    }
}

fn physical(file: &str, span: Option<Span>) -> Physical {
    let region = span.filter(|span| span.line > 0).map(|span| Region {
        start_line: span.line,
        start_column: span.column.max(1),
        end_line: span.end_line.max(span.line),
        end_column: span.end_column.max(1),
    });
    Physical { artifact_location: artifact(file), region }
}

fn artifact(file: &str) -> Artifact {
    let slashes =
        if std::path::MAIN_SEPARATOR == '\\' { file.replace('\\', "/") } else { file.to_owned() };
    if slashes.starts_with('/') {
        return Artifact {
            uri: format!("file://{}", percent_encoded(&slashes)),
            uri_base_id: None,
        };
    }
    let relative = slashes.strip_prefix("./").unwrap_or(&slashes);
    Artifact { uri: percent_encoded(relative), uri_base_id: Some(ROOT) }
}

/// A path as RFC 3986 writes it: unreserved letters and slashes stay, every other byte is escaped.
fn percent_encoded(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                out.push(char::from(byte))
            }
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

fn level(level: Level) -> &'static str {
    match level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Info => "note",
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn sarif_shows_rules_results_and_notifications() {
        let log = render(&sample::report(), &sample::rules(), &sample::line_hashes()).unwrap();
        insta::assert_snapshot!(
            log.replace(concat!("\"", env!("CARGO_PKG_VERSION"), "\""), "\"VERSION\"")
        );
    }

    #[test]
    fn sarif_is_what_the_standard_says() {
        let log = render(&sample::report(), &sample::rules(), &sample::line_hashes()).unwrap();
        let parsed: serde_sarif::sarif::Sarif = serde_json::from_str(&log).unwrap();
        let run = &parsed.runs[0];
        let rules = run.tool.driver.rules.as_ref().unwrap();
        let results = run.results.as_ref().unwrap();
        assert_eq!(results.len(), 4);
        for result in results {
            let index = usize::try_from(result.rule_index.unwrap()).unwrap();
            assert_eq!(Some(&rules[index].id), result.rule_id.as_ref());
        }
    }

    #[test]
    fn addresses_are_relative_and_escaped() {
        assert_eq!(artifact("./a b/ü.yaml").uri, "a%20b/%C3%BC.yaml");
        assert_eq!(artifact("<stdin>").uri, "%3Cstdin%3E");
        assert_eq!(artifact("/tmp/a.yaml").uri, "file:///tmp/a.yaml");
    }
}
