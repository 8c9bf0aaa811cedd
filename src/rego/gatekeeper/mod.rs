//! Policies that are written for
//! [Gatekeeper](https://open-policy-agent.github.io/gatekeeper/website/): ConstraintTemplates with
//! Rego, and Constraints. Evaluated over files, never in admission.
//!
//! A [template](template) is one program; a [constraint](constraint) gives it parameters, and says
//! [which objects](matching) it judges and how strictly. `input.review` is a [`Review`], and
//! `data.inventory` an [`Inventory`] of the files.

mod constraint;
mod data;
mod matching;
mod object;
mod parameters;
mod review;
mod template;

pub use data::Inventory;
pub use object::PolicyObject;
pub use review::Review;

use super::compile::on_large_stack;
use super::error::{PolicyError, PolicyProblem};
use super::evaluate::{describe, failure};
use super::machine::{Budget, execute, machine};
use crate::rules::{Documentation, Finding, Level};
use constraint::Constraint;
use matching::MatchError;
use regorus::Value;
use std::collections::{BTreeMap, BTreeSet};
use template::Template;

/// Family of the ids of Gatekeeper's constraints.
pub const FAMILY: &str = "gatekeeper";

/// Templates and their constraints, checked and compiled.
#[derive(Debug, Default)]
pub struct Gatekeeper {
    templates: Vec<Template>,
    constraints: Vec<Constraint>,
    rules: Vec<Documentation>,
    notes: Vec<String>,
}

impl Gatekeeper {
    /// Checks and compiles the templates and constraints among objects.
    ///
    /// # Errors
    /// When a template cannot be compiled, or a constraint has no template or wrong parameters.
    pub fn new(objects: &[PolicyObject]) -> Result<Self, PolicyError> {
        on_large_stack(|| Self::compiled(objects))?.map_err(|mut problems| {
            problems.sort();
            problems.dedup();
            PolicyError::Rejected(problems)
        })
    }

    fn compiled(objects: &[PolicyObject]) -> Result<Self, Vec<PolicyProblem>> {
        let (mut all, mut problems) = (Self::default(), Vec::new());
        let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
        let mut skipped = BTreeSet::new();
        all.notes.extend(objects.iter().filter_map(PolicyObject::note));
        for object in objects.iter().filter(|object| object.is_template()) {
            if let Some((kind, note)) = template::without_rego(object) {
                skipped.insert(kind);
                all.notes.push(note);
                continue;
            }
            match Template::new(object) {
                Ok(template) if kinds.contains_key(&template.kind) => {
                    problems.push(object.problem(
                        "/metadata/name",
                        format!("there is another template of kind {}: remove one", template.kind),
                    ))
                }
                Ok(template) => {
                    kinds.insert(template.kind.clone(), all.templates.len());
                    all.templates.push(template);
                }
                Err(found) => problems.extend(found),
            }
        }
        let mut names = BTreeMap::new();
        let constraints = objects.iter().filter(|object| object.is_constraint());
        for object in constraints.filter(|object| !skipped.contains(object.kind())) {
            let template = kinds.get(object.kind()).copied();
            let found = template.and_then(|index| Some((index, all.templates.get(index)?)));
            let Some((index, template)) = found else {
                let kind = object.kind();
                // What is wrong with its template is reported already.
                if problems.is_empty() {
                    problems.push(object.problem(
                        "/kind",
                        format!("there is no ConstraintTemplate of kind {kind} in the policies"),
                    ));
                }
                continue;
            };
            match Constraint::new(object, index, template, all.rules.len()) {
                Ok((constraint, documentation)) => {
                    if names.insert(documentation.id.clone(), ()).is_some() {
                        problems.push(object.problem(
                            "/metadata/name",
                            format!("there is another {} of this name", object.kind()),
                        ));
                    }
                    all.notes.extend(constraint.note());
                    all.rules.push(documentation);
                    all.constraints.push(constraint);
                }
                Err(found) => problems.extend(found),
            }
        }
        for (index, template) in all.templates.iter().enumerate() {
            if !all.constraints.iter().any(|constraint| constraint.template == index) {
                all.notes.push(format!(
                    "ConstraintTemplate `{}` has no constraint of kind {}: it checks nothing",
                    template.name, template.kind
                ));
            }
        }
        if problems.is_empty() { Ok(all) } else { Err(problems) }
    }

    /// The documentation of the constraints.
    pub fn rules(&self) -> &[Documentation] {
        &self.rules
    }

    /// What a user may not expect, one sentence each.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Whether there is nothing to evaluate.
    pub fn is_empty(&self) -> bool {
        self.constraints.is_empty()
    }

    /// Whether a template reads `data.inventory`, or a constraint selects namespaces by labels.
    pub fn needs_others(&self) -> bool {
        self.constraints.iter().any(|constraint| {
            constraint.matching.needs_namespaces()
                || self.templates.get(constraint.template).is_some_and(|it| it.reads_inventory)
        })
    }

    /// What the constraints find in a review.
    pub fn findings(&self, review: &Review<'_>, inventory: &Inventory) -> Vec<Finding> {
        let mut findings = Vec::new();
        let (mut input, mut alone) = (None, None);
        for constraint in &self.constraints {
            let Some(level) = constraint.level else { continue };
            let (Some(template), Some(rule)) =
                (self.templates.get(constraint.template), self.rules.get(constraint.rule))
            else {
                continue;
            };
            match constraint.matching.covers(review) {
                Ok(true) => {}
                Ok(false) => continue,
                Err(error @ MatchError::NoNamespace(_)) => {
                    findings.push(undecided(rule, level, &error));
                    continue;
                }
            }
            let input = input.get_or_insert_with(|| review.input());
            let data = match template.reads_inventory {
                true => alone.get_or_insert_with(|| inventory.without(review)).clone(),
                false => Value::new_object(),
            };
            evaluate(template, constraint, rule, level, input, data, &mut findings);
        }
        findings
    }
}

/// A constraint that cannot say whether it judges an object.
fn undecided(rule: &Documentation, level: Level, error: &MatchError) -> Finding {
    Finding {
        rule: rule.id.clone().into(),
        level: level.min(Level::Warning),
        message: format!("the constraint cannot be matched: {error}"),
        help: Some("give the manifest of the Namespace too".into()),
        ..Finding::default()
    }
}

fn evaluate(
    template: &Template,
    constraint: &Constraint,
    rule: &Documentation,
    level: Level,
    review: &Value,
    data: Value,
    findings: &mut Vec<Finding>,
) {
    let mut vm = machine(&template.program);
    let fields = [("review", review.clone()), ("parameters", constraint.parameters.clone())];
    let fields = fields.into_iter().map(|(key, value)| (Value::from(key), value));
    vm.set_input(Value::from(fields.collect::<BTreeMap<_, _>>()));
    if let Err(error) = vm.set_data(data) {
        findings.push(failure(rule, &error.to_string()));
        return;
    }
    let value = match execute(&mut vm, 0, &mut Budget::new(None)) {
        Ok(value) => value,
        Err(error) => {
            findings.push(failure(rule, &error.to_string()));
            return;
        }
    };
    let items = match &value {
        Value::Undefined => return,
        Value::Set(items) => items,
        other => {
            let error = format!("violation is {}, not a set", describe(other));
            findings.push(failure(rule, &error));
            return;
        }
    };
    for item in items.iter() {
        let message = match item {
            Value::Object(_) => &item["msg"],
            other => other,
        };
        match (item, message) {
            (Value::Object(_), Value::String(message)) => findings.push(Finding {
                rule: rule.id.clone().into(),
                level,
                message: message.to_string(),
                help: rule.help.clone(),
                ..Finding::default()
            }),
            (_, other) => {
                let error = format!("violation holds {}: it needs a msg", describe(other));
                findings.push(failure(rule, &error));
            }
        }
    }
}
