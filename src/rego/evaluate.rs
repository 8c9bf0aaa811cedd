//! Runs compiled rules over one `input` and reads what they say.
//!
//! Whatever goes wrong becomes a finding of level error that names the policy: a rule that cannot
//! be evaluated must neither take the process along nor let an object pass.

use super::builtins;
use super::compile::{CompiledRule, EntryPoint};
use super::scope::Scope;
use crate::resource::pointer;
use crate::rules::{Documentation, Finding, Level};
use regorus::Value;
use regorus::rvm::RegoVM;
use regorus::rvm::vm::{ExecutionMode, ExecutionState, VmError};
use regorus::utils::limits::ExecutionTimerConfig;
use std::num::NonZeroU32;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

/// Instructions one entry point may execute: an object of 1.5 MiB (etcd's limit) has at most some
/// 50 000 list elements of 30 bytes, and a rule spends about 10 instructions on each.
/// Deterministic, so that a verdict never depends on load.
const MAX_INSTRUCTIONS: usize = 500_000;

/// Entry points that may use up [`MAX_INSTRUCTIONS`] in one evaluation; the rules after them are
/// not run any more.
const MAX_EXHAUSTED: usize = 4;

/// Time all entry points of one evaluation may take together. [`MAX_EXHAUSTED`] of them take about
/// 200 ms, so this only stops what is slow inside builtins; it is longer than a container throttled
/// for a few periods of 100 ms stands still, and fits the API server's default timeout of 10 s.
const TIME_LIMIT: Duration = Duration::from_secs(1);

/// Why an entry point of a policy gave no value.
#[derive(Debug, thiserror::Error)]
enum EvaluationError {
    #[error("{MAX_EXHAUSTED} entry points before it used up their {MAX_INSTRUCTIONS} instructions")]
    InstructionsUsedUp,
    #[error("the rules before it used up the {0:?} that all have together")]
    TimeUsedUp(Duration),
    #[error("it waits for the host")]
    Suspended,
    #[error(transparent)]
    Machine(#[from] VmError),
    #[error("the arguments of `{0}` are too large")]
    TooLarge(&'static str),
    #[error("regorus panicked")]
    Panicked,
}

/// Why a value of `deny`, `warn` or `info` is not a finding.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
enum MalformedFinding {
    #[error("{0}: a finding is a text or an object with msg and path")]
    Type(&'static str),
    #[error("a finding whose {field} is {found}, not a text")]
    NotText { field: &'static str, found: &'static str },
    #[error("a finding whose path is {0}, not a list")]
    PathType(&'static str),
    #[error("a finding whose path has a fraction or a negative number")]
    PathIndex,
    #[error("a finding whose path has {0}: write field names and list indexes")]
    PathToken(&'static str),
    #[error("a finding whose level is {0:?}: write error, warning or info")]
    Level(String),
    #[error("a finding without msg")]
    NoMessage,
}

/// What is left for the rules of one evaluation.
///
/// The virtual machine does not tell how many instructions it executed, only that it reached the
/// limit; rules that stay just below it are bounded by the time.
struct Budget {
    limit: Duration,
    deadline: Instant,
    exhausted: usize,
}

impl Budget {
    fn new(until: Option<Instant>) -> Self {
        let now = Instant::now();
        let allowed = until.map(|until| until.saturating_duration_since(now));
        let limit = allowed.map_or(TIME_LIMIT, |allowed| allowed.min(TIME_LIMIT));
        Self { limit, deadline: now + limit, exhausted: 0 }
    }

    /// The time left, or why nothing is.
    fn left(&self) -> Result<Duration, EvaluationError> {
        if self.exhausted >= MAX_EXHAUSTED {
            return Err(EvaluationError::InstructionsUsedUp);
        }
        let left = self.deadline.saturating_duration_since(Instant::now());
        if left.is_zero() { Err(EvaluationError::TimeUsedUp(self.limit)) } else { Ok(left) }
    }
}

/// Instructions between two looks at the clock, about 5 µs.
const TIME_CHECK_INTERVAL: NonZeroU32 = match NonZeroU32::new(64) {
    Some(interval) => interval,
    None => NonZeroU32::MIN,
};

/// One virtual machine a rule, for one thread and one policy set.
///
/// A machine is not shared: its registers and caches are its own, and a rule that fails cannot
/// leave a trace in the next.
#[derive(Debug)]
pub(super) struct Machines {
    /// Of the set that the machines were loaded from.
    pub generation: u64,
    machines: Vec<RegoVM>,
}

impl Machines {
    pub(super) fn new(generation: u64, programs: &[CompiledRule]) -> Self {
        Self { generation, machines: programs.iter().map(machine).collect() }
    }

    /// Runs every entry point of the policies whose scope applies, also when others fail.
    pub(super) fn run(
        &mut self,
        rules: &[Documentation],
        scopes: &[Scope],
        programs: &[CompiledRule],
        input: &Value,
        applies: impl Fn(&Scope) -> bool,
        until: Option<Instant>,
    ) -> Vec<Finding> {
        let mut findings = Vec::new();
        let mut budget = Budget::new(until);
        for (vm, compiled) in self.machines.iter_mut().zip(programs) {
            let first = compiled.entry_points.first();
            let scope = first.and_then(|entry| scopes.get(entry.rule));
            let Some(scope) = scope.filter(|scope| applies(scope)) else { continue };
            let before = findings.len();
            vm.set_input(input.clone());
            for (index, entry) in compiled.entry_points.iter().enumerate() {
                let Some(rule) = rules.get(entry.rule) else { continue };
                match execute(vm, index, &mut budget) {
                    Ok(value) => read_verdict(rule, entry, &value, &mut findings),
                    Err(error) => {
                        findings.push(failure(rule, &error.to_string()));
                        *vm = machine(compiled);
                        vm.set_input(input.clone());
                    }
                }
            }
            vm.set_input(Value::Undefined);
            for finding in findings.iter_mut().skip(before) {
                finding.level = scope.lower(finding.level);
            }
        }
        findings
    }
}

/// Suspendable mode keeps calls on the heap instead of the stack: recursion that slipped through
/// the check at load ends at the instruction limit, on any thread. It costs 10 to 40 % of the time.
fn machine(compiled: &CompiledRule) -> RegoVM {
    let mut vm = RegoVM::new();
    vm.set_execution_mode(ExecutionMode::Suspendable);
    vm.set_max_instructions(MAX_INSTRUCTIONS);
    vm.load_program(compiled.program.clone());
    // Policies get no data but their own rules; an empty object cannot clash with them.
    let _ = vm.set_data(Value::new_object());
    vm
}

fn execute(vm: &mut RegoVM, index: usize, budget: &mut Budget) -> Result<Value, EvaluationError> {
    let limit = budget.left()?;
    vm.set_execution_timer_config(Some(ExecutionTimerConfig {
        limit,
        check_interval: TIME_CHECK_INTERVAL,
    }));
    let _ = builtins::refused();
    let outcome = catch_unwind(AssertUnwindSafe(|| vm.execute_entry_point_by_index(index)));
    if let Some(builtin) = builtins::refused() {
        return Err(EvaluationError::TooLarge(builtin));
    }
    match outcome {
        Ok(Ok(_)) if matches!(vm.execution_state(), ExecutionState::Suspended { .. }) => {
            Err(EvaluationError::Suspended)
        }
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => {
            budget.exhausted +=
                usize::from(matches!(error, VmError::InstructionLimitExceeded { .. }));
            Err(error.into())
        }
        Err(_) => Err(EvaluationError::Panicked),
    }
}

/// A policy that did not come to a verdict.
pub(super) fn failure(rule: &Documentation, message: &str) -> Finding {
    let help = format!("correct the policy in {}", rule.path);
    let message = format!("the policy could not be evaluated: {message}");
    Finding {
        rule: rule.id.clone().into(),
        level: Level::Error,
        message,
        help: Some(help),
        failed_evaluation: true,
        ..Finding::default()
    }
}

/// Reads the set of findings that `deny`, `warn` or `info` is.
pub(super) fn read_verdict(
    rule: &Documentation,
    entry: &EntryPoint,
    value: &Value,
    findings: &mut Vec<Finding>,
) {
    match value {
        Value::Undefined => {}
        Value::Set(items) => {
            findings.extend(items.iter().map(|item| match read_finding(rule, entry.level, item) {
                Ok(finding) => finding,
                Err(error) => failure(rule, &format!("{} holds {error}", entry.path)),
            }))
        }
        other => findings.push(failure(
            rule,
            &format!("{} is {}, not a set: write `contains`", entry.path, describe(other)),
        )),
    }
}

fn read_finding(
    rule: &Documentation,
    level: Level,
    item: &Value,
) -> Result<Finding, MalformedFinding> {
    if let Value::String(message) = item {
        return Ok(Finding {
            rule: rule.id.clone().into(),
            level,
            message: message.to_string(),
            help: rule.help.clone(),
            ..Finding::default()
        });
    }
    let Value::Object(_) = item else {
        return Err(MalformedFinding::Type(describe(item)));
    };
    let text = |field: &'static str| match &item[field] {
        Value::Undefined => Ok(None),
        Value::String(text) => Ok(Some(text.to_string())),
        other => Err(MalformedFinding::NotText { field, found: describe(other) }),
    };
    let path: Vec<String> = match &item["path"] {
        Value::Undefined => Vec::new(),
        Value::Array(tokens) => tokens.iter().map(token).collect::<Result<_, _>>()?,
        other => return Err(MalformedFinding::PathType(describe(other))),
    };
    let level = match text("level")?.as_deref() {
        None => level,
        Some("error") => Level::Error,
        Some("warning") => Level::Warning,
        Some("info") => Level::Info,
        Some(other) => return Err(MalformedFinding::Level(other.to_owned())),
    };
    let message = text("msg")?.ok_or(MalformedFinding::NoMessage)?;
    Ok(Finding {
        rule: rule.id.clone().into(),
        level,
        message,
        pointer: pointer::from_tokens(path.iter().map(String::as_str)),
        help: text("help")?.or_else(|| rule.help.clone()),
        ..Finding::default()
    })
}

fn token(value: &Value) -> Result<String, MalformedFinding> {
    match value {
        Value::String(text) => Ok(text.to_string()),
        Value::Number(_) => {
            value.as_u64().map(|index| index.to_string()).map_err(|_| MalformedFinding::PathIndex)
        }
        other => Err(MalformedFinding::PathToken(describe(other))),
    }
}

fn describe(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Set(_) => "a set",
        Value::Object(_) => "an object",
        Value::Undefined => "undefined",
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use crate::rego::{PolicySet, PolicySource};

    #[test]
    fn evaluation_stops_at_the_callers_deadline() {
        let text = "package a\nimport rego.v1\ndeny contains \"reported\" if input.x\n";
        let source =
            PolicySource { path: "a.rego".into(), text: text.into(), ..PolicySource::default() };
        let set = PolicySet::from_sources(vec![source]).unwrap();
        let report = |until| {
            let input = serde_json::json!({"x": 1}).into();
            set.evaluate_until(input, Some(until)).remove(0).message
        };
        let now = Instant::now();
        assert!(report(now).contains("used up the 0ns that all have together"));
        assert_eq!(report(now + Duration::from_secs(3_600)), "reported");
    }
}
