//! Turns a parser's error into a message that names the mistake and its fix.

use super::source::{Bytes, Fault};
use super::tree::MAX_DEPTH;
use granit_parser::{ErrorKind, ScanError};

/// The message for a tab in indentation.
pub(super) const TAB: &str = "YAML does not allow a tab here: use spaces";

/// The fault for a syntax error in `text`, which starts at byte `base` of the file. `previous` is
/// the end of the last readable part.
pub(super) fn syntax(text: &str, base: usize, previous: usize, error: &ScanError) -> Fault {
    let is_limit = matches!(error.kind(), ErrorKind::RecursionLimitExceeded);
    let marker = error.marker().byte_offset().unwrap_or(previous).min(text.len());
    let (at, message) = match error.kind() {
        ErrorKind::TabInBlockIndentation
        | ErrorKind::TabInIndentation
        | ErrorKind::TabNotAllowed
        | ErrorKind::TabInPlainScalar => (find_tab(text, marker), TAB.to_owned()),
        ErrorKind::TabAtBlockScalarStart => (
            find_tab(text, marker),
            "this text block is indented with a tab: indent it with spaces".to_owned(),
        ),
        ErrorKind::UnclosedQuotedScalar
        | ErrorKind::InvalidQuotedScalarIndent
        | ErrorKind::DocumentIndicatorInQuotedScalar => match open_quote(text, previous, marker) {
            Some(quote) => (
                quote,
                "this quote is not closed: add the closing quote, or indent the lines that follow"
                    .to_owned(),
            ),
            None => (marker, "a quote above is not closed: add the closing quote".to_owned()),
        },
        kind => (marker, advice(kind)),
    };
    let width = text
        .get(at..)
        .and_then(|rest| rest.chars().next())
        .filter(|c| !matches!(c, '\n' | '\r'))
        .map_or(0, char::len_utf8);
    let place = Bytes::new(base + at, base + at + width);
    if is_limit { Fault::limit(place, message) } else { Fault::unusable(place, message) }
}

fn advice(kind: &ErrorKind) -> String {
    let text = match kind {
        ErrorKind::MappingValueNotAllowed => {
            "this `:` starts a second key: quote the value, or fix the indentation"
        }
        ErrorKind::InvalidTrailingDoubleQuotedScalar
        | ErrorKind::InvalidTrailingSingleQuotedScalar => {
            "text after the closing quote: quote the whole value, and escape quotes inside it"
        }
        ErrorKind::UnknownAnchor => {
            "this alias names no anchor above: define it with `&`, or quote the value"
        }
        ErrorKind::RecursionLimitExceeded => return too_deep(),
        ErrorKind::UnexpectedCharacter { character } => {
            return format!(
                "a value cannot begin with `{}`: put it in quotes",
                character.escape_default()
            );
        }
        ErrorKind::UnclosedFlowCollection { open } => {
            return format!("this `{open}` is not closed: add the closing bracket");
        }
        ErrorKind::MismatchedFlowCollectionEnd { open, close } => {
            return format!("`{close}` does not match `{open}`: write matching brackets");
        }
        ErrorKind::ExpectedFlowMappingSeparator
        | ErrorKind::ExpectedFlowSequenceSeparator
        | ErrorKind::InvalidColonPlacement => "a `,` or a closing bracket is missing before this",
        ErrorKind::MisplacedFlowCollectionEnd => {
            "this closing bracket has no opening bracket: remove it, or quote the text"
        }
        ErrorKind::ExpectedBlockMappingKey => {
            "expected a key with `:` here: indent it like the keys above"
        }
        ErrorKind::ExpectedBlockSequenceEntry => {
            "expected `-` here: indent it like the other list elements"
        }
        ErrorKind::BlockSequenceEntryNotAllowed => {
            "a list element cannot begin here: put it on its own line, indented like the others"
        }
        ErrorKind::SimpleKeyExpected => {
            "a key without `:` and a space: add them, or fix the indentation"
        }
        ErrorKind::InvalidIndentation | ErrorKind::InvalidBlockScalarIndent => {
            "this indentation matches no line above: fix it"
        }
        ErrorKind::ExpectedDocumentStart => {
            "text after the end of the document: write `---` before it, and remove `%` lines"
        }
        ErrorKind::UnknownQuotedScalarEscape => {
            "unknown backslash escape in double quotes: write `\\\\`, or use single quotes"
        }
        ErrorKind::CommentNotSeparated => {
            "a comment needs a space before its `#`: add it, or quote the value"
        }
        other => return format!("not valid YAML: {other}"),
    };
    text.to_owned()
}

fn too_deep() -> String {
    format!("mappings and lists are nested more than {MAX_DEPTH} levels deep: reduce the nesting")
}

/// The last tab on the marker's line at or before the marker, or else the first one after it; the
/// marker if there is none.
fn find_tab(text: &str, marker: usize) -> usize {
    let end = text
        .get(marker..)
        .and_then(|rest| rest.chars().next())
        .map_or(marker, |c| marker + c.len_utf8());
    let before = text.get(..end).unwrap_or_default();
    let line_start = before.trim_end_matches('\n').rfind('\n').map_or(0, |at| at + 1);
    let after = || text.get(marker..).and_then(|rest| rest.find('\t')).map(|tab| marker + tab);
    before.rfind('\t').filter(|tab| *tab >= line_start).or_else(after).unwrap_or(marker)
}

/// The first quote after `previous` at a place where a value may start.
fn open_quote(text: &str, previous: usize, marker: usize) -> Option<usize> {
    let gap = text.get(previous..marker)?;
    let mut before = text.get(..previous).and_then(|head| head.chars().next_back()).unwrap_or(' ');
    for (at, character) in gap.char_indices() {
        if matches!(character, '"' | '\'') && (before.is_whitespace() || "[{,:".contains(before)) {
            return Some(previous + at);
        }
        before = character;
    }
    None
}
