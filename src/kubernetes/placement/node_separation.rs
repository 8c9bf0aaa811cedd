//! Whether pods must run on different nodes. This matters where they share a volume that only one
//! node can mount.

use super::apart::{Clause, Siblings, clauses};
use super::{HOSTNAME, by_role};
use crate::flink::{Mode, PodSet, Role, Workload};
use crate::tenant::{AntiAffinity, Spreading};
use serde_json::Value;

/// Why the pods of a set must not all run on one node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeSeparation {
    /// Where that is written in the object; the set's template where the tenant demands it.
    pub place: String,
    /// The role of the set.
    pub role: Role,
    /// What separates the pods.
    pub by: SeparatedBy,
}

/// What makes the scheduler use several nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SeparatedBy {
    /// A topology spread constraint.
    TopologySpread,
    /// A term of required anti-affinity.
    AntiAffinity,
    /// The anti-affinity that the tenant gives blue and green when they are created.
    Tenant,
}

/// The first reason why pods of these sets, by their indices in the workload, must not share a
/// node.
pub fn node_separation(
    workload: &Workload,
    object: &Value,
    namespace: &str,
    sets: &[usize],
    tenant: &AntiAffinity,
) -> Option<NodeSeparation> {
    let context = Context { workload, object, namespace, sets };
    context.sets().find_map(|set| {
        let spec = set.template(object).get("spec").unwrap_or(&Value::Null);
        let clause = clauses(spec).find(|clause| context.separates(clause, set));
        let (place, by) = match clause {
            Some(clause) if clause.is_constraint() => {
                (set.locate(object, &clause.place()), SeparatedBy::TopologySpread)
            }
            Some(clause) => (set.locate(object, &clause.place()), SeparatedBy::AntiAffinity),
            None if context.is_separated_by(tenant, set) => {
                (set.path().to_owned(), SeparatedBy::Tenant)
            }
            None => return None,
        };
        Some(NodeSeparation { place, role: set.role, by })
    })
}

/// The pods in question.
struct Context<'a> {
    workload: &'a Workload,
    object: &'a Value,
    namespace: &'a str,
    sets: &'a [usize],
}

impl<'a> Context<'a> {
    fn sets(&self) -> impl Iterator<Item = &'a PodSet> {
        self.sets.iter().filter_map(|index| self.workload.pods.get(*index))
    }

    /// Whether a clause of a set makes one node too few for these pods. Another zone is another
    /// node too, so a term counts over any topology. A constraint allows as many pods in a zone as
    /// there are, so it counts over nodes only.
    fn separates(&self, clause: &Clause<'_>, set: &PodSet) -> bool {
        let mut selected = self.sets().filter(|other| {
            let template = other.template(self.object);
            clause.selects(&Siblings::of(other, template, self.workload, self.namespace))
        });
        if clause.excludes {
            return selected.any(|other| !std::ptr::eq(other, set) || self.is_many(other));
        }
        if clause.strength != Spreading::Required || clause.topology_key() != HOSTNAME {
            return false;
        }
        let count = selected.fold(0_u64, |count, set| {
            count.saturating_add(if self.is_many(set) { set.replicas.max(2) } else { 1 })
        });
        count > clause.max_skew().unwrap_or(1)
    }

    fn is_separated_by(&self, tenant: &AntiAffinity, set: &PodSet) -> bool {
        let wanted = by_role(set.role, tenant.job_manager, tenant.task_manager).flatten();
        wanted == Some(Spreading::Required)
            && !self.workload.children.is_empty()
            && self.is_many(set)
    }

    /// Whether there may be more than one of these pods. A session cluster in native mode gets
    /// TaskManagers when jobs are submitted.
    fn is_many(&self, set: &PodSet) -> bool {
        let clusters = self.workload.clusters().max(1);
        set.replicas / clusters > 1
            || (set.replicas == 0
                && set.role == Role::TaskManager
                && self.workload.mode == Some(Mode::Native))
    }
}
