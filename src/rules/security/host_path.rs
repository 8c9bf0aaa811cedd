//! `security/host-path`

use super::violations::{part_name, report};
use crate::kubernetes::pod_security::Control;
use crate::rules::{Findings, Level, Rule, Subject};

/// Volumes from the file system of the node.
pub static RULE: Rule = Rule {
    id: "security/host-path",
    level: Level::Error,
    since: "0.1.0",
    title: "hostPath volumes",
    tenant_fields: &["security.podSecurity"],
    as_is: false,
    page: include_str!("host_path.md"),
    check,
};

fn check(subject: &Subject<'_>, findings: &mut Findings) {
    report(subject, Control::HostPath, findings, |violation, finding| {
        finding
            .message(format!("{} is a `hostPath` volume", part_name(violation)))
            .help(
                "use a `persistentVolumeClaim` for state, or an `emptyDir` for temporary files"
                    .to_owned(),
            )
            .found("hostPath");
    });
}
