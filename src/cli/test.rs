//! `flinkgate test`.

use super::{Exit, Outcome};
use crate::rego::source;
use crate::rego::test_runner::{FileCoverage, TestReport, TestResult, run_tests};
use anyhow::ensure;
use std::fmt::Write as _;
use std::path::PathBuf;

/// Arguments of `flinkgate test`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Files and folders with policies and their `_test.rego` files, or `library/NAME` [default:
    /// the library]
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Show the percentage of lines of each policy that the tests cover
    #[arg(long)]
    coverage: bool,
}

/// Runs the command.
///
/// # Errors
/// When a file cannot be read or is no policy, or there is no test.
pub fn run(args: Args) -> Outcome {
    let library = ["library".into()];
    let sources =
        source::read(if args.paths.is_empty() { &library } else { args.paths.as_slice() })?;
    let report = run_tests(&sources, args.coverage)?;
    ensure!(
        !report.results.is_empty(),
        "no tests found: name test rules `test_…`, in files named `…_test.rego`"
    );
    super::terminal::print(&render(&report))?;
    Ok(if report.failed() == 0 { Exit::Fine } else { Exit::Findings })
}

fn render(report: &TestReport) -> String {
    let mut out = String::new();
    for (result, failure) in
        report.results.iter().filter_map(|result| Some((result, result.failure.as_ref()?)))
    {
        render_failure(&mut out, result, failure);
    }
    for file in &report.coverage {
        let _ = writeln!(out, "{:>4} % {}{}", percent(file), file.file, missing(file));
    }
    let _ = writeln!(out, "{} passed, {} failed", report.passed(), report.failed());
    out
}

fn render_failure(out: &mut String, result: &TestResult, failure: &str) {
    let _ = writeln!(out, "FAIL {}:{} {}", result.file, result.line, result.name);
    for line in failure.lines().chain(result.prints.iter().map(String::as_str)) {
        let _ = writeln!(out, "     {line}");
    }
}

fn percent(file: &FileCoverage) -> usize {
    let lines = file.covered + file.not_covered.len();
    (file.covered * 100).checked_div(lines).unwrap_or(100)
}

fn missing(file: &FileCoverage) -> String {
    if file.not_covered.is_empty() {
        return String::new();
    }
    let lines: Vec<String> = file.not_covered.iter().map(u32::to_string).collect();
    format!(", uncovered lines: {}", lines.join(", "))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;

    #[test]
    fn only_failures_and_the_sum_are_shown() {
        let result = |name: &str, failure: Option<&str>| TestResult {
            name: name.into(),
            file: "a_test.rego".into(),
            line: 3,
            failure: failure.map(str::to_owned),
            prints: vec!["seen".into()],
        };
        let coverage =
            vec![FileCoverage { file: "a.rego".into(), covered: 3, not_covered: vec![7] }];
        let report = TestReport {
            results: vec![
                result("data.a.test_x", None),
                result("data.a.test_y", Some("it is false")),
            ],
            coverage,
        };
        let expected = "FAIL a_test.rego:3 data.a.test_y\n     it is false\n     seen\n  75 % a.rego, uncovered lines: 7\n1 passed, 1 failed\n";
        assert_eq!(render(&report), expected);
    }
}
