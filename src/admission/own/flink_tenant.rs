//! FlinkTenants: what is wrong with one, and claims on namespaces that an older one has.

use super::{finding, same_spec};
use crate::admission::answer::{Answer, Webhook};
use crate::pipeline::Gate;
use crate::resource::Resource;
use crate::rules::enforcement;
use crate::rules::{Finding, Level};
use crate::tenant::claims::Claim;
use crate::tenant::{FlinkTenantSpec, Tenant, check};

/// What refusals and audit annotations call it.
const RULE: &str = "tenancy/flink-tenant";

pub(super) fn answer(webhook: Webhook, gate: &Gate, resource: &Resource) -> Answer {
    if webhook == Webhook::Mutate || same_spec(resource) {
        return Answer::default();
    }
    let rules: Vec<&str> = gate.policies().rules().iter().map(|rule| rule.id.as_str()).collect();
    let (spec, remarks) = check::check(&resource.object, &rules, enforcement::today());
    let level = |warning: bool| if warning { Level::Warning } else { Level::Error };
    let mut findings: Vec<Finding> = remarks
        .into_iter()
        .map(|remark| finding(RULE, level(remark.warning), remark.pointer, remark.message, None))
        .collect();
    if let Some(spec) = spec {
        findings.extend(double_claims(gate, resource, spec));
    }
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.level));
    Answer { findings, ..Answer::default() }
}

/// Claims that are new with this object; those that were stored before do not keep it from being
/// corrected.
fn double_claims(gate: &Gate, resource: &Resource, spec: FlinkTenantSpec) -> Vec<Finding> {
    let doubles = |spec: FlinkTenantSpec| {
        gate.tenants().double_claims_of(Tenant {
            name: resource.name.clone(),
            spec,
            ..Tenant::default()
        })
    };
    let old = resource
        .old_object
        .as_ref()
        .and_then(|old| serde_json::from_value(old.get("spec")?.clone()).ok());
    let before: Vec<(String, String)> = old
        .map(doubles)
        .unwrap_or_default()
        .into_iter()
        .map(|double| (double.earlier.name.clone(), double.what))
        .collect();
    let help = "Leave it to the older tenant, or take it out of that one first.";
    doubles(spec)
        .into_iter()
        .filter(|double| {
            !before
                .iter()
                .any(|(earlier, what)| *earlier == double.earlier.name && *what == double.what)
        })
        .map(|double| {
            let pointer = match double.claim {
                Claim::Name(index) => format!("/spec/namespaces/names/{index}"),
                Claim::Selector => "/spec/namespaces/selector".to_owned(),
            };
            finding(RULE, Level::Error, pointer, double.message(&resource.name), Some(help))
        })
        .collect()
}
