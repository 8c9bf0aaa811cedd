//! `security/allow-privilege-escalation`

use super::violations::{part_name, report};
use crate::kubernetes::pod_security::Control;
use crate::rules::{Advice, Findings, Level, Rule, Subject};

/// Containers whose processes can gain privileges.
pub static RULE: Rule = Rule {
    id: "security/allow-privilege-escalation",
    level: Level::Error,
    since: "0.1.0",
    title: "Privilege escalation",
    tenant_fields: &["security.podSecurity"],
    as_is: false,
    page: include_str!("allow_privilege_escalation.md"),
    check,
};

fn check(subject: &Subject<'_>, findings: &mut Findings) {
    report(subject, Control::AllowPrivilegeEscalation, findings, |violation, finding| {
        finding
            .message(format!("{} allows privilege escalation", part_name(violation)))
            .advise(
                Advice::set("allowPrivilegeEscalation", false)
                    .then(" in its `securityContext`")
                    .safe_if(violation.found.is_none()),
            )
            .wanted("false");
    });
}
