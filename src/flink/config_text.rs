//! Adds options to the text of a configuration file, and leaves the rest of the text as it is: its
//! order, its comments and its line ends.
//!
//! An option becomes a line of its own, in the form of the file. Flink flattens nested keys, so a
//! line with the whole key also fits a nested `config.yaml`. The new text is read again: if it
//! does not have the same options and the new ones, nothing is added.

use super::config::FlinkConfig;
use super::config_file::{self, CONFIG};
use super::text_form;
use crate::resource::yaml;
use std::borrow::Cow;
use std::fmt::Write;

/// The text with these options, at its end if possible; `None` if the file cannot have them on
/// lines, as in a mapping in braces. The text must lack the options.
pub fn add(file: &'static str, text: &str, options: &[(String, String)]) -> Option<String> {
    let before = config_file::parse(file, text, None).ok()?;
    let line_end = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let indent = if file == CONFIG { indentation(text) } else { "" };
    let mut lines = String::new();
    for (key, value) in options {
        let line = match file {
            CONFIG => (scalar(key), scalar(value)),
            _ => (key.into(), value.into()),
        };
        write!(lines, "{indent}{}: {}{line_end}", line.0, line.1).ok()?;
    }
    let with_lines_at = |place: usize| {
        let (head, tail) = text.split_at_checked(place)?;
        let gap = if head.is_empty() || head.ends_with('\n') { "" } else { line_end };
        let new = format!("{head}{gap}{lines}{tail}");
        let is_broken = || file == CONFIG && problems(&new) != problems(text);
        (has_all(file, &new, &before, options) && !is_broken()).then_some(new)
    };
    if file != CONFIG {
        return with_lines_at(text.len());
    }
    // A text of several lines at the end of the file would get one more line end.
    with_lines_at(end(text)).or_else(|| with_lines_at(first_key(text)))
}

/// What is wrong with a text that can be read, and Flink refuses: keys that are there twice, and
/// further documents.
fn problems(text: &str) -> (usize, usize) {
    let documents = yaml::parse_for_flink(text);
    let repeated = documents.iter().map(|document| document.problems.len()).sum();
    (repeated, documents.len().saturating_sub(1))
}

/// Whether Flink can read an option from a file: lines hold no value with a line break, and no
/// empty one.
pub fn can_hold(file: &'static str, key: &str, value: &str) -> bool {
    file == CONFIG || text_form::option(&format!("{key}: {value}")) == Some((key, value))
}

/// Whether a text has the options from before, the new ones, and nothing else.
fn has_all(
    file: &'static str,
    text: &str,
    before: &FlinkConfig,
    options: &[(String, String)],
) -> bool {
    let Ok(after) = config_file::parse(file, text, None) else { return false };
    let value = |key: &str| after.exact(key).map(|entry| entry.value.as_str());
    after.excess().is_none()
        && after.iter().count() == before.iter().count().saturating_add(options.len())
        && after.overwritten().count() == before.overwritten().count()
        && after.duplicates().len() == before.duplicates().len()
        && before.iter().all(|(key, entry)| value(key) == Some(entry.value.as_str()))
        && options.iter().all(|(key, own)| value(key) == Some(own.as_str()))
}

/// The end of a document, before its marker.
fn end(text: &str) -> usize {
    let content = text.trim_end();
    let start = content.rfind('\n').map_or(0, |end| end.saturating_add(1));
    let last = content.get(start..).unwrap_or_default();
    if is_marker(last, "...") { start } else { text.len() }
}

/// The place of the line with the first key of a mapping.
fn first_key(text: &str) -> usize {
    let mut place: usize = 0;
    for line in text.split_inclusive('\n') {
        let content = line.trim();
        if !content.is_empty() && !content.starts_with(['#', '%']) && !is_marker(content, "---") {
            return place;
        }
        place = place.saturating_add(line.len());
    }
    text.len()
}

/// Whether a line is the marker of a document, perhaps with a comment.
fn is_marker(line: &str, marker: &str) -> bool {
    let rest = line.strip_prefix(marker);
    rest.is_some_and(|rest| {
        rest.is_empty() || rest.trim_start_matches([' ', '\t']).starts_with('#')
    })
}

/// The blanks before that key.
fn indentation(text: &str) -> &str {
    let line = text.get(first_key(text)..).unwrap_or_default();
    let blanks = line.len().saturating_sub(line.trim_start_matches(' ').len());
    line.get(..blanks).unwrap_or_default()
}

/// A text as a YAML scalar that every reader takes for this text, or for a number or truth value
/// that is written in the same way.
fn scalar(text: &str) -> Cow<'_, str> {
    let is_name = |text: &str| {
        text.starts_with(|first: char| first.is_ascii_alphabetic())
            && text.bytes().all(|byte| {
                byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'/' | b'$')
            })
    };
    let is_number = || {
        let digits = text.strip_prefix('-').unwrap_or(text);
        digits.parse::<i32>().is_ok_and(|number| number.to_string() == digits)
    };
    if ["true", "false"].contains(&text) || is_number() || is_name(text) && !is_word(text) {
        text.into()
    } else if text.chars().any(char::is_control) {
        // JSON is YAML.
        serde_json::Value::from(text).to_string().into()
    } else {
        format!("'{}'", text.replace('\'', "''")).into()
    }
}

/// Whether a YAML reader takes the word for something else than a text.
fn is_word(text: &str) -> bool {
    const WORDS: [&str; 9] = ["null", "true", "false", "yes", "no", "on", "off", "y", "n"];
    WORDS.iter().any(|word| text.eq_ignore_ascii_case(word))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::super::config_file::FLINK_CONF;
    use super::*;

    fn added(file: &'static str, text: &str, options: &[(&str, &str)]) -> Option<String> {
        let owned: Vec<_> =
            options.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect();
        add(file, text, &owned)
    }

    #[test]
    fn an_option_is_a_line_in_the_form_of_its_file() {
        let option = [("web.submit.enable", "false")];
        for (file, text, expected) in [
            (FLINK_CONF, "# a\nx.y: z # b\n", "# a\nx.y: z # b\nweb.submit.enable: false\n"),
            (FLINK_CONF, "", "web.submit.enable: false\n"),
            (FLINK_CONF, "a: b", "a: b\nweb.submit.enable: false\n"),
            (FLINK_CONF, "a: b\r\n", "a: b\r\nweb.submit.enable: false\r\n"),
            (
                CONFIG,
                "# a\nweb:\n  port: 1 # b\n",
                "# a\nweb:\n  port: 1 # b\nweb.submit.enable: false\n",
            ),
            (CONFIG, "---\n", "---\nweb.submit.enable: false\n"),
            (CONFIG, "# none\n", "# none\nweb.submit.enable: false\n"),
            (CONFIG, "---\na: b\n...\n", "---\na: b\nweb.submit.enable: false\n...\n"),
            (
                CONFIG,
                "--- # a\na: b\n... # end\n",
                "--- # a\na: b\nweb.submit.enable: false\n... # end\n",
            ),
            (
                CONFIG,
                "--- # a\na: |\n  no end of line",
                "--- # a\nweb.submit.enable: false\na: |\n  no end of line",
            ),
            (
                CONFIG,
                "  a: b\n  c:\n    d: e",
                "  a: b\n  c:\n    d: e\n  web.submit.enable: false\n",
            ),
            (CONFIG, "a: |\n  text\n  more\n", "a: |\n  text\n  more\nweb.submit.enable: false\n"),
            (
                CONFIG,
                "# a\na: |\n  no end of line",
                "# a\nweb.submit.enable: false\na: |\n  no end of line",
            ),
            (CONFIG, "l:\n- a\n- b\n", "l:\n- a\n- b\nweb.submit.enable: false\n"),
        ] {
            assert_eq!(added(file, text, &option).as_deref(), Some(expected), "{file} {text:?}");
        }
    }

    #[test]
    fn a_text_that_would_change_its_meaning_stays() {
        let option = [("web.submit.enable", "false")];
        for text in ["{a: b}", "a: \"open", "- a\n", "web.submit.enable: []\n", "a: [\n"] {
            assert_eq!(added(CONFIG, text, &option), None, "{text:?}");
        }
        assert_eq!(added(FLINK_CONF, "a: b\n", &[("c", "d # e")]), None);
        assert!(!can_hold(FLINK_CONF, "c", "") && can_hold(CONFIG, "c", ""));
    }

    #[test]
    fn every_value_is_read_as_it_is_written() {
        for value in [
            "",
            " ",
            "a b",
            "'",
            "\"",
            "no",
            "~",
            "0x10",
            "007",
            "1e3",
            "-1",
            "2147483648",
            "1.50",
            "a: b",
            "a # b",
            "[a, b]",
            "{a: b}",
            "*a",
            "&a",
            "!a",
            "|",
            "%",
            "@",
            "`",
            "a\nb",
            "\t",
            "ü",
            "60s",
            "s3://b/c",
            "-Dx=y -Dz",
            "null",
            "12:30",
            "2026-01-01",
        ] {
            let text = added(CONFIG, "a: b\n", &[("c.d", value)]).unwrap();
            let config = config_file::parse(CONFIG, &text, None).unwrap();
            assert_eq!(config.exact("c.d").unwrap().value, value, "{text}");
        }
    }
}
