//! `tenancy/unassigned-namespace`

use crate::rules::{Findings, Level, NamespaceOwner, Rule, Subject, Unassigned};

/// Flink in a namespace that no tenant owns.
pub static RULE: Rule = Rule {
    id: "tenancy/unassigned-namespace",
    level: Level::Error,
    since: "0.1.0",
    title: "Namespaces without a tenant",
    tenant_fields: &["namespaces"],
    as_is: false,
    page: include_str!("unassigned_namespace.md"),
    check,
};

fn check(subject: &Subject<'_>, findings: &mut Findings) {
    let NamespaceOwner::Unassigned(unassigned) = subject.owner else { return };
    let level = match unassigned {
        Unassigned::Allow => return,
        Unassigned::Warn => Level::Warning,
        Unassigned::Deny => Level::Error,
    };
    if !subject.workload.is_flink() {
        return;
    }
    let namespace = &subject.resource.namespace;
    findings
        .at("/metadata/namespace")
        .level(level)
        .message(format!("namespace `{namespace}` belongs to no FlinkTenant"))
        .help(
            "deploy to a namespace of a tenant, or add this namespace to a FlinkTenant".to_owned(),
        )
        .found(namespace);
}
