//! FlinkPolicies: compiled with all current policies before they are stored.

use super::{finding, same_spec};
use crate::admission::answer::{Answer, Webhook};
use crate::pipeline::Gate;
use crate::rego::flink_policy::{self, FlinkPolicySpec};
use crate::rego::{Assembled, PolicyError, PolicySource, assemble};
use crate::resource::Resource;
use crate::rules::{Finding, Level};
use tokio::runtime::{Handle, RuntimeFlavor};

/// The id in refusals and audit annotations.
const RULE: &str = "tenancy/flink-policy";

pub(super) fn answer(webhook: Webhook, gate: &Gate, resource: &Resource) -> Answer {
    if webhook == Webhook::Mutate || same_spec(resource) {
        return Answer::default();
    }
    let spec = resource.object.get("spec").cloned().unwrap_or_default();
    let findings = match flink_policy::read(spec) {
        Err(error) => vec![finding(RULE, Level::Error, "/spec", error.to_string(), None)],
        Ok(spec) => problems(gate, &resource.name, &spec),
    };
    Answer { findings, ..Answer::default() }
}

fn problems(gate: &Gate, name: &str, spec: &FlinkPolicySpec) -> Vec<Finding> {
    let path = flink_policy::path(name);
    let current = gate.policies().sources().iter().filter(|source| source.path != path);
    let (mut others, base): (Vec<PolicySource>, Vec<PolicySource>) =
        current.cloned().partition(|source| source.path.starts_with(flink_policy::PREFIX));
    // Last, so that it is the one that is refused in a conflict.
    others.push(spec.source(name));
    match run_blocking(|| assemble(&base, others)) {
        Err(error) => vec![finding(RULE, Level::Error, "/spec/rego", error.to_string(), None)],
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
                let message = if file == path {
                    text
                } else {
                    format!("`{file}` would no longer compile: {text}")
                };
                finding(RULE, Level::Error, "/spec/rego", message, None)
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
