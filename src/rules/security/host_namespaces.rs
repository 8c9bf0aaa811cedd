//! `security/host-namespaces`

use super::violations::report;
use crate::kubernetes::pod_security::Control;
use crate::rules::{Advice, Findings, Level, Rule, Subject};

/// Pods that use namespaces of their node.
pub static RULE: Rule = Rule {
    id: "security/host-namespaces",
    level: Level::Error,
    since: "0.1.0",
    title: "Host namespaces",
    tenant_fields: &["security.podSecurity"],
    as_is: false,
    page: include_str!("host_namespaces.md"),
    check,
};

/// Sets `hostNetwork` in Flink's pods and overrides their template.
const HOST_NETWORK: &str = "kubernetes.hostnetwork.enabled";

fn check(subject: &Subject<'_>, findings: &mut Findings) {
    report(subject, Control::HostNamespaces, findings, |violation, finding| {
        let field = violation.field;
        let namespace = match field {
            "hostPID" => "PID",
            "hostIPC" => "IPC",
            _ => "network",
        };
        finding
            .message(format!("`{field}` gives the pod the {namespace} namespace of its node"))
            .advise(Advice::remove(&format!("{field}: true")))
            .wanted("false");
    });
    if subject.tenant.standard.is_some()
        && let Some(entry) = subject.workload.config.entry(HOST_NETWORK)
        && entry.value.eq_ignore_ascii_case("true")
    {
        findings
            .at(subject.option_place(HOST_NETWORK, entry))
            .message(format!(
                "`{HOST_NETWORK}` gives Flink's pods the network namespace of their nodes"
            ))
            .advise(Advice::remove_option(HOST_NETWORK))
            .key(HOST_NETWORK)
            .wanted("false")
            .found(entry.value.as_str());
    }
}
