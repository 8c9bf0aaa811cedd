//! Runs the `test_*` rules of policies in regorus' interpreter, where `with` works.

use super::conftest::Data;
use super::error::{PolicyError, PolicyProblem};
use super::references::ModuleFacts;
use super::source::{PolicySource, Syntax};
use super::{compat, compile, legacy, rule, syntax, test_failure};
use regorus::Engine;
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

/// Which tests run, and what is measured.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tests<'a> {
    /// Parts of names: a test runs if its name has one of them. All run where there is none.
    pub names: &'a [String],
    /// Whether coverage is measured.
    pub coverage: bool,
}

/// Runs the tests in these files, also those of conftest's policies, with its `data`.
///
/// # Errors
/// When a policy cannot be parsed or is recursive.
pub fn run_tests(
    sources: &[PolicySource],
    data: &Data,
    tests: &Tests<'_>,
) -> Result<TestReport, PolicyError> {
    compile::on_large_stack(|| run_here(sources, data, tests))?.map_err(PolicyError::Rejected)
}

/// The source in its version of Rego. Flinkgate's own policies are in v1.
pub(super) fn with_syntax(source: &PolicySource) -> PolicySource {
    let syntax = match rule::names_itself(source) {
        true => Syntax::V1,
        false => compile::syntax(source).0,
    };
    legacy::readable(PolicySource { syntax, ..source.clone() })
}

/// An interpreter with these policies, which may be those of other tools.
pub(super) fn engine(
    sources: &[PolicySource],
    data: &Data,
) -> Result<(Engine, Vec<ModuleFacts>), Vec<PolicyProblem>> {
    let (mut engine, modules) = compile::parse(sources)?;
    if let Some(compat) = compat::module(&modules) {
        let texts = sources.iter().zip(&modules).map(|(source, module)| PolicySource {
            text: compat::for_interpreter(module, &source.text),
            ..source.clone()
        });
        engine = compile::parse(&texts.chain([compat]).collect::<Vec<_>>())?.0;
    }
    let clash = |error: anyhow::Error| {
        vec![PolicyProblem::of_file("data", format!("the data cannot be used: {error}"))]
    };
    engine.add_data(data.value().clone()).map_err(clash)?;
    Ok((engine, modules))
}

fn run_here(
    sources: &[PolicySource],
    data: &Data,
    tests: &Tests<'_>,
) -> Result<TestReport, Vec<PolicyProblem>> {
    let sources: Vec<PolicySource> = sources.iter().map(with_syntax).collect();
    let (mut engine, modules) = engine(&sources, data)?;
    // Without the marks of coverage and what was printed.
    let plain = engine.clone();
    engine.set_gather_prints(true);
    engine.set_enable_coverage(tests.coverage);
    let mut report = TestReport::default();
    let mut seen = BTreeSet::new();
    let definitions = modules
        .iter()
        .flat_map(|module| module.definitions.iter().map(move |definition| (module, definition)));
    for (module, definition) in definitions {
        let is_test = definition.name.starts_with("test_") && !definition.is_function;
        if !is_test || !seen.insert(&definition.path) {
            continue;
        }
        let name = syntax::rego_path(definition.path.iter().map(String::as_str));
        if !tests.names.is_empty() && !tests.names.iter().any(|part| name.contains(part)) {
            continue;
        }
        let failure = match engine.eval_rule(name.clone()) {
            Ok(regorus::Value::Bool(true)) => None,
            Ok(regorus::Value::Undefined) => {
                let why = test_failure::explain(&plain, &module.package, &definition.name);
                let why = why.unwrap_or_else(|| "some expression in it is not true".into());
                Some(format!("undefined: {why}"))
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
    if tests.coverage {
        report.coverage = coverage(&engine, &sources, &modules);
    }
    Ok(report)
}

/// The coverage of every policy that is no test, be it none.
fn coverage(
    engine: &Engine,
    sources: &[PolicySource],
    modules: &[ModuleFacts],
) -> Vec<FileCoverage> {
    let files = engine.get_coverage_report().map(|report| report.files).unwrap_or_default();
    let of = |(source, module): (&PolicySource, &ModuleFacts)| {
        let found = files.iter().find(|file| file.path == source.path);
        let (covered, not_covered) = match found {
            Some(file) => (file.covered.len(), file.not_covered.iter().copied().collect()),
            None => {
                let lines = module.definitions.iter().map(|definition| definition.place.line);
                let lines: BTreeSet<u32> =
                    lines.filter_map(|line| u32::try_from(line).ok()).collect();
                (0, lines.into_iter().collect())
            }
        };
        FileCoverage { file: source.path.clone(), covered, not_covered }
    };
    let files = sources.iter().zip(modules).filter(|(source, _)| !source.is_test());
    let mut coverage: Vec<FileCoverage> = files.map(of).collect();
    coverage.sort_by(|a, b| a.file.cmp(&b.file));
    coverage
}
