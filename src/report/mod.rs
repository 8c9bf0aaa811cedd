//! What was found, in the words of whoever reads it: one file an output format, over one
//! [`Report`].
//!
//! Nothing here judges. A [`Diagnostic`] is a finding with the place in the file that it points at;
//! the formats differ only in how they write it down. Exit statuses are the command line's affair.

pub mod fingerprint;
pub mod github;
pub mod gitlab;
pub mod json;
pub mod junit;
#[cfg(test)]
mod sample;
pub mod sarif;
pub mod size;
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

/// Which object: as much as a reader needs to find it.
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
        Self {
            api_version: resource.kind.api_version(),
            kind: resource.kind.kind.clone(),
            namespace: resource.namespace.clone(),
            name: resource.display_name(),
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

/// One thing to say about one place of one file.
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
    /// Where in the file.
    pub span: Span,
    /// JSON Pointer into the object.
    pub pointer: String,
    /// The object; `None` where the document as a whole is meant.
    pub object: Option<ObjectRef>,
    /// The tenant that the object belongs to.
    pub tenant: Option<String>,
    /// The finding for machines.
    pub facts: Facts,
}

/// A file, or a document of one, that could not be judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// The file, as the user named it.
    pub file: Arc<str>,
    /// Where in the file; `None` where the file itself could not be read.
    pub span: Option<Span>,
    /// What failed and what to do.
    pub message: String,
}

/// An object that was judged, whether or not anything was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judged {
    /// The file it stands in.
    pub file: Arc<str>,
    /// Which object.
    pub object: ObjectRef,
}

/// What one run has to say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// How many files were read.
    pub files: usize,
    /// The objects that were judged.
    pub objects: Vec<Judged>,
    /// What was found, by file, line, column and rule.
    pub diagnostics: Vec<Diagnostic>,
    /// What could not be judged, by file and line.
    pub unreadable: Vec<Unreadable>,
}

impl Report {
    /// A report with everything in the order in which it will be written.
    pub fn new(
        files: usize,
        objects: Vec<Judged>,
        mut diagnostics: Vec<Diagnostic>,
        mut unreadable: Vec<Unreadable>,
    ) -> Self {
        diagnostics.sort_by(|a, b| {
            (&a.file, a.span, &a.rule, &a.pointer, &a.message)
                .cmp(&(&b.file, b.span, &b.rule, &b.pointer, &b.message))
        });
        unreadable.sort_by(|a, b| (&a.file, a.span).cmp(&(&b.file, b.span)));
        Self { files, objects, diagnostics, unreadable }
    }

    /// How many diagnostics have this level.
    pub fn count(&self, level: Level) -> usize {
        self.diagnostics.iter().filter(|diagnostic| diagnostic.level == level).count()
    }
}

/// A rule's documentation, for formats that carry it along.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleInfo {
    /// Rule id, `<family>/<name>`.
    pub id: String,
    /// One line.
    pub title: String,
    /// What it demands and why, in Markdown.
    pub description: String,
    /// What to write instead, in Markdown; may be empty.
    pub help: String,
    /// Level before a tenant's overrides.
    pub level: Level,
}

/// Why a report could not be written down.
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
    fn diagnostics_stand_in_the_order_of_the_files_they_are_about() {
        let report = sample::report();
        let places: Vec<_> =
            report.diagnostics.iter().map(|d| (&*d.file, d.span.line, d.span.column)).collect();
        let mut sorted = places.clone();
        sorted.sort();
        assert_eq!(places, sorted);
    }
}
