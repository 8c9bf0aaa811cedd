//! `tenancy/unreadable-tenant`

use crate::rules::{Findings, Level, NamespaceOwner, Rule, Subject};
use crate::tenant::readable::Instead;

/// Objects of a tenant that this version of Flinkgate cannot read as a whole.
pub static RULE: Rule = Rule {
    id: "tenancy/unreadable-tenant",
    level: Level::Error,
    since: "0.1.0",
    title: "Tenants that cannot be read",
    tenant_fields: &["namespaces"],
    as_is: false,
    page: include_str!("unreadable_tenant.md"),
    check,
};

fn check(subject: &Subject<'_>, findings: &mut Findings) {
    if let NamespaceOwner::Unread(tenants) = subject.owner {
        let namespace = &subject.resource.namespace;
        let names = tenants.join("`, `");
        findings
            .at("/metadata/namespace")
            .message(format!(
                "namespace `{namespace}` may belong to a FlinkTenant whose namespaces cannot be read: `{names}`"
            ))
            .help(help())
            .found(names);
        return;
    }
    let name = &subject.tenant.name;
    for part in &subject.tenant.unread {
        let (place, message) = (part.place(), &part.message);
        let (level, effect) = match part.instead {
            Instead::Refusal => (Level::Error, "its objects are refused"),
            _ => (Level::Warning, "a stricter value applies"),
        };
        findings
            .at("/metadata/namespace")
            .level(level)
            .message(format!(
                "`{place}` of FlinkTenant `{name}` cannot be read, so {effect}: {message}"
            ))
            .help(help())
            .key(&place);
    }
}

fn help() -> String {
    "ask the platform team to correct the FlinkTenant, or to upgrade Flinkgate".to_owned()
}
