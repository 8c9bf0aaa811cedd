//! `tenancy/ambiguous-namespace`

use crate::rules::{Findings, Level, NamespaceOwner, Rule, Subject};

/// Objects in a namespace that several tenants claim.
pub static RULE: Rule = Rule {
    id: "tenancy/ambiguous-namespace",
    level: Level::Error,
    since: "0.1.0",
    title: "Namespaces with several tenants",
    tenant_fields: &["namespaces"],
    as_is: false,
    page: include_str!("ambiguous_namespace.md"),
    check,
};

fn check(subject: &Subject<'_>, findings: &mut Findings) {
    let NamespaceOwner::Ambiguous(tenants) = subject.owner else { return };
    let namespace = &subject.resource.namespace;
    let names = tenants.join("`, `");
    findings
        .at("/metadata/namespace")
        .message(format!("several tenants claim namespace `{namespace}`: `{names}`"))
        .help("ask the platform team to assign the namespace to one tenant".to_owned())
        .found(names);
}
