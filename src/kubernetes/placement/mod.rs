//! Where the Kubernetes scheduler can place pods, according to a pod template: which terms separate
//! the pods of a set, and which nodes remain.
//!
//! Mutation and rules call the same functions, so rules accept every injected term. A term counts
//! by the pods that it selects, not by how it is written. This module has no messages: those are in
//! the rules.

mod colocation;
mod labels;
mod node_affinity;
mod pool;
mod selector;
mod separation;
mod spread_terms;
mod spreading;
mod tolerations;

pub use colocation::{binds_to_node, pinned};
pub use labels::{Label, PodLabels, identity, indexed_label, may_be_added};
pub use node_affinity::{excludes_label, requires_label};
pub use pool::{UnmetNodeRequirement, unmet_node_requirements};
pub use selector::selects;
pub use separation::{PodPlacement, Separation, SeparationReason};
pub use spread_terms::{Siblings, SpreadTerm, TermFault, spread_terms};
pub use spreading::Spreading;
pub use tolerations::{OptionToleration, PodToleration, option_tolerations};

use crate::flink::{Role, Template, Workload};
use crate::resource::metadata_text;
use serde_json::Value;

/// The node label that holds the node's name.
pub const HOSTNAME: &str = "kubernetes.io/hostname";
/// The node label that holds the node's zone.
pub const ZONE: &str = "topology.kubernetes.io/zone";

/// Whether an object creates clusters whose names are not known yet, so that no selector can match
/// their pods. This applies to blue and green and to clusters with a generated name. Each is
/// mutated and checked when it is created.
pub fn has_unnamed_clusters(workload: &Workload, object: &Value) -> bool {
    let is_merged = || workload.pods.iter().any(|set| matches!(set.template, Template::Merged(_)));
    let is_generated =
        || workload.cluster.is_empty() || !metadata_text(object, "generateName").is_empty();
    !workload.children.is_empty() || (is_merged() && is_generated())
}

/// The value for this role; `None` for pods that do not run Flink.
pub fn by_role<T>(role: Role, job_manager: T, task_manager: T) -> Option<T> {
    match role {
        Role::JobManager => Some(job_manager),
        Role::TaskManager => Some(task_manager),
        Role::Other => None,
    }
}
