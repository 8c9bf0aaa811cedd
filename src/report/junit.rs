//! `--format junit`: a test suite a file, a test case an object. What gives exit status 1 fails its case.

use super::{Diagnostic, ObjectRef, RenderError, Report, Unreadable};
use quick_junit::{NonSuccessKind, Report as JUnit, TestCase, TestCaseStatus, TestSuite};
use std::collections::BTreeMap;

#[derive(Default)]
struct Suite<'a> {
    /// `None` for what is said of the file as a whole.
    objects: BTreeMap<Option<&'a ObjectRef>, Vec<&'a Diagnostic>>,
    unreadable: Vec<&'a Unreadable>,
}

/// The report as JUnit XML. Findings for which `fails` is true are failures; the others are in the output
/// of their case.
///
/// # Errors
/// When the XML cannot be written.
pub fn render(report: &Report, fails: impl Fn(&Diagnostic) -> bool) -> Result<String, RenderError> {
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
                .map(|(object, diagnostics)| object_case(file, object, &diagnostics, &fails)),
        );
        tests.add_test_cases(suite.unreadable.into_iter().map(unreadable_case));
        tests
    }));
    Ok(junit.to_string()?)
}

fn object_case(
    file: &str,
    object: Option<&ObjectRef>,
    diagnostics: &[&Diagnostic],
    fails: &impl Fn(&Diagnostic) -> bool,
) -> TestCase {
    let (failures, others): (Vec<&Diagnostic>, Vec<&Diagnostic>) =
        diagnostics.iter().partition(|diagnostic| fails(diagnostic));
    let status = match failures.as_slice() {
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
                .set_description(lines(&failures));
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
    diagnostics.iter().map(|diagnostic| diagnostic.in_lines()).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::super::sample;
    use super::*;
    use crate::rules::Level;

    #[test]
    fn junit_shows_a_suite_a_file_and_a_case_an_object() {
        let report = sample::report();
        insta::assert_snapshot!(
            render(&report, |diagnostic| diagnostic.level == Level::Error).unwrap()
        );
    }

    #[test]
    fn failures_are_what_gives_the_exit_status() {
        let failures = |fails: fn(&Diagnostic) -> bool| {
            let xml = render(&sample::report(), fails).unwrap();
            JUnit::deserialize_from_str(&xml).unwrap().failures
        };
        assert_eq!(failures(|diagnostic| diagnostic.level == Level::Error), 2);
        assert_eq!(failures(|diagnostic| diagnostic.level == Level::Warning), 1);
        assert_eq!(failures(|_| false), 0);
    }
}
