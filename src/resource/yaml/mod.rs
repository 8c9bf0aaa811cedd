//! Reads YAML and JSON text as Kubernetes does, with the position of every field.
//!
//! If a linter reads `no`, `0777` or a second `spec:` differently from the API server, it checks a
//! different object. So this module follows kubectl's reader (apimachinery's document splitter,
//! then go-yaml v2), not the YAML 1.2 specification. It does not check the fields.
//!
//! The path of a text: [`documents`] splits it, then [`events`] (YAML) or [`json`] (JSON) read one
//! document and drive the [`tree`] builder. [`line_ends`] ends lines as YAML 1.1 does. [`scalar`] interprets plain scalars, [`positions`]
//! looks up places, [`mod@write`] writes values, [`edit`] changes a text, [`message`] and [`template`] explain failures.

mod comments;
mod documents;
pub mod edit;
mod events;
mod json;
mod keys;
mod line_ends;
mod message;
mod positions;
mod scalar;
mod source;
mod template;
mod tree;
pub(crate) mod write;

pub use comments::{Comment, CommentPlace, Commented, comments};
pub use keys::any_key;
pub use positions::Positions;

use serde_json::Value;

/// A range of text. Lines and columns count from 1, columns in characters; the end is exclusive.
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

/// A problem in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The problem and its fix.
    pub message: String,
    /// Where it is.
    pub span: Span,
    /// Whether the document can still be used (a duplicate key: the last one counts).
    pub usable: bool,
    /// Whether the text is right but more than is read here.
    pub limit: bool,
}

/// One document of a file.
#[derive(Clone, Debug, Default)]
pub struct Document {
    /// The value; `None` if the document could not be read, which is a problem that is not
    /// `usable`.
    pub value: Option<Value>,
    /// The positions of its parts.
    pub positions: Positions,
    /// The problems in it.
    pub problems: Vec<Problem>,
}

/// How a text is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Dialect {
    /// As Kubernetes reads it.
    Kubernetes,
    /// As Flink reads it: YAML 1.2 with its core schema.
    Flink,
}

/// Reads all documents of a text, without empty ones.
pub fn parse(text: &str) -> Vec<Document> {
    documents::read(text, Dialect::Kubernetes)
}

/// Reads all documents of a text that Flink reads. Its reader (SnakeYAML Engine) follows YAML 1.2: it
/// merges no mappings, `no` and `1_0` are texts, `010` is ten, and only CR and LF end a line.
pub fn parse_for_flink(text: &str) -> Vec<Document> {
    documents::read(text, Dialect::Flink)
}

/// Reads all documents of a text on all cores and passes each on at once. `add` gets the results in the
/// order of the documents, before all are read.
pub fn parse_each<T: Send>(text: &str, take: impl Fn(Document) -> T + Sync, add: impl FnMut(T)) {
    documents::read_each(text, take, add);
}
