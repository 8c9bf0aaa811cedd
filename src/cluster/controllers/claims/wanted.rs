//! Which claim a pending pod needs.

use crate::flink::claims::{DEFAULT_ACCESS_MODE, cluster_of};
use crate::kinds;
use crate::mutate;
use crate::pipeline::Gate;
use crate::resource::{GroupVersionKind, Resource};
use crate::tenant::{CheckpointVolume, Reclaim};
use serde_json::{Value, json};

/// A claim, as the tenant's template describes it.
#[derive(Clone, Debug, PartialEq)]
pub struct WantedClaim {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// The Flink cluster whose state it holds; empty where clusters share it.
    pub cluster: String,
    /// The claim's `spec`.
    pub spec: Value,
    /// Whether it is deleted with its cluster.
    pub goes_with_cluster: bool,
}

/// The claim that a pod of a tenant mounts for its state. `None` where the tenant has no template
/// with a size, and for any other claim: a pod may name any claim.
pub fn wanted(gate: &Gate, pod: &Value) -> Option<WantedClaim> {
    let resource =
        Resource::from_listed(&GroupVersionKind::parse("v1", "Pod"), pod.clone()).ok()?;
    let tenant = gate.tenants().owner(&resource.namespace).tenant()?;
    let volume = tenant.spec.storage.checkpoints.volume.as_ref()?;
    let size = volume.size.as_ref()?;
    let workload = kinds::lower(&resource, &resource.object)?;
    let name = mutate::state_claim(&resource, &resource.object, &workload, &tenant.spec)?;
    let mut spec =
        json!({"accessModes": modes(volume), "resources": {"requests": {"storage": size.0}}});
    if let (Some(class), Some(fields)) = (&volume.storage_class_name, spec.as_object_mut()) {
        fields.insert("storageClassName".into(), class.as_str().into());
    }
    let cluster = cluster_of(&volume.claim_name, &name).map(str::to_owned);
    Some(WantedClaim {
        namespace: resource.namespace.clone(),
        goes_with_cluster: cluster.is_some() && volume.reclaim == Some(Reclaim::Delete),
        // A blue/green child mounts its parent's claim, and the claim's name says whose it is.
        cluster: cluster.unwrap_or_default(),
        name,
        spec,
    })
}

fn modes(volume: &CheckpointVolume) -> Vec<&str> {
    if volume.access_modes.is_empty() {
        vec![DEFAULT_ACCESS_MODE]
    } else {
        volume.access_modes.iter().map(String::as_str).collect()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use crate::pipeline::Unassigned;
    use crate::rego::PolicySet;
    use crate::tenant::{Tenant, Tenants};
    use std::collections::BTreeMap;
    use std::sync::Arc;

    fn found(volume: &Value, claim: &str) -> Option<WantedClaim> {
        let spec = json!({"namespaces": {"names": ["payments-prod"]}, "storage": {"checkpoints": {"volume": volume}}});
        let tenant = Tenant {
            name: "payments".into(),
            spec: serde_json::from_value(spec).unwrap(),
            ..Tenant::default()
        };
        let policies = Arc::new(PolicySet::built_in().unwrap());
        let gate =
            Gate::new(Tenants::new(vec![tenant], BTreeMap::new()), policies, Unassigned::Warn);
        let pod = json!({
            "metadata": {"name": "etl-taskmanager-1-1", "namespace": "payments-prod", "labels": {"app": "etl"},
                "ownerReferences": [{"apiVersion": "apps/v1", "kind": "Deployment", "name": "etl", "controller": true}]},
            "spec": {"containers": [{"name": "flink-main-container", "args": ["bash", "-c", "kubernetes-taskmanager.sh"],
                    "volumeMounts": [{"name": "flinkgate-state", "mountPath": "/flink/state"}]}],
                "volumes": [{"name": "flinkgate-state", "persistentVolumeClaim": {"claimName": claim}}]}});
        wanted(&gate, &pod)
    }

    #[test]
    fn only_the_claim_of_the_tenants_template_is_wanted() {
        let volume = json!({"claimName": "{cluster}-state", "storageClassName": "nfs", "size": "50Gi", "reclaim": "Delete"});
        let wanted = found(&volume, "etl-state").unwrap();
        assert_eq!(
            (wanted.name.as_str(), wanted.cluster.as_str(), wanted.goes_with_cluster),
            ("etl-state", "etl", true)
        );
        let spec = json!({"accessModes": ["ReadWriteMany"], "storageClassName": "nfs", "resources": {"requests": {"storage": "50Gi"}}});
        assert_eq!(wanted.spec, spec);
        assert_eq!(found(&volume, "billing-state"), None);
        assert_eq!(found(&json!({"claimName": "{cluster}-state"}), "etl-state"), None);
    }

    #[test]
    fn a_shared_claim_belongs_to_no_cluster() {
        let volume = json!({"claimName": "state", "size": "1Ti", "reclaim": "Delete", "accessModes": ["ReadWriteOnce"]});
        let wanted = found(&volume, "state").unwrap();
        assert_eq!((wanted.cluster.as_str(), wanted.goes_with_cluster), ("", false));
        assert_eq!(wanted.spec["accessModes"], json!(["ReadWriteOnce"]));
    }
}
