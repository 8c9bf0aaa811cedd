//! `security/service-account`

use crate::flink::dialects::{EMR_ROLE, emr_role};
use crate::flink::pods::Pods;
use crate::rules::words::shown;
use crate::rules::{Advice, Findings, Level, Rule, Subject};
use serde_json::Value;

/// Service accounts that the tenant does not allow.
pub static RULE: Rule = Rule {
    id: "security/service-account",
    level: Level::Error,
    since: "0.1.0",
    title: "Allowed service accounts",
    tenant_fields: &["security.serviceAccounts"],
    as_is: false,
    page: include_str!("service_account.md"),
    check,
};

/// The options that name the account of TaskManagers, nearest first.
const OPTIONS: [&str; 2] = ["kubernetes.taskmanager.service-account", "kubernetes.service-account"];

fn check(subject: &Subject<'_>, findings: &mut Findings) {
    let Some(allowed) = &subject.tenant.spec.security.service_accounts else { return };
    let mut report = |place: &str, name: &str| {
        if !allowed.iter().any(|allowed| allowed == name) {
            findings
                .at(place)
                .message(format!("service account `{}` is not allowed", shown(name)))
                .advise(Advice::one_of(allowed))
                .found(name);
        }
    };
    for Pods { account, .. } in &subject.pods {
        report(&account.place, account.name);
    }
    if subject.requests_task_managers()
        && let Some((key, entry)) = subject.option(&OPTIONS)
    {
        report(&subject.option_place(key, entry), &entry.value);
    }
    // On Amazon EMR, the role is what the pods may do in the cloud, and the account follows from it.
    if subject.resource.kind.group == "flink.apache.org"
        && let Some(role) = emr_role(subject.spec().unwrap_or(&Value::Null))
        && !allowed.iter().any(|allowed| allowed == role)
    {
        findings
            .at(format!("{}/{EMR_ROLE}", subject.spec_place()))
            .message(format!("IAM role `{}` is not one of the allowed accounts", shown(role)))
            .advise(Advice::remove(EMR_ROLE).then(", or ask the platform team to allow the role"))
            .found(role);
    }
}
