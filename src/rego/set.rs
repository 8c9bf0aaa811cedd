//! All policies that are in force at one time, ready to run.

use super::compile::{self, CompiledRule};
use super::dialect;
use super::error::{PolicyError, PolicyProblem};
use super::evaluate::{Machines, failure, read_verdict};
use super::input::Input;
use super::needs::Needs;
use super::scope::{Scope, Target};
use super::source::{self, PolicySource};
use crate::rules::notices::NOTICES;
use crate::rules::{Documentation, Finding, documentation};
use regorus::{Engine, Value};
use std::cell::Cell;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

/// Users' policies, checked and compiled. Immutable: a change is a new set.
pub struct PolicySet {
    generation: u64,
    /// The policies' rules, sorted by id.
    rules: Vec<Documentation>,
    /// The built-in rules and these, sorted by id.
    catalog: Vec<Documentation>,
    programs: Vec<CompiledRule>,
    needs: Needs,
    warnings: Vec<PolicyProblem>,
    engine: Engine,
    sources: Vec<PolicySource>,
    /// Where each rule applies, in the rules' order.
    scopes: Vec<Scope>,
}

impl std::fmt::Debug for PolicySet {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("PolicySet")
            .field("generation", &self.generation)
            .field("rules", &self.rules.len())
            .finish_non_exhaustive()
    }
}

/// Sets are numbered so that a thread sees when its machines are of another set.
static GENERATION: AtomicU64 = AtomicU64::new(1);

thread_local! {
    /// This thread's machines; taken out while they run.
    static MACHINES: Cell<Option<Machines>> = const { Cell::new(None) };
}

impl PolicySet {
    /// No policies: only the built-in rules apply.
    ///
    /// # Errors
    /// When the thread that compiles policies cannot be started.
    pub fn built_in() -> Result<Self, PolicyError> {
        Self::from_sources(Vec::new())
    }

    /// The `*.rego` files and FlinkPolicies under the paths, and policies of the library by name.
    ///
    /// # Errors
    /// When a path cannot be read or a policy is refused, be it because it is written for another
    /// tool; see [`PolicyError::problems`] for the places.
    pub fn load(paths: &[PathBuf]) -> Result<Self, PolicyError> {
        Self::from_sources(dialect::only_own(source::read(paths)?)?)
    }

    /// Exactly these policies; test files among them are left out.
    ///
    /// # Errors
    /// When a policy is refused; see [`PolicyError::problems`] for the places.
    pub fn from_sources(mut sources: Vec<PolicySource>) -> Result<Self, PolicyError> {
        sources.retain(|source| !source.is_test());
        let compiled = compile::compile(&sources)?;
        let scope = |rule: &Documentation| {
            let source = sources.iter().find(|source| source.path == rule.path);
            source.map(|source| source.scope.clone()).unwrap_or_default()
        };
        let mut catalog = [documentation::built_in(), &compiled.rules].concat();
        catalog.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(Self {
            generation: GENERATION.fetch_add(1, Ordering::Relaxed),
            scopes: compiled.rules.iter().map(scope).collect(),
            catalog,
            sources,
            rules: compiled.rules,
            programs: compiled.programs,
            needs: compiled.needs,
            warnings: compiled.warnings,
            engine: compiled.engine,
        })
    }

    /// The same set, where the rules from these paths apply only within these scopes.
    pub fn with_scopes(mut self, scopes: &BTreeMap<String, Scope>) -> Self {
        for (rule, scope) in self.rules.iter().zip(&mut self.scopes) {
            if let Some(other) = scopes.get(&rule.path) {
                scope.clone_from(other);
            }
        }
        self
    }

    /// The files of the policies, without tests.
    pub fn sources(&self) -> &[PolicySource] {
        &self.sources
    }

    /// The documentation of all rules, built-in ones included, sorted by id.
    pub fn catalog(&self) -> &[Documentation] {
        &self.catalog
    }

    /// The rules of these policies, sorted by id.
    pub fn rules(&self) -> &[Documentation] {
        &self.rules
    }

    /// The documentation of the rule with this id.
    pub fn documentation(&self, id: &str) -> Option<&Documentation> {
        let index = self.catalog.binary_search_by(|rule| rule.id.as_str().cmp(id)).ok()?;
        self.catalog.get(index)
    }

    /// The ids to which a tenant's overrides and exemptions apply.
    pub fn rule_ids(&self) -> Vec<&str> {
        let notices = NOTICES.iter().filter(|notice| notice.is_exemptible);
        self.catalog
            .iter()
            .map(|rule| rule.id.as_str())
            .chain(notices.map(|notice| notice.id))
            .collect()
    }

    /// A number that no other set in this process has.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// Which large parts of `input` the rules read.
    pub fn mentions(&self) -> Needs {
        self.needs
    }

    /// What is most likely a mistake in users' policies, such as a read of a field that `input`
    /// never has.
    pub fn warnings(&self) -> &[PolicyProblem] {
        &self.warnings
    }

    /// Whether any policy applies to a request. Where none does, `input` need not be built.
    pub fn apply_to(&self, target: &Target<'_>) -> bool {
        self.scopes.iter().any(|scope| scope.covers(target))
    }

    /// What the policies that apply to a request report, stopping at `until` at the latest. A policy
    /// that cannot be evaluated is a finding of level error.
    pub fn findings(
        &self,
        target: &Target<'_>,
        input: &Input<'_>,
        until: Option<Instant>,
    ) -> Vec<Finding> {
        match input.value() {
            Ok(input) => self.run(|scope| scope.covers(target), input, until),
            Err(error) => self.rules.iter().map(|rule| failure(rule, &error.to_string())).collect(),
        }
    }

    /// What all policies report of this input, whatever their scopes.
    pub fn evaluate(&self, input: Value) -> Vec<Finding> {
        self.evaluate_until(input, None)
    }

    /// The same, stopping at `until` at the latest.
    pub fn evaluate_until(&self, input: Value, until: Option<Instant>) -> Vec<Finding> {
        self.run(|_| true, input, until)
    }

    fn run(
        &self,
        applies: impl Fn(&Scope) -> bool,
        input: Value,
        until: Option<Instant>,
    ) -> Vec<Finding> {
        let machines = MACHINES.take().filter(|machines| machines.generation == self.generation);
        let mut machines =
            machines.unwrap_or_else(|| Machines::new(self.generation, &self.programs));
        let findings =
            machines.run(&self.rules, &self.scopes, &self.programs, &input, applies, until);
        MACHINES.set(Some(machines));
        findings
    }

    /// The same by regorus' interpreter, to hold the two against each other. Slow, and only for
    /// trusted policies.
    ///
    /// # Errors
    /// When the interpreter's thread cannot be started or dies.
    pub fn evaluate_with_interpreter(&self, input: Value) -> Result<Vec<Finding>, PolicyError> {
        compile::on_large_stack(|| {
            let mut engine = self.engine.clone();
            engine.set_input(input);
            let mut findings = Vec::new();
            for entry in self.programs.iter().flat_map(|compiled| &compiled.entry_points) {
                let Some(rule) = self.rules.get(entry.rule) else { continue };
                match engine.eval_rule(entry.path.clone()) {
                    Ok(value) => read_verdict(rule, entry, &value, &mut findings),
                    Err(error) => findings.push(failure(rule, &error.to_string())),
                }
            }
            findings
        })
    }
}
