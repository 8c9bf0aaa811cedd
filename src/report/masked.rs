//! Source lines without secrets. Masks have the length of what they cover, so that carets stay where
//! they are.

use super::Sources;
use crate::flink::redaction::{is_sensitive, secret_in_uri};
use crate::resource::yaml::Span;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

/// The character over a secret.
const MASK: char = '*';

/// Fields of Kubernetes objects with names of Secrets, or switches.
const PUBLIC_FIELDS: [&str; 9] = [
    "secret",
    "secrets",
    "secretName",
    "secretRef",
    "secretKeyRef",
    "imagePullSecrets",
    "nodePublishSecretRef",
    "automountServiceAccountToken",
    "serviceAccountToken",
];

/// The places of secrets by file.
pub type HiddenSpans = BTreeMap<Arc<str>, Vec<Span>>;

/// Masks the places of secrets in sources.
pub fn mask(sources: &mut Sources, hidden: &HiddenSpans) {
    for (file, spans) in hidden {
        if let Some(source) = sources.get_mut(file) {
            // Aliases of one text have one place.
            let mut spans = spans.clone();
            spans.sort();
            spans.dedup();
            *source = masked_source(source, &spans).into();
        }
    }
}

fn masked_source(source: &str, spans: &[Span]) -> String {
    let lines: Vec<&str> = source.split_inclusive('\n').collect();
    // One pass over each line, however many secrets it has.
    let mut hidden: BTreeMap<usize, Vec<Range<usize>>> = BTreeMap::new();
    for span in spans {
        let last = span.end_line.max(span.line).min(lines.len());
        for number in span.line..=last {
            let start = if number == span.line { span.column.saturating_sub(1) } else { 0 };
            let end = if number == span.end_line && span.end_line > 0 {
                span.end_column.saturating_sub(1)
            } else {
                usize::MAX
            };
            hidden.entry(number).or_default().push(start..end);
        }
    }
    let masked = lines.into_iter().zip(1..).map(|(line, number)| match hidden.remove(&number) {
        Some(ranges) => Cow::Owned(cover(line.chars().enumerate(), ranges)),
        None => Cow::Borrowed(line),
    });
    masked.collect()
}

/// The characters with a mask over those whose number is in a range.
fn cover(characters: impl Iterator<Item = (usize, char)>, mut ranges: Vec<Range<usize>>) -> String {
    ranges.sort_unstable_by_key(|range| range.start);
    let (mut ranges, mut end) = (ranges.into_iter().peekable(), 0);
    characters
        .map(|(at, character)| {
            while let Some(range) = ranges.next_if(|range| range.start <= at) {
                end = end.max(range.end);
            }
            if at < end && !character.is_whitespace() { MASK } else { character }
        })
        .collect()
}

/// A line for people: without values of options that are secrets, without passwords and query strings
/// of URIs, and without comments, which may have either. `is_unread`: the document could not be read,
/// so that variables are not known either.
pub fn line(line: &str, is_unread: bool) -> Cow<'_, str> {
    let mut hidden = Vec::new();
    hidden.extend(comment(line));
    for (at, separator) in line.match_indices([':', '=']) {
        let key = key_before(line.get(..at).unwrap_or_default());
        let is_option = !PUBLIC_FIELDS.contains(&key) && is_sensitive(key);
        if is_option || (is_unread && key == "value") {
            hidden.push(value_after(line, at.saturating_add(1), separator == "="));
        }
    }
    for word in words(line) {
        let text = line.get(word.clone()).unwrap_or_default();
        hidden.extend(secret_in_uri(text).into_iter().map(|secret| {
            secret.start.saturating_add(word.start)..secret.end.saturating_add(word.start)
        }));
    }
    if hidden.is_empty() {
        return line.into();
    }
    cover(line.char_indices(), hidden).into()
}

/// What follows the `#` of a comment.
fn comment(line: &str) -> Option<Range<usize>> {
    let (mut quote, mut before) = (None, ' ');
    for (at, character) in line.char_indices() {
        match (quote, character) {
            (None, '#') if before.is_whitespace() => {
                return Some(at.saturating_add(1)..line.len());
            }
            (None, '"' | '\'') => quote = Some(character),
            (Some(open), close) if open == close && before != '\\' => quote = None,
            _ => {}
        }
        before = character;
    }
    None
}

/// The key that ends a text, without its quotes.
fn key_before(text: &str) -> &str {
    let text = text.trim_end().trim_end_matches(['"', '\'']);
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    let start = text.rfind(|c| !is_part(c)).map_or(0, |at| {
        at.saturating_add(
            text.get(at..).and_then(|rest| rest.chars().next()).map_or(1, char::len_utf8),
        )
    });
    text.get(start..).unwrap_or_default().trim_start_matches('-')
}

/// The value from a place on: to its closing quote, else to the end of a flow entry.
fn value_after(line: &str, from: usize, is_argument: bool) -> Range<usize> {
    let rest = line.get(from..).unwrap_or_default();
    let start = from.saturating_add(rest.len().saturating_sub(rest.trim_start().len()));
    let value = line.get(start..).unwrap_or_default();
    let mut characters = value.char_indices();
    let end = match characters.next() {
        Some((_, quote @ ('"' | '\''))) => {
            let mut before = quote;
            characters
                .find(|(_, character)| {
                    let closes = *character == quote && before != '\\';
                    before = *character;
                    closes
                })
                .map(|(at, _)| at)
        }
        _ if is_argument => {
            value.find(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | ','))
        }
        _ => value.find(['}', ']']).or_else(|| value.find(", ")),
    };
    start..start.saturating_add(end.unwrap_or(value.len()))
}

/// The words of a line.
fn words(line: &str) -> impl Iterator<Item = Range<usize>> {
    let separates = |c: char| c.is_whitespace() || matches!(c, ',' | '"' | '\'' | '{' | '}');
    let mut at = 0_usize;
    line.split_inclusive(separates).map(move |word| {
        let start = at;
        at = at.saturating_add(word.len());
        start..start.saturating_add(word.trim_end_matches(separates).len())
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;

    #[test]
    fn lines_have_no_secrets() {
        for text in [
            "    s3.secret-key: hunter2",
            "    's3.secret-key' : 'hunter2'",
            r#"  {"s3.secret-key":"hunter2","a":"b"}"#,
            "  flinkConfiguration: {s3.secret-key: hunter2, a: b}",
            "    - -Ds3.secret-key=hunter2",
            "    a: b # hunter2",
            "    state.savepoints.dir: s3://AKIA:hunt/hunter2@bucket/x",
            "    jarURI: https://host/x.jar?sig=hunter2",
            "    jarURI: \"https://user:hunter2@host/x.jar\"",
        ] {
            let shown = line(text, false);
            assert!(!shown.contains("hunter2"), "{shown}");
            assert_eq!(shown.chars().count(), text.chars().count());
        }
        assert!(!line("      value: hunter2", true).contains("hunter2"));
    }

    #[test]
    fn other_lines_stay() {
        for text in [
            "  - secret: {secretName: etl-database}",
            "automountServiceAccountToken: false",
            "    kubernetes.secrets: etl:/etc/x",
            "  image: registry.example.com/flink:1.20@sha256:00",
            "    color: '#fff'",
            "    value: flink",
            "    dir: abfss://own@account.dfs.core.windows.net/x",
        ] {
            assert_eq!(line(text, false), text);
        }
    }

    #[test]
    fn spans_are_masked_over_lines() {
        let span = Span { line: 1, column: 4, end_line: 2, end_column: 4 };
        assert_eq!(masked_source("k: ab c\n  de f\n", &[span]), "k: ** *\n  *e f\n");
    }
}
