//! What would correct a finding, as edits of its file, and unified diffs.

use crate::resource::yaml::edit::{Operation, TextEdit};
use serde::Serialize;
use similar::TextDiff;

/// The edits of a file that correct a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProposedFix {
    /// Whether the author cannot have meant anything else.
    pub safe: bool,
    /// The same as operations on the document.
    pub operations: Vec<Operation>,
    /// The edits, in their order in the text.
    pub edits: Vec<TextEdit>,
}

/// A fix as JSON has it. Lines and columns count from 1, columns in characters; the end is exclusive.
#[derive(Serialize)]
pub(super) struct JsonFix<'a> {
    safe: bool,
    edits: Vec<JsonEdit<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct JsonEdit<'a> {
    line: usize,
    column: usize,
    end_line: usize,
    end_column: usize,
    text: &'a str,
}

impl<'a> From<&'a ProposedFix> for JsonFix<'a> {
    fn from(fix: &'a ProposedFix) -> Self {
        let edit = |edit: &'a TextEdit| JsonEdit {
            line: edit.span.line,
            column: edit.span.column,
            end_line: edit.span.end_line,
            end_column: edit.span.end_column,
            text: &edit.text,
        };
        Self { safe: fix.safe, edits: fix.edits.iter().map(edit).collect() }
    }
}

/// A changed file as a unified diff, which `patch -p0` applies.
pub fn unified_diff(file: &str, before: &str, after: &str) -> String {
    let name = file.replace(char::is_control, "\u{fffd}");
    TextDiff::from_lines(before, after).unified_diff().header(&name, &name).to_string()
}
