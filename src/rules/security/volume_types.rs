//! `security/volume-types`

use super::violations::{part_name, report};
use crate::kubernetes::pod_security::Control;
use crate::rules::words::shown;
use crate::rules::{Findings, Level, Rule, Subject};

/// Volumes of types that the level does not allow.
pub static RULE: Rule = Rule {
    id: "security/volume-types",
    level: Level::Error,
    since: "0.1.0",
    title: "Volume types",
    tenant_fields: &["security.podSecurity"],
    as_is: false,
    page: include_str!("volume_types.md"),
    check,
};

fn check(subject: &Subject<'_>, findings: &mut Findings) {
    report(subject, Control::VolumeTypes, findings, |violation, finding| {
        let (part, kind) = (part_name(violation), shown(violation.field));
        finding
            .message(format!("type `{kind}` of {part} is not allowed"))
            .help(format!("use a `persistentVolumeClaim` instead of `{kind}`"))
            .wanted("persistentVolumeClaim")
            .found(kind);
    });
}
