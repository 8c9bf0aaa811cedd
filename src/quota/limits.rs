//! A tenant's limits, and which of them an object exceeds.

use super::Usage;
use super::growth::ExcessGrowth;
use crate::resource::quantity::Quantity;
use crate::tenant::{Amount, Quota};
use std::collections::BTreeMap;

/// A tenant's limits as exact amounts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// For all of the tenant's namespaces together.
    pub hard: BTreeMap<String, Quantity>,
    /// For each single cluster.
    pub per_cluster: BTreeMap<String, Quantity>,
}

/// What a limit applies to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Each single cluster.
    Cluster,
    /// Everything that the tenant uses.
    Tenant,
}

/// A limit that an object exceeds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExceededLimit {
    /// What the limit applies to.
    pub scope: Scope,
    /// The resource's name.
    pub resource: String,
    /// The amount that the object requests.
    pub requested: Quantity,
    /// The amount that other objects use; zero for a cluster.
    pub used: Quantity,
    /// The limit.
    pub hard: Quantity,
}

impl Limits {
    /// The limits of a validated quota. An amount that does not parse becomes zero; the tenant's
    /// validation refuses such amounts.
    pub fn new(quota: &Quota) -> Self {
        Self { hard: amounts(&quota.hard), per_cluster: amounts(&quota.per_cluster) }
    }

    /// Whether there are no limits.
    pub fn is_empty(&self) -> bool {
        self.hard.is_empty() && self.per_cluster.is_empty()
    }

    /// Whether a usage exceeds a limit of the whole tenant.
    pub fn is_exceeded_by(&self, usage: &Usage) -> bool {
        self.hard.iter().any(|(name, hard)| usage.get(name) > *hard)
    }

    /// The limits that `requested` exceeds while other objects use `used`.
    ///
    /// `before` is the object's previous request: a decrease never exceeds a limit. `clusters` is
    /// the number of equal clusters that share the request. If it is zero, limits of one cluster
    /// do not apply.
    pub fn exceeded(
        &self,
        requested: &Usage,
        used: &Usage,
        before: &Usage,
        clusters: u64,
    ) -> Vec<ExceededLimit> {
        let per_cluster = self
            .per_cluster
            .iter()
            .filter(|_| clusters > 0)
            .map(|(name, hard)| (Scope::Cluster, name, *hard, Quantity::default()));
        let hard =
            self.hard.iter().map(|(name, hard)| (Scope::Tenant, name, *hard, used.get(name)));
        let share = |usage: &Usage, scope: Scope, name: &str| {
            usage.get(name).part(if scope == Scope::Cluster { clusters } else { 1 })
        };
        per_cluster
            .chain(hard)
            .filter(|(scope, name, hard, used)| {
                let requested = share(requested, *scope, name);
                requested > share(before, *scope, name)
                    && used.checked_add(requested).is_none_or(|sum| sum > *hard)
            })
            .map(|(scope, name, hard, used)| {
                let requested = share(requested, scope, name);
                ExceededLimit { scope, resource: name.clone(), requested, used, hard }
            })
            .collect()
    }
}

fn amounts(quota: &BTreeMap<String, Amount>) -> BTreeMap<String, Quantity> {
    quota
        .iter()
        .map(|(name, amount)| (name.clone(), Quantity::parse(&amount.0).unwrap_or_default()))
        .collect()
}

/// How an object fits into its tenant's quota.
#[derive(Clone, Debug)]
pub struct QuotaVerdict<'a> {
    /// The tenant's limits.
    pub limits: &'a Limits,
    /// What the object requests.
    pub requested: &'a Usage,
    /// What other objects use.
    pub used: &'a Usage,
    /// The exceeded limits.
    pub exceeded: Vec<ExceededLimit>,
    /// Limited resources that a container does not declare.
    pub undeclared: Vec<UndeclaredResource>,
    /// How far the object can grow beyond the limits without a change.
    pub growth: Option<ExcessGrowth>,
    /// Whether the object before an update could grow as far.
    pub grows_as_before: bool,
}

/// A limited resource that a container does not declare.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UndeclaredResource {
    /// The container's name.
    pub container: String,
    /// `cpu` or `memory`.
    pub resource: &'static str,
    /// The container's JSON Pointer.
    pub place: String,
    /// Whether the container is in a template, whose pods will be refused.
    pub in_template: bool,
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::flink::sizing::Total;
    use serde_json::json;

    fn usage(cpu: u64, task_managers: u64) -> Usage {
        Usage::of(&Total { cpu: Quantity::from_units(cpu), task_managers, ..Total::default() })
    }

    fn limits() -> Limits {
        let quota: Quota = serde_json::from_value(
            json!({"hard": {"cpu": "10"}, "perCluster": {"taskManagers": 4}}),
        )
        .unwrap();
        Limits::new(&quota)
    }

    #[test]
    fn usage_up_to_the_limit_is_allowed() {
        let none = Usage::default();
        assert_eq!(limits().exceeded(&usage(4, 4), &usage(6, 0), &none, 1), []);
        let over = limits().exceeded(&usage(5, 5), &usage(6, 0), &none, 1);
        assert_eq!(
            over.iter().map(|over| (over.scope, over.resource.as_str())).collect::<Vec<_>>(),
            [(Scope::Cluster, "taskManagers"), (Scope::Tenant, "cpu")]
        );
    }

    #[test]
    fn a_decrease_is_allowed_above_the_limit() {
        assert_eq!(limits().exceeded(&usage(20, 9), &usage(30, 0), &usage(21, 10), 1), []);
        assert_eq!(limits().exceeded(&usage(20, 9), &usage(30, 0), &usage(20, 9), 1), []);
    }

    #[test]
    fn per_cluster_limits_apply_to_clusters_only() {
        assert_eq!(limits().exceeded(&usage(0, 9), &Usage::default(), &Usage::default(), 0), []);
    }

    #[test]
    fn equal_clusters_share_the_request() {
        assert_eq!(limits().exceeded(&usage(0, 8), &Usage::default(), &Usage::default(), 2), []);
        let over = limits().exceeded(&usage(0, 10), &Usage::default(), &usage(0, 8), 2);
        assert_eq!(
            over.iter().map(|over| (over.scope, over.requested)).collect::<Vec<_>>(),
            [(Scope::Cluster, Quantity::from_units(5))]
        );
    }
}
