//! `security/seccomp`

use super::violations::{part_name, report, value};
use crate::kubernetes::pod_security::{Control, PodPart};
use crate::rules::words::shown;
use crate::rules::{Advice, Findings, Level, Rule, Subject};
use serde_json::json;

/// Seccomp profiles that the level does not allow, or that are missing.
pub static RULE: Rule = Rule {
    id: "security/seccomp",
    level: Level::Error,
    since: "0.1.0",
    title: "Seccomp profiles",
    tenant_fields: &["security.podSecurity"],
    as_is: false,
    page: include_str!("seccomp.md"),
    check,
};

fn check(subject: &Subject<'_>, findings: &mut Findings) {
    report(subject, Control::Seccomp, findings, |violation, finding| {
        if violation.part == PodPart::Annotation {
            let (key, profile) = (shown(violation.field), value(violation));
            finding
                .message(format!("seccomp profile {profile} of annotation `{key}` is not allowed"))
                .advise(
                    Advice::replace("runtime/default")
                        .in_words("set the annotation to `runtime/default`"),
                )
                .wanted("runtime/default")
                .key(key);
            return;
        }
        let part = part_name(violation);
        let (message, place) = match (violation.field, violation.found) {
            ("type", Some(_)) => {
                (format!("seccomp profile {} of {part} is not allowed", value(violation)), "")
            }
            ("type", None) => (format!("the seccomp profile of {part} has no type"), ""),
            _ => (format!("{part} has no seccomp profile"), " in the pod's `securityContext`"),
        };
        finding
            .message(message)
            .advise(
                Advice::set("seccompProfile", json!({"type": "RuntimeDefault"}))
                    .then(place)
                    .safe_if(violation.found.is_none()),
            )
            .wanted("RuntimeDefault");
    });
}
