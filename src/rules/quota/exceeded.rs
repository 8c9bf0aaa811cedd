//! `quota/exceeded`

use crate::kinds::{self, claimed_owner};
use crate::quota::display;
use crate::quota::limits::Scope;
use crate::resource::fields::text;
use crate::resource::quantity::Quantity;
use crate::rules::words::shown;
use crate::rules::{Findings, Level, Rule, Subject};

/// More than the tenant may use in total.
pub static RULE: Rule = Rule {
    id: "quota/exceeded",
    level: Level::Error,
    since: "0.1.0",
    title: "Tenant quota",
    tenant_fields: &["quota.hard"],
    as_is: false,
    page: include_str!("exceeded.md"),
    check,
};

fn check(subject: &Subject<'_>, findings: &mut Findings) {
    let Some(quota) = subject.quota else { return };
    // Blue and green have one template and shrink together.
    let clusters = match subject.workload.concurrent_clusters {
        several @ 2.. => format!(" in each of the {several} clusters"),
        _ => String::new(),
    };
    for over in quota.exceeded.iter().filter(|over| over.scope == Scope::Tenant) {
        let show = |amount| display(&over.resource, amount);
        let (tenant, resource, hard) = (&subject.tenant.name, &over.resource, show(over.hard));
        // A sum that is too large to count is larger than any quota.
        let sum = over.used.checked_add(over.requested).unwrap_or(Quantity::MAX);
        let request = if over.used.is_zero() {
            format!("this object requests {}", show(over.requested))
        } else {
            format!("these files request {}", show(sum))
        };
        findings
            .at("/spec")
            .message(format!("tenant `{tenant}`: {request} {resource}, the quota is {hard}"))
            .help(format!(
                "request less {resource}{clusters}, or ask the platform team for a higher quota"
            ))
            .key(resource)
            .wanted(hard)
            .found(show(sum));
    }
    if subject.workload.size.total.clusters > 0 {
        check_owner(subject, findings);
    }
}

/// A pod with a JobManager counts with its owner. Only Kubernetes' controllers set that owner.
fn check_owner(subject: &Subject<'_>, findings: &mut Findings) {
    // In files the user is unknown, and the object counts as a cluster of its own.
    let is_known = !subject.resource.user.username.is_empty();
    let by_controllers =
        kinds::of(&subject.resource.kind).is_some_and(|row| row.has(kinds::Property::CountsApart));
    // Operators that are not configured run outside of the tenants' namespaces.
    if subject.is_by_platform && !by_controllers {
        return;
    }
    let Some((index, owner)) =
        claimed_owner(subject.resource, subject.requester).filter(|_| is_known)
    else {
        return;
    };
    let (kind, name) = (shown(text(owner, "kind")), shown(text(owner, "name")));
    findings
        .at(format!("/metadata/ownerReferences/{index}"))
        .message(format!("{kind} `{name}` did not create this JobManager and cannot be its owner"))
        .help("remove the owner reference, or create the JobManager with a Deployment".to_owned())
        .found(name);
}
