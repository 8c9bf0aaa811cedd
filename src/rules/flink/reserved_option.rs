//! `flink/reserved-option`

use crate::rules::{Findings, Level, Rule, Subject};

/// Options that the operator derives from the object.
pub static RULE: Rule = Rule {
    id: "flink/reserved-option",
    level: Level::Error,
    since: "0.1.0",
    title: "Reserved options",
    tenant_fields: &[],
    as_is: false,
    page: include_str!("reserved_option.md"),
    check,
};

/// The operator refuses the first three. The others are older names of the third, with which a
/// cluster could read the high availability data of another cluster.
const RESERVED: [&str; 5] = [
    "kubernetes.namespace",
    "kubernetes.cluster-id",
    "high-availability.cluster-id",
    "high-availability.zookeeper.path.namespace",
    "recovery.zookeeper.path.namespace",
];

fn check(subject: &Subject<'_>, findings: &mut Findings) {
    let Some(cluster) = subject.operators_cluster() else { return };
    for key in RESERVED {
        let entry = subject.workload.config.entry(key);
        if let Some(entry) = entry.filter(|entry| cluster.is_written(entry)) {
            findings
                .at(subject.option_place(key, entry))
                .message(format!("`{key}` is set by the operator and cannot be changed"))
                .help(format!("remove `{key}`"))
                .key(key);
        }
    }
}
