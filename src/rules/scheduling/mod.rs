//! Rules of the family `scheduling`.

pub mod binding;
pub mod capacity;
pub mod disruption_budget;
pub mod job_manager_anti_affinity;
pub mod node_affinity;
pub mod node_name;
pub mod node_selector;
pub mod priority_class;
pub mod scheduler_name;
pub(super) mod spreading;
pub mod task_manager_anti_affinity;
pub mod termination;
pub mod tolerations;
pub mod zone_spread;

use super::Rule;

/// The rules of this family.
pub(super) static RULES: &[&Rule] = &[
    &binding::RULE,
    &capacity::RULE,
    &disruption_budget::RULE,
    &job_manager_anti_affinity::RULE,
    &node_affinity::RULE,
    &node_name::RULE,
    &node_selector::RULE,
    &priority_class::RULE,
    &scheduler_name::RULE,
    &task_manager_anti_affinity::RULE,
    &termination::RULE,
    &tolerations::RULE,
    &zone_spread::RULE,
];
