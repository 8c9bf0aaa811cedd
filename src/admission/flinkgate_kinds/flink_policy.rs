//! FlinkPolicies: compiled with all current policies before they are stored, and before they are
//! deleted.

use super::{finding, same_spec};
use crate::admission::answer::{Answer, Webhook};
use crate::pipeline::Gate;
use crate::rego::flink_policy::{self, FlinkPolicySpec};
use crate::rego::{Assembled, PolicyError, PolicyProblem, PolicySource, assemble};
use crate::resource::{Operation, Resource};
use crate::rules::notices::FLINK_POLICY;
use crate::rules::{Finding, Level};
use crate::tenant::Tenant;
use crate::tenant::schema::Mismatch;
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::runtime::{Handle, RuntimeFlavor};

pub(super) fn answer(webhook: Webhook, gate: &Gate, resource: &Resource) -> Answer {
    if webhook == Webhook::Mutate || same_spec(resource) {
        return Answer::default();
    }
    Answer { findings: findings(gate, resource), ..Answer::default() }
}

/// What is wrong with a FlinkPolicy.
pub(super) fn findings(gate: &Gate, resource: &Resource) -> Vec<Finding> {
    let spec = resource.object.get("spec").cloned().unwrap_or_default();
    match flink_policy::read(spec.clone()) {
        Err(error) => error.mismatches(&spec).into_iter().map(mismatch).collect(),
        Ok(spec) => problems(gate, &resource.name, &spec),
    }
}

/// A field that cannot be read.
fn mismatch(Mismatch { pointer, message, unknown }: Mismatch) -> Finding {
    let place = format!("/spec{pointer}");
    Finding { at_key: unknown, ..finding(&FLINK_POLICY, Level::Error, place, message, None) }
}

/// Whether a request deletes FlinkPolicies.
pub(super) fn is_deletion(resource: &Resource) -> bool {
    resource.operation == Operation::Delete
        && (resource.kind.group.as_str(), resource.kind.kind.as_str())
            == ("flinkgate.dev", "FlinkPolicy")
}

/// Warns about tenants that name the rule, and about policies that use its package. Neither blocks
/// the deletion: both stay in force.
pub(super) fn deletion(gate: &Gate, resource: &Resource) -> Answer {
    let path = flink_policy::path(&resource.name);
    let rule = gate.policies().catalog().iter().find(|rule| rule.path == path);
    let mut findings = Vec::new();
    for tenant in rule.iter().flat_map(|rule| tenants_that_name(gate, &rule.id)) {
        let message = format!(
            "FlinkTenant `{}` names rule `{}`, which is deleted: its entry has no effect",
            tenant.name,
            rule.map(|rule| rule.id.as_str()).unwrap_or_default(),
        );
        findings.push(finding(&FLINK_POLICY, Level::Warning, "", message, None));
    }
    let (base, others) = current(gate, &path);
    if let Ok(Assembled { refused, .. }) = run_blocking(|| assemble(&base, others)) {
        for (file, problem) in first_problems(refused) {
            let message = format!(
                "`{file}` uses the deleted FlinkPolicy and no longer compiles: {problem}; replicas keep what they have compiled until they restart"
            );
            findings.push(finding(&FLINK_POLICY, Level::Warning, "", message, None));
        }
    }
    Answer { findings, ..Answer::default() }
}

/// The tenants whose overrides or exemptions name a rule by its id.
fn tenants_that_name<'g>(gate: &'g Gate, rule: &str) -> impl Iterator<Item = &'g Arc<Tenant>> {
    gate.tenants().iter().filter(move |tenant| {
        let exempt = tenant.spec.exemptions.iter().flat_map(|exemption| &exemption.rules);
        tenant.spec.rules.iter().map(|entry| &entry.rule).chain(exempt).any(|named| named == rule)
    })
}

/// The policies of files, and those in the cluster but the one at `path`.
fn current(gate: &Gate, path: &str) -> (Vec<PolicySource>, Vec<PolicySource>) {
    let current = gate.policies().sources().iter().filter(|source| source.path != path);
    let (others, base) =
        current.cloned().partition(|source| source.path.starts_with(flink_policy::PREFIX));
    (base, others)
}

fn first_problems(
    refused: BTreeMap<String, Vec<PolicyProblem>>,
) -> impl Iterator<Item = (String, String)> {
    refused.into_iter().filter_map(|(file, problems)| {
        let PolicyProblem { line, column, message, .. } = problems.into_iter().next()?;
        Some((file, format!("line {line}, column {column}: {message}")))
    })
}

fn problems(gate: &Gate, name: &str, spec: &FlinkPolicySpec) -> Vec<Finding> {
    let path = flink_policy::path(name);
    let (base, mut others) = current(gate, &path);
    // Last, so that it is the one that is refused in a conflict.
    others.push(spec.source(name));
    match run_blocking(|| assemble(&base, others)) {
        Err(error) => {
            vec![finding(&FLINK_POLICY, Level::Error, "/spec/rego", error.to_string(), None)]
        }
        Ok(Assembled { refused, .. }) => refused
            .into_iter()
            .flat_map(|(file, problems)| {
                problems.into_iter().map(move |problem| (file.clone(), problem))
            })
            .map(|(file, problem)| {
                let text = format!(
                    "line {}, column {}: {}",
                    problem.line, problem.column, problem.message
                );
                let is_own = file == path;
                let message = match is_own {
                    true => text,
                    false => format!("`{file}` would no longer compile: {text}"),
                };
                let found = finding(&FLINK_POLICY, Level::Error, "/spec/rego", message, None);
                let within = is_own.then_some((problem.line, problem.column));
                Finding { within, ..found }
            })
            .collect(),
    }
}

/// Compiles, which takes tens of milliseconds, without blocking other requests on this thread.
fn run_blocking(
    run: impl FnOnce() -> Result<Assembled, PolicyError>,
) -> Result<Assembled, PolicyError> {
    match Handle::try_current() {
        Ok(handle) if handle.runtime_flavor() == RuntimeFlavor::MultiThread => {
            tokio::task::block_in_place(run)
        }
        _ => run(),
    }
}
