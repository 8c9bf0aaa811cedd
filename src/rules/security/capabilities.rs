//! `security/capabilities`

use super::violations::{part_name, report, value};
use crate::kubernetes::pod_security::Control;
use crate::rules::words::alternatives;
use crate::rules::{Advice, Findings, Level, Rule, Subject};
use serde_json::json;

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
                .advise(
                    Advice::set("drop", json!(["ALL"]))
                        .then(" in `securityContext.capabilities`")
                        .safe(),
                )
                .wanted("ALL");
            return;
        }
        let capability = value(violation);
        let accepted = alternatives(violation.accepted);
        finding.message(format!("capability {capability} of {part} is not allowed")).advise(
            Advice::remove_in_words(format!(
                "remove {capability}; a container can add only {accepted}"
            )),
        );
    });
}
