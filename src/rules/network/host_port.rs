//! `network/host-port`

use crate::kubernetes::pod_security::Control;
use crate::rules::security::violations::{part_name, report, value};
use crate::rules::words::alternatives;
use crate::rules::{Advice, Findings, Level, Rule, Subject};

/// Containers that use ports of their node.
pub static RULE: Rule = Rule {
    id: "network/host-port",
    level: Level::Error,
    since: "0.1.0",
    title: "Host ports",
    tenant_fields: &["security.podSecurity", "network.hostPorts"],
    as_is: false,
    page: include_str!("host_port.md"),
    check,
};

fn check(subject: &Subject<'_>, findings: &mut Findings) {
    report(subject, Control::HostPorts, findings, |violation, finding| {
        finding.message(format!(
            "{} uses port {} of its node",
            part_name(violation),
            value(violation)
        ));
        if violation.field == "hostNetwork" {
            finding.advise(
                Advice::remove("hostNetwork: true")
                    .then(", which opens each container port on the node"),
            );
            return;
        }
        // Below level privileged, the tenant's own list has no effect.
        let allowed = subject.tenant.spec.network.host_ports.as_deref().unwrap_or_default();
        let mut help = "remove `hostPort`; a Service makes the port reachable".to_owned();
        if subject.tenant.standard.is_none() && !allowed.is_empty() {
            let allowed: Vec<String> = allowed.iter().map(u16::to_string).collect();
            help = format!("{help}; the tenant allows {}", alternatives(&allowed));
        }
        finding.advise(Advice::remove_in_words(help));
    });
}
