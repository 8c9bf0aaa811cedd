//! `--format json`: Flinkgate's own contract, versioned; fields are added, never renamed or
//! removed.

use super::fixes::JsonFix;
use super::{Diagnostic, ObjectRef, RenderError, Report, Suppressed, Suppressor, Unreadable};
use serde::Serialize;

/// The version that every document names.
pub const VERSION: u32 = 1;

#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    files: usize,
    objects: usize,
    findings: Vec<Finding<'a>>,
    errors: Vec<Error<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    suppressed: Vec<SuppressedFinding<'a>>,
}

/// A finding that does not count.
#[derive(Serialize)]
struct SuppressedFinding<'a> {
    #[serde(flatten)]
    finding: Finding<'a>,
    /// `file` or `baseline`.
    by: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
}

impl<'a> From<&'a Suppressed> for SuppressedFinding<'a> {
    fn from(suppressed: &'a Suppressed) -> Self {
        let (by, reason) = match &suppressed.by {
            Suppressor::InSource { reason } => ("file", Some(reason.as_str())),
            Suppressor::Baseline => ("baseline", None),
        };
        Self { finding: (&suppressed.diagnostic).into(), by, reason }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Finding<'a> {
    rule: &'a str,
    level: &'a str,
    message: &'a str,
    file: &'a str,
    line: usize,
    column: usize,
    end_line: usize,
    end_column: usize,
    pointer: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    object: Option<&'a ObjectRef>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tenant: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fix: Option<JsonFix<'a>>,
}

#[derive(Serialize)]
struct Error<'a> {
    file: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<usize>,
    message: &'a str,
}

impl<'a> From<&'a Diagnostic> for Finding<'a> {
    fn from(diagnostic: &'a Diagnostic) -> Self {
        Self {
            rule: &diagnostic.rule,
            level: diagnostic.level.as_str(),
            message: &diagnostic.message,
            file: &diagnostic.file,
            line: diagnostic.span.line,
            column: diagnostic.span.column,
            end_line: diagnostic.span.end_line,
            end_column: diagnostic.span.end_column,
            pointer: &diagnostic.pointer,
            object: diagnostic.object.as_ref(),
            tenant: diagnostic.tenant.as_deref(),
            help: diagnostic.help.as_deref(),
            fix: diagnostic.fix.as_deref().map(JsonFix::from),
        }
    }
}

impl<'a> From<&'a Unreadable> for Error<'a> {
    fn from(unreadable: &'a Unreadable) -> Self {
        Self {
            file: &unreadable.file,
            line: unreadable.span.map(|span| span.line),
            column: unreadable.span.map(|span| span.column),
            message: &unreadable.message,
        }
    }
}

/// The report as one JSON document with a line break at its end.
///
/// # Errors
/// When serialisation fails, which none of these types does.
pub fn render(report: &Report) -> Result<String, RenderError> {
    let document = Document {
        version: VERSION,
        files: report.files,
        objects: report.objects.len(),
        findings: report.diagnostics.iter().map(Finding::from).collect(),
        errors: report.unreadable.iter().map(Error::from).collect(),
        suppressed: report.suppressed.iter().map(SuppressedFinding::from).collect(),
    };
    Ok(serde_json::to_string_pretty(&document)? + "\n")
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::super::sample;

    #[test]
    fn json_shows_every_finding_and_every_error() {
        insta::assert_snapshot!(super::render(&sample::report()).unwrap());
    }

    #[test]
    fn a_report_without_findings_keeps_its_shape() {
        let json: serde_json::Value =
            serde_json::from_str(&super::render(&Default::default()).unwrap()).unwrap();
        assert_eq!(
            json,
            serde_json::json!({"version": 1, "files": 0, "objects": 0, "findings": [], "errors": []})
        );
    }
}
