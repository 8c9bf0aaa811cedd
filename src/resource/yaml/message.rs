//! From a parser's error to what is wrong with the text and what to do about it.

use super::source::{Bytes, Fault};
use super::tree::MAX_DEPTH;
use granit_parser::{ErrorKind, ScanError};

/// Said of a tab in indentation.
pub(super) const TAB: &str = "a tab stands where YAML allows only spaces: replace it with spaces";

/// The fault for a syntax error in `text`, which begins at byte `base` of the file; `previous` is
/// where the last thing that could be read ended.
pub(super) fn syntax(text: &str, base: usize, previous: usize, error: &ScanError) -> Fault {
    let marker = error.marker().byte_offset().unwrap_or(previous).min(text.len());
    let (at, message) =
        match error.kind() {
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
            | ErrorKind::DocumentIndicatorInQuotedScalar => {
                match open_quote(text, previous, marker) {
                Some(quote) => (
                    quote,
                    "the quote that opens here is not closed where it should be: close it, or indent the lines it goes on over".to_owned(),
                ),
                None => (marker, "a quote opened above is not closed: close it".to_owned()),
            }
            }
            kind => (marker, advice(kind)),
        };
    let width = text
        .get(at..)
        .and_then(|rest| rest.chars().next())
        .filter(|c| !matches!(c, '\n' | '\r'))
        .map_or(0, char::len_utf8);
    Fault::unusable(Bytes::new(base + at, base + at + width), message)
}

fn advice(kind: &ErrorKind) -> String {
    let text = match kind {
        ErrorKind::MappingValueNotAllowed => {
            "a `:` makes a second key here: put the value in quotes if the colon belongs to it, else line the key up with its neighbours"
        }
        ErrorKind::InvalidTrailingDoubleQuotedScalar
        | ErrorKind::InvalidTrailingSingleQuotedScalar => {
            "text follows a closing quote: put all of the value in quotes, and escape quotes inside it"
        }
        ErrorKind::UnknownAnchor => {
            "this alias repeats an anchor that is not defined above it in this document: define it with `&`, or quote the `*`"
        }
        ErrorKind::RecursionLimitExceeded => return too_deep(),
        ErrorKind::UnexpectedCharacter { character } => {
            return format!(
                "a value cannot begin with `{}`: put it in quotes",
                character.escape_default()
            );
        }
        ErrorKind::UnclosedFlowCollection { open } => {
            return format!("the `{open}` is never closed: add the closing bracket");
        }
        ErrorKind::MismatchedFlowCollectionEnd { open, close } => {
            return format!("`{close}` closes what `{open}` opened: write matching brackets");
        }
        ErrorKind::ExpectedFlowMappingSeparator
        | ErrorKind::ExpectedFlowSequenceSeparator
        | ErrorKind::InvalidColonPlacement => "a `,` or a closing bracket is missing before this",
        ErrorKind::MisplacedFlowCollectionEnd => {
            "this closing bracket closes nothing: remove it or put the text in quotes"
        }
        ErrorKind::ExpectedBlockMappingKey => {
            "a key with `:` was expected here: line it up with the keys above"
        }
        ErrorKind::ExpectedBlockSequenceEntry => {
            "a `-` was expected here: line it up with the list's other elements"
        }
        ErrorKind::BlockSequenceEntryNotAllowed => {
            "a list element cannot begin here: put `-` on a line of its own, lined up with the others"
        }
        ErrorKind::SimpleKeyExpected => {
            "a key without `:` (a colon and a space): add it, or line the text up with what it belongs to"
        }
        ErrorKind::InvalidIndentation | ErrorKind::InvalidBlockScalarIndent => {
            "the indentation fits nothing above: line it up"
        }
        ErrorKind::ExpectedDocumentStart => {
            "text follows the end of the document: begin a new one with `---` on a line of its own, and remove `%` lines"
        }
        ErrorKind::UnknownQuotedScalarEscape => {
            "a backslash in double quotes begins an unknown escape: write `\\\\`, or use single quotes"
        }
        ErrorKind::CommentNotSeparated => {
            "a comment needs a space before its `#`: add it, or put the value in quotes"
        }
        other => return format!("not valid YAML: {other}"),
    };
    text.to_owned()
}

fn too_deep() -> String {
    format!(
        "mappings and lists are nested more than {MAX_DEPTH} deep here: no Kubernetes object needs that"
    )
}

/// The last tab on the marker's line at or before the marker, else the first one after it; the
/// marker itself if there is none.
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

/// The first quote after `previous` that stands where a value may begin.
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
