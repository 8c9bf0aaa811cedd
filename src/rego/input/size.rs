//! `input.flink.size`: what Kubernetes is asked for, as numbers.

use crate::flink::sizing::{self, RoleSize, Total};
use crate::resource::quantity::Quantity;
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::BTreeMap;

/// What Kubernetes is asked for. CPU in cores, everything else in bytes.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Size<'a> {
    /// The JobManagers; null without any.
    pub job_manager: Option<RoleRequests<'a>>,
    /// The TaskManagers; null without any.
    pub task_manager: Option<RoleRequests<'a>>,
    /// The sum over all pods.
    pub total: TotalRequests<'a>,
}

/// What each pod of one role requests.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RoleRequests<'a> {
    /// Number of pods.
    pub replicas: u64,
    /// CPU of one pod, in cores.
    pub cpu: f64,
    /// Memory of one pod.
    pub memory_bytes: u64,
    /// Ephemeral storage of one pod.
    pub ephemeral_storage_bytes: u64,
    /// Task slots of one TaskManager.
    pub slots: u64,
    /// Extended resources of one pod by name, such as `nvidia.com/gpu`.
    pub extended: BTreeMap<&'a str, f64>,
}

/// What all pods request together, in the units of a tenant's quota.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TotalRequests<'a> {
    /// CPU, in cores.
    pub cpu: f64,
    /// Memory.
    pub memory_bytes: u64,
    /// Ephemeral storage.
    pub ephemeral_storage_bytes: u64,
    /// PersistentVolumeClaims and generic ephemeral volumes.
    pub storage_bytes: u64,
    /// Pods.
    pub pods: u64,
    /// TaskManagers.
    pub task_managers: u64,
    /// Task slots.
    pub task_slots: u64,
    /// Flink clusters.
    pub clusters: u64,
    /// Flink jobs.
    pub jobs: u64,
    /// PersistentVolumeClaims that Kubernetes makes for these pods.
    pub persistent_volume_claims: u64,
    /// Extended resources by name.
    pub extended: BTreeMap<&'a str, f64>,
}

impl<'a> Size<'a> {
    pub(super) fn of(size: &'a sizing::Size) -> Self {
        Self {
            job_manager: size.job_manager.as_ref().map(RoleRequests::of),
            task_manager: size.task_manager.as_ref().map(RoleRequests::of),
            total: TotalRequests::of(&size.total),
        }
    }
}

impl<'a> RoleRequests<'a> {
    fn of<M>(size: &'a RoleSize<M>) -> Self {
        Self {
            replicas: size.replicas,
            cpu: size.cpu.as_cores_f64(),
            memory_bytes: size.memory.units_ceil(),
            ephemeral_storage_bytes: size.ephemeral_storage.units_ceil(),
            slots: size.slots,
            extended: extended(&size.extended),
        }
    }
}

impl<'a> TotalRequests<'a> {
    fn of(total: &'a Total) -> Self {
        Self {
            cpu: total.cpu.as_cores_f64(),
            memory_bytes: total.memory.units_ceil(),
            ephemeral_storage_bytes: total.ephemeral_storage.units_ceil(),
            storage_bytes: total.storage.units_ceil(),
            pods: total.pods,
            task_managers: total.task_managers,
            task_slots: total.task_slots,
            clusters: total.clusters,
            jobs: total.jobs,
            persistent_volume_claims: total.persistent_volume_claims,
            extended: extended(&total.extended),
        }
    }
}

fn extended(resources: &BTreeMap<String, Quantity>) -> BTreeMap<&str, f64> {
    resources.iter().map(|(name, amount)| (name.as_str(), amount.as_cores_f64())).collect()
}
