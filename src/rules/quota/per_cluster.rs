//! `quota/per-cluster`

use crate::quota::display;
use crate::quota::limits::Scope;
use crate::rules::{Findings, Level, Rule, Subject};

/// More than one cluster may use.
pub static RULE: Rule = Rule {
    id: "quota/per-cluster",
    level: Level::Error,
    since: "0.1.0",
    title: "Limits of one cluster",
    tenant_fields: &["quota.perCluster"],
    as_is: false,
    page: include_str!("per_cluster.md"),
    check,
};

fn check(subject: &Subject<'_>, findings: &mut Findings) {
    let Some(quota) = subject.quota else { return };
    for over in quota.exceeded.iter().filter(|over| over.scope == Scope::Cluster) {
        let show = |amount| display(&over.resource, amount);
        let (resource, requested, hard) = (&over.resource, show(over.requested), show(over.hard));
        findings
            .at("/spec")
            .message(format!("this cluster requests {requested} {resource}, the limit is {hard}"))
            .help(format!("request at most {hard} {resource}, or ask the platform team for more"))
            .key(resource)
            .wanted(hard)
            .found(requested);
    }
}
