//! `security/runtime-class`

use crate::rules::words::{matches_any, shown};
use crate::rules::{Advice, Findings, Level, Rule, Subject};
use serde_json::Value;

/// Runtime classes that the tenant does not allow.
pub static RULE: Rule = Rule {
    id: "security/runtime-class",
    level: Level::Error,
    since: "0.1.0",
    title: "Allowed runtime classes",
    tenant_fields: &["security.runtimeClasses"],
    as_is: false,
    page: include_str!("runtime_class.md"),
    check,
};

fn check(subject: &Subject<'_>, findings: &mut Findings) {
    let Some(allowed) = &subject.tenant.spec.security.runtime_classes else { return };
    for pods in &subject.pods {
        let class = pods.spec().get("runtimeClassName").and_then(Value::as_str);
        if let Some(class) = class.filter(|class| !matches_any(allowed, class)) {
            findings
                .at(pods.place("/spec/runtimeClassName"))
                .message(format!("runtime class `{}` is not allowed", shown(class)))
                .advise(Advice::name_like(allowed))
                .found(class);
        }
    }
}
