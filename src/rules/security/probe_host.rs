//! `security/probe-host`

use super::violations::{part_name, report, value};
use crate::kubernetes::pod_security::Control;
use crate::rules::{Advice, Findings, Level, Rule, Subject};

/// Probes and lifecycle hooks that connect to a host.
pub static RULE: Rule = Rule {
    id: "security/probe-host",
    level: Level::Error,
    since: "0.1.0",
    title: "Hosts in probes and lifecycle hooks",
    tenant_fields: &["security.podSecurity"],
    as_is: false,
    page: include_str!("probe_host.md"),
    check,
};

fn check(subject: &Subject<'_>, findings: &mut Findings) {
    report(subject, Control::ProbeHosts, findings, |violation, finding| {
        let (part, handler, host) = (part_name(violation), violation.field, value(violation));
        finding
            .message(format!("`{handler}` of {part} connects to the host {host}"))
            .advise(Advice::remove("host").then(": the kubelet then connects to the pod"));
    });
}
