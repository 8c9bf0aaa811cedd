//! `security/proc-mount`

use super::violations::{part_name, report};
use crate::kubernetes::pod_security::Control;
use crate::rules::words::shown;
use crate::rules::{Advice, Findings, Level, Rule, Subject};

/// Containers that see the `/proc` of their node.
pub static RULE: Rule = Rule {
    id: "security/proc-mount",
    level: Level::Error,
    since: "0.1.0",
    title: "Mount type of /proc",
    tenant_fields: &["security.podSecurity"],
    as_is: false,
    page: include_str!("proc_mount.md"),
    check,
};

fn check(subject: &Subject<'_>, findings: &mut Findings) {
    report(subject, Control::ProcMount, findings, |violation, finding| {
        let (part, kind) = (part_name(violation), shown(&violation.found_text()));
        finding
            .message(format!("`procMount: {kind}` of {part} is not allowed"))
            .advise(Advice::remove("procMount"))
            .wanted("Default");
    });
}
