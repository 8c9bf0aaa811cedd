//! Admission of what Flinkgate itself is configured with: FlinkTenants, FlinkPolicies, and
//! Namespaces with their tenant's label.
//!
//! It stands beside the [gate](crate::pipeline) and not in it: these objects run nothing, no rule
//! in Rego and no tenant has a say about them. What is wrong with one is told in the words that
//! `flinkgate lint --tenants` and `--policies` use.

mod flink_policy;
mod flink_tenant;
pub mod flink_tenant_ledger;
pub mod lag;
mod namespace;

use super::answer::{Answer, Webhook};
use crate::pipeline::Gate;
use crate::resource::{Operation, Resource};
use crate::rules::{Finding, Level};

/// The answer for an object of our own; `None` for every other.
pub(super) fn answer(webhook: Webhook, gate: &Gate, resource: &Resource) -> Option<Answer> {
    let own = match (resource.kind.group.as_str(), resource.kind.kind.as_str()) {
        ("flinkgate.dev", "FlinkTenant") => flink_tenant::answer,
        ("flinkgate.dev", "FlinkPolicy") => flink_policy::answer,
        ("", "Namespace") => namespace::answer,
        _ => return None,
    };
    Some(if passes_always(resource) { Answer::default() } else { own(webhook, gate, resource) })
}

/// Deletions, sub-resources, and what is on its way out: a refusal would only keep finalizers from
/// ending it.
fn passes_always(resource: &Resource) -> bool {
    resource.sub_resource.is_some()
        || resource.operation == Operation::Connect
        || resource.is_removal()
}

/// An update that leaves the spec as it is: of labels, finalizers, or written by who does not know
/// all fields.
fn same_spec(resource: &Resource) -> bool {
    resource.operation == Operation::Update
        && resource
            .old_object
            .as_ref()
            .is_some_and(|old| old.get("spec") == resource.object.get("spec"))
}

fn finding(
    rule: &'static str,
    level: Level,
    pointer: impl Into<String>,
    message: String,
    help: Option<&str>,
) -> Finding {
    Finding {
        rule: rule.into(),
        level,
        message,
        pointer: pointer.into(),
        help: help.map(str::to_owned),
        ..Finding::default()
    }
}

#[cfg(test)]
mod tests;
