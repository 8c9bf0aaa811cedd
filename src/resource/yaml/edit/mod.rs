//! Changes of a YAML or JSON text that leave everything else in it as it is: comments, order,
//! anchors, quotes, indentation and line ends.
//!
//! [`edits`] turns [`Operation`]s on the value of a document into [`TextEdit`]s: `plan` decides which
//! nodes change, [`block`] and [`flow`] write that in the style of their neighbours, and [`inner`] edits
//! options in texts. The edited document is read again, and where it is not the intended value, there
//! is no edit.

mod block;
mod flow;
mod inner;
mod intended;
mod lines;
mod plan;
mod view;

use super::{Dialect, Document, Positions, Span, documents};
use serde_json::Value;
use std::ops::Range;

pub use inner::{place as option_place, rename as rename_option};
pub use intended::intended;

/// A change of a document's value. Pointers are into the document before all changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Sets a value, and makes missing mappings above it. An index after the last element of a list, or
    /// `-`, appends one.
    Set {
        /// JSON Pointer.
        pointer: String,
        /// The value.
        value: Value,
    },
    /// Removes a field or an element.
    Remove {
        /// JSON Pointer.
        pointer: String,
    },
    /// Gives a field another key.
    RenameKey {
        /// JSON Pointer of the field.
        pointer: String,
        /// The new key.
        to: String,
    },
    /// Changes an option in a text that is a configuration file of Flink.
    Within {
        /// JSON Pointer of the text.
        pointer: String,
        /// The whole key of the option.
        option: String,
        /// What becomes of it.
        change: Change,
    },
}

/// What becomes of an option in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// It has this value, and is added if it is missing.
    Set(Value),
    /// It is removed.
    Remove,
    /// It has this whole key.
    Rename(String),
}

impl Operation {
    /// The place that it changes.
    pub fn pointer(&self) -> &str {
        match self {
            Self::Set { pointer, .. }
            | Self::Remove { pointer }
            | Self::RenameKey { pointer, .. }
            | Self::Within { pointer, .. } => pointer,
        }
    }

    /// The same in a document that holds the object at `prefix`.
    #[must_use]
    pub fn below(mut self, prefix: &str) -> Self {
        match &mut self {
            Self::Set { pointer, .. }
            | Self::Remove { pointer }
            | Self::RenameKey { pointer, .. }
            | Self::Within { pointer, .. } => pointer.insert_str(0, prefix),
        }
        self
    }
}

/// A range of a text and what replaces it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextEdit {
    /// The bytes, including a byte order mark.
    pub bytes: Range<usize>,
    /// The same in lines and columns.
    pub span: Span,
    /// The new text.
    pub text: String,
}

/// Why a text cannot be edited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoEdit {
    /// The place, or the one above it, is not in the text.
    #[error("the text has no such place")]
    Missing,
    /// An alias or a merge key repeats the value there.
    #[error("an alias or a merge key gives the value, which is written at its anchor")]
    Shared,
    /// Two operations change the same place.
    #[error("two changes of one place contradict each other")]
    Conflict,
    /// The layout is not one that is edited, such as `? key`.
    #[error("the layout of the text around it is not supported")]
    Layout,
    /// The edited text would not have the intended value, such as that of an anchor with aliases.
    #[error("the edited text would not have the intended value")]
    Other,
}

/// A replacement of bytes of the text without its byte order mark.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Splice {
    bytes: Range<usize>,
    text: String,
}

impl Splice {
    fn insert(at: usize, text: String) -> Self {
        Self { bytes: at..at, text }
    }

    fn remove(bytes: Range<usize>) -> Self {
        Self { bytes, text: String::new() }
    }
}

/// The edits of the text of which `positions` are for operations on that document, in their order in
/// the text. None where the document has the values already.
///
/// # Errors
/// When the text cannot be edited so that its value is the intended one and nothing else changes.
pub fn edits(positions: &Positions, operations: &[Operation]) -> Result<Vec<TextEdit>, NoEdit> {
    let (source, _) = positions.parts().ok_or(NoEdit::Missing)?;
    let splices = splices(positions, operations, Dialect::Kubernetes)?;
    let edit = |splice: Splice| {
        let at = super::source::Bytes::new(splice.bytes.start, splice.bytes.end);
        let mark = source.mark();
        TextEdit {
            bytes: splice.bytes.start + mark..splice.bytes.end + mark,
            span: source.span(at),
            text: splice.text,
        }
    };
    Ok(splices.into_iter().map(edit).collect())
}

/// The text with edits in their order.
pub fn apply(text: &str, edits: &[TextEdit]) -> String {
    let parts = edits.iter().map(|edit| (edit.bytes.clone(), edit.text.as_str()));
    spliced(text, parts)
}

fn spliced<'a>(text: &str, parts: impl Iterator<Item = (Range<usize>, &'a str)>) -> String {
    let (mut out, mut at) = (String::with_capacity(text.len()), 0);
    for (bytes, new) in parts {
        out.push_str(text.get(at..bytes.start).unwrap_or_default());
        out.push_str(new);
        at = bytes.end.max(at);
    }
    out.push_str(text.get(at..).unwrap_or_default());
    out
}

/// The replacements for operations on a document, checked by reading the result.
fn splices(
    positions: &Positions,
    operations: &[Operation],
    dialect: Dialect,
) -> Result<Vec<Splice>, NoEdit> {
    let (source, nodes) = positions.parts().ok_or(NoEdit::Missing)?;
    let root = nodes.get(0).ok_or(NoEdit::Missing)?.span.start;
    let (start, chunk) = source.document_at(root as usize);
    let before = documents::read(chunk, dialect);
    let is_it = |document: &&Document| {
        let own = document.positions.parts().and_then(|(_, nodes)| nodes.get(0));
        own.is_some_and(|own| own.span.start as usize + start == root as usize)
    };
    let number = before.iter().position(|document| is_it(&document)).ok_or(NoEdit::Missing)?;
    let document = before.get(number).ok_or(NoEdit::Missing)?;
    let value = document.value.as_ref().ok_or(NoEdit::Missing)?;
    let view = view::View::new(source.text(), nodes);
    let (splices, wanted) = plan::splices(&view, value, operations)?;
    if splices.is_empty() {
        return Ok(splices);
    }
    let parts = splices.iter().map(|splice| {
        let within = |at: usize| at.saturating_sub(start);
        (within(splice.bytes.start)..within(splice.bytes.end), splice.text.as_str())
    });
    let is_within =
        |splice: &Splice| splice.bytes.start >= start && splice.bytes.end <= start + chunk.len();
    let are_apart = splices.is_sorted_by(|a, b| a.bytes.end <= b.bytes.start);
    if !are_apart || !splices.iter().all(is_within) {
        return Err(NoEdit::Conflict);
    }
    let after = documents::read(&spliced(chunk, parts), dialect);
    let is_intended = before.len() == after.len()
        && before.iter().zip(&after).enumerate().all(|(index, (before, after))| {
            let is_same = match (index == number, &after.value) {
                (true, Some(after)) => inner::are_alike(&wanted, after, operations),
                (_, value) => *value == before.value,
            };
            is_same && after.problems.len() <= before.problems.len()
        });
    if is_intended { Ok(splices) } else { Err(NoEdit::Other) }
}

/// Reads a text that is one document.
fn only(text: &str, dialect: Dialect) -> Option<Document> {
    let mut documents = documents::read(text, dialect);
    if documents.len() > 1 { None } else { documents.pop() }
}
