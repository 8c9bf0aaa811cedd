//! Deletes claims that Flinkgate created and that nothing ever used: those of clusters that were
//! refused, or that never came to exist.
//!
//! A claim that was bound has a volume, and may have data: it stays, whatever its tenant's `reclaim`
//! is. A claim without a volume has none, so its deletion loses nothing; if a pod needs it again,
//! it is created again. It is deleted only in the version that was judged, so not if it was bound
//! meanwhile.

use crate::cluster::apply::FIELD_MANAGER;
use crate::cluster::watch::target::api_resource;
use crate::flink::claims::{claim_for, cluster_of};
use crate::kinds;
use crate::pipeline::Gate;
use k8s_openapi::api::core::v1::{PersistentVolumeClaim, Pod};
use kube::api::{DeleteParams, DynamicObject, ListParams, Preconditions};
use kube::{Api, Client, ResourceExt};
use std::collections::HashMap;
use std::time::{Duration, Instant};

/// How often claims are looked for.
pub(super) const EVERY: Duration = Duration::from_secs(30);
/// How long a claim must be of no use before it is deleted. Longer than any request takes, so that
/// a cluster which is being created has its objects by then.
const UNUSED: Duration = Duration::from_secs(90);
/// How long one look may take.
const LOOK: Duration = Duration::from_secs(20);
/// The label of the claims that Flinkgate creates. It only narrows the list.
const LABEL: &str = "app.kubernetes.io/managed-by=flinkgate";
/// The annotation by which the scheduler has a volume made for a pod.
const SELECTED_NODE: &str = "volume.kubernetes.io/selected-node";

/// The claims that were of no use at the last look, by UID, and since when.
#[derive(Debug, Default)]
pub(super) struct UnusedClaims(HashMap<String, Instant>);

impl UnusedClaims {
    /// Looks for such claims, and deletes those that were of no use for long enough.
    pub(super) async fn look(&mut self, client: &Client, gate: &Gate) {
        let result = tokio::time::timeout(LOOK, self.try_look(client, gate)).await;
        let error: &dyn std::error::Error = match &result {
            Ok(Ok(())) => return,
            Ok(Err(error)) => error,
            Err(late) => late,
        };
        tracing::warn!(error, "unused PersistentVolumeClaims not deleted, retrying");
    }

    async fn try_look(&mut self, client: &Client, gate: &Gate) -> Result<(), kube::Error> {
        let all = Api::<PersistentVolumeClaim>::all(client.clone());
        let claims = all.list(&ListParams::default().labels(LABEL)).await?;
        let mut unused = HashMap::new();
        for claim in claims.items.iter().filter(|claim| is_untouched(claim)) {
            let Some(uid) = claim.uid() else { continue };
            let Some(cluster) = cluster(gate, claim) else { continue };
            if is_needed(client, claim, &cluster).await? {
                continue;
            }
            let since = self.0.get(&uid).copied().unwrap_or_else(Instant::now);
            if since.elapsed() < UNUSED {
                unused.insert(uid, since);
            } else {
                delete(client, claim).await?;
            }
        }
        self.0 = unused;
        Ok(())
    }
}

/// Whether Flinkgate made a claim, and no volume and no node was ever found for it.
fn is_untouched(claim: &PersistentVolumeClaim) -> bool {
    let phase = claim.status.as_ref().and_then(|status| status.phase.as_deref());
    let volume = claim.spec.as_ref().and_then(|spec| spec.volume_name.as_deref());
    let is_made = claim.managed_fields().iter().any(|fields| {
        fields.manager.as_deref() == Some(FIELD_MANAGER)
            && fields.operation.as_deref() == Some("Apply")
    });
    is_made
        && phase.is_none_or(|phase| phase == "Pending")
        && volume.is_none_or(str::is_empty)
        && claim.metadata.deletion_timestamp.is_none()
        && !claim.annotations().contains_key(SELECTED_NODE)
}

/// The cluster that a claim was made for, by the template of its tenant; `None` for any other claim,
/// and for one that clusters share.
fn cluster(gate: &Gate, claim: &PersistentVolumeClaim) -> Option<String> {
    let tenant = gate.tenants().owner(&claim.namespace()?).tenant()?;
    let volume = tenant.spec.storage.checkpoints.volume.as_ref()?;
    volume.size.as_ref()?;
    let name = claim.name_any();
    let cluster = cluster_of(&volume.claim_name, &name)?;
    (claim_for(&volume.claim_name, cluster) == name).then(|| cluster.to_owned())
}

/// Whether a pod mounts a claim, or an object exists that may create such pods.
async fn is_needed(
    client: &Client,
    claim: &PersistentVolumeClaim,
    cluster: &str,
) -> Result<bool, kube::Error> {
    let namespace = claim.namespace().unwrap_or_default();
    for kind in kinds::state_owners() {
        let resource = api_resource(kind);
        let api = Api::<DynamicObject>::namespaced_with(client.clone(), &namespace, &resource);
        match api.get_metadata_opt(cluster).await {
            Ok(None) => {}
            Ok(Some(_)) => return Ok(true),
            Err(error) => return Err(error),
        }
    }
    let name = claim.name_any();
    let mounts = |pod: &Pod| {
        let volumes = pod.spec.iter().flat_map(|spec| spec.volumes.iter().flatten());
        volumes
            .filter_map(|volume| volume.persistent_volume_claim.as_ref())
            .any(|source| source.claim_name == name)
    };
    let pods = Api::<Pod>::namespaced(client.clone(), &namespace);
    Ok(pods.list(&ListParams::default()).await?.items.iter().any(mounts))
}

async fn delete(client: &Client, claim: &PersistentVolumeClaim) -> Result<(), kube::Error> {
    let (namespace, name) = (claim.namespace().unwrap_or_default(), claim.name_any());
    let claims = Api::<PersistentVolumeClaim>::namespaced(client.clone(), &namespace);
    let preconditions =
        Some(Preconditions { resource_version: claim.resource_version(), uid: claim.uid() });
    let parameters = DeleteParams { preconditions, ..DeleteParams::default() };
    match claims.delete(&name, &parameters).await {
        Ok(_) => tracing::info!(
            namespace,
            claim = name,
            "deleted a PersistentVolumeClaim that no cluster and no pod used, and that had no volume"
        ),
        // It was deleted, bound or changed meanwhile.
        Err(kube::Error::Api(status)) if matches!(status.code, 404 | 409) => {}
        Err(error) => return Err(error),
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn untouched(change: Value) -> bool {
        let mut claim = json!({"metadata": {"name": "etl-state", "namespace": "prod", "managedFields": [
                {"manager": FIELD_MANAGER, "operation": "Apply"}]},
            "spec": {"accessModes": ["ReadWriteMany"]}, "status": {"phase": "Pending"}});
        json_patch::merge(&mut claim, &change);
        is_untouched(&serde_json::from_value(claim).unwrap())
    }

    #[test]
    fn only_claims_without_a_volume_may_go() {
        assert!(untouched(json!({})));
        for change in [
            json!({"status": {"phase": "Bound"}}),
            json!({"status": {"phase": "Lost"}}),
            json!({"spec": {"volumeName": "pv-1"}}),
            json!({"metadata": {"annotations": {SELECTED_NODE: "node-1"}}}),
            json!({"metadata": {"deletionTimestamp": "2026-11-27T10:00:00Z"}}),
            json!({"metadata": {"managedFields": null}}),
            json!({"metadata": {"managedFields": [{"manager": "kubectl", "operation": "Apply"}], "labels": {"app.kubernetes.io/managed-by": "flinkgate"}}}),
        ] {
            assert!(!untouched(change.clone()), "{change}");
        }
    }
}
