//! FlinkTenants: errors in the spec, and namespaces that an older tenant owns.

use super::{finding, same_spec};
use crate::admission::answer::{Answer, Webhook};
use crate::pipeline::{Gate, tenant_check};
use crate::resource::{Operation, Resource, pointer};
use crate::rules::enforcement;
use crate::rules::notices::FLINK_TENANT;
use crate::rules::{Finding, Level};
use crate::tenant::check::{FieldProblem, Severity};
use crate::tenant::ownership::Selection;
use crate::tenant::{FlinkTenantSpec, Tenant, readable};

pub(super) fn answer(webhook: Webhook, gate: &Gate, resource: &Resource) -> Answer {
    if webhook == Webhook::Mutate || same_spec(resource) {
        return Answer::default();
    }
    Answer { findings: findings(gate, resource), ..Answer::default() }
}

/// What is wrong with a FlinkTenant, the most severe first.
pub(super) fn findings(gate: &Gate, resource: &Resource) -> Vec<Finding> {
    let rules = gate.policies().rule_ids();
    let (spec, problems) = tenant_check::check(&resource.object, &rules, enforcement::today());
    let mut findings: Vec<Finding> = problems
        .into_iter()
        .map(|problem| {
            let (level, at_key) = (level(resource, &problem), problem.on_key);
            let finding = finding(&FLINK_TENANT, level, problem.pointer, problem.message, None);
            Finding { at_key, ..finding }
        })
        .collect();
    if let Some(spec) = spec {
        findings.extend(new_conflicts(gate, resource, spec, &rules));
    }
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.level));
    findings
}

/// The level of a problem. What an earlier version admitted must not block a change of other fields.
fn level(resource: &Resource, problem: &FieldProblem) -> Level {
    let is_stored = || {
        let value = |object| pointer::at(object, &problem.pointer);
        let old = resource.old_object.as_ref().filter(|_| resource.operation == Operation::Update);
        old.is_some_and(|old| value(old).is_some() && value(old) == value(&resource.object))
    };
    match problem.severity {
        Severity::Warning => Level::Warning,
        Severity::Refused if is_stored() => Level::Warning,
        Severity::Refused | Severity::Unreadable => Level::Error,
    }
}

/// Ownership conflicts that this request adds. Stored ones must not block a correction.
fn new_conflicts(
    gate: &Gate,
    resource: &Resource,
    spec: FlinkTenantSpec,
    rules: &[&str],
) -> Vec<Finding> {
    let conflicts = |spec: FlinkTenantSpec| {
        gate.tenants().conflicts_of(Tenant {
            name: resource.name.clone(),
            spec,
            ..Tenant::default()
        })
    };
    let old = resource
        .old_object
        .as_ref()
        .and_then(|old| Some(readable::read(old.get("spec")?, rules, enforcement::today()).spec));
    let before: Vec<(String, String)> = old
        .map(conflicts)
        .unwrap_or_default()
        .into_iter()
        .map(|conflict| (conflict.earlier.name.clone(), conflict.namespaces))
        .collect();
    conflicts(spec)
        .into_iter()
        .filter(|conflict| {
            !before.iter().any(|(earlier, namespaces)| {
                *earlier == conflict.earlier.name && *namespaces == conflict.namespaces
            })
        })
        .map(|conflict| {
            let pointer = match conflict.selection {
                Selection::Name(index) => format!("/spec/namespaces/names/{index}"),
                Selection::Selector => "/spec/namespaces/selector".to_owned(),
            };
            let message = conflict.message(&resource.name);
            let help = format!("remove it here, or from tenant `{}` first", conflict.earlier.name);
            finding(&FLINK_TENANT, Level::Error, pointer, message, Some(&help))
        })
        .collect()
}
