//! `security/selinux`

use super::violations::{part_name, report, value};
use crate::kubernetes::pod_security::Control;
use crate::rules::words::alternatives;
use crate::rules::{Advice, Findings, Level, Rule, Subject};

/// SELinux options that the level does not allow.
pub static RULE: Rule = Rule {
    id: "security/selinux",
    level: Level::Error,
    since: "0.1.0",
    title: "SELinux options",
    tenant_fields: &["security.podSecurity"],
    as_is: false,
    page: include_str!("selinux.md"),
    check,
};

fn check(subject: &Subject<'_>, findings: &mut Findings) {
    report(subject, Control::SeLinux, findings, |violation, finding| {
        let (part, field, found) = (part_name(violation), violation.field, value(violation));
        finding.message(format!("SELinux {field} {found} of {part} is not allowed"));
        match violation.accepted {
            [] => finding.advise(Advice::remove(field).then(" from `seLinuxOptions`")),
            accepted => finding.help(format!("set `type` to {}", alternatives(accepted))),
        };
    });
}
