//! `flink/internal-option`

use crate::rules::{Advice, Findings, Level, Rule, Subject};

/// Options that only Flink and its operator set.
pub static RULE: Rule = Rule {
    id: "flink/internal-option",
    level: Level::Error,
    since: "0.1.0",
    title: "Internal options",
    tenant_fields: &[],
    as_is: false,
    page: include_str!("internal_option.md"),
    check,
};

/// Where Flink runs: the values that the operator itself sets for each kind of cluster.
const TARGETS: [&str; 3] = ["kubernetes-application", "kubernetes-session", "remote"];

fn check(subject: &Subject<'_>, findings: &mut Findings) {
    if !subject.is_for_operator() {
        return;
    }
    for (key, entry) in subject.workload.config.iter() {
        if is_internal(key, &entry.value)
            && let Some(place) = subject.written(key, entry)
        {
            findings
                .at(place)
                .message(format!("`{key}` is internal: Flink and its operator set it"))
                .advise(Advice::remove_option(key))
                .key(key);
        }
    }
}

fn is_internal(key: &str, value: &str) -> bool {
    match key {
        "execution.target" => !TARGETS.contains(&value.trim()),
        "kubernetes.internal.cluster-mode"
        | "kubernetes.internal.jobmanager.entrypoint.class"
        | "kubernetes.operator.watched.namespaces"
        | "kubernetes.operator.user.artifacts.base.dir"
        | "kubernetes.operator.user.artifacts.allowed-schemes"
        | "kubernetes.operator.user.artifacts.disallow-restricted-hosts" => true,
        // `flink/operator-files` reports it.
        "$internal.deployment.config-dir" => false,
        _ => {
            key.starts_with("$internal.")
                || key.starts_with("kubernetes.operator.plugins.")
                || key.starts_with("kubernetes.operator.default-configuration.")
        }
    }
}
