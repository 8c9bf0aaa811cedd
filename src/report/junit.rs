//! `--format junit`: a test suite a file, a test case an object; errors fail the case.

use super::{Diagnostic, ObjectRef, RenderError, Report, Unreadable};
use crate::rules::Level;
use quick_junit::{NonSuccessKind, Report as JUnit, TestCase, TestCaseStatus, TestSuite};
use std::collections::BTreeMap;

#[derive(Default)]
struct Suite<'a> {
    /// `None` for what is said of the file as a whole.
    objects: BTreeMap<Option<&'a ObjectRef>, Vec<&'a Diagnostic>>,
    unreadable: Vec<&'a Unreadable>,
}

/// The report as JUnit XML.
///
/// # Errors
/// When the XML cannot be written.
pub fn render(report: &Report) -> Result<String, RenderError> {
    let mut suites: BTreeMap<&str, Suite<'_>> = BTreeMap::new();
    for judged in &report.objects {
        suites.entry(&judged.file).or_default().objects.entry(Some(&judged.object)).or_default();
    }
    for diagnostic in &report.diagnostics {
        suites
            .entry(&diagnostic.file)
            .or_default()
            .objects
            .entry(diagnostic.object.as_ref())
            .or_default()
            .push(diagnostic);
    }
    for unreadable in &report.unreadable {
        suites.entry(&unreadable.file).or_default().unreadable.push(unreadable);
    }
    let mut junit = JUnit::new("flinkgate lint");
    junit.add_test_suites(suites.into_iter().map(|(file, suite)| {
        let mut tests = TestSuite::new(file);
        tests.add_test_cases(
            suite
                .objects
                .into_iter()
                .map(|(object, diagnostics)| object_case(file, object, &diagnostics)),
        );
        tests.add_test_cases(suite.unreadable.into_iter().map(unreadable_case));
        tests
    }));
    Ok(junit.to_string()?)
}

fn object_case(file: &str, object: Option<&ObjectRef>, diagnostics: &[&Diagnostic]) -> TestCase {
    let (errors, others): (Vec<&Diagnostic>, Vec<&Diagnostic>) =
        diagnostics.iter().partition(|d| d.level == Level::Error);
    let status = match errors.as_slice() {
        [] => TestCaseStatus::success(),
        [first, rest @ ..] => {
            // The format has one failure a case: the first one's message, and all of them in its
            // text.
            let more =
                if rest.is_empty() { String::new() } else { format!(" (and {} more)", rest.len()) };
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            status
                .set_message(format!("{}{more}", first.message))
                .set_type(first.rule.as_str())
                .set_description(lines(&errors));
            status
        }
    };
    let mut case =
        TestCase::new(object.map_or_else(|| "document".to_owned(), ToString::to_string), status);
    case.set_classname(file);
    if !others.is_empty() {
        case.set_system_out(lines(&others));
    }
    case
}

fn unreadable_case(unreadable: &Unreadable) -> TestCase {
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
    status.set_message(unreadable.message.as_str()).set_type("unreadable");
    let name =
        unreadable.span.map_or_else(|| "file".to_owned(), |span| format!("line {}", span.line));
    let mut case = TestCase::new(name, status);
    case.set_classname(&*unreadable.file);
    case
}

fn lines(diagnostics: &[&Diagnostic]) -> String {
    let line = |d: &&Diagnostic| {
        let help = d.help.as_ref().map(|help| format!("\n  help: {help}")).unwrap_or_default();
        format!(
            "{}:{}:{}: {}[{}]: {}{help}",
            d.file,
            d.span.line,
            d.span.column,
            d.level.as_str(),
            d.rule,
            d.message
        )
    };
    diagnostics.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::super::sample;

    #[test]
    fn junit_shows_a_suite_a_file_and_a_case_an_object() {
        insta::assert_snapshot!(super::render(&sample::report()).unwrap());
    }
}
