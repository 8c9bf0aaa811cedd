//! Runs compiled rules over one `input` and reads what they say.
//!
//! Whatever goes wrong becomes a finding of level error that names the policy: a rule that cannot
//! be evaluated must neither take the process along nor let an object pass.

use super::compile::{CompiledRule, EntryPoint};
use super::machine::{Budget, execute, machine};
use super::scope::Scope;
use crate::resource::pointer;
use crate::rules::{Documentation, Finding, Level};
use regorus::Value;
use regorus::rvm::RegoVM;
use std::time::Instant;

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
        Self { generation, machines: programs.iter().map(|rule| machine(&rule.program)).collect() }
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
                        *vm = machine(&compiled.program);
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

pub(super) fn describe(value: &Value) -> &'static str {
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
    use std::time::Duration;

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
