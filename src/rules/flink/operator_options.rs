//! `flink/operator-options`

use crate::flink::options::{Names, canonical};
use crate::rules::{Advice, Findings, Level, Rule, Subject};

/// Options of the operator that contradict each other.
pub static RULE: Rule = Rule {
    id: "flink/operator-options",
    level: Level::Error,
    since: "0.1.0",
    title: "Contradicting options of the operator",
    tenant_fields: &[],
    as_is: false,
    page: include_str!("operator_options.md"),
    check,
};

const HEALTH_CHECK: Names = &["kubernetes.operator.cluster.health-check.enabled"];
const RECOVERY: Names = &[
    "kubernetes.operator.jm-deployment-recovery.enabled",
    "kubernetes.operator.reconciler.jm-deployment-recovery.enabled",
];

fn check(subject: &Subject<'_>, findings: &mut Findings) {
    let Some(cluster) = subject.operators_cluster() else { return };
    if cluster.is_true(HEALTH_CHECK)
        && let Some((key, entry)) = cluster.option(RECOVERY)
        && entry.value.eq_ignore_ascii_case("false")
    {
        let health_check = canonical(HEALTH_CHECK);
        findings
            .at(cluster.place_of(key, Some(entry)))
            .message(format!("`{health_check}` requires recovery, but `{key}` disables it"))
            .advise(Advice::remove_option(key))
            .key(key);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use crate::rules::testing::reported_of_manifest;
    use serde_json::json;

    #[test]
    fn nested_options_are_reported_where_they_are_written() {
        let options = json!({"kubernetes.operator":
            {"cluster.health-check.enabled": true, "jm-deployment-recovery.enabled": false}});
        let manifest = json!({"apiVersion": "flink.apache.org/v1beta1", "kind": "FlinkDeployment",
            "metadata": {"name": "etl"}, "spec": {"flinkConfiguration": options}});
        let findings = reported_of_manifest(&RULE, manifest, json!({}));
        let [finding] = findings.as_slice() else { panic!("{findings:?}") };
        assert_eq!(
            finding.pointer,
            "/spec/flinkConfiguration/kubernetes.operator/jm-deployment-recovery.enabled"
        );
    }
}
