//! `scheduling/binding`

use crate::resource::users;
use crate::resource::{Resource, fields::text, pointer};
use crate::rules::words::shown;
use crate::rules::{Findings, Level, Rule, Subject};
use serde_json::Value;

/// Pods that a user binds to a node.
pub static RULE: Rule = Rule {
    id: "scheduling/binding",
    level: Level::Error,
    since: "0.1.0",
    title: "Bindings of pods to nodes",
    tenant_fields: &["scheduling.schedulerNames"],
    as_is: false,
    page: include_str!("binding.md"),
    check,
};

fn check(subject: &Subject<'_>, findings: &mut Findings) {
    if !is_binding(subject.resource) || is_by_scheduler(subject) {
        return;
    }
    let target = pointer::at(subject.object, "/target").unwrap_or(&Value::Null);
    let node = text(target, "name");
    findings
        .at("/target")
        .message(format!("a Binding to node `{}` bypasses the scheduler", shown(node)))
        .help("remove it, and select nodes with `nodeSelector` or `nodeAffinity`".to_owned())
        .found(node);
}

fn is_binding(resource: &Resource) -> bool {
    resource.kind.kind == "Binding" && resource.kind.group.is_empty()
}

/// Whether the user is Kubernetes' scheduler or another component of the cluster, or a scheduler of
/// the tenant. A scheduler's service account
/// or its namespace has the scheduler's name or begins with it (`volcano-system:volcano-scheduler`),
/// and it is in no tenant's namespace.
fn is_by_scheduler(subject: &Subject<'_>) -> bool {
    let user = &subject.resource.user;
    if users::is_trusted(user) {
        return true;
    }
    let Some((namespace, account)) =
        users::service_account(user).filter(|_| subject.is_by_platform)
    else {
        return false;
    };
    let belongs = |scheduler: &String| {
        let begins = |name: &str| {
            name.strip_prefix(scheduler.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
        };
        !scheduler.is_empty() && (begins(account) || begins(namespace))
    };
    subject
        .tenant
        .spec
        .scheduling
        .scheduler_names
        .as_ref()
        .is_none_or(|names| names.iter().any(belongs))
}
