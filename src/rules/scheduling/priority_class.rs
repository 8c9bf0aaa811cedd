//! `scheduling/priority-class`

use crate::rules::words::shown;
use crate::rules::{Advice, Findings, Level, Rule, Subject};
use serde_json::Value;

/// Priority classes that the tenant does not allow.
pub static RULE: Rule = Rule {
    id: "scheduling/priority-class",
    level: Level::Error,
    since: "0.1.0",
    title: "Allowed priority classes",
    tenant_fields: &["scheduling.priorityClasses"],
    as_is: false,
    page: include_str!("priority_class.md"),
    check,
};

fn check(subject: &Subject<'_>, findings: &mut Findings) {
    let Some(allowed) = &subject.tenant.spec.scheduling.priority_classes else { return };
    for pods in &subject.pods {
        let name = pods.spec().get("priorityClassName").and_then(Value::as_str);
        let Some(name) = name.filter(|name| !name.is_empty()) else { continue };
        if !allowed.iter().any(|allowed| allowed == name) {
            findings
                .at(pods.place("/spec/priorityClassName"))
                .message(format!("priority class `{}` is not allowed", shown(name)))
                .advise(Advice::one_of(allowed))
                .found(name);
        }
    }
}
