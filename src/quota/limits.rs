//! Limits of a tenant, and what an object would exceed.

use super::Usage;
use super::undeclared::Undeclared;
use crate::resource::quantity::Quantity;
use crate::tenant::{Amount, Quota};
use std::collections::BTreeMap;

/// A tenant's limits as exact amounts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// Over all of the tenant's namespaces.
    pub hard: BTreeMap<String, Quantity>,
    /// For any one cluster.
    pub per_cluster: BTreeMap<String, Quantity>,
}

/// What a limit holds for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Any one cluster.
    Cluster,
    /// All that the tenant uses.
    Tenant,
}

/// One limit that an object would exceed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exceeded {
    /// What the limit holds for.
    pub scope: Scope,
    /// The resource's name.
    pub resource: String,
    /// What the object asks for.
    pub requested: Quantity,
    /// What others use already; zero for a cluster.
    pub used: Quantity,
    /// The limit.
    pub hard: Quantity,
}

impl Limits {
    /// Reads a checked quota; what does not parse was refused when the tenant was loaded and limits
    /// to zero.
    pub fn new(quota: &Quota) -> Self {
        Self { hard: amounts(&quota.hard), per_cluster: amounts(&quota.per_cluster) }
    }

    /// Whether there is anything to hold objects against.
    pub fn is_empty(&self) -> bool {
        self.hard.is_empty() && self.per_cluster.is_empty()
    }

    /// Whether a usage is more than the tenant may use together.
    pub fn is_passed_by(&self, usage: &Usage) -> bool {
        self.hard.iter().any(|(name, hard)| usage.get(name) > *hard)
    }

    /// What `requested` exceeds when others use `used`; `before` is what the object asked for until
    /// now, because a decrease is never refused. `clusters` says how many, all alike, share what
    /// the object asks for; where there is none, limits of one cluster do not hold.
    pub fn exceeded(
        &self,
        requested: &Usage,
        used: &Usage,
        before: &Usage,
        clusters: u64,
    ) -> Vec<Exceeded> {
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
                let asked = share(requested, *scope, name);
                asked > share(before, *scope, name)
                    && used.checked_add(asked).is_none_or(|sum| sum > *hard)
            })
            .map(|(scope, name, hard, used)| {
                let requested = share(requested, scope, name);
                Exceeded { scope, resource: name.clone(), requested, used, hard }
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

/// What is to be said of an object's quota.
#[derive(Clone, Debug)]
pub struct QuotaVerdict<'a> {
    /// The tenant's limits.
    pub limits: &'a Limits,
    /// What the object asks for.
    pub requested: Usage,
    /// What others use.
    pub used: &'a Usage,
    /// What would be exceeded.
    pub exceeded: Vec<Exceeded>,
    /// What is not declared.
    pub undeclared: Vec<Undeclared>,
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
    fn a_limit_is_reached_but_not_passed() {
        let none = Usage::default();
        assert_eq!(limits().exceeded(&usage(4, 4), &usage(6, 0), &none, 1), []);
        let over = limits().exceeded(&usage(5, 5), &usage(6, 0), &none, 1);
        assert_eq!(
            over.iter().map(|over| (over.scope, over.resource.as_str())).collect::<Vec<_>>(),
            [(Scope::Cluster, "taskManagers"), (Scope::Tenant, "cpu")]
        );
    }

    #[test]
    fn a_decrease_passes_over_the_limit() {
        assert_eq!(limits().exceeded(&usage(20, 9), &usage(30, 0), &usage(21, 10), 1), []);
        assert_eq!(limits().exceeded(&usage(20, 9), &usage(30, 0), &usage(20, 9), 1), []);
    }

    #[test]
    fn what_is_not_a_whole_cluster_is_not_held_against_per_cluster_limits() {
        assert_eq!(limits().exceeded(&usage(0, 9), &Usage::default(), &Usage::default(), 0), []);
    }

    #[test]
    fn clusters_that_are_alike_share_what_is_asked_for() {
        assert_eq!(limits().exceeded(&usage(0, 8), &Usage::default(), &Usage::default(), 2), []);
        let over = limits().exceeded(&usage(0, 10), &Usage::default(), &usage(0, 8), 2);
        assert_eq!(
            over.iter().map(|over| (over.scope, over.requested)).collect::<Vec<_>>(),
            [(Scope::Cluster, Quantity::from_units(5))]
        );
    }
}
