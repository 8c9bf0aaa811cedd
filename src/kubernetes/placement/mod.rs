//! Where Kubernetes' scheduler puts pods, as far as a pod template says: which of its terms keep
//! pods of one kind apart, and which nodes it leaves them.
//!
//! Mutation and judgement ask the same functions, so that what is injected is what counts. Judged
//! by meaning, not by shape: a term counts by the pods that it selects, and not by how it is
//! spelled.

mod apart;
mod labels;
mod pool;
mod selector;
mod spreading;
mod together;

pub use apart::{Clause, Fault, Siblings, clauses};
pub use labels::{Label, PodLabels, identity};
pub use pool::{Elsewhere, asks_elsewhere};
pub use selector::selects;
pub use spreading::Spreading;
pub use together::pinned;

use crate::flink::Role;

/// The label that Kubernetes gives every node its name by.
pub const HOSTNAME: &str = "kubernetes.io/hostname";
/// The label of the zone that a node stands in.
pub const ZONE: &str = "topology.kubernetes.io/zone";

/// What holds for pods of this role; nothing for pods that are no Flink.
pub fn by_role<T>(role: Role, job_manager: T, task_manager: T) -> Option<T> {
    match role {
        Role::JobManager => Some(job_manager),
        Role::TaskManager => Some(task_manager),
        Role::Other => None,
    }
}
