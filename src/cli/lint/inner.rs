//! Findings about an option within a text, such as `config.yaml` of a ConfigMap: they point at the
//! option's own line.

use crate::flink::redaction::is_sensitive;
use crate::report::{Diagnostic, Sources};
use crate::resource::yaml::edit::option_place;
use crate::resource::yaml::{self, Document, Span};
use serde_json::Value;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

/// Nested mappings that are looked into for an option.
const MOST_LEVELS: usize = 16;

/// Moves findings from the field that has the text to the option's place in it.
pub(super) fn point(diagnostics: &mut [Diagnostic], sources: &Sources) {
    let mut files = BTreeMap::new();
    let mut texts = BTreeMap::new();
    for diagnostic in diagnostics {
        let Some(key) = diagnostic.facts.key.as_deref() else { continue };
        let file = &diagnostic.file;
        let Some(source) = sources.get(file) else { continue };
        let lines: &Vec<&str> =
            files.entry(file.clone()).or_insert_with(|| source.split('\n').collect());
        let span = diagnostic.span;
        let Some(header) = line(lines, span.line).filter(|line| is_block(line)) else { continue };
        let text = match texts.entry((Arc::clone(file), span.line)) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => entry.insert(Block::of(lines, span.line)),
        };
        let is_about_value =
            span.column.checked_sub(1).and_then(|index| header.chars().nth(index)) == Some('|');
        let Some(text) = text.as_ref() else { continue };
        let Some(found) = text.find(key, is_about_value) else { continue };
        let shown = lines.get(found.line.saturating_sub(1)..found.end_line).unwrap_or_default();
        let is_secret = |line: &&str| text.secrets.iter().any(|secret| line.contains(secret));
        if !shown.iter().any(is_secret) {
            diagnostic.span = found;
        }
    }
}

fn line<'t>(lines: &[&'t str], number: usize) -> Option<&'t str> {
    lines.get(number.checked_sub(1)?).copied()
}

/// Whether a line ends with the beginning of a literal block: `key: |`, `key: |-`, `key: |2+`.
fn is_block(line: &str) -> bool {
    let end = line.trim_end();
    let end = end.trim_end_matches(|c: char| c.is_ascii_digit() || "+-".contains(c));
    end.strip_suffix('|').is_some_and(|rest| rest.ends_with(' '))
}

/// A literal block of a file.
struct Block {
    /// The number of the line before it.
    header: usize,
    indent: usize,
    /// Its documents, as Flink reads them.
    documents: Vec<Document>,
    /// The values of its secret options. A line that repeats one is not shown.
    secrets: Vec<String>,
}

impl Block {
    /// The block below a line; `None` where nothing is in it.
    fn of(lines: &[&str], header: usize) -> Option<Self> {
        let indent_of = |line: &str| line.len() - line.trim_start_matches(' ').len();
        let outer = indent_of(line(lines, header)?);
        let mut body = lines.get(header..)?.iter().map(|line| line.trim_end_matches('\r'));
        let indent = indent_of(body.clone().find(|line| !line.trim().is_empty())?);
        if indent <= outer {
            return None;
        }
        let mut text = String::new();
        for line in body.by_ref() {
            let is_blank = line.trim().is_empty();
            if !is_blank && indent_of(line) < indent {
                break;
            }
            text.push_str(line.get(indent..).unwrap_or_default());
            text.push('\n');
        }
        let documents = yaml::parse_for_flink(&text);
        let mut secrets = Vec::new();
        for value in documents.iter().filter_map(|document| document.value.as_ref()) {
            add_secrets(value, "", MOST_LEVELS, &mut secrets);
        }
        Some(Self { header, indent, documents, secrets })
    }

    /// The place of an option, or of its value, in the file.
    fn find(&self, key: &str, is_about_value: bool) -> Option<Span> {
        let found = self.documents.iter().find_map(|document| {
            let place = option_place(document.value.as_ref()?, key)?;
            if is_about_value {
                Some(document.positions.nearest(&place))
            } else {
                document.positions.key(&place)
            }
        })?;
        Some(Span {
            line: self.header + found.line,
            column: self.indent + found.column,
            end_line: self.header + found.end_line,
            end_column: self.indent + found.end_column,
        })
    }
}

/// Adds the values of secret options, however deep their keys are.
fn add_secrets(value: &Value, key: &str, levels: usize, secrets: &mut Vec<String>) {
    match value {
        Value::Object(fields) if levels > 0 => {
            for (name, below) in fields {
                let key = if key.is_empty() { name.clone() } else { format!("{key}.{name}") };
                add_secrets(below, &key, levels.saturating_sub(1), secrets);
            }
        }
        Value::String(text) if !text.is_empty() && is_sensitive(key) => secrets.push(text.clone()),
        _ => {}
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;

    const FILE: &str = "data:\n  config.yaml: |\n    taskmanager:\n      slots: {a: 1, b: 2}\n\n    x.y: z\n  flink-conf.yaml: |-\n    # a comment\n    x.y: 1\n  other: x.y\n";

    fn found(header: usize, key: &str, is_about_value: bool) -> Option<(usize, usize, usize)> {
        let lines: Vec<&str> = FILE.split('\n').collect();
        let span = Block::of(&lines, header)?.find(key, is_about_value)?;
        Some((span.line, span.column, span.end_column))
    }

    #[test]
    fn an_option_is_found_however_it_is_written() {
        assert_eq!(found(2, "taskmanager.slots.b", false), Some((4, 21, 22)));
        assert_eq!(found(2, "taskmanager.slots.b", true), Some((4, 24, 25)));
        assert_eq!(found(2, "x.y", false), Some((6, 5, 8)));
        assert_eq!(found(7, "x.y", true), Some((9, 10, 11)));
        assert_eq!(found(2, "x", false), None);
        assert_eq!(found(10, "x.y", false), None);
    }

    #[test]
    fn only_literal_blocks_keep_their_lines() {
        for block in ["a: |", "a: |-", "- value: |2+ ", "a: |\r"] {
            assert!(is_block(block), "{block}");
        }
        for other in ["a: >", "a: b|", "a: b", "|x", ""] {
            assert!(!is_block(other), "{other}");
        }
    }
}
