//! FlinkPolicies: compiled together with all rules in force before they are stored.

use super::{finding, same_spec};
use crate::admission::answer::{Answer, Webhook};
use crate::pipeline::Gate;
use crate::rego::flink_policy::{self, FlinkPolicySpec};
use crate::rego::{Assembled, PolicyError, PolicySource, assemble};
use crate::resource::Resource;
use crate::rules::{Finding, Level};
use tokio::runtime::{Handle, RuntimeFlavor};

/// What refusals and audit annotations call it.
const RULE: &str = "tenancy/flink-policy";

pub(super) fn answer(webhook: Webhook, gate: &Gate, resource: &Resource) -> Answer {
    if webhook == Webhook::Mutate || same_spec(resource) {
        return Answer::default();
    }
    let spec = resource.object.get("spec").cloned().unwrap_or_default();
    let findings = match flink_policy::read(spec) {
        Err(message) => vec![finding(RULE, Level::Error, "/spec", message, None)],
        Ok(spec) => problems(gate, &resource.name, &spec),
    };
    Answer { findings, ..Answer::default() }
}

fn problems(gate: &Gate, name: &str, spec: &FlinkPolicySpec) -> Vec<Finding> {
    let path = flink_policy::path(name);
    let in_force = gate.policies().sources().iter().filter(|source| source.path != path);
    let (mut others, base): (Vec<PolicySource>, Vec<PolicySource>) =
        in_force.cloned().partition(|source| source.path.starts_with(flink_policy::PREFIX));
    // Last, so that in a clash it is the one that is refused.
    others.push(spec.source(name));
    match apart(|| assemble(&base, others)) {
        Err(error) => vec![finding(RULE, Level::Error, "/spec/rego", error.to_string(), None)],
        Ok(Assembled { refused, .. }) => refused
            .into_iter()
            .flat_map(|(file, problems)| {
                problems.into_iter().map(move |problem| (file.clone(), problem))
            })
            .map(|(file, problem)| {
                let said = format!(
                    "line {}, column {}: {}",
                    problem.line, problem.column, problem.message
                );
                let message = if file == path {
                    said
                } else {
                    format!("{file} would no longer compile: {said}")
                };
                finding(RULE, Level::Error, "/spec/rego", message, None)
            })
            .collect(),
    }
}

/// Runs what takes tens of milliseconds so that the other requests on this thread go on elsewhere.
fn apart(run: impl FnOnce() -> Result<Assembled, PolicyError>) -> Result<Assembled, PolicyError> {
    match Handle::try_current() {
        Ok(handle) if handle.runtime_flavor() == RuntimeFlavor::MultiThread => {
            tokio::task::block_in_place(run)
        }
        _ => run(),
    }
}
