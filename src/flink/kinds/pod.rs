//! `v1 Pod`: the last door, where native TaskManagers and everything that nothing declared come through.

use super::alike_pods::{AlikePods, label, text};
use crate::flink::{Surroundings, Workload};
use crate::resource::{Resource, metadata_text, owners};
use serde_json::Value;

pub(super) fn lower(resource: &Resource, pod: &Value, surroundings: &Surroundings) -> Workload {
    let workload = AlikePods { object: pod, place: "", replicas: 1, name: owner_or_name, namespace: &resource.namespace, surroundings }
        .lower(Vec::new());
    // The job is its cluster's, which has more pods than this one.
    Workload { jobs: 0, ..workload }
}

/// What the pod's maker is called: a Deployment's name stands in front of its ReplicaSet's hash.
fn owner_or_name(pod: &Value) -> &str {
    match owners(pod).iter().map(|owner| text(owner, "name")).find(|name| !name.is_empty()) {
        Some(owner) => {
            let hash = label(pod, "pod-template-hash");
            owner.strip_suffix(hash).filter(|_| !hash.is_empty()).and_then(|name| name.strip_suffix('-')).unwrap_or(owner)
        }
        None => match metadata_text(pod, "name") {
            "" => metadata_text(pod, "generateName").trim_end_matches('-'),
            name => name,
        },
    }
}
