//! Output formats: one file a format, each of which writes a [`Report`].
//!
//! A [`Diagnostic`] is a finding with its place in a file. This module decides nothing: rules find,
//! and the command line sets the exit status.

pub mod fingerprint;
pub mod fixes;
pub mod github;
pub mod gitlab;
pub mod impact;
pub mod json;
pub mod junit;
pub mod line_hash;
pub mod markdown;
pub mod masked;
pub mod repository;
#[cfg(test)]
mod sample;
pub mod sarif;
pub mod size;
pub mod statistics;
pub mod text;
pub mod yaml;

use crate::resource::Resource;
use crate::resource::yaml::Span;
use crate::rules::{Facts, Level};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// The text of each file that was read, by the name that diagnostics give it.
pub type Sources = BTreeMap<Arc<str>, Arc<str>>;

/// Longest name in a report, in letters.
const LONGEST_NAME: usize = 300;

/// A reference to an object.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ObjectRef {
    /// `group/version`, or `version` alone for the core group.
    pub api_version: String,
    /// Kind, such as `FlinkDeployment`.
    pub kind: String,
    /// Namespace; empty, and left out of JSON, for a cluster-scoped object.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub namespace: String,
    /// Name, or `generateName` with a star.
    pub name: String,
}

impl ObjectRef {
    /// The reference to a resource.
    pub fn of(resource: &Resource) -> Self {
        // A name comes with each finding of its object; Kubernetes allows 253 letters.
        let cut = |mut text: String| {
            if let Some((end, _)) = text.char_indices().nth(LONGEST_NAME) {
                text.truncate(end);
                text.push('…');
            }
            text
        };
        Self {
            api_version: cut(resource.kind.api_version()),
            kind: cut(resource.kind.kind.clone()),
            namespace: cut(resource.namespace.clone()),
            name: cut(resource.display_name()),
        }
    }
}

impl fmt::Display for ObjectRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", self.kind)?;
        if !self.namespace.is_empty() {
            write!(f, "{}/", self.namespace)?;
        }
        f.write_str(&self.name)
    }
}

/// A finding about one place in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Rule id, `<family>/<name>`.
    pub rule: String,
    /// Severity.
    pub level: Level,
    /// What is wrong, in one sentence.
    pub message: String,
    /// What to write instead.
    pub help: Option<String>,
    /// The file, as the user named it.
    pub file: Arc<str>,
    /// Place in the file.
    pub span: Span,
    /// JSON Pointer into the object.
    pub pointer: String,
    /// The same with the names of list elements for their numbers; empty without an object.
    pub place: String,
    /// The object; `None` for a finding about the whole document.
    pub object: Option<ObjectRef>,
    /// The tenant that the object belongs to.
    pub tenant: Option<String>,
    /// The finding for machines.
    pub facts: Facts,
    /// Line and column, from 1, within the text at the pointer.
    pub within: Option<(usize, usize)>,
    /// The edits that correct it, where they were asked for and its file can be edited.
    pub fix: Option<Box<fixes::ProposedFix>>,
}

impl Diagnostic {
    /// `FILE:LINE:COLUMN: LEVEL[RULE]: MESSAGE`, and the help on a line of its own.
    pub fn in_lines(&self) -> String {
        let help = self.help.as_ref().map(|help| format!("\n  help: {help}")).unwrap_or_default();
        format!(
            "{}:{}:{}: {}[{}]: {}{help}",
            self.file,
            self.span.line,
            self.span.column,
            self.level.as_str(),
            self.rule,
            self.message
        )
    }
}

/// The rule that compares the sum of an input with a tenant's quota.
const SUM: &str = "quota/exceeded";

impl Diagnostic {
    /// Whether it is about what all objects of a tenant request together.
    pub fn is_sum(&self) -> bool {
        self.rule == SUM && self.facts.wanted.is_some()
    }

    /// The order of reports.
    fn order(&self, other: &Self) -> std::cmp::Ordering {
        (&self.file, self.span, &self.rule, &self.pointer, &self.message).cmp(&(
            &other.file,
            other.span,
            &other.rule,
            &other.pointer,
            &other.message,
        ))
    }
}

/// A file, or a document in it, that could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// The file, as the user named it.
    pub file: Arc<str>,
    /// Place in the file; `None` if the file itself could not be read.
    pub span: Option<Span>,
    /// What failed and what to do.
    pub message: String,
}

/// An object that was checked, with or without findings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judged {
    /// The file that contains it.
    pub file: Arc<str>,
    /// The object.
    pub object: ObjectRef,
}

/// The result of one run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Number of files that were read.
    pub files: usize,
    /// The objects that were checked.
    pub objects: Vec<Judged>,
    /// Findings, sorted by file, line, column and rule.
    pub diagnostics: Vec<Diagnostic>,
    /// What could not be read, sorted by file and line.
    pub unreadable: Vec<Unreadable>,
    /// Findings that do not count, in the same order.
    pub suppressed: Vec<Suppressed>,
}

/// A finding that does not count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suppressed {
    /// The finding.
    pub diagnostic: Diagnostic,
    /// Why it does not count.
    pub by: Suppressor,
}

/// Why a finding does not count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Suppressor {
    /// The file says so.
    InSource {
        /// The reason that it gives.
        reason: String,
    },
    /// The baseline has it.
    Baseline,
}

impl Report {
    /// Sorts the parts of a report.
    pub fn new(
        files: usize,
        objects: Vec<Judged>,
        mut diagnostics: Vec<Diagnostic>,
        mut unreadable: Vec<Unreadable>,
    ) -> Self {
        diagnostics.sort_by(Diagnostic::order);
        unreadable.sort_by(|a, b| (&a.file, a.span).cmp(&(&b.file, b.span)));
        Self { files, objects, diagnostics, unreadable, suppressed: Vec::new() }
    }

    /// The same report with findings that do not count.
    pub fn with_suppressed(self, mut suppressed: Vec<Suppressed>) -> Self {
        suppressed.sort_by(|a, b| a.diagnostic.order(&b.diagnostic));
        Self { suppressed, ..self }
    }

    /// Number of diagnostics with this level.
    pub fn count(&self, level: Level) -> usize {
        self.diagnostics.iter().filter(|diagnostic| diagnostic.level == level).count()
    }
}

/// A rule's documentation, for formats that include it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleInfo {
    /// Rule id, `<family>/<name>`.
    pub id: String,
    /// One line.
    pub title: String,
    /// What the rule checks and why, in Markdown.
    pub description: String,
    /// What to write instead, in Markdown; may be empty.
    pub help: String,
    /// Level before a tenant's overrides.
    pub level: Level,
    /// Whether it comes with the binary.
    pub is_builtin: bool,
}

/// Why a report could not be written.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// JSON, SARIF or GitLab's format.
    #[error("failed to write the report as JSON")]
    Json(#[from] serde_json::Error),
    /// JUnit's format.
    #[error("failed to write the report as JUnit XML")]
    Junit(#[from] quick_junit::SerializeError),
}

/// `1 error`, `2 errors`.
pub(crate) fn counted(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;

    #[test]
    fn diagnostics_are_sorted_by_file_and_place() {
        let report = sample::report();
        let places: Vec<_> =
            report.diagnostics.iter().map(|d| (&*d.file, d.span.line, d.span.column)).collect();
        let mut sorted = places.clone();
        sorted.sort();
        assert_eq!(places, sorted);
    }
}
