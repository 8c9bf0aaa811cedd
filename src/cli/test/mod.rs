//! `flinkgate test`.

mod junit;

use super::{Exit, Outcome, terminal};
use crate::rego::conftest::Data;
use crate::rego::dialect::{self, Dialect, Namespaces};
use crate::rego::source::{self, EXTENSIONS};
use crate::rego::test_runner::{FileCoverage, TestReport, TestResult, Tests, run_tests};
use crate::rego::{PolicyError, PolicyProblem, PolicySet, PolicySource};
use crate::resource::files::{fingerprint, list_files};
use anyhow::ensure;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::Duration;

/// How often `--watch` looks whether a file has changed.
const WATCH_INTERVAL: Duration = Duration::from_millis(300);

const EXAMPLES: &str = "Examples:
  Run the tests of all policies of a folder:
    flinkgate test policies/

  Run some, show each, and again whenever a file changes:
    flinkgate test policies/ --run owner --verbose --watch

  Test reports of a CI system:
    flinkgate test policies/ --coverage --format junit > tests.xml";

/// Arguments of `flinkgate test`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Files and folders with policies and their `_test.rego` files, or `library/NAME` [default:
    /// the library]
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Run only the tests whose name has this text; can be repeated
    #[arg(long, value_name = "TEXT")]
    run: Vec<String>,
    /// Show every test, also those that pass
    #[arg(long, short)]
    verbose: bool,
    /// Show the percentage of lines of each policy that the tests cover
    #[arg(long)]
    coverage: bool,
    /// File or folder with `data` of conftest's policies; can be repeated
    #[arg(long, value_name = "PATH")]
    data: Vec<PathBuf>,
    /// Output format
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Run the tests again whenever a file changes, until the command is interrupted
    #[arg(long)]
    watch: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// Text
    #[default]
    Text,
    /// JUnit XML, for test reports
    Junit,
}

/// Runs the command.
///
/// # Errors
/// When a file cannot be read or is no policy, or there is no test.
pub fn run(mut args: Args) -> Outcome {
    if args.paths.is_empty() {
        args.paths.push("library".into());
    }
    if !args.watch {
        return once(&args);
    }
    // A path that cannot be read is a state too, and reported once.
    let mut seen: Option<Option<u64>> = None;
    loop {
        let paths = [source::on_disk(&args.paths), args.data.clone()].concat();
        let now = list_files(&paths, &EXTENSIONS).map(|files| fingerprint(&files)).ok();
        if seen != Some(now) {
            seen = Some(now);
            if let Err(error) = once(&args) {
                terminal::report(&format!("error: {error:#}"));
            }
        }
        std::thread::sleep(WATCH_INTERVAL);
    }
}

fn once(args: &Args) -> Outcome {
    let sources = source::read(&args.paths)?;
    let data = Data::read(&args.data, &args.paths)?;
    let tests = Tests { names: &args.run, coverage: args.coverage };
    let report = run_tests(&sources, &data, &tests)?;
    ensure!(
        !report.results.is_empty() || !args.run.is_empty(),
        "no tests found: name test rules `test_…`, in files named `…_test.rego`"
    );
    ensure!(!report.results.is_empty(), "no test has `{}` in its name", args.run.join("` or `"));
    terminal::print(&match args.format {
        Format::Text => render(&report, args.verbose),
        Format::Junit => junit::render(&report)?,
    })?;
    let mistakes = mistakes(sources)?;
    for mistake in &mistakes {
        terminal::report(&format!("error: {mistake}"));
    }
    let is_fine = report.failed() == 0 && mistakes.is_empty();
    Ok(if is_fine { Exit::Fine } else { Exit::Findings })
}

/// What is wrong with Flinkgate's own policies that no test shows: reads of fields that `input`
/// never has.
fn mistakes(sources: Vec<PolicySource>) -> Result<Vec<PolicyProblem>, PolicyError> {
    // What does not show that it is Flinkgate's may be conftest's.
    let others = Namespaces::Named(vec!["*".into()]);
    let own = dialect::split(sources, Dialect::Auto, &others)?.own;
    Ok(PolicySet::from_sources(own)?.warnings().to_vec())
}

fn render(report: &TestReport, verbose: bool) -> String {
    let mut out = String::new();
    for result in &report.results {
        match &result.failure {
            Some(failure) => render_failure(&mut out, result, failure),
            None if verbose => {
                let _ = writeln!(out, "PASS {}:{} {}", result.file, result.line, result.name);
                for line in &result.prints {
                    let _ = writeln!(out, "     {line}");
                }
            }
            None => {}
        }
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

    fn report() -> TestReport {
        let result = |name: &str, failure: Option<&str>| TestResult {
            name: name.into(),
            file: "a_test.rego".into(),
            line: 3,
            failure: failure.map(str::to_owned),
            prints: vec!["seen".into()],
        };
        let coverage =
            vec![FileCoverage { file: "a.rego".into(), covered: 3, not_covered: vec![7] }];
        let results =
            vec![result("data.a.test_x", None), result("data.a.test_y", Some("it is false"))];
        TestReport { results, coverage }
    }

    #[test]
    fn only_failures_and_the_sum_are_shown() {
        let expected = "FAIL a_test.rego:3 data.a.test_y\n     it is false\n     seen\n  75 % a.rego, uncovered lines: 7\n1 passed, 1 failed\n";
        assert_eq!(render(&report(), false), expected);
        let all = render(&report(), true);
        assert_eq!(all, format!("PASS a_test.rego:3 data.a.test_x\n     seen\n{expected}"));
    }

    #[test]
    fn junit_has_a_suite_for_each_file() {
        let xml = junit::render(&report()).unwrap();
        for part in [
            "<testsuites name=\"flinkgate test\" tests=\"2\" skipped=\"0\" failures=\"1\"",
            "<testsuite name=\"a_test.rego\" tests=\"2\"",
            "<testcase name=\"data.a.test_x\"",
            "<failure message=\"it is false\"",
        ] {
            assert!(xml.contains(part), "{part} is not in {xml}");
        }
    }
}
