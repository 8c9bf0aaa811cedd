//! FlinkTenants: errors in the spec, and namespaces that an older tenant owns.

use super::{finding, same_spec};
use crate::admission::answer::{Answer, Webhook};
use crate::pipeline::Gate;
use crate::resource::Resource;
use crate::rules::enforcement;
use crate::rules::notices::FLINK_TENANT;
use crate::rules::{Finding, Level};
use crate::tenant::ownership::Selection;
use crate::tenant::{FlinkTenantSpec, Tenant, check, readable};

pub(super) fn answer(webhook: Webhook, gate: &Gate, resource: &Resource) -> Answer {
    if webhook == Webhook::Mutate || same_spec(resource) {
        return Answer::default();
    }
    let rules = gate.policies().rule_ids();
    let (spec, problems) = check::check(&resource.object, &rules, enforcement::today());
    let level = |warning: bool| if warning { Level::Warning } else { Level::Error };
    let mut findings: Vec<Finding> = problems
        .into_iter()
        .map(|problem| {
            finding(&FLINK_TENANT, level(problem.warning), problem.pointer, problem.message, None)
        })
        .collect();
    if let Some(spec) = spec {
        findings.extend(new_conflicts(gate, resource, spec, &rules));
    }
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.level));
    Answer { findings, ..Answer::default() }
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
