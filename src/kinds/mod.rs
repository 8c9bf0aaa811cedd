//! The one table of kinds: everything that Flinkgate knows of a kind is in its row.
//!
//! In goes an object's group and kind, out comes its [`Kind`]: how it is lowered, which webhooks
//! ask about it, whether it is watched and counted, what it may own. Webhook configurations,
//! watches, metric labels and lookups read the table; tests compare the chart's ClusterRole and
//! the README with it. It holds no code about single kinds: that is in [`crate::flink::kinds`],
//! one file each.

mod claimed_owner;
mod sub_resources;
mod table;

pub use claimed_owner::claimed_owner;
pub use sub_resources::{Decision, SUB_RESOURCES, SubResource};
pub use table::KINDS;

use crate::flink::requester::Requester;
use crate::flink::{FlinkContext, Workload};
use crate::resource::{GroupVersionKind, GroupVersionResource, Resource, users};
use serde_json::Value;

/// Lowers an object to its workload.
pub type Lowering = fn(&Resource, &Value, &FlinkContext) -> Workload;

/// Says which object another one is about: its kind, of the same group, and its name.
pub type Reference = fn(&Value) -> Option<(&'static str, &str)>;

/// One kind: a row of the table.
#[derive(Debug)]
pub struct Kind {
    /// API group; empty for the core group.
    pub group: &'static str,
    /// The version to ask the API server for.
    pub version: &'static str,
    /// The kind's name. No two kinds that are watched share one.
    pub kind: &'static str,
    /// The plural, as in an address.
    pub plural: &'static str,
    /// Who defines it.
    pub origin: Origin,
    /// Whether its objects are in namespaces.
    pub scope: Scope,
    /// Lowers its objects; `None` where no rule is about them.
    pub lower: Option<Lowering>,
    /// The object that must be known to judge this one.
    pub refers_to: Option<Reference>,
    /// When mutation completes its objects.
    pub completed: Completed,
    /// Which webhooks ask about it.
    pub webhooks: &'static [Asked],
    /// Why it is watched in a cluster.
    pub watched: Option<Watched>,
    /// What Flinkgate does besides watching: a sub-resource, or `""` for the object itself, and the
    /// verbs.
    pub writes: &'static [(&'static str, &'static [&'static str])],
    /// What owns has a higher rank than what is owned. An object draws on the quota reservation of
    /// an owner only where its rank is lower.
    pub rank: u8,
    /// Path of the field that `/scale` changes; `None` where it has no `/scale` that is judged.
    pub replicas: Option<&'static [&'static str]>,
    /// Whether operators create such objects from others, which were checked and counted with all
    /// their pods.
    pub made_by_operator: bool,
    /// The controller of Kubernetes that makes such objects from others, which were judged and
    /// counted with all their pods.
    pub made_by_controller: Option<&'static str>,
    /// Whether a stored object counts with the one that a controller of Kubernetes made it from.
    pub counts_with_owner: Option<fn(&Resource) -> bool>,
    /// Whether an update from this old object changes the spec and yet adds nothing to judge.
    pub adds_nothing: Option<fn(&Resource, &Value) -> bool>,
    /// What else holds for it.
    pub properties: &'static [Property],
}

/// Who defines a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Kubernetes, in a version that does not change.
    Kubernetes,
    /// Flinkgate, by its custom resource definitions.
    Flinkgate,
    /// An operator, in versions of its own. The cluster may not have it at all.
    Operator,
}

/// Where the objects of a kind are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// In a namespace.
    Namespaced,
    /// In the cluster.
    Cluster,
}

/// When mutation completes the objects of a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Completed {
    /// Never: its pods are completed as they are created. A changed template would restart every
    /// Deployment whenever its tenant changes.
    Never,
    /// When they are created: a pod that runs cannot be changed.
    OnCreate,
    /// When they are created and whenever they are updated.
    OnCreateAndUpdate,
    /// The options of a cluster, when it is created and updated. Its pods are completed as they are
    /// created.
    Options,
    /// The files with Flink's configuration in them, when they are created and whenever one changes.
    Files,
}

/// Why a kind is watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Watched {
    /// Its objects use quota; how much follows from the tenant, too.
    Usage,
    /// Its objects use quota; how much they say themselves.
    FixedUsage,
    /// The Namespaces, for their labels: metadata is enough.
    Namespaces,
    /// The LimitRanges, for the requests that they give to containers.
    LimitRanges,
    /// The FlinkTenants, for which namespaces they own and what their status says.
    Tenants,
    /// The FlinkPolicies.
    Policies,
    /// The ledgers, for when they change: metadata is enough.
    Ledgers,
}

/// What else may hold for a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Property {
    /// Annotations change what its objects do, as the spec does.
    ActsByAnnotations,
    /// Its objects do nothing once they are being deleted: the controller of Kubernetes that acts
    /// for them stops. All other kinds act until they are gone, however long finalizers keep them.
    StopsOnDeletion,
    /// It may own pods and have owners itself.
    IsOwnedOwner,
    /// Users make it directly. With a JobManager it is a cluster of its own, whatever owner it
    /// names.
    CountsApart,
    /// It may own the PersistentVolumeClaim with a cluster's state.
    OwnsState,
    /// It is judged with the PersistentVolumeClaims of its namespace: they decide where its pods
    /// can run.
    NeedsClaims,
    /// People look for Events about refused pods and Flink objects at it.
    ShowsEvents,
}

/// A webhook, by its configuration and the first part of its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Webhook {
    /// In the MutatingWebhookConfiguration.
    Mutating(&'static str),
    /// In the ValidatingWebhookConfiguration.
    Validating(&'static str),
}

/// One webhook that asks about a kind.
#[derive(Clone, Copy, Debug)]
pub struct Asked {
    /// Which webhook.
    pub webhook: Webhook,
    /// About which operations.
    pub operations: &'static [&'static str],
    /// About which sub-resources; `""` is the object itself.
    pub sub_resources: &'static [&'static str],
}

impl Kind {
    /// Whether it has a property.
    pub fn has(&self, property: Property) -> bool {
        self.properties.contains(&property)
    }

    /// Whether its objects use quota.
    pub fn is_counted(&self) -> bool {
        matches!(self.watched, Some(Watched::Usage | Watched::FixedUsage))
    }

    /// Whether its objects declare others that draw on their quota reservation.
    pub fn declares(&self) -> bool {
        self.rank > POD_RANK
    }

    /// Whether an operator creates clusters from its objects, which count for all pods.
    pub fn declares_clusters(&self) -> bool {
        self.origin == Origin::Operator && self.rank > DEFAULT_RANK
    }

    /// Whether its objects always run Flink: the operators' kinds.
    pub fn declares_flink(&self) -> bool {
        self.origin == Origin::Operator
    }

    /// The resources of the kind, as webhooks and roles name them: `pods`, `pods/resize`.
    pub fn resource(&self, sub_resource: &str) -> String {
        let separator = if sub_resource.is_empty() { "" } else { "/" };
        format!("{}{separator}{sub_resource}", self.plural)
    }
}

/// The rank of pods, which declare nothing.
const POD_RANK: u8 = 1;

/// The rank of most kinds, and of those that are not in the table.
pub const DEFAULT_RANK: u8 = 2;

/// The row of a group and kind, in any version.
pub fn find(group: &str, kind: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|row| row.kind == kind && row.group == group)
}

/// The row of an object's kind.
pub fn of(kind: &GroupVersionKind) -> Option<&'static Kind> {
    find(&kind.group, &kind.kind)
}

/// The row of a kind's name; of two groups the first.
pub fn named(kind: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|row| row.kind == kind)
}

/// The row of a group and plural.
pub fn of_plural(group: &str, plural: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|row| row.plural == plural && row.group == group)
}

/// The resources of Kubernetes' own kinds that are pods or make pods, and are watched.
pub fn with_pods() -> impl Iterator<Item = GroupVersionResource> {
    let rows = KINDS
        .iter()
        .filter(|row| row.origin == Origin::Kubernetes && row.is_counted() && row.rank >= POD_RANK);
    rows.map(|row| GroupVersionResource {
        group: row.group.into(),
        version: row.version.into(),
        resource: row.plural.into(),
    })
}

/// The kinds that may own a cluster's state, highest rank first.
pub fn state_owners() -> Vec<&'static Kind> {
    let mut owners: Vec<_> = KINDS.iter().filter(|row| row.has(Property::OwnsState)).collect();
    owners.sort_by_key(|row| std::cmp::Reverse(row.rank));
    owners
}

/// Whether an operator sends the request, and makes such objects from others that were checked and
/// counted already, with all their pods. The operator's object reports a refused pod better than a
/// refused Deployment. Only the sender counts, because a user can write any owner.
pub fn is_made_by_operator(resource: &Resource, context: &FlinkContext) -> bool {
    of(&resource.kind).is_some_and(|row| row.made_by_operator)
        && context.requester(resource) == Requester::FlinkOperator
}

/// Whether a controller of Kubernetes makes or changes the object after one that was judged and
/// counted already: a ReplicaSet of a Deployment. Its pods are judged as they are created.
pub fn is_made_by_controller(resource: &Resource) -> bool {
    let user = &resource.user;
    of(&resource.kind).and_then(|row| row.made_by_controller).is_some_and(|controller| {
        users::is_controller_named(user, controller)
            || (users::is_component(user) && counts_with_owner(resource))
    })
}

/// Whether a stored object counts with its owner.
pub fn counts_with_owner(stored: &Resource) -> bool {
    of(&stored.kind)
        .and_then(|row| row.counts_with_owner)
        .is_some_and(|counts_with_owner| counts_with_owner(stored))
}

/// Lowers the object of a resource: `None` where it runs no pods that Flinkgate knows of.
///
/// `object` is given apart from the resource so that the mutated object can be lowered too.
pub fn lower(resource: &Resource, object: &Value) -> Option<Workload> {
    lower_with_context(resource, object, &FlinkContext::default())
}

/// [`lower`], where more is known than the object says itself.
pub fn lower_with_context(
    resource: &Resource,
    object: &Value,
    context: &FlinkContext,
) -> Option<Workload> {
    let lower = of(&resource.kind)?.lower?;
    // `status` shows a spec that is not the one that will be stored. `scale` is an object of its
    // own (`autoscaling/v1 Scale`) that says only how many pods there are: where what it scales can
    // be read, that is judged with the new number; elsewhere it passes, and each pod is judged and
    // counted as it is created.
    // The body of `binding` is a Binding.
    let is_whole = match resource.sub_resource.as_deref() {
        None | Some("" | "ephemeralcontainers" | "resize") => true,
        Some("binding") => resource.kind.kind == "Binding",
        Some(_) => false,
    };
    let lowered = || {
        let workload = lower(resource, object, context);
        let version = context.version(workload.version).filter(|_| workload.is_flink());
        Workload { version, ..workload }
    };
    (is_whole && object.is_object()).then(|| Workload {
        claims: context.claims(&resource.namespace),
        claim_users: context.claim_users(&resource.namespace),
        mountable_claims: context.mountable_claims(&resource.namespace),
        container_defaults: context.container_defaults(&resource.namespace),
        namespace_objects: context.namespace_objects(&resource.namespace),
        network: context.network(&resource.namespace),
        ..lowered()
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use serde_json::json;
    use std::collections::BTreeSet;

    #[test]
    fn every_row_is_unique() {
        let kinds: BTreeSet<_> = KINDS.iter().map(|row| (row.group, row.kind)).collect();
        let plurals: BTreeSet<_> = KINDS.iter().map(|row| (row.group, row.plural)).collect();
        assert_eq!((kinds.len(), plurals.len()), (KINDS.len(), KINDS.len()));
        let watched: Vec<_> = KINDS.iter().filter(|row| row.watched.is_some()).collect();
        let names: BTreeSet<_> = watched.iter().map(|row| row.kind).collect();
        assert_eq!(names.len(), watched.len());
    }

    #[test]
    fn manifests_have_the_scope_of_their_row() {
        for row in KINDS {
            let version = GroupVersionKind {
                group: row.group.into(),
                version: row.version.into(),
                ..GroupVersionKind::default()
            };
            let manifest = json!({"apiVersion": version.api_version(), "kind": row.kind});
            let scope = match Resource::from_manifest(manifest).unwrap().namespace.as_str() {
                "" => Scope::Cluster,
                _ => Scope::Namespaced,
            };
            assert_eq!(scope, row.scope, "{}", row.kind);
        }
    }

    #[test]
    fn state_owners_come_by_rank() {
        let owners: Vec<_> = state_owners().iter().map(|row| row.kind).collect();
        assert_eq!(owners, ["FlinkBlueGreenDeployment", "FlinkDeployment", "Deployment"]);
    }
}
