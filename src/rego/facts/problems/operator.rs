//! Options of a custom resource that only Flink and its operator set.
//!
//! The operator takes the whole configuration of an object for its own while it deploys that
//! object. In the ConfigMap that it writes, and in pods, the same keys name files of those pods and
//! are nobody's concern.

use super::{Found, Subject};
use crate::flink::config::Entry;

/// Where Flink runs: what the operator itself sets for each kind of cluster.
const TARGETS: [&str; 3] = ["kubernetes-application", "kubernetes-session", "remote"];

pub(super) fn judge(subject: &Subject<'_>, found: &mut Found) {
    if !subject.is_for_operator() {
        return;
    }
    for (key, entry) in subject.workload.config.iter() {
        if is_internal(key, entry)
            && let Some(place) = subject.written(key, entry)
        {
            found.add(
                "internalOptions",
                place,
                format!("option {key} is not for users: Flink and its operator set it themselves"),
                "remove the option".to_owned(),
            );
        }
    }
}

fn is_internal(key: &str, entry: &Entry) -> bool {
    match key {
        "execution.target" => !TARGETS.contains(&entry.value.trim()),
        // Rule flink/operator-files has this one.
        "$internal.deployment.config-dir" => false,
        "kubernetes.internal.cluster-mode"
        | "kubernetes.internal.jobmanager.entrypoint.class"
        | "kubernetes.operator.watched.namespaces"
        | "kubernetes.operator.user.artifacts.base.dir"
        | "kubernetes.operator.user.artifacts.allowed-schemes"
        | "kubernetes.operator.user.artifacts.disallow-restricted-hosts" => true,
        _ => {
            let prefixes = [
                "$internal.",
                "kubernetes.operator.plugins.",
                "kubernetes.operator.default-configuration.",
            ];
            prefixes.iter().any(|prefix| key.starts_with(prefix))
        }
    }
}
