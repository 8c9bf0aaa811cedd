//! Where pods run: whether a cluster's are kept apart, on how many nodes, within the tenant's pool,
//! by which scheduler, with which priority, how long they may take to end, and how many may be
//! evicted at once.

mod apart;
mod budgets;
mod capacity;
mod names;
mod pool;
mod termination;

use super::{Found, Subject};
use crate::flink::{Role, Template};
use regorus::Value;

/// What is judged, and the tenant's word on where pods run.
struct Placement<'a> {
    subject: &'a Subject<'a>,
    wanted: &'a Value,
}

pub(super) fn judge(subject: &Subject<'_>, found: &mut Found) {
    budgets::judge(subject, found);
    if subject.workload.pods.is_empty() {
        return;
    }
    let placement = Placement { subject, wanted: &subject.tenant["scheduling"] };
    apart::judge(&placement, found);
    capacity::judge(&placement, found);
    pool::judge(&placement, found);
    names::judge(&placement, found);
    termination::judge(&placement, found);
}

/// Whether clusters are made of this object whose names are not known yet, so that nothing can
/// select their pods: those of blue and green, and one whose name the API server makes up. Each is
/// completed and judged when it is there.
fn is_nameless(subject: &Subject<'_>) -> bool {
    let merged =
        || subject.workload.pods.iter().any(|set| matches!(set.template, Template::Merged(_)));
    let generated = || {
        let name = crate::resource::metadata_text(subject.root, "generateName");
        subject.workload.cluster.is_empty() || !name.is_empty()
    };
    !subject.workload.children.is_empty() || (merged() && generated())
}

/// What pods of a role are called.
pub(super) fn noun(role: Role) -> &'static str {
    match role {
        Role::JobManager => "JobManagers",
        Role::TaskManager => "TaskManagers",
        Role::Other => "pods",
    }
}
