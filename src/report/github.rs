//! `--format github`: workflow commands that GitHub Actions turns into annotations of the changed
//! lines, in a group of the log for each file.
//!
//! GitHub shows ten errors and ten warnings of a step as annotations, the first ones; so the most severe
//! of a file come first. The log has all of them.

use super::{Diagnostic, Report, Unreadable, counted, text};
use crate::rules::Level;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fmt::Write;

/// What belongs to one file.
#[derive(Default)]
struct Group<'r> {
    findings: Vec<&'r Diagnostic>,
    unreadable: Vec<&'r Unreadable>,
}

/// One workflow command a finding, and one an unreadable file; the summary at the end.
pub fn render(report: &Report) -> String {
    let mut groups: BTreeMap<&str, Group<'_>> = BTreeMap::new();
    for diagnostic in &report.diagnostics {
        groups.entry(&diagnostic.file).or_default().findings.push(diagnostic);
    }
    for unreadable in &report.unreadable {
        groups.entry(&unreadable.file).or_default().unreadable.push(unreadable);
    }
    let mut out = String::new();
    for (file, mut group) in groups {
        group.findings.sort_by_key(|finding| Reverse(finding.level));
        let count = group.findings.len() + group.unreadable.len();
        // Writing to a String does not fail.
        let _ =
            writeln!(out, "::group::{}", data(&format!("{file}: {}", counted(count, "finding"))));
        commands(&group, &mut out);
        out.push_str("::endgroup::\n");
    }
    let _ = writeln!(out, "{}", text::summary(report));
    out
}

fn commands(group: &Group<'_>, out: &mut String) {
    for diagnostic in &group.findings {
        let span = diagnostic.span;
        let mut message = diagnostic.message.clone();
        if let Some(help) = &diagnostic.help {
            message.push_str("\nhelp: ");
            message.push_str(help);
        }
        // Writing to a String does not fail.
        let _ = writeln!(
            out,
            "::{} file={},line={},col={},endLine={},endColumn={},title={}::{}",
            command(diagnostic.level),
            property(&diagnostic.file),
            span.line,
            span.column,
            span.end_line,
            span.end_column,
            property(&diagnostic.rule),
            data(&message)
        );
    }
    for unreadable in &group.unreadable {
        let place = unreadable
            .span
            .map(|span| format!(",line={},col={}", span.line, span.column))
            .unwrap_or_default();
        let _ = writeln!(
            out,
            "::error file={}{place},title=unreadable::{}",
            property(&unreadable.file),
            data(&unreadable.message)
        );
    }
}

fn command(level: Level) -> &'static str {
    match level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Info => "notice",
    }
}

/// The message after `::`, in which only what would end the line, and the escape itself, is
/// escaped.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A property's value, which a comma or a colon would end.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn github_gets_one_command_a_finding() {
        insta::assert_snapshot!(render(&sample::report()));
    }

    #[test]
    fn no_text_can_end_a_property_or_start_a_command() {
        assert_eq!(property("a,b:c%d\r\n::error::x"), "a%2Cb%3Ac%25d%0D%0A%3A%3Aerror%3A%3Ax");
        assert_eq!(data("50%\n::set-output::x"), "50%25%0A::set-output::x");
    }
}
