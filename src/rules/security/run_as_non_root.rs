//! `security/run-as-non-root`

use super::violations::{part_name, report};
use crate::kubernetes::pod_security::Control;
use crate::rules::words::shown;
use crate::rules::{Advice, Findings, Level, Rule, Subject};

/// Containers that may run as root.
pub static RULE: Rule = Rule {
    id: "security/run-as-non-root",
    level: Level::Error,
    since: "0.1.0",
    title: "Run as non-root",
    tenant_fields: &["security.podSecurity"],
    as_is: false,
    page: include_str!("run_as_non_root.md"),
    check,
};

fn check(subject: &Subject<'_>, findings: &mut Findings) {
    report(subject, Control::RunAsNonRoot, findings, |violation, finding| {
        let part = part_name(violation);
        finding.wanted("true");
        if violation.found.is_some() {
            let found = shown(&violation.found_text());
            finding
                .message(format!("{part} may run as root: it sets `runAsNonRoot: {found}`"))
                .advise(Advice::set("runAsNonRoot", true));
        } else {
            finding.message(format!("{part} may run as root: `runAsNonRoot` is not set")).advise(
                Advice::set("runAsNonRoot", true).then(" in the pod's `securityContext`").safe(),
            );
        }
    });
}
