//! `security/host-aliases`

use crate::resource::fields::elements;
use crate::rules::words::{alternatives, matches_any, shown};
use crate::rules::{Findings, Level, Rule, Subject};

/// Host aliases that the tenant does not allow.
pub static RULE: Rule = Rule {
    id: "security/host-aliases",
    level: Level::Error,
    since: "0.1.0",
    title: "Allowed host aliases",
    tenant_fields: &["security.hostAliases"],
    as_is: false,
    page: include_str!("host_aliases.md"),
    check,
};

fn check(subject: &Subject<'_>, findings: &mut Findings) {
    let Some(allowed) = &subject.tenant.spec.security.host_aliases else { return };
    for pods in &subject.pods {
        for (i, alias) in elements(pods.spec(), "hostAliases").iter().enumerate() {
            for (j, host) in elements(alias, "hostnames").iter().enumerate() {
                let host = host.as_str().unwrap_or_default();
                if matches_any(allowed, host) {
                    continue;
                }
                findings
                    .at(pods.place(format_args!("/spec/hostAliases/{i}/hostnames/{j}")))
                    .message(format!("host alias `{}` is not allowed", shown(host)))
                    .help(match allowed.as_slice() {
                        [] => "remove it: the tenant allows none".to_owned(),
                        some => format!("remove it: the tenant allows {}", alternatives(some)),
                    })
                    .found(host);
            }
        }
    }
}
