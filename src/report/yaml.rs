//! Objects as YAML that every reader takes for the same value, YAML 1.1 readers (Go, Python) included.
//!
//! The same value always gives the same text: `apiVersion`, `kind`, `metadata` and `spec` first, as people
//! write them, everything else in the value's own order.

use serde_json::{Map, Value};

/// Longest key that YAML allows to stand before its colon on one line, with room for quotes and escapes.
const LONGEST_SIMPLE_KEY: usize = 100;

/// The value as one YAML document with a line break at its end, without `---`.
pub fn emit(value: &Value) -> String {
    let mut out = String::new();
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            let (head, tail): (Vec<_>, Vec<_>) = fields.iter().partition(|(key, _)| rank(key) < LEADING.len());
            let mut head = head;
            head.sort_by_key(|(key, _)| rank(key));
            mapping(&mut out, head.into_iter().chain(tail), 0);
        }
        other => node(&mut out, other, 0, Place::Root),
    }
    out
}

const LEADING: [&str; 4] = ["apiVersion", "kind", "metadata", "spec"];

fn rank(key: &str) -> usize {
    LEADING.iter().position(|leading| *leading == key).unwrap_or(LEADING.len())
}

/// Where a node stands decides how it starts.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// The document itself.
    Root,
    /// After `key:`.
    Field,
    /// After `- `.
    Element,
}

fn node(out: &mut String, value: &Value, indent: usize, place: Place) {
    let space = if place == Place::Field { " " } else { "" };
    match value {
        Value::Object(fields) if !fields.is_empty() => nested_mapping(out, fields, indent, place),
        Value::Array(elements) if !elements.is_empty() => nested_sequence(out, elements, indent, place),
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

fn nested_mapping(out: &mut String, fields: &Map<String, Value>, indent: usize, place: Place) {
    if place == Place::Field {
        out.push('\n');
        pad(out, indent);
    }
    mapping(out, fields.iter(), indent);
}

/// The first key stands where the text has got to; the others get their own lines.
fn mapping<'a>(out: &mut String, fields: impl Iterator<Item = (&'a String, &'a Value)>, indent: usize) {
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
        // A list stands under its key without more indentation, as kubectl prints it.
        let deeper = if value.is_array() { indent } else { indent + 2 };
        node(out, value, deeper, Place::Field);
    }
}

fn nested_sequence(out: &mut String, elements: &[Value], indent: usize, place: Place) {
    if place == Place::Field {
        out.push('\n');
        pad(out, indent);
    }
    for (index, element) in elements.iter().enumerate() {
        if index > 0 {
            pad(out, indent);
        }
        out.push_str("- ");
        node(out, element, indent + 2, Place::Element);
    }
}

fn pad(out: &mut String, indent: usize) {
    out.extend(std::iter::repeat_n(' ', indent));
}

/// Whether `|` shows this text unchanged to every reader: several lines, printable, and none that starts
/// the block with white space or consists of nothing else.
fn fits_a_block(text: &str) -> bool {
    text.contains('\n')
        && !text.starts_with([' ', '\t', '\n'])
        && text.chars().all(|c| c == '\n' || c == '\t' || is_printable(c))
        && text.split('\n').all(|line| line.is_empty() || !line.trim_matches([' ', '\t']).is_empty())
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
fn scalar(text: &str) -> String {
    if is_plain(text) { text.to_owned() } else { quoted(text) }
}

fn is_plain(text: &str) -> bool {
    let Some(first) = text.chars().next() else { return false };
    let starts_well = first.is_alphanumeric() || matches!(first, '/' | '_' | '$' | '(');
    starts_well
        && text.chars().all(|c| c == ' ' || (is_printable(c) && !c.is_whitespace() && !matches!(c, '\u{feff}')))
        && !text.ends_with([' ', ':'])
        && !text.contains(": ")
        && !text.contains(" #")
        && !looks_like_a_number(text)
        && !is_word_with_a_meaning(text)
}

/// Numbers, dates and times of YAML 1.1 and 1.2 and of their readers' extensions. Too much is caught
/// (`10.0.0.1`), which costs two quotes.
fn looks_like_a_number(text: &str) -> bool {
    let digit_first = text.starts_with(|c: char| c.is_ascii_digit());
    let date = digit_first && text.len() >= 8 && text.get(4..5) == Some("-");
    date || (digit_first
        && text.chars().all(|c| c.is_ascii_hexdigit() || matches!(c, 'x' | 'X' | 'o' | 'O' | '_' | '.' | ':' | '+' | '-' | ',')))
}

fn is_word_with_a_meaning(text: &str) -> bool {
    ["y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf"].iter().any(|word| word.eq_ignore_ascii_case(text))
}

/// Characters that YAML allows unescaped and that no reader breaks a line at.
fn is_printable(c: char) -> bool {
    !c.is_control() && !matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

fn quoted(text: &str) -> String {
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
    out
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn an_object_reads_as_people_write_it() {
        insta::assert_snapshot!(emit(&json!({
            "status": {},
            "spec": {
                "args": ["--mode", "a: b", "", "-", ["nested", [1, 2]], {"name": "x", "on": true}],
                "script": "set -e\n\necho \"grün\"\n",
                "folded": "one\ntwo",
                "kept": "one\n\n",
                "padded": "  one\ntwo",
                "none": null, "list": [], "share": 0.5, "count": 3
            },
            "kind": "FlinkDeployment",
            "metadata": {"name": "etl", "labels": {"version": "1.20", "enabled": "yes", "size": "4Gi", "at": "2027-03-31"}},
            "apiVersion": "flink.apache.org/v1beta1"
        })));
    }

    /// Text that YAML makes trouble of, beside any text at all.
    fn any_text() -> impl Strategy<Value = String> {
        let piece =
            prop_oneof!["[a-z]{1,3}", "[ \\t\\n:#\\-?,&*!|>'\"%@`{}\\[\\]~=<.0-9+_eExonyf]{1,4}", any::<char>().prop_map(String::from)];
        prop_oneof![proptest::collection::vec(piece, 0..6).prop_map(|pieces| pieces.concat()), any::<String>()]
    }

    fn any_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any_text().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 24, 4, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                proptest::collection::btree_map(any_text(), inner, 0..4).prop_map(|fields| fields.into_iter().collect()),
            ]
        })
    }

    fn read_back(value: &Value) -> Option<Value> {
        let documents = crate::resource::yaml::parse(&format!("{}---\nend: true\n", emit(value)));
        assert_eq!(documents.last().unwrap().value, Some(json!({"end": true})));
        documents.into_iter().next().unwrap().value
    }

    proptest! {
        #[test]
        fn every_value_is_read_back_as_it_was(value in any_value().prop_map(|value| json!({"value": value}))) {
            prop_assert_eq!(read_back(&value), Some(value.clone()), "{}", emit(&value));
        }
    }

    #[test]
    fn long_keys_are_read_back_as_they_were() {
        let value = json!({"x".repeat(3_000): {"y".repeat(200): [1, {"a": 2}]}, "b": 1});
        assert_eq!(read_back(&value), Some(value));
    }

    #[test]
    fn text_that_means_something_else_is_quoted() {
        for text in [
            "",
            " a",
            "a ",
            "y",
            "NO",
            "On",
            "true",
            "Null",
            "~",
            "1",
            "-1",
            "+1",
            "0x1F",
            "0o17",
            "0777",
            "1_000",
            "1:30",
            "1e3",
            ".5",
            ".inf",
            ".NaN",
            "2001-12-14 21:59:43",
            "2001-12-14t21:59:43.10-05:00",
            "a: b",
            "a #b",
            "a:",
            "#",
            "- a",
            "-",
            "? a",
            "{a",
            "[a",
            "*a",
            "&a",
            "!a",
            "|",
            ">",
            "%a",
            "@a",
            "`a",
            "\"a",
            "'a",
            "<<",
            "=",
            "---",
            "...",
            "a\u{85}b",
            "a\u{feff}",
            "\u{1b}[2J",
            "10.0.0.1",
            ",",
        ] {
            assert!(scalar(text).starts_with('"'), "{text:?}");
        }
        for text in [
            "a",
            "4Gi",
            "60s",
            "2048m",
            "s3://bucket/state",
            "flink:2.0",
            "größe",
            "$(POD_IP)",
            "/flink/state",
            "a b",
            "v1_20",
            "100m",
            "truely",
        ] {
            assert_eq!(scalar(text), text);
        }
    }
}
