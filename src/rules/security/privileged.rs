//! `security/privileged`

use crate::kubernetes::pod_security::Control;
use crate::rules::{Findings, Level, Rule, Subject};

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
    for violation in subject.violations(Control::Privileged) {
        findings
            .at(violation.place.as_str())
            .message(violation.message.as_str())
            .help(violation.help.to_string());
    }
}
