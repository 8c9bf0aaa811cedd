//! YAML and JSON text as Kubernetes reads it, with the position of every field.
//!
//! A linter that reads `no`, `0777` or a second `spec:` differently from the API server judges
//! another object than the one that will run. So this module follows kubectl's reader
//! (apimachinery's document splitter, then go-yaml v2), not the YAML 1.2 specification, and keeps
//! for every field the place in the text that a finding is to point at.
//!
//! The way of a text: [`documents`] splits it, [`events`] (YAML) or [`json`] (JSON) read one
//! document and drive the [`tree`] builder, [`scalar`] says what a plain word means, [`positions`]
//! answers where things stand, [`message`] and [`template`] turn failures into advice.

mod documents;
mod events;
mod json;
mod message;
mod positions;
mod scalar;
mod source;
mod template;
mod tree;

pub use positions::Positions;

use serde_json::Value;

/// A stretch of text; lines and columns count from 1, columns in characters, the end is exclusive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    /// First line.
    pub line: usize,
    /// First column.
    pub column: usize,
    /// Last line.
    pub end_line: usize,
    /// Column after the last character.
    pub end_column: usize,
}

/// What is wrong with a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What and what to do.
    pub message: String,
    /// Where.
    pub span: Span,
    /// Whether the document can be used all the same (a duplicate key: the last one counts).
    pub usable: bool,
}

/// One document of a file.
#[derive(Clone, Debug, Default)]
pub struct Document {
    /// The value; `None` where the document could not be read, which is where a problem is not
    /// `usable`.
    pub value: Option<Value>,
    /// Where its parts stand.
    pub positions: Positions,
    /// What is wrong with it.
    pub problems: Vec<Problem>,
}

/// Reads all documents of a text. Empty documents are left out.
pub fn parse(text: &str) -> Vec<Document> {
    documents::read(text)
}

/// Reads all documents of a text on all cores and hands each on as soon as it is read; what becomes
/// of them comes in the documents' order.
pub fn parse_each<T: Send>(text: &str, take: impl Fn(Document) -> T + Sync) -> Vec<T> {
    documents::read_each(text, take)
}
