//! Policies that are written for [conftest](https://www.conftest.dev): evaluated over files, never
//! in admission.
//!
//! Each package that is chosen is one program. `input` is the plain object, or with combined input
//! a list of `{path, contents}`. `data` is what the data files hold, and
//! `data.conftest.file.{name,dir}` names the file.
//!
//! Different from conftest: what is no finding and no set is an error instead of a pass; and the
//! limits of users' policies hold.

mod data;
mod packages;
pub(super) mod verdicts;

pub use data::{Data, DataError};
pub(super) use packages::id;

use super::compile;
use super::dialect::Namespaces;
use super::error::{PolicyError, PolicyProblem};
use super::evaluate::describe;
use super::input::convert;
use super::machine::{Budget, execute, machine};
use super::source::PolicySource;
use crate::rules::{Documentation, Finding, Level};
use regorus::Value;
use regorus::rvm::{Program, RegoVM};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

/// Family of the ids of conftest's rules.
pub const FAMILY: &str = "conftest";

/// How `input` is given to the policies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Combining {
    /// To each package as it reads it: combined where it reads `input[_].contents`.
    #[default]
    AsRead,
    /// Combined to all packages.
    All,
}

/// Conftest's policies, checked and compiled.
#[derive(Debug)]
pub struct Conftest {
    namespaces: Vec<Namespace>,
    rules: Vec<Documentation>,
    data: Data,
    /// Packages with rules that are not evaluated, because they were not chosen.
    unchosen: Vec<String>,
}

/// One package that is evaluated.
#[derive(Debug)]
struct Namespace {
    program: Arc<Program>,
    rules: Vec<Rule>,
    /// The entry point of `exception`.
    exception: Option<usize>,
    is_combined: bool,
}

/// One rule of a package, with all its definitions.
#[derive(Debug)]
struct Rule {
    /// Its entry point.
    index: usize,
    /// Index of its documentation.
    documentation: usize,
    /// Its path below `data`.
    path: String,
    /// The name by which an exception names it.
    short: String,
    level: Level,
    /// Its first definition.
    place: PolicyProblem,
}

/// What conftest's rules find, and what exceptions leave out.
#[derive(Debug, Default)]
pub struct Found {
    /// The findings.
    pub findings: Vec<Finding>,
    /// Findings that an exception leaves out.
    pub excepted: usize,
}

/// A finding about all files together.
#[derive(Debug)]
pub struct CombinedFinding {
    /// The finding.
    pub finding: Finding,
    /// Where its rule is.
    pub rule: PolicyProblem,
}

impl Conftest {
    /// Checks and compiles the chosen packages.
    ///
    /// # Errors
    /// When a policy cannot be parsed or compiled, is recursive, or clashes with the data.
    pub fn new(
        sources: &[PolicySource],
        namespaces: &Namespaces,
        combining: Combining,
        data: Data,
    ) -> Result<Self, PolicyError> {
        let sources: Vec<PolicySource> =
            sources.iter().filter(|source| !source.is_test()).cloned().collect();
        let compiled =
            compile::on_large_stack(|| packages::compiled(&sources, namespaces, combining))?;
        let (namespaces, rules, unchosen) = compiled.map_err(|mut problems| {
            problems.sort();
            problems.dedup();
            PolicyError::Rejected(problems)
        })?;
        let conftest = Self { namespaces, rules, data, unchosen };
        conftest.check_data()?;
        Ok(conftest)
    }

    /// A rule and a data file must not give the same value.
    fn check_data(&self) -> Result<(), PolicyError> {
        for namespace in &self.namespaces {
            let mut vm = RegoVM::new();
            vm.load_program(namespace.program.clone());
            if let Err(error) = vm.set_data(self.data.of_file("")) {
                let place = namespace.rules.first().map(|rule| rule.place.clone());
                let problem = place.unwrap_or_else(|| PolicyProblem::of_file("policy", ""));
                let message = format!("the data files clash with a rule: {error}");
                return Err(PolicyError::Rejected(vec![PolicyProblem { message, ..problem }]));
            }
        }
        Ok(())
    }

    /// The documentation of the rules that are evaluated.
    pub fn rules(&self) -> &[Documentation] {
        &self.rules
    }

    /// Packages with rules that are not evaluated, because they were not chosen.
    pub fn unchosen(&self) -> &[String] {
        &self.unchosen
    }

    /// Whether no rule is evaluated.
    pub fn is_empty(&self) -> bool {
        self.namespaces.is_empty()
    }

    /// Whether a package wants all files together.
    pub fn is_combined(&self) -> bool {
        self.namespaces.iter().any(|namespace| namespace.is_combined)
    }

    /// What the rules that want objects one by one find in one.
    pub fn findings(&self, object: &serde_json::Value, file: &str) -> Found {
        let mut found = Found::default();
        let mut namespaces =
            self.namespaces.iter().filter(|namespace| !namespace.is_combined).peekable();
        if namespaces.peek().is_none() {
            return found;
        }
        let (input, data) = (convert(object), self.data.of_file(file));
        for namespace in namespaces {
            self.evaluate(namespace, &input, &data, |finding, _| match finding {
                Some(finding) => found.findings.push(finding),
                None => found.excepted += 1,
            });
        }
        found
    }

    /// What the rules that want all objects together find, with the number of findings that
    /// exceptions leave out.
    pub fn combined<'a>(
        &self,
        objects: impl Iterator<Item = (&'a str, &'a serde_json::Value)>,
    ) -> (Vec<CombinedFinding>, usize) {
        let (mut findings, mut excepted) = (Vec::new(), 0);
        let element = |(path, contents): (&str, &serde_json::Value)| {
            let fields = [("path", Value::from(path)), ("contents", convert(contents))];
            let fields = fields.into_iter().map(|(key, value)| (Value::from(key), value));
            Value::from(fields.collect::<BTreeMap<_, _>>())
        };
        let input = Value::from(objects.map(element).collect::<Vec<_>>());
        let data = self.data.of_file("Combined");
        for namespace in self.namespaces.iter().filter(|namespace| namespace.is_combined) {
            self.evaluate(namespace, &input, &data, |finding, rule| match finding {
                Some(finding) => {
                    findings.push(CombinedFinding { finding, rule: rule.place.clone() });
                }
                None => excepted += 1,
            });
        }
        (findings, excepted)
    }

    /// Runs the rules of a package and hands on each finding, or nothing for one that an exception
    /// leaves out.
    fn evaluate(
        &self,
        namespace: &Namespace,
        input: &Value,
        data: &Value,
        mut found: impl FnMut(Option<Finding>, &Rule),
    ) {
        let mut budget = Budget::new(None);
        let fresh = || {
            let mut vm = machine(&namespace.program);
            // Clashes with rules were refused at load.
            let _ = vm.set_data(data.clone());
            vm.set_input(input.clone());
            vm
        };
        let mut vm = fresh();
        let mut excepted = BTreeSet::new();
        if let Some(index) = namespace.exception {
            match execute(&mut vm, index, &mut budget) {
                Ok(value) => excepted = names(&value),
                Err(error) => {
                    // Without its exceptions, a rule would find too much rather than too little.
                    if let Some(rule) = namespace.rules.first() {
                        let error = format!("its exceptions: {error}");
                        found(Some(self.failure(rule, &error)), rule);
                    }
                    vm = fresh();
                }
            }
        }
        for rule in &namespace.rules {
            let value = match execute(&mut vm, rule.index, &mut budget) {
                Ok(value) => value,
                Err(error) => {
                    found(Some(self.failure(rule, &error.to_string())), rule);
                    vm = fresh();
                    continue;
                }
            };
            let is_excepted = excepted.contains(rule.short.as_str());
            let items: Vec<&Value> = match &value {
                Value::Undefined => Vec::new(),
                Value::Set(items) => items.iter().collect(),
                Value::Array(items) => items.iter().collect(),
                other => {
                    let error =
                        format!("{} is {}, not a set of messages", rule.path, describe(other));
                    found(Some(self.failure(rule, &error)), rule);
                    continue;
                }
            };
            for item in items {
                match self.finding(rule, item) {
                    Some(_) if is_excepted => found(None, rule),
                    Some(finding) => found(Some(finding), rule),
                    None => {}
                }
            }
        }
    }

    /// A finding out of one value of a rule; `None` for an empty message, which is a pass.
    fn finding(&self, rule: &Rule, item: &Value) -> Option<Finding> {
        let message = match item {
            Value::String(message) => message.to_string(),
            Value::Object(_) => match &item["msg"] {
                Value::String(message) => message.to_string(),
                other => {
                    let error = format!(
                        "{} holds an object whose msg is {}, not a text",
                        rule.path,
                        describe(other)
                    );
                    return Some(self.failure(rule, &error));
                }
            },
            other => {
                let error = format!(
                    "{} holds {}: a finding is a text or an object with msg",
                    rule.path,
                    describe(other)
                );
                return Some(self.failure(rule, &error));
            }
        };
        let id = self.rules.get(rule.documentation).map(|rule| rule.id.clone())?;
        (!message.is_empty()).then(|| Finding {
            rule: id.into(),
            level: rule.level,
            message,
            ..Finding::default()
        })
    }

    fn failure(&self, rule: &Rule, message: &str) -> Finding {
        let documentation = self.rules.get(rule.documentation).cloned().unwrap_or_default();
        super::evaluate::failure(&documentation, message)
    }
}

/// The names in a set of lists of names.
fn names(value: &Value) -> BTreeSet<String> {
    let elements = |value: &Value| -> Vec<Value> {
        match value {
            Value::Set(items) => items.iter().cloned().collect(),
            Value::Array(items) => items.iter().cloned().collect(),
            Value::Object(fields) => fields.iter().map(|(_, value)| value.clone()).collect(),
            _ => Vec::new(),
        }
    };
    let names = elements(value).into_iter().flat_map(|list| elements(&list));
    names
        .filter_map(|name| match name {
            Value::String(name) => Some(name.to_string()),
            _ => None,
        })
        .collect()
}

/// A file's name and folder, as `data.conftest.file` has them.
fn file_info(file: &str) -> (String, String) {
    let path = std::path::absolute(file).unwrap_or_else(|_| Path::new(file).into());
    let text = |part: Option<&std::ffi::OsStr>| {
        part.map(|part| part.to_string_lossy().into_owned()).unwrap_or_default()
    };
    (text(path.file_name()), text(path.parent().map(Path::as_os_str)))
}
