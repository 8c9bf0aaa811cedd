//! `security/app-armor`

use super::violations::{part_name, report, value};
use crate::kubernetes::pod_security::{Control, PodPart};
use crate::rules::words::shown;
use crate::rules::{Findings, Level, Rule, Subject};

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
                .help("remove the annotation".to_owned())
                .key(key);
            return;
        }
        let part = part_name(violation);
        finding
            .message(match violation.found {
                Some(_) => format!("AppArmor profile {profile} of {part} is not allowed"),
                None => format!("the AppArmor profile of {part} has no type"),
            })
            .help("set `appArmorProfile: {type: RuntimeDefault}`".to_owned())
            .wanted("RuntimeDefault");
    });
}
