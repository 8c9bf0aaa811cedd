//! Context and quota of a server in a cluster: the gate that follows the cluster's configuration,
//! lookups in the API server, reservations in FlinkTenantLedgers, Events about refusals.

use super::controllers::events::Events;
use super::ledger_store::ClusterStore;
use super::lookup::Lookup;
use super::owners::Owners;
use crate::admission::answer::Answer;
use crate::admission::context::{Context, LookupError, unreadable};
use crate::admission::quota::{self, Patience, Quota};
use crate::pipeline::Gate;
use crate::pipeline::charge::Charge;
use crate::quota::admitted_store::{self, AdmittedLedgers};
use crate::quota::commit::Ledgers;
use crate::quota::ledger::ObjectRef;
use crate::quota::ledger::admitted::{AdmittedSpecs, Change};
use crate::resource::{GroupVersionResource, Resource};
use crate::rules::notices::QUOTA_UNREAD_OBJECT;
use arc_swap::ArcSwap;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

/// What a review can learn from the cluster.
pub struct ClusterContext {
    /// The gate in force.
    pub gate: Arc<ArcSwap<Gate>>,
    /// Reads single objects.
    pub lookup: Lookup,
    /// Writes Events about refusals.
    pub events: Events,
    /// The user as which this process writes.
    pub user: String,
}

impl Context for ClusterContext {
    fn gate(&self) -> Arc<Gate> {
        self.gate.load_full()
    }

    fn own_user(&self) -> Option<&str> {
        Some(&self.user)
    }

    async fn namespace_labels(
        &self,
        namespace: &str,
    ) -> Result<Option<BTreeMap<String, String>>, LookupError> {
        self.lookup.labels(namespace).await
    }

    async fn object(
        &self,
        of: &GroupVersionResource,
        namespace: &str,
        name: &str,
    ) -> Result<Option<Value>, LookupError> {
        self.lookup.object(of, namespace, name).await
    }

    async fn list(
        &self,
        of: &GroupVersionResource,
        namespace: &str,
        selector: &str,
    ) -> Result<Vec<Value>, LookupError> {
        self.lookup.objects(of, namespace, selector).await
    }

    fn has_cluster(&self) -> bool {
        true
    }

    fn answered(&self, resource: &Resource, answer: &Answer) {
        let requester = self.gate.load().context().requester(resource);
        self.events.report(resource, requester, answer);
    }
}

/// Reservations in the cluster's ledgers. The leader's reconciler releases them.
pub struct ClusterQuota {
    /// The ledgers of all tenants.
    pub ledgers: Arc<Ledgers<ClusterStore>>,
    /// Owners of an object's owners, which may be charged already.
    pub owners: Owners,
    /// What clusters were admitted with.
    pub admitted: Arc<AdmittedLedgers<ClusterStore>>,
    /// How many requests wait for the leader.
    pub patience: Patience,
}

impl ClusterQuota {
    async fn reserve_with(
        &self,
        resource: &Resource,
        charge: Charge,
        answer: Answer,
        deadline: Instant,
    ) -> Answer {
        let (ledgers, patience) = (&self.ledgers, Some(&self.patience));
        quota::reserve(ledgers, charge, answer, resource.dry_run, deadline, patience).await
    }
}

impl Quota for ClusterQuota {
    async fn reserve(
        &self,
        resource: &Resource,
        mut charge: Charge,
        answer: Answer,
        deadline: Instant,
    ) -> Answer {
        if charge.is_apart {
            return self.reserve_with(resource, charge, answer, deadline).await;
        }
        let owners = self.owners.above(&resource.namespace, &resource.object);
        let failed = |error: &dyn std::error::Error| {
            let what = format!("the owners of `{}`", charge.request.object);
            unreadable(&QUOTA_UNREAD_OBJECT, &what, error)
        };
        let owners = match tokio::time::timeout_at(deadline.into(), owners).await {
            Ok(Ok(owners)) => owners,
            Ok(Err(error)) => return failed(&error),
            Err(late) => return failed(&late),
        };
        charge.request.owners.extend(owners);
        self.reserve_with(resource, charge, answer, deadline).await
    }

    async fn deleted(&self, _: &str, _: ObjectRef, _: Instant) {}

    fn records(&self) -> bool {
        true
    }

    async fn admitted(&self, tenant: &str) -> Option<AdmittedSpecs> {
        let read = self.admitted.read(tenant).await;
        let failed = "failed to read what clusters were admitted with: the spec in force applies";
        read.inspect_err(|error| admitted_store::warn(tenant, error, failed)).ok()
    }

    async fn record(&self, tenant: &str, change: Change, deadline: Instant) {
        if let Err(error) = self.admitted.apply(tenant, change, deadline).await {
            admitted_store::warn(
                tenant,
                &error,
                "failed to record what a cluster was admitted with",
            );
        }
    }
}
