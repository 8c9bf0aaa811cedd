//! `flink/reserved-option`

use crate::flink::catalog::other_names;
use crate::rules::{Advice, Findings, Level, Rule, Subject};

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

/// The operator refuses them in clusters. It does not look for them in session jobs, although it
/// submits a job to the cluster and namespace that they name. The last one has older names, with
/// which a cluster could read the high availability data of another cluster.
const RESERVED: [&str; 3] =
    ["kubernetes.namespace", "kubernetes.cluster-id", "high-availability.cluster-id"];

fn check(subject: &Subject<'_>, findings: &mut Findings) {
    if !subject.is_for_operator() {
        return;
    }
    let names =
        |key: &'static str| std::iter::once(key).chain(other_names(key).older.iter().copied());
    for key in RESERVED.into_iter().flat_map(names) {
        let place = subject.workload.config.exact(key).and_then(|entry| entry.pointer.as_deref());
        if let Some(place) = place {
            findings
                .at(place)
                .message(format!("`{key}` is set by the operator and cannot be changed"))
                .advise(Advice::remove_option(key))
                .key(key);
        }
    }
}
