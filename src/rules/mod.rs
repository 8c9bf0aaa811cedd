//! The built-in rules: one file a rule, with its page beside it.
//!
//! Goes in: a [`Subject`] (the request, the object after mutation, its workload, its tenant). Comes
//! out: [`Finding`]s with the level that the tenant gives them. Rules read knowledge from
//! `kubernetes/` and `flink/` and put it into words; they change nothing, and users' policies are
//! in [`rego`](crate::rego).

pub mod documentation;
pub mod enforcement;
mod finding;
mod findings;
mod locate;
mod rule;
mod subject;
pub mod words;

mod cost;
mod flink;
mod network;
mod quota;
mod scheduling;
mod security;
mod storage;
mod tenancy;

pub use crate::tenant::FAMILIES;
pub use documentation::Documentation;
pub use finding::{Facts, Finding, Level};
pub use findings::Findings;
pub use rule::Rule;
pub use subject::{NamespaceOwner, Subject, Unassigned};

use crate::flink::Workload;
use crate::resource::Resource;
use crate::tenant::FlinkTenantSpec;
use serde_json::Value;

/// The rules of each family.
static RULES: [&[&Rule]; 8] = [
    cost::RULES,
    flink::RULES,
    network::RULES,
    quota::RULES,
    scheduling::RULES,
    security::RULES,
    storage::RULES,
    tenancy::RULES,
];

/// Every built-in rule.
pub fn all() -> impl Iterator<Item = &'static Rule> {
    RULES.iter().flat_map(|family| family.iter().copied())
}

/// What the built-in rules report, at the rules' own levels and at the fields that hold the values.
///
/// In a namespace without a tenant only the rule about that fact runs; so it is where several
/// tenants claim the namespace.
pub fn check(subject: &Subject<'_>) -> Vec<Finding> {
    let mut findings = Findings::new(&tenancy::unassigned_namespace::RULE);
    let mut run = |rule: &'static Rule| {
        findings.start(rule);
        (rule.check)(subject, &mut findings);
    };
    match subject.owner {
        NamespaceOwner::Tenant => all().for_each(run),
        NamespaceOwner::Unassigned(_) => run(&tenancy::unassigned_namespace::RULE),
        NamespaceOwner::Ambiguous(_) => run(&tenancy::ambiguous_namespace::RULE),
    }
    let mut list = findings.into_list();
    for finding in &mut list {
        finding.pointer = locate::locate(subject.object, subject.workload, &finding.pointer);
    }
    list
}

/// Puts findings of any source in force: moves their pointers to the fields that hold the values.
pub fn located(object: &Value, workload: &Workload, mut finding: Finding) -> Finding {
    finding.pointer = locate::locate(object, workload, &finding.pointer);
    finding
}

/// Applies a tenant's overrides and exemptions to findings.
pub fn enforce(
    findings: &mut Vec<Finding>,
    tenant: &FlinkTenantSpec,
    resource: &Resource,
    today: jiff::civil::Date,
) {
    findings.retain_mut(|finding| {
        let level = enforcement::level(tenant, &finding.rule, finding.level, resource, today);
        finding.level = level.unwrap_or(finding.level);
        level.is_some()
    });
}
