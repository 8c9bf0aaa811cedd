//! The built-in rules: one file per rule, with its page next to it.
//!
//! A [`Subject`] goes in: the request, the object after mutation, its workload and its tenant.
//! [`Finding`]s come out, with the level that the tenant gives them. Rules turn facts from
//! `kubernetes/` and `flink/` into messages. They change nothing, and users' policies are in
//! [`rego`](crate::rego).

mod abridge;
mod advice;
pub mod documentation;
mod doubles;
pub mod enforcement;
mod finding;
mod findings;
mod fix;
mod locate;
pub mod notices;
mod option_places;
mod rule;
mod subject;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod testing;
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
pub use abridge::abridge;
pub use advice::Advice;
pub use documentation::Documentation;
pub use doubles::{makes_superfluous, remove as remove_doubles};
pub use finding::{Facts, Finding, Level};
pub use findings::{Findings, MOST as MOST_FINDINGS};
pub use fix::{Draft, Fix};
pub use flink::dialect::of_other_operator;
pub use quota::growth::{help as growth_help, message as growth_message};
pub use rule::Rule;
pub use subject::{NamespaceOwner, Subject, Unassigned};
pub use tenancy::object_limits::RULE as OBJECT_LIMITS;

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

/// The rules that report [conflicts](Subject::conflicts), the only ones of the mutating webhook.
static CONFLICT_RULES: [&Rule; 5] = [
    &flink::enforced_option::RULE,
    &scheduling::node_selector::RULE,
    &security::read_only_root::RULE,
    &storage::checkpoint_volume::RULE,
    &tenancy::label::RULE,
];

/// Every built-in rule.
pub fn all() -> impl Iterator<Item = &'static Rule> {
    RULES.iter().flat_map(|family| family.iter().copied())
}

/// What the built-in rules report, at the rules' own levels and at the fields that hold the values.
///
/// In a namespace without a tenant only the rule about that fact runs; so it is where several
/// tenants claim the namespace. Of an object over a limit nothing else is known.
pub fn check(subject: &Subject<'_>) -> Vec<Finding> {
    check_with(subject, first_findings())
}

/// [`check`] without a limit for one rule: to compare two states of an object.
pub fn check_all(subject: &Subject<'_>) -> Vec<Finding> {
    check_with(subject, first_findings().with_all())
}

fn check_with(subject: &Subject<'_>, findings: Findings) -> Vec<Finding> {
    if subject.excess.is_some() {
        return run([&tenancy::object_limits::RULE], subject, findings);
    }
    match subject.owner {
        NamespaceOwner::Tenant => run(all(), subject, findings),
        NamespaceOwner::Unassigned(_) => {
            run([&tenancy::unassigned_namespace::RULE], subject, findings)
        }
        NamespaceOwner::Ambiguous(_) => {
            run([&tenancy::ambiguous_namespace::RULE], subject, findings)
        }
        NamespaceOwner::Unread(_) => run([&tenancy::unreadable_tenant::RULE], subject, findings),
    }
}

fn first_findings() -> Findings {
    Findings::new(&tenancy::unassigned_namespace::RULE)
}

/// What the rules report that read the subject's conflicts.
pub fn check_conflicts(subject: &Subject<'_>) -> Vec<Finding> {
    run(CONFLICT_RULES, subject, first_findings())
}

/// What the rule reports that reads which pods use a deleted claim.
pub fn check_deletion(subject: &Subject<'_>) -> Vec<Finding> {
    run([&storage::claim_in_use::RULE], subject, first_findings())
}

fn run(
    rules: impl IntoIterator<Item = &'static Rule>,
    subject: &Subject<'_>,
    mut findings: Findings,
) -> Vec<Finding> {
    for rule in rules {
        findings.start(rule);
        (rule.check)(subject, &mut findings);
    }
    let mut list = findings.into_list();
    for finding in &mut list {
        put_in_place(subject.object, subject.workload, finding);
        if let Some(cause) = &mut finding.cause {
            *cause = locate::locate(subject.object, subject.workload, cause);
        }
    }
    list
}

/// Puts findings of any source in force: moves their pointers to the fields that hold the values.
pub fn located(object: &Value, workload: &Workload, mut finding: Finding) -> Finding {
    put_in_place(object, workload, &mut finding);
    finding
}

fn put_in_place(object: &Value, workload: &Workload, finding: &mut Finding) {
    let located = locate::locate(object, workload, &finding.pointer);
    let place = std::mem::replace(&mut finding.pointer, located);
    fix::locate(object, workload, &place, finding);
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
        let most = if finding.is_advice { Level::Warning } else { Level::Error };
        finding.level = level.unwrap_or(finding.level).min(most);
        level.is_some()
    });
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests;
