//! `security/sysctls`

use super::violations::{report, value};
use crate::kubernetes::pod_security::{Control, safe_since};
use crate::rules::{Advice, Findings, Level, Rule, Subject};

/// Sysctls that affect more than the pod.
pub static RULE: Rule = Rule {
    id: "security/sysctls",
    level: Level::Error,
    since: "0.1.0",
    title: "Unsafe sysctls",
    tenant_fields: &["security.podSecurity"],
    as_is: false,
    page: include_str!("sysctls.md"),
    check,
};

fn check(subject: &Subject<'_>, findings: &mut Findings) {
    report(subject, Control::Sysctls, findings, |violation, finding| {
        let name = value(violation);
        let reason = match safe_since(&violation.found_text()) {
            Some(minor) => format!("the Pod Security Standard allows it from v1.{minor} on"),
            None => "the Pod Security Standard allows only safe sysctls".to_owned(),
        };
        finding
            .message(format!("sysctl {name} is not allowed"))
            .advise(Advice::remove_above(1, &format!("remove {name}; {reason}")));
    });
}
