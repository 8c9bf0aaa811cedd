//! What the manifests of one input use together, by tenant. Offline, `used` is what the others use.
//!
//! An input may hold a custom resource and what its operator created from it, as
//! `kubectl get --output yaml` prints both. They count once: the larger of what the custom resource
//! declares and what the others request.

use super::Case;
use crate::flink::requester::operators_owners;
use crate::kinds;
use crate::quota::Usage;
use crate::resource::Resource;
use crate::resource::fields::text;
use std::collections::{BTreeMap, BTreeSet};

/// Usage by tenant over an input.
#[derive(Clone, Debug, Default)]
pub struct InputUsage(BTreeMap<String, TenantUsage>);

/// What a tenant's objects use.
#[derive(Clone, Debug, Default)]
struct TenantUsage {
    total: Usage,
    /// What each object uses that has a name. An object that several files have counts once, as the
    /// largest of what they say.
    objects: BTreeMap<ObjectName, ObjectUsage>,
    clusters: BTreeMap<ObjectName, ClusterUsage>,
}

/// Namespace, kind with its group, and name of an object.
type ObjectName = (String, String, String);

/// What an object uses, and the cluster for which it counts.
#[derive(Clone, Debug)]
struct ObjectUsage {
    usage: Usage,
    cluster: Option<Membership>,
}

/// How an object belongs to a cluster.
#[derive(Clone, Debug)]
struct Membership {
    cluster: ObjectName,
    /// Whether the object is the custom resource that declares the cluster.
    declares: bool,
}

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
    /// Adds an object, or what it uses beyond what another file says of it.
    fn add_object(&mut self, name: ObjectName, object: &ObjectUsage) {
        let counted = self.objects.entry(name).or_insert_with(|| ObjectUsage {
            usage: Usage::default(),
            cluster: object.cluster.clone(),
        });
        let before = counted.usage.clone();
        counted.usage.raise_to(&object.usage);
        let more = counted.usage.without(&before);
        match &counted.cluster {
            Some(membership) => {
                let cluster = self.clusters.entry(membership.cluster.clone()).or_default();
                let charged = cluster.charge();
                let part =
                    if membership.declares { &mut cluster.declared } else { &mut cluster.created };
                part.add(&more);
                self.total = self.total.without(&charged);
                self.total.add(&cluster.charge());
            }
            None => self.total.add(&more),
        }
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
        match object_name(case) {
            Some(name) => {
                tenant.add_object(name, &ObjectUsage { usage, cluster: membership(case) });
            }
            None => tenant.total.add(&usage),
        }
    }

    /// Counts what another part of the input uses.
    pub fn add_all(&mut self, other: &Self) {
        for (tenant, usage) in &other.0 {
            let sum = self.0.entry(tenant.clone()).or_default();
            // What has no name is only in the total.
            let mut nameless = usage.total.clone();
            for cluster in usage.clusters.values() {
                nameless = nameless.without(&cluster.charge());
            }
            for (name, object) in &usage.objects {
                if object.cluster.is_none() {
                    nameless = nameless.without(&object.usage);
                }
                sum.add_object(name.clone(), object);
            }
            sum.total.add(&nameless);
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
        let Some(all) = case.tenant().and_then(|tenant| self.0.get(&tenant.name)) else {
            return Usage::default();
        };
        // Another file may say more of this object.
        let counted = object_name(case).and_then(|name| all.objects.get(&name));
        let mut own = case.usage().clone();
        if let Some(counted) = counted {
            own.raise_to(&counted.usage);
        }
        all.total.without(&own)
    }
}

/// The object's own name; `None` where the API server gives it one.
fn object_name(case: &Case<'_>) -> Option<ObjectName> {
    let Resource { kind, namespace, name, .. } = case.resource;
    let kind = || format!("{}.{}", kind.kind, kind.group);
    (!name.is_empty()).then(|| (namespace.clone(), kind(), name.clone()))
}

/// The cluster for which an object counts; `None` for what counts alone.
fn membership(case: &Case<'_>) -> Option<Membership> {
    let resource = case.resource;
    let row = kinds::of(&resource.kind)?;
    let name =
        |kind: &str, name: &str| (resource.namespace.clone(), kind.to_owned(), name.to_owned());
    if row.declares_clusters() {
        return Some(Membership { cluster: name(row.kind, &resource.name), declares: true });
    }
    let owner = operators_owners(&resource.object).next().filter(|_| row.made_by_operator)?;
    let cluster = name(text(owner, "kind"), text(owner, "name"));
    Some(Membership { cluster, declares: false })
}
