//! Compares how far a cluster can grow by itself with its tenant's limits.
//!
//! Growth needs no change of the object: the quota would refuse single pods while the job runs. So
//! it is compared when the object is admitted, as if no other object used the tenant's quota.

use super::Usage;
use super::limits::{Limits, Scope};
use crate::flink::sizing::bounds::{Bounds, Growth};
use crate::flink::sizing::{RoleSize, Size};
use crate::resource::quantity::Quantity;

/// Growth that the tenant's limits do not cover.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExcessGrowth {
    /// What grows, and how to limit it.
    pub growth: Growth,
    /// TaskManagers that one cluster may reach; `None` without a bound.
    pub most: Option<u64>,
    /// TaskManagers of one cluster within all limits.
    pub fitting: u64,
    /// The largest value of the setting that keeps the cluster within all limits; `None` if the
    /// setting cannot.
    pub largest: Option<u64>,
    /// The tightest limit.
    pub scope: Scope,
    /// Its resource.
    pub resource: String,
    /// Its amount.
    pub hard: Quantity,
    /// What the object requests of the resource at most: one cluster, or all of them for a limit of
    /// the tenant. `None` without a bound.
    pub reached: Option<Quantity>,
}

impl ExcessGrowth {
    /// Whether it reaches further than that of another version of the object.
    pub fn exceeds(&self, before: &Self) -> bool {
        match (self.reached, before.reached) {
            (_, None) => false,
            (None, Some(_)) => true,
            (Some(now), Some(then)) => {
                now > then || self.most > before.most || self.resource != before.resource
            }
        }
    }
}

/// The growth beyond the limits. `requested` is what `clusters` identical clusters of this size
/// request as declared. `None` if nothing grows, if it stays within the limits, and if the declared
/// size exceeds them already.
pub fn beyond(
    size: &Size,
    requested: &Usage,
    limits: &Limits,
    clusters: u64,
) -> Option<ExcessGrowth> {
    let Bounds { most, growth: Some(growth), .. } = size.bounds.as_ref()? else { return None };
    let (role, clusters) = (size.task_manager.as_ref()?, clusters.max(1));
    let declared = role.replicas / clusters;
    let most = most.map(|most| most / clusters);
    let per_cluster = limits.per_cluster.iter().map(|(name, hard)| (Scope::Cluster, name, *hard));
    let hard = limits.hard.iter().map(|(name, hard)| (Scope::Tenant, name, *hard));
    let fitting = per_cluster.chain(hard).filter_map(|(scope, name, hard)| {
        let one = of_one(role, name);
        // A limit of the tenant is for all clusters of the object.
        let (parts, together) = if scope == Scope::Cluster { (clusters, 1) } else { (1, clusters) };
        let of_pods = one.checked_mul(declared.saturating_mul(together))?;
        let others = requested.get(name).part(parts).checked_sub(of_pods)?;
        let free = hard.checked_sub(others).filter(|free| !free.is_negative())?;
        let fitting = free.times(one)? / together;
        Some((fitting, scope, name, hard, others, one, together))
    });
    let (fitting, scope, name, hard, others, one, together) =
        fitting.min_by_key(|(fitting, ..)| *fitting)?;
    if fitting < declared || most.is_some_and(|most| most <= fitting) {
        return None;
    }
    let reached =
        most.and_then(|most| one.checked_mul(most.saturating_mul(together))?.checked_add(others));
    Some(ExcessGrowth {
        growth: *growth,
        most,
        fitting,
        largest: growth.largest_value(fitting),
        scope,
        resource: name.clone(),
        hard,
        reached,
    })
}

/// What one TaskManager counts in a quota.
fn of_one<M>(role: &RoleSize<M>, resource: &str) -> Quantity {
    match resource {
        "cpu" => role.cpu,
        "memory" => role.memory,
        "storage" => role.storage,
        "pods" | "taskManagers" => Quantity::from_units(1),
        "taskSlots" => Quantity::from_units(role.slots),
        "persistentVolumeClaims" => Quantity::from_units(role.claims),
        extended => role.extended.get(extended).copied().unwrap_or_default(),
    }
}
