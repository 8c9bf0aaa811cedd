//! What the manifests of one input use together, by tenant. Offline, `used` is what the others use.
//!
//! An input may hold a custom resource and what its operator created from it, as
//! `kubectl get --output yaml` prints both. They count once: the larger of what the custom resource
//! declares and what the others request.

use super::Case;
use crate::flink::requester::operators_owners;
use crate::kinds;
use crate::quota::Usage;
use crate::resource::fields::text;
use std::collections::{BTreeMap, BTreeSet};

/// Usage by tenant over an input.
#[derive(Clone, Debug, Default)]
pub struct InputUsage(BTreeMap<String, TenantUsage>);

/// What a tenant's objects use.
#[derive(Clone, Debug, Default)]
struct TenantUsage {
    total: Usage,
    clusters: BTreeMap<ClusterName, ClusterUsage>,
}

/// Namespace, kind and name of a custom resource.
type ClusterName = (String, String, String);

/// What a custom resource declares, and what the objects that name it as their owner request.
#[derive(Clone, Debug, Default)]
struct ClusterUsage {
    declared: Usage,
    created: Usage,
}

impl ClusterUsage {
    fn charge(&self) -> Usage {
        let mut charge = self.declared.clone();
        charge.raise_to(&self.created);
        charge
    }
}

impl TenantUsage {
    /// Adds to a cluster; the total has the cluster's charge.
    fn add_to_cluster(&mut self, name: ClusterName, more: &ClusterUsage) {
        let cluster = self.clusters.entry(name).or_default();
        let before = cluster.charge();
        cluster.declared.add(&more.declared);
        cluster.created.add(&more.created);
        self.total = self.total.without(&before);
        self.total.add(&cluster.charge());
    }
}

impl InputUsage {
    /// Counts what an object uses, if a tenant owns it.
    pub fn add(&mut self, case: &Case<'_>) {
        let Some(tenant) = case.tenant() else { return };
        let mut usage = case.usage().clone();
        // The author of an object invents names of extended resources, as many as there are objects.
        usage.retain(|name| !name.contains('/') || tenant.spec.quota.hard.contains_key(name));
        let tenant = self.0.entry(tenant.name.clone()).or_default();
        match cluster_of(case) {
            Some((name, true)) => tenant
                .add_to_cluster(name, &ClusterUsage { declared: usage, created: Usage::default() }),
            Some((name, false)) => tenant
                .add_to_cluster(name, &ClusterUsage { declared: Usage::default(), created: usage }),
            None => tenant.total.add(&usage),
        }
    }

    /// Counts what another part of the input uses.
    pub fn add_all(&mut self, other: &Self) {
        for (tenant, usage) in &other.0 {
            let sum = self.0.entry(tenant.clone()).or_default();
            let mut rest = usage.total.clone();
            for (name, cluster) in &usage.clusters {
                rest = rest.without(&cluster.charge());
                sum.add_to_cluster(name.clone(), cluster);
            }
            sum.total.add(&rest);
        }
    }

    /// Whether any of these tenants uses anything.
    pub fn has_any(&self, tenants: &BTreeSet<String>) -> bool {
        self.0.keys().any(|tenant| tenants.contains(tenant))
    }

    /// The tenants with their usage.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Usage)> {
        self.0.iter().map(|(tenant, usage)| (tenant.as_str(), &usage.total))
    }

    /// What the other objects of the same tenant use.
    pub fn others(&self, case: &Case<'_>) -> Usage {
        let all = case.tenant().and_then(|tenant| self.0.get(&tenant.name));
        all.map(|all| all.total.without(case.usage())).unwrap_or_default()
    }
}

/// The cluster for which an object counts, and whether it declares the cluster. `None` for what
/// counts alone.
fn cluster_of(case: &Case<'_>) -> Option<(ClusterName, bool)> {
    let resource = case.resource;
    let row = kinds::of(&resource.kind)?;
    let name =
        |kind: &str, name: &str| (resource.namespace.clone(), kind.to_owned(), name.to_owned());
    if row.declares_clusters() {
        return (!resource.name.is_empty()).then(|| (name(row.kind, &resource.name), true));
    }
    let owner = operators_owners(&resource.object).next().filter(|_| row.made_by_operator)?;
    Some((name(text(owner, "kind"), text(owner, "name")), false))
}
