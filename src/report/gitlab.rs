//! `--format gitlab`: the Code Quality report that GitLab shows in merge requests.

use super::fingerprint::{fingerprint_of, fingerprints};
use super::{RenderError, Report, Unreadable};
use crate::rules::Level;
use serde::Serialize;

#[derive(Serialize)]
struct Issue<'a> {
    description: String,
    check_name: &'a str,
    fingerprint: String,
    severity: &'static str,
    location: Location<'a>,
}

/// What GitLab shows as the check of what could not be read.
const UNREADABLE: &str = "unreadable";

#[derive(Serialize)]
struct Location<'a> {
    path: &'a str,
    lines: Lines,
}

#[derive(Serialize)]
struct Lines {
    begin: usize,
    end: usize,
}

fn severity(level: Level) -> &'static str {
    match level {
        Level::Error => "major",
        Level::Warning => "minor",
        Level::Info => "info",
    }
}

/// The findings, and what could not be read, as GitLab's JSON list.
///
/// # Errors
/// When serialisation fails, which none of these types does.
pub fn render(report: &Report) -> Result<String, RenderError> {
    let issues: Vec<_> = report
        .diagnostics
        .iter()
        .zip(fingerprints(&report.diagnostics))
        .map(|(diagnostic, fingerprint)| Issue {
            description: match &diagnostic.help {
                Some(help) => format!("{} ({help})", diagnostic.message),
                None => diagnostic.message.clone(),
            },
            check_name: &diagnostic.rule,
            fingerprint,
            severity: severity(diagnostic.level),
            location: Location {
                path: &diagnostic.file,
                lines: Lines {
                    begin: diagnostic.span.line.max(1),
                    end: diagnostic.span.end_line.max(1),
                },
            },
        })
        .chain(report.unreadable.iter().map(unreadable))
        .collect();
    Ok(serde_json::to_string_pretty(&issues)? + "\n")
}

fn unreadable(unreadable: &Unreadable) -> Issue<'_> {
    let line = unreadable.span.map_or(1, |span| span.line.max(1));
    Issue {
        description: unreadable.message.clone(),
        check_name: UNREADABLE,
        fingerprint: fingerprint_of(&[UNREADABLE, &unreadable.file, &unreadable.message]),
        severity: "blocker",
        location: Location { path: &unreadable.file, lines: Lines { begin: line, end: line } },
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::super::sample;

    #[test]
    fn gitlab_gets_one_issue_a_finding() {
        insta::assert_snapshot!(super::render(&sample::report()).unwrap());
    }
}
