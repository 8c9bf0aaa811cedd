//! Recognises sources of Helm templates, which are not YAML until Helm renders them.

use super::Document;
use super::documents::unreadable;
use super::source::{Bytes, Source};
use std::ops::Range;
use std::sync::Arc;

const ADVICE: &str =
    "this is a Helm template, not YAML: lint the output of `helm template` instead";

/// The range of the first `{{ … }}` in an unreadable text, if it is the cause. Within quotes it is
/// ordinary text, unless it is on the broken line.
pub(super) fn first_action(text: &str, broken_line: &str) -> Option<Range<usize>> {
    let outside = text.split_inclusive('\n').scan(0, |at, line| {
        let start = *at;
        *at += line.len();
        Some((start, line))
    });
    let mut first = None;
    let mut found = broken_line.contains("{{");
    for (start, line) in outside {
        let Some(within) = line.find("{{") else { continue };
        first =
            first.or_else(|| Some(start + within..start + within + action_length(line, within)));
        found = found || stands_outside_quotes(line);
    }
    first.filter(|_| found)
}

/// The one document that represents a template.
pub(super) fn document(source: &Arc<Source>, at: Bytes) -> Document {
    unreadable(source, at, ADVICE)
}

fn action_length(line: &str, start: usize) -> usize {
    let rest = line.get(start..).unwrap_or_default();
    rest.find("}}").map_or_else(|| rest.trim_end().len(), |end| end + 2)
}

/// Whether a line contains `{{` outside quotes and comments. A quote counts only where a YAML token
/// may start, so an apostrophe within a word does not.
fn stands_outside_quotes(line: &str) -> bool {
    let mut quote = None;
    let mut previous = ' ';
    let mut characters = line.chars().peekable();
    while let Some(character) = characters.next() {
        match quote {
            Some('"') if character == '\\' => {
                characters.next();
            }
            Some(open) if character == open => quote = None,
            Some(_) => {}
            None if character == '{' && characters.peek() == Some(&'{') => return true,
            None if character == '#' && previous.is_whitespace() => return false,
            None if matches!(character, '"' | '\'')
                && (previous.is_whitespace() || "[{,".contains(previous)) =>
            {
                quote = Some(character)
            }
            None => {}
        }
        previous = character;
    }
    false
}
