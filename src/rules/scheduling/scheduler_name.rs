//! `scheduling/scheduler-name`

use crate::rules::words::shown;
use crate::rules::{Advice, Findings, Level, Rule, Subject};
use serde_json::Value;

/// Schedulers that the tenant does not allow.
pub static RULE: Rule = Rule {
    id: "scheduling/scheduler-name",
    level: Level::Error,
    since: "0.1.0",
    title: "Allowed schedulers",
    tenant_fields: &["scheduling.schedulerNames"],
    as_is: false,
    page: include_str!("scheduler_name.md"),
    check,
};

/// The scheduler of pods that name none.
const DEFAULT_SCHEDULER: &str = "default-scheduler";

fn check(subject: &Subject<'_>, findings: &mut Findings) {
    let Some(allowed) = &subject.tenant.spec.scheduling.scheduler_names else { return };
    for pods in &subject.pods {
        let name = pods.spec().get("schedulerName").and_then(Value::as_str);
        let name = name.filter(|name| !name.is_empty()).unwrap_or(DEFAULT_SCHEDULER);
        if !allowed.iter().any(|allowed| allowed == name) {
            findings
                .at(pods.place("/spec/schedulerName"))
                .message(format!("scheduler `{}` is not allowed", shown(name)))
                .advise(Advice::one_of(allowed))
                .found(name);
        }
    }
}
