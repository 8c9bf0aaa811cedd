//! Admission of the kinds that configure Flinkgate: FlinkTenants, FlinkPolicies, FlinkTenantLedgers,
//! and the tenant label of Namespaces.
//!
//! Goes in: a request for one of these kinds. Comes out: its answer, with the messages of
//! `flinkgate lint --tenants` and `--policies`. No rule and no tenant applies to these kinds, so
//! they do not pass through the [gate](crate::pipeline).

mod flink_policy;
mod flink_tenant;
pub mod flink_tenant_ledger;
mod namespace;
pub mod stale_read;

use super::answer::{Answer, Webhook};
use crate::pipeline::Gate;
use crate::resource::{Operation, Resource};
use crate::rules::notices::{FLINK_POLICY, FLINK_TENANT, Notice};
use crate::rules::{Finding, Level};

/// The answer for Flinkgate's kinds; `None` for every other kind.
pub(super) fn answer(webhook: Webhook, gate: &Gate, resource: &Resource) -> Option<Answer> {
    if flink_policy::is_deletion(resource) {
        return Some(flink_policy::deletion(gate, resource));
    }
    let answer = match (resource.kind.group.as_str(), resource.kind.kind.as_str()) {
        ("flinkgate.dev", "FlinkTenant") => flink_tenant::answer,
        ("flinkgate.dev", "FlinkPolicy") => flink_policy::answer,
        ("", "Namespace") => namespace::answer,
        _ => return None,
    };
    // Labels of a Namespace change through its sub-resources and while it is being deleted, too.
    let is_namespace = resource.kind.kind == "Namespace"
        && matches!(resource.operation, Operation::Create | Operation::Update);
    Some(if is_exempt(webhook, resource) && !is_namespace {
        Answer::default()
    } else {
        answer(webhook, gate, resource)
    })
}

/// The version of Flinkgate's kinds.
const VERSION: &str = "v1alpha1";

/// Whether `lint` judges a kind with [`configuration_findings`].
pub fn is_configuration(resource: &Resource) -> bool {
    resource.kind.group == "flinkgate.dev"
        && ["FlinkTenant", "FlinkPolicy"].contains(&resource.kind.kind.as_str())
}

/// What the validating webhook says of a FlinkTenant or FlinkPolicy; empty for other kinds.
pub fn configuration_findings(gate: &Gate, resource: &Resource) -> Vec<Finding> {
    let (kind, version) = (resource.kind.kind.as_str(), resource.kind.version.as_str());
    if is_configuration(resource) && version != VERSION {
        let notice = if kind == "FlinkTenant" { &FLINK_TENANT } else { &FLINK_POLICY };
        let message = format!(
            "{kind} has no version `{version}`: write `apiVersion: flinkgate.dev/{VERSION}`"
        );
        return vec![finding(notice, Level::Error, "/apiVersion", message, None)];
    }
    match (resource.kind.group.as_str(), kind) {
        ("flinkgate.dev", "FlinkTenant") => flink_tenant::findings(gate, resource),
        ("flinkgate.dev", "FlinkPolicy") => flink_policy::findings(gate, resource),
        _ => Vec::new(),
    }
}

/// Whether a request is a deletion, or for a sub-resource. An object that is being deleted is in
/// force until it is gone; only mutation leaves it alone.
fn is_exempt(webhook: Webhook, resource: &Resource) -> bool {
    resource.sub_resource.is_some()
        || matches!(resource.operation, Operation::Connect | Operation::Delete)
        || (webhook == Webhook::Mutate && resource.is_removal())
}

/// Whether a request is an update that does not change the spec.
fn same_spec(resource: &Resource) -> bool {
    resource.operation == Operation::Update
        && resource
            .old_object
            .as_ref()
            .is_some_and(|old| old.get("spec") == resource.object.get("spec"))
}

fn finding(
    notice: &'static Notice,
    level: Level,
    pointer: impl Into<String>,
    message: String,
    help: Option<&str>,
) -> Finding {
    Finding {
        rule: notice.id.into(),
        level,
        message,
        pointer: pointer.into(),
        help: help.map(str::to_owned),
        ..Finding::default()
    }
}

#[cfg(test)]
mod tests;
