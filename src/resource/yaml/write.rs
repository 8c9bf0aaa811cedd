//! Writes values as YAML that every reader parses to the same value, also YAML 1.1 readers (Go, Python).

use crate::printable;
use serde_json::{Map, Value};
use std::borrow::Cow;

/// Longest key that YAML allows on one line with its colon, with room for quotes and escapes.
const LONGEST_SIMPLE_KEY: usize = 100;

/// How far the parts of a value are indented.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Layout {
    /// A mapping, more than the key above it.
    pub(crate) mapping: usize,
    /// A list, more than the key above it.
    pub(crate) list: usize,
}

impl Default for Layout {
    /// As kubectl prints.
    fn default() -> Self {
        Self { mapping: 2, list: 0 }
    }
}

/// The place of a node, which decides how it starts.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// The document itself.
    Root,
    /// After `key:`.
    Field,
    /// After `- `.
    Element,
}

/// Writes a value, which continues the current line, and a line end.
pub(crate) fn node(out: &mut String, value: &Value, indent: usize, place: Place, layout: Layout) {
    let space = if place == Place::Field { " " } else { "" };
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            nested_mapping(out, fields, indent, place, layout)
        }
        Value::Array(elements) if !elements.is_empty() => {
            nested_sequence(out, elements, indent, place, layout)
        }
        Value::Object(_) => line(out, space, "{}"),
        Value::Array(_) => line(out, space, "[]"),
        Value::Null => line(out, space, "null"),
        Value::Bool(true) => line(out, space, "true"),
        Value::Bool(false) => line(out, space, "false"),
        Value::Number(number) => line(out, space, &number.to_string()),
        Value::String(text) if fits_a_block(text) => block(out, space, text, indent),
        Value::String(text) => line(out, space, &scalar(text)),
    }
}

fn line(out: &mut String, space: &str, text: &str) {
    out.push_str(space);
    out.push_str(text);
    out.push('\n');
}

fn nested_mapping(
    out: &mut String,
    fields: &Map<String, Value>,
    indent: usize,
    place: Place,
    layout: Layout,
) {
    if place == Place::Field {
        out.push('\n');
        pad(out, indent);
    }
    mapping(out, fields.iter(), indent, layout);
}

/// The first key continues the current line; the others get their own lines.
pub(crate) fn mapping<'a>(
    out: &mut String,
    fields: impl Iterator<Item = (&'a String, &'a Value)>,
    indent: usize,
    layout: Layout,
) {
    for (index, (key, value)) in fields.enumerate() {
        if index > 0 {
            pad(out, indent);
        }
        let key = scalar(key);
        if key.len() > LONGEST_SIMPLE_KEY {
            line(out, "? ", &key);
            pad(out, indent);
        } else {
            out.push_str(&key);
        }
        out.push(':');
        let deeper = indent + if value.is_array() { layout.list } else { layout.mapping };
        node(out, value, deeper, Place::Field, layout);
    }
}

fn nested_sequence(
    out: &mut String,
    elements: &[Value],
    indent: usize,
    place: Place,
    layout: Layout,
) {
    if place == Place::Field {
        out.push('\n');
        pad(out, indent);
    }
    for (index, element) in elements.iter().enumerate() {
        if index > 0 {
            pad(out, indent);
        }
        out.push_str("- ");
        node(out, element, indent + 2, Place::Element, layout);
    }
}

fn pad(out: &mut String, indent: usize) {
    out.extend(std::iter::repeat_n(' ', indent));
}

/// Whether `|` shows this text unchanged to every reader: several lines, printable, and none that
/// starts the block with white space or consists of nothing else.
fn fits_a_block(text: &str) -> bool {
    text.contains('\n')
        && !text.starts_with([' ', '\t', '\n'])
        && text.chars().all(|c| c == '\n' || c == '\t' || is_printable(c))
        && has_no_command(text)
        && text
            .split('\n')
            .all(|line| line.is_empty() || !line.trim_matches([' ', '\t']).is_empty())
}

fn block(out: &mut String, space: &str, text: &str, indent: usize) {
    let (body, chomping) = match text.strip_suffix('\n') {
        Some(body) if body.ends_with('\n') => (body, "+"),
        Some(body) => (body, ""),
        None => (text, "-"),
    };
    line(out, space, &format!("|{chomping}"));
    // A block must be indented deeper than what holds it, even at the root.
    let indent = indent.max(2);
    for part in body.split('\n') {
        if !part.is_empty() {
            pad(out, indent);
        }
        line(out, "", part);
    }
}

/// Text on one line: plain where no reader takes it for anything else, else in double quotes.
pub(crate) fn scalar(text: &str) -> String {
    if is_plain(text) { text.to_owned() } else { quoted(text) }
}

/// Whether no reader takes a text without quotes for anything else.
pub(crate) fn is_plain(text: &str) -> bool {
    let Some(first) = text.chars().next() else { return false };
    let starts_well = first.is_alphanumeric() || matches!(first, '/' | '_' | '$' | '(');
    starts_well
        && text.chars().all(|c| {
            c == ' ' || (is_printable(c) && !c.is_whitespace() && !matches!(c, '\u{feff}'))
        })
        && !text.ends_with([' ', ':'])
        && !text.contains(": ")
        && !text.contains(" #")
        && has_no_command(text)
        && !looks_like_a_number(text)
        && !is_word_with_a_meaning(text)
}

/// Numbers, dates and times of YAML 1.1 and 1.2 and of their readers' extensions. Too much is
/// caught (`10.0.0.1`), which costs two quotes.
fn looks_like_a_number(text: &str) -> bool {
    let digit_first = text.starts_with(|c: char| c.is_ascii_digit());
    let date = digit_first && text.len() >= 8 && text.get(4..5) == Some("-");
    date || (digit_first
        && text.chars().all(|c| {
            c.is_ascii_hexdigit()
                || matches!(c, 'x' | 'X' | 'o' | 'O' | '_' | '.' | ':' | '+' | '-' | ',')
        }))
}

fn is_word_with_a_meaning(text: &str) -> bool {
    ["y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf"]
        .iter()
        .any(|word| word.eq_ignore_ascii_case(text))
}

/// Characters that YAML allows unescaped and that no reader breaks a line at.
fn is_printable(c: char) -> bool {
    !c.is_control() && !printable::is_unsafe(c) && !matches!(c, '\u{fffe}' | '\u{ffff}')
}

/// Whether no CI system takes a line of the text for a command.
fn has_no_command(text: &str) -> bool {
    matches!(printable::escape(text), Cow::Borrowed(_))
}

/// A text in double quotes.
pub(crate) fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c if is_printable(c) => out.push(c),
            c if u32::from(c) <= 0xff => out.push_str(&format!("\\x{:02X}", u32::from(c))),
            c if u32::from(c) <= 0xffff => out.push_str(&format!("\\u{:04X}", u32::from(c))),
            c => out.push_str(&format!("\\U{:08X}", u32::from(c))),
        }
    }
    out.push('"');
    printable::escape(&out).into_owned()
}
