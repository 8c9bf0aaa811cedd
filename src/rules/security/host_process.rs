//! `security/host-process`

use super::violations::{part_name, report};
use crate::kubernetes::pod_security::Control;
use crate::rules::{Advice, Findings, Level, Rule, Subject};

/// Windows containers that run on the node itself.
pub static RULE: Rule = Rule {
    id: "security/host-process",
    level: Level::Error,
    since: "0.1.0",
    title: "Windows HostProcess containers",
    tenant_fields: &["security.podSecurity"],
    as_is: false,
    page: include_str!("host_process.md"),
    check,
};

fn check(subject: &Subject<'_>, findings: &mut Findings) {
    report(subject, Control::HostProcess, findings, |violation, finding| {
        finding
            .message(format!("{} runs as a Windows HostProcess", part_name(violation)))
            .advise(Advice::remove("hostProcess: true").then(" from `windowsOptions`"))
            .wanted("false");
    });
}
