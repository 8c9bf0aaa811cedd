//! `flink/service-account`

use crate::flink::dialects::emr_role;
use crate::rules::words::alternatives;
use crate::rules::{Advice, Findings, Level, Rule, Subject};

/// Clusters without a service account, which the operator refuses.
pub static RULE: Rule = Rule {
    id: "flink/service-account",
    level: Level::Error,
    since: "0.1.0",
    title: "Missing service account",
    tenant_fields: &["security.serviceAccounts"],
    as_is: false,
    page: include_str!("service_account.md"),
    check,
};

fn check(subject: &Subject<'_>, findings: &mut Findings) {
    let Some(cluster) = subject.operators_cluster() else { return };
    // `flink/dialect` says so.
    if cluster.text("/serviceAccount").is_some() || emr_role(cluster.spec()).is_some() {
        return;
    }
    let field = cluster.name("/serviceAccount");
    let help = match subject.tenant.spec.security.service_accounts.as_deref() {
        None | Some([]) => {
            format!("set `{field}`, such as `flink` of the operator's Helm chart").into()
        }
        Some([only]) => Advice::set("serviceAccount", only.as_str())
            .in_words(format!("set `{field}` to `{only}`")),
        Some(allowed) => format!("set `{field}` to {}", alternatives(allowed)).into(),
    };
    findings
        .at(cluster.at("/serviceAccount"))
        .message("`serviceAccount` is missing, and the operator requires it")
        .advise(help);
}
