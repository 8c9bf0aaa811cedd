//! What places pod sets on different nodes: required anti-affinity or topology spread. This matters
//! if they share a volume that only one node can mount.

use super::colocation::binds_to_node;
use super::spread_terms::{Siblings, SpreadTerm, spread_terms};
use super::{HOSTNAME, Spreading, by_role};
use crate::flink::{Mode, PodSet, Role, Workload};
use serde_json::Value;

/// What places pods on different nodes, and where it is in the object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Separation {
    /// JSON Pointer of the term, or of the pod template if the tenant sets it.
    pub pointer: String,
    /// The role of the pods that have the term.
    pub role: Role,
    /// The reason.
    pub by: SeparationReason,
}

/// The reason why pods run on different nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SeparationReason {
    /// A topology spread constraint.
    TopologySpread,
    /// A required anti-affinity term.
    AntiAffinity,
    /// The tenant's anti-affinity, which mutation adds to the pods.
    Tenant,
}

/// The pods of an object, and the anti-affinity that its tenant requires.
#[derive(Clone, Copy, Debug)]
pub struct PodPlacement<'a> {
    /// The workload of the object.
    pub workload: &'a Workload,
    /// The object.
    pub object: &'a Value,
    /// Its namespace.
    pub namespace: &'a str,
    /// How strictly the tenant separates JobManagers.
    pub job_manager: Option<Spreading>,
    /// How strictly the tenant separates TaskManagers.
    pub task_manager: Option<Spreading>,
}

impl PodPlacement<'_> {
    /// What places the pods of these sets, given by index, on different nodes; `None` if nothing
    /// does.
    pub fn separation<'p>(
        &self,
        pods: impl Iterator<Item = &'p PodSet> + Clone,
    ) -> Option<Separation> {
        pods.clone().find_map(|set| {
            let spec = set.template(self.object).get("spec").unwrap_or(&Value::Null);
            let term = spread_terms(spec).find(|term| self.separates(term, set, pods.clone()));
            let (pointer, by) = match term {
                Some(term) => (
                    set.locate(self.object, &term.place()),
                    if term.is_constraint() {
                        SeparationReason::TopologySpread
                    } else {
                        SeparationReason::AntiAffinity
                    },
                ),
                None if self.is_separated_by_tenant(set) => {
                    (set.path().to_owned(), SeparationReason::Tenant)
                }
                None => return None,
            };
            Some(Separation { pointer, role: set.role, by })
        })
    }

    /// Whether these sets have several pods.
    pub fn are_several<'p>(&self, pods: impl Iterator<Item = &'p PodSet>) -> bool {
        let count = pods.fold(0_u64, |count, set| {
            count.saturating_add(if self.is_many(set) { 2 } else { u64::from(set.replicas > 0) })
        });
        count > 1
    }

    /// Whether the pods of these sets may run on different nodes. Pods that are bound to a node share
    /// it with a single pod that is not.
    pub fn may_be_apart<'p>(&self, pods: impl Iterator<Item = &'p PodSet>) -> bool {
        self.are_several(pods.filter(|set| {
            let spec = set.template(self.object).get("spec").unwrap_or(&Value::Null);
            !binds_to_node(spec)
        }))
    }

    /// Whether a term of a set makes one node insufficient for these pods. A term counts for any
    /// topology, because another zone is another node too. A constraint over zones allows any
    /// number of pods per zone, so it counts for nodes only.
    fn separates<'p>(
        &self,
        term: &SpreadTerm<'_>,
        set: &PodSet,
        pods: impl Iterator<Item = &'p PodSet>,
    ) -> bool {
        let mut selected = pods.filter(|other| {
            let template = other.template(self.object);
            term.selects(&Siblings::of(other, template, self.workload, self.namespace))
        });
        if term.excludes {
            return selected.any(|other| !std::ptr::eq(other, set) || self.is_many(other));
        }
        if term.strength != Spreading::Required || term.topology_key() != HOSTNAME {
            return false;
        }
        let count = selected.fold(0_u64, |count, set| {
            count.saturating_add(if self.is_many(set) { set.replicas.max(2) } else { 1 })
        });
        count > term.max_skew().unwrap_or(1)
    }

    /// Blue and green get the tenant's anti-affinity when they are created.
    fn is_separated_by_tenant(&self, set: &PodSet) -> bool {
        by_role(set.role, self.job_manager, self.task_manager).flatten()
            == Some(Spreading::Required)
            && !self.workload.children.is_empty()
            && self.is_many(set)
    }

    /// Whether there may be more than one of these pods. A native session cluster adds TaskManagers
    /// for its jobs.
    fn is_many(&self, set: &PodSet) -> bool {
        let clusters = self.workload.clusters().max(1);
        set.replicas / clusters > 1
            || (set.replicas == 0
                && set.role == Role::TaskManager
                && self.workload.mode == Some(Mode::Native))
    }
}
