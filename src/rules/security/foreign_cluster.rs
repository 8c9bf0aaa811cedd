//! `security/foreign-cluster`

use crate::rules::words::shown;
use crate::rules::{Advice, Findings, Level, Rule, Subject};

/// Pods of native mode whose labels name another cluster.
pub static RULE: Rule = Rule {
    id: "security/foreign-cluster",
    level: Level::Error,
    since: "0.1.0",
    title: "Cluster labels of native pods",
    tenant_fields: &[],
    as_is: false,
    page: include_str!("foreign_cluster.md"),
    check,
};

fn check(subject: &Subject<'_>, findings: &mut Findings) {
    let Some(label) = &subject.workload.mismatched_cluster_label else { return };
    let cluster = &subject.workload.cluster;
    findings
        .at("/metadata/labels/app")
        .message(format!(
            "the pod belongs to cluster `{}`, but its label `app` is `{}`",
            shown(cluster),
            shown(label)
        ))
        .advise(
            Advice::replace(cluster).in_words(format!("set the label `app: {}`", shown(cluster))),
        )
        .key("app")
        .wanted(cluster)
        .found(label);
}
