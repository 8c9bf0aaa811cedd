//! `security/capabilities`

use super::violations::{part_name, report, value};
use crate::kubernetes::pod_security::Control;
use crate::rules::words::alternatives;
use crate::rules::{Findings, Level, Rule, Subject};

/// Capabilities that containers add, or do not drop.
pub static RULE: Rule = Rule {
    id: "security/capabilities",
    level: Level::Error,
    since: "0.1.0",
    title: "Linux capabilities",
    tenant_fields: &["security.podSecurity"],
    as_is: false,
    page: include_str!("capabilities.md"),
    check,
};

fn check(subject: &Subject<'_>, findings: &mut Findings) {
    report(subject, Control::Capabilities, findings, |violation, finding| {
        let part = part_name(violation);
        if violation.found.is_none() {
            finding
                .message(format!("{part} does not drop all capabilities"))
                .help("set `drop: [ALL]` in `securityContext.capabilities`".to_owned())
                .wanted("ALL");
            return;
        }
        let capability = value(violation);
        let accepted = alternatives(violation.accepted);
        finding
            .message(format!("capability {capability} of {part} is not allowed"))
            .help(format!("remove {capability}; a container can add only {accepted}"));
    });
}
