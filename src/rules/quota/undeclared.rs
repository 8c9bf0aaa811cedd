//! `quota/undeclared`

use crate::rules::{Findings, Level, Rule, Subject};

/// Pods without a request for a resource that the tenant limits.
pub static RULE: Rule = Rule {
    id: "quota/undeclared",
    level: Level::Error,
    since: "0.1.0",
    title: "Undeclared resources",
    tenant_fields: &["quota.hard"],
    as_is: false,
    page: include_str!("undeclared.md"),
    check,
};

fn check(subject: &Subject<'_>, findings: &mut Findings) {
    let Some(quota) = subject.quota else { return };
    for missing in &quota.undeclared {
        let (container, resource) = (&missing.container, missing.resource);
        let (level, outcome) = match missing.in_template {
            true => (Level::Warning, ": its pods will be refused"),
            false => (RULE.level, ""),
        };
        findings
            .at(missing.place.as_str())
            .level(level)
            .message(format!(
                "container `{container}` declares no {resource}, which the tenant's quota \
                 limits{outcome}"
            ))
            .help(format!("set `resources.requests.{resource}` of the container"))
            .container(container)
            .key(resource);
    }
}
