//! `flinkgate test --format junit`: a test suite a file.

use crate::rego::test_runner::{TestReport, TestResult};
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};
use std::collections::BTreeMap;

/// The report as JUnit XML.
pub(super) fn render(report: &TestReport) -> Result<String, quick_junit::SerializeError> {
    let mut suites: BTreeMap<&str, Vec<&TestResult>> = BTreeMap::new();
    for result in &report.results {
        suites.entry(&result.file).or_default().push(result);
    }
    let mut junit = Report::new("flinkgate test");
    junit.add_test_suites(suites.into_iter().map(|(file, results)| {
        let mut suite = TestSuite::new(file);
        suite.add_test_cases(results.into_iter().map(case));
        suite
    }));
    junit.to_string()
}

fn case(result: &TestResult) -> TestCase {
    let status = match &result.failure {
        None => TestCaseStatus::success(),
        Some(failure) => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            status.set_message(failure.lines().next().unwrap_or_default());
            status.set_description(failure.as_str());
            status
        }
    };
    let mut case = TestCase::new(result.name.as_str(), status);
    case.set_classname(result.file.as_str());
    if !result.prints.is_empty() {
        case.set_system_out(result.prints.join("\n"));
    }
    case
}
