//! Findings about a part of a text, such as an option in `config.yaml` of a ConfigMap or a line of Rego in
//! a FlinkPolicy: they point at its own line.

use crate::flink::redaction::{is_sensitive, uri};
use crate::report::{Diagnostic, Sources};
use crate::resource::yaml::edit::option_place;
use crate::resource::yaml::{self, Document, Span};
use serde_json::Value;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

/// Nested mappings that are looked into for an option.
const MOST_LEVELS: usize = 16;

/// Moves findings from the field that has the text to the place in it.
pub(super) fn point(diagnostics: &mut [Diagnostic], sources: &Sources) {
    let mut files = BTreeMap::new();
    let mut texts = BTreeMap::new();
    for diagnostic in diagnostics {
        let (key, within) = (diagnostic.facts.key.as_deref(), diagnostic.within);
        if key.is_none() && within.is_none() {
            continue;
        }
        let file = &diagnostic.file;
        let Some(source) = sources.get(file) else { continue };
        let lines: &Vec<&str> =
            files.entry(file.clone()).or_insert_with(|| source.split('\n').collect());
        let span = diagnostic.span;
        let Some(header) = line(lines, span.line).filter(|line| is_block(line)) else { continue };
        if let Some(within) = within {
            diagnostic.span = line_of_block(lines, span.line, within).unwrap_or(span);
            continue;
        }
        let Some(key) = key else { continue };
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

/// The place of a line and column of a literal block in the file; `None` where the block has no such line.
fn line_of_block(lines: &[&str], header: usize, (number, column): (usize, usize)) -> Option<Span> {
    let indent = block_indent(lines, header)?;
    let number = header.checked_add(number)?;
    let length = line(lines, number)?.trim_end_matches('\r').chars().count();
    let column = indent.checked_add(column)?.min(length.checked_add(1)?);
    let end_column = length.checked_add(1)?.max(column);
    Some(Span { line: number, column, end_line: number, end_column })
}

/// How far the lines of a literal block are indented; `None` where nothing is in it.
fn block_indent(lines: &[&str], header: usize) -> Option<usize> {
    let outer = indent_of(line(lines, header)?);
    let mut body = lines.get(header..)?.iter();
    let indent = indent_of(body.find(|line| !line.trim().is_empty())?);
    (indent > outer).then_some(indent)
}

fn indent_of(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

/// A literal block of a file.
struct Block {
    /// The number of the line before it.
    header: usize,
    indent: usize,
    text: String,
    /// Its documents, as Flink reads them.
    documents: Vec<Document>,
    /// The values of its secret options. A line that repeats one is not shown.
    secrets: Vec<String>,
}

impl Block {
    /// The block below a line; `None` where nothing is in it.
    fn of(lines: &[&str], header: usize) -> Option<Self> {
        let indent = block_indent(lines, header)?;
        let mut body = lines.get(header..)?.iter().map(|line| line.trim_end_matches('\r'));
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
        Some(Self { header, indent, text, documents, secrets })
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
        });
        let found = found.or_else(|| self.find_line(key))?;
        Some(Span {
            line: self.header + found.line,
            column: self.indent + found.column,
            end_line: self.header + found.end_line,
            end_column: self.indent + found.end_column,
        })
    }
}

impl Block {
    /// The key in a line that is no YAML, such as `key=value`, or that follows one.
    fn find_line(&self, key: &str) -> Option<Span> {
        let (index, line) = self.text.split('\n').enumerate().find(|(_, line)| {
            let rest = line.trim_start().strip_prefix(key);
            rest.is_some_and(|rest| rest.trim_start().starts_with([':', '=']))
        })?;
        if is_sensitive(key) || uri(line) != line {
            return None;
        }
        let column = line.len().saturating_sub(line.trim_start().len()) + 1;
        let line = index + 1;
        Some(Span { line, column, end_line: line, end_column: column + key.len() })
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
    fn lines_that_are_no_yaml_are_found() {
        let file = "flink-conf.yaml: |\n  a.b=c\n  d.e:f\n  s3.secret-key=x\n";
        let lines: Vec<&str> = file.split('\n').collect();
        let block = Block::of(&lines, 1).unwrap();
        let found = |key| block.find(key, true).map(|span| (span.line, span.column));
        assert_eq!(found("a.b"), Some((2, 3)));
        assert_eq!(found("d.e"), Some((3, 3)));
        for other in ["a", "b", "s3.secret-key"] {
            assert_eq!(found(other), None, "{other}");
        }
    }

    #[test]
    fn a_line_of_a_text_is_a_line_of_the_file() {
        let lines: Vec<&str> = FILE.split('\n').collect();
        let place = |header, within| {
            let span = line_of_block(&lines, header, within)?;
            Some((span.line, span.column, span.end_column))
        };
        assert_eq!(place(2, (4, 3)), Some((6, 7, 11)));
        assert_eq!(place(7, (2, 99)), Some((9, 11, 11)));
        assert_eq!(place(10, (1, 1)), None);
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
