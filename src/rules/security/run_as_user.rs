//! `security/run-as-user`

use super::violations::{part_name, report};
use crate::kubernetes::pod_security::Control;
use crate::rules::words::shown;
use crate::rules::{Findings, Level, Rule, Subject};

/// Containers that run as root by its UID.
pub static RULE: Rule = Rule {
    id: "security/run-as-user",
    level: Level::Error,
    since: "0.1.0",
    title: "Run as UID 0",
    tenant_fields: &["security.podSecurity"],
    as_is: false,
    page: include_str!("run_as_user.md"),
    check,
};

fn check(subject: &Subject<'_>, findings: &mut Findings) {
    report(subject, Control::RunAsUser, findings, |violation, finding| {
        let (part, uid) = (part_name(violation), shown(&violation.found_text()));
        finding.message(format!("{part} runs as root: it sets `runAsUser: {uid}`")).help(
            "set the UID of a user other than root, such as `runAsUser: 9999` in Flink's images"
                .to_owned(),
        );
    });
}
