//! `security/automount-token`

use crate::flink::options::high_availability;
use crate::flink::{Engine, Mode, Role, Template};
use crate::resource::pointer;
use crate::rules::{Advice, Findings, Level, Rule, Subject};
use serde_json::Value;

/// Service account tokens in pods that do not need them.
pub static RULE: Rule = Rule {
    id: "security/automount-token",
    level: Level::Error,
    since: "0.1.0",
    title: "Service account tokens",
    tenant_fields: &["security.tokensWhereNeeded"],
    as_is: false,
    page: include_str!("automount_token.md"),
    check,
};

const FIELD: &str = "/spec/automountServiceAccountToken";

/// Only custom resources are checked: of a single pod it is unknown whether its cluster uses
/// Kubernetes for high availability.
fn check(subject: &Subject<'_>, findings: &mut Findings) {
    let workload = subject.workload;
    // A custom factory for high availability may use the Kubernetes API too.
    let is_needed_by_all = || {
        high_availability(&workload.config)
            .is_some_and(|service| !service.eq_ignore_ascii_case("zookeeper"))
    };
    if !subject.tenant.spec.security.tokens_where_needed
        || !workload.declares_cluster
        || workload.engine != Engine::Operator
        || is_needed_by_all()
    {
        return;
    }
    let is_native = workload.mode == Some(Mode::Native);
    for pods in &subject.pods {
        let is_needed = pods.set.role == Role::JobManager && is_native;
        let written = pointer::at(pods.template, FIELD);
        if pods.set.role == Role::Other || is_needed || written == Some(&Value::Bool(false)) {
            continue;
        }
        // Both roles can share a template, unless JobManagers need the token.
        let template = match &pods.set.template {
            Template::Merged(merged) if !is_native && written.is_none() => merged.common.as_str(),
            _ => pods.set.path(),
        };
        let place = format!("{template}{FIELD}");
        let template = template.trim_start_matches('/').replace('/', ".");
        findings
            .at(pods.place(FIELD))
            .message("the pods get a service account token but do not use the Kubernetes API")
            .advise(
                Advice::set_at(place, "automountServiceAccountToken", false)
                    .then(&format!(" in `{template}.spec`"))
                    .safe_if(written.is_none()),
            )
            .wanted("false");
    }
}
