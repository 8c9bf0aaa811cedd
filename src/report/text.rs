//! `--format text`: for people, in the manner of rustc: message, place, the source line, help.

use super::{Diagnostic, Report, Sources, Suppressor, Unreadable, counted, masked};
use crate::printable::{escape, escape_line};
use crate::resource::yaml::Span;
use crate::rules::Level;
use annotate_snippets::{
    AnnotationKind, Element, Group, Level as Shown, Origin, Renderer, Snippet,
};
use std::collections::BTreeMap;
use std::fmt::Write;

/// A longer line (a minified JSON file) is not shown, or each finding would cost the whole file.
const LONGEST_LINE: usize = 500;

/// What is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// Terminal colours.
    pub colour: bool,
    /// The source line of each finding; otherwise a finding is one line, and one for its help.
    pub source: bool,
    /// The summary at the end.
    pub summary: bool,
}

/// The findings.
pub fn render(report: &Report, sources: &Sources, style: Style) -> String {
    let mut pages = Pages::new(sources);
    let renderer = renderer(style.colour);
    let mut out = String::new();
    for diagnostic in &report.diagnostics {
        // Writing to a String does not fail.
        let _ = if style.source {
            let group = diagnostic_group(diagnostic, &mut pages);
            writeln!(out, "{}\n", renderer.render(&[group]))
        } else {
            writeln!(out, "{}", diagnostic.in_lines())
        };
    }
    if style.summary {
        let _ = writeln!(out, "{}", summary(report));
    }
    out
}

/// What could not be read, in the same form. All formats print it to standard error.
pub fn render_unreadable(report: &Report, sources: &Sources, colour: bool) -> String {
    let mut pages = Pages::new(sources);
    let renderer = renderer(colour);
    let mut out = String::new();
    for unreadable in &report.unreadable {
        let _ = writeln!(out, "{}\n", renderer.render(&[unreadable_group(unreadable, &mut pages)]));
    }
    out
}

/// `2 errors, 1 warning in 3 objects of 2 files`.
pub fn summary(report: &Report) -> String {
    let parts: Vec<_> =
        [(Level::Error, "error"), (Level::Warning, "warning"), (Level::Info, "note")]
            .into_iter()
            .map(|(level, noun)| (report.count(level), noun))
            .filter(|(count, _)| *count > 0)
            .map(|(count, noun)| counted(count, noun))
            .collect();
    let found = if parts.is_empty() { "no findings".to_owned() } else { parts.join(", ") };
    let unreadable = match report.unreadable.len() {
        0 => String::new(),
        1 => "; 1 input could not be read".to_owned(),
        count => format!("; {count} inputs could not be read"),
    };
    let suppressed = report.suppressed.iter();
    let by_file = suppressed.filter(|one| one.by != Suppressor::Baseline).count();
    let parts = [
        (by_file, "suppressed"),
        (report.suppressed.len().saturating_sub(by_file), "in the baseline"),
    ];
    let left_out: String = parts
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!(" ({count} {what})"))
        .collect();
    format!(
        "{found}{left_out} in {} of {}{unreadable}",
        counted(report.objects.len(), "object"),
        counted(report.files, "file")
    )
}

fn renderer(colour: bool) -> Renderer {
    if colour { Renderer::styled() } else { Renderer::plain() }
}

fn diagnostic_group<'a>(diagnostic: &'a Diagnostic, pages: &mut Pages<'a>) -> Group<'a> {
    let level = match diagnostic.level {
        Level::Error => Shown::ERROR,
        Level::Warning => Shown::WARNING,
        Level::Info => Shown::INFO,
    };
    let mut group = level
        .primary_title(escape(&diagnostic.message))
        .id(diagnostic.rule.as_str())
        .element(pages.show(&diagnostic.file, diagnostic.span, diagnostic.object.is_none()));
    if let Some(object) = &diagnostic.object {
        let tenant = diagnostic
            .tenant
            .as_ref()
            .map(|tenant| format!(", tenant {tenant}"))
            .unwrap_or_default();
        group = group.element(Shown::NOTE.no_name().message(line(&format!("in {object}{tenant}"))));
    }
    if let Some(help) = &diagnostic.help {
        group = group.element(Shown::HELP.message(escape(help).into_owned()));
    }
    group
}

fn unreadable_group<'a>(unreadable: &'a Unreadable, pages: &mut Pages<'a>) -> Group<'a> {
    let element = match unreadable.span {
        Some(span) => pages.show(&unreadable.file, span, true),
        None => Origin::path(escape_line(&unreadable.file)).into(),
    };
    Shown::ERROR.primary_title(escape(&unreadable.message)).element(element)
}

/// The sources cut into lines, each once.
struct Pages<'a> {
    sources: &'a Sources,
    lines: BTreeMap<&'a str, Vec<&'a str>>,
}

impl<'a> Pages<'a> {
    fn new(sources: &'a Sources) -> Self {
        Self { sources, lines: BTreeMap::new() }
    }

    fn line(&mut self, file: &str, number: usize) -> Option<&'a str> {
        let (name, text) = self.sources.get_key_value(file)?;
        let lines = self.lines.entry(name).or_insert_with(|| text.lines().collect());
        lines.get(number.checked_sub(1)?).copied()
    }

    /// The source line with carets; only the place if there is no line to show.
    fn show(&mut self, file: &'a str, span: Span, is_unread: bool) -> Element<'a> {
        match self.line(file, span.line).filter(|line| line.len() <= LONGEST_LINE) {
            Some(line) => {
                let line = masked::line(line, is_unread);
                let start = byte_offset(&line, span.column);
                // What goes on over further lines is marked to the end of its first.
                let end = if span.end_line > span.line {
                    line.len()
                } else {
                    byte_offset(&line, span.end_column)
                };
                let marked = AnnotationKind::Primary.span(start..end.max(start));
                Snippet::source(line)
                    .line_start(span.line)
                    .path(escape_line(file))
                    .annotation(marked)
                    .into()
            }
            None if span.line > 0 => {
                Origin::path(escape_line(file)).line(span.line).char_column(span.column).into()
            }
            None => Origin::path(escape_line(file)).into(),
        }
    }
}

/// Text of one line, so that none of it begins a line of the log.
fn line(text: &str) -> String {
    escape_line(text).into_owned()
}

/// Where a column (from 1, in characters) starts in a line.
fn byte_offset(line: &str, column: usize) -> usize {
    line.char_indices().nth(column.saturating_sub(1)).map_or(line.len(), |(offset, _)| offset)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::super::sample;
    use super::*;

    const PLAIN: Style = Style { colour: false, source: true, summary: true };

    #[test]
    fn a_finding_without_its_source_is_one_line() {
        let text = render(
            &sample::report(),
            &sample::sources(),
            Style { source: false, summary: false, ..PLAIN },
        );
        let first = "jobs/two.yaml:10:25: error[security/privileged]: container `flink-main-container` is privileged\n  help: remove `privileged: true`\n";
        assert!(text.starts_with(first) && !text.contains("objects"), "{text}");
    }

    #[test]
    fn text_shows_the_source_line_of_every_finding() {
        insta::assert_snapshot!(render(&sample::report(), &sample::sources(), PLAIN));
    }

    #[test]
    fn unreadable_files_are_shown_like_findings() {
        insta::assert_snapshot!(render_unreadable(&sample::report(), &sample::sources(), false));
    }

    #[test]
    fn colour_is_only_there_when_asked_for() {
        assert!(
            render(&sample::report(), &sample::sources(), Style { colour: true, ..PLAIN })
                .contains("\u{1b}[")
        );
        assert!(!render(&sample::report(), &sample::sources(), PLAIN).contains('\u{1b}'));
    }

    #[test]
    fn text_from_a_file_cannot_drive_the_terminal() {
        let mut report = sample::report();
        report.diagnostics[0].message = "bad \u{1b}[2J name".into();
        report.diagnostics[0].help = Some("bad \u{1b}[2J help".into());
        report.unreadable[0].message = "bad \u{1b}[2J name".into();
        assert!(!render(&report, &sample::sources(), PLAIN).contains('\u{1b}'));
        assert!(!render_unreadable(&report, &sample::sources(), false).contains('\u{1b}'));
    }

    #[test]
    fn any_span_can_be_shown() {
        let sources = sample::sources();
        let mut report = sample::report();
        for (line, column, end_line, end_column) in [
            (0, 0, 0, 0),
            (1, 900, 1, 950),
            (900, 1, 900, 2),
            (15, 9, 16, 2),
            (16, 30, 16, 3),
            (15, 13, 15, 14),
        ] {
            report.diagnostics[0].span = Span { line, column, end_line, end_column };
            assert!(render(&report, &sources, PLAIN).contains("jobs/two.yaml"));
        }
    }

    #[test]
    fn a_very_long_line_is_named_but_not_shown() {
        let mut report = sample::report();
        report.diagnostics.truncate(1);
        let sources = [(
            "jobs/two.yaml".into(),
            "\n".repeat(report.diagnostics[0].span.line - 1) + &"x".repeat(5_000),
        )];
        let sources: Sources =
            sources.into_iter().map(|(name, text)| (name, text.into())).collect();
        let shown = render(&report, &sources, PLAIN);
        assert!(shown.len() < 500 && shown.contains(" jobs/two.yaml:10:25"), "{shown}");
    }
}
