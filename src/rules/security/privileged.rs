//! `security/privileged`

use super::violations::{part_name, report};
use crate::kubernetes::pod_security::Control;
use crate::rules::{Advice, Findings, Level, Rule, Subject};

/// Containers that run privileged.
pub static RULE: Rule = Rule {
    id: "security/privileged",
    level: Level::Error,
    since: "0.1.0",
    title: "Privileged containers",
    tenant_fields: &["security.podSecurity"],
    as_is: false,
    page: include_str!("privileged.md"),
    check,
};

fn check(subject: &Subject<'_>, findings: &mut Findings) {
    report(subject, Control::Privileged, findings, |violation, finding| {
        finding
            .message(format!("{} is privileged", part_name(violation)))
            .advise(Advice::remove("privileged: true"))
            .wanted("false");
    });
}
