//! `security/app-armor`

use super::violations::{part_name, report, value};
use crate::kubernetes::pod_security::{Control, PodPart};
use crate::rules::words::shown;
use crate::rules::{Advice, Findings, Level, Rule, Subject};
use serde_json::json;

/// AppArmor profiles that the level does not allow.
pub static RULE: Rule = Rule {
    id: "security/app-armor",
    level: Level::Error,
    since: "0.1.0",
    title: "AppArmor profiles",
    tenant_fields: &["security.podSecurity"],
    as_is: false,
    page: include_str!("app_armor.md"),
    check,
};

fn check(subject: &Subject<'_>, findings: &mut Findings) {
    report(subject, Control::AppArmor, findings, |violation, finding| {
        let profile = value(violation);
        if violation.part == PodPart::Annotation {
            let key = shown(violation.field);
            finding
                .message(format!("AppArmor profile {profile} of annotation `{key}` is not allowed"))
                .advise(Advice::remove_in_words("remove the annotation"))
                .key(key);
            return;
        }
        let part = part_name(violation);
        finding
            .message(match violation.found {
                Some(_) => format!("AppArmor profile {profile} of {part} is not allowed"),
                None => format!("the AppArmor profile of {part} has no type"),
            })
            .advise(Advice::set("appArmorProfile", json!({"type": "RuntimeDefault"})))
            .wanted("RuntimeDefault");
    });
}
