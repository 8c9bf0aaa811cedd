//! Runs the `test_*` rules of policies in regorus' interpreter, where `with` works.

use super::error::PolicyError;
use super::source::PolicySource;
use super::{compile, syntax};
use std::collections::BTreeSet;

/// How one test ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestResult {
    /// Path of the test rule below `data`.
    pub name: String,
    /// The file it stands in.
    pub file: String,
    /// Line of the test rule.
    pub line: usize,
    /// Why it failed; `None` when it passed.
    pub failure: Option<String>,
    /// What it printed.
    pub prints: Vec<String>,
}

/// Lines of one policy file that the tests ran through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileCoverage {
    /// The file.
    pub file: String,
    /// How many of its lines were evaluated.
    pub covered: usize,
    /// The lines that were not.
    pub not_covered: Vec<u32>,
}

/// What a run of tests found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TestReport {
    /// One a test, by file and place.
    pub results: Vec<TestResult>,
    /// One a policy file that is not a test; empty unless asked for.
    pub coverage: Vec<FileCoverage>,
}

impl TestReport {
    /// How many tests failed.
    pub fn failed(&self) -> usize {
        self.results.iter().filter(|result| result.failure.is_some()).count()
    }

    /// How many tests passed.
    pub fn passed(&self) -> usize {
        self.results.len() - self.failed()
    }
}

/// Runs the tests in these files.
///
/// # Errors
/// When a policy cannot be parsed or is recursive.
pub fn run_tests(sources: &[PolicySource], coverage: bool) -> Result<TestReport, PolicyError> {
    compile::on_large_stack(|| run_here(sources, coverage))?.map_err(PolicyError::Rejected)
}

fn run_here(
    sources: &[PolicySource],
    coverage: bool,
) -> Result<TestReport, Vec<super::PolicyProblem>> {
    let (mut engine, modules) = compile::parse(sources)?;
    engine.set_gather_prints(true);
    engine.set_enable_coverage(coverage);
    let mut report = TestReport::default();
    let mut seen = BTreeSet::new();
    for definition in modules.iter().flat_map(|module| &module.definitions) {
        let is_test = definition.name.starts_with("test_") && !definition.is_function;
        if !is_test || !seen.insert(&definition.path) {
            continue;
        }
        let name = syntax::rego_path(definition.path.iter().map(String::as_str));
        let failure = match engine.eval_rule(name.clone()) {
            Ok(regorus::Value::Bool(true)) => None,
            Ok(regorus::Value::Undefined) => {
                Some("undefined: some expression in it is not true".to_owned())
            }
            Ok(value) => Some(format!("it is {value}, not true")),
            Err(error) => Some(error.to_string().trim().to_owned()),
        };
        let prints = engine.take_prints().unwrap_or_default();
        report.results.push(TestResult {
            name,
            file: definition.place.file.clone(),
            line: definition.place.line,
            failure,
            prints,
        });
    }
    if coverage {
        let own: BTreeSet<&str> = sources
            .iter()
            .filter(|source| !source.is_test())
            .map(|source| source.path.as_str())
            .collect();
        let files = engine.get_coverage_report().map(|report| report.files).unwrap_or_default();
        report.coverage = files
            .into_iter()
            .filter(|file| own.contains(file.path.as_str()))
            .map(|file| FileCoverage {
                covered: file.covered.len(),
                not_covered: file.not_covered.into_iter().collect(),
                file: file.path,
            })
            .collect();
        report.coverage.sort_by(|a, b| a.file.cmp(&b.file));
    }
    Ok(report)
}
