//! What a workload asks of Kubernetes: the sizes that quota counts.
//!
//! The types are here; [`requests`] sums one pod as the scheduler does, [`total`] sums a workload's
//! pods, [`bounds`] is how far Flink itself may take their number.

pub mod bounds;
pub mod requests;
pub mod total;

use self::bounds::Bounds;
use super::memory::{JobManagerMemory, MemoryError, TaskManagerMemory};
use crate::resource::quantity::Quantity;
use std::collections::BTreeMap;

/// One role's pods.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RoleSize<M> {
    /// Pods of this role.
    pub replicas: u64,
    /// Requested cpu of one pod, sidecars and init containers included as the scheduler counts
    /// them.
    pub cpu: Quantity,
    /// Requested memory of one pod, in bytes.
    pub memory: Quantity,
    /// Requested ephemeral storage of one pod, in bytes.
    pub ephemeral_storage: Quantity,
    /// Requested extended resources of one pod, by name.
    pub extended: BTreeMap<String, Quantity>,
    /// Task slots of one pod; 0 for JobManagers.
    pub slots: u64,
    /// Limits of Flink's own container, where they are not its requests.
    pub limits: Option<Limits>,
    /// Flink's breakdown of the main container's memory, or why Flink would not start; `None` where
    /// unknown.
    pub breakdown: Option<Result<M, MemoryError>>,
}

/// Limits of one container.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// Cores.
    pub cpu: Quantity,
    /// Bytes.
    pub memory: Quantity,
}

/// What the whole workload asks for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Size {
    /// The JobManagers, where the workload has any.
    pub job_manager: Option<RoleSize<JobManagerMemory>>,
    /// The TaskManagers, where the workload has any.
    pub task_manager: Option<RoleSize<TaskManagerMemory>>,
    /// The sum over all pods.
    pub total: Total,
    /// How far the number of TaskManagers may go while the object stays as it is; `None` where that
    /// is not known.
    pub bounds: Option<Bounds>,
    /// Values that the size could not be calculated from.
    pub problems: Vec<SizeProblem>,
}

/// A value of the object that no size can be calculated from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SizeProblem {
    /// Where it is in the object.
    pub pointer: String,
    /// What is wrong with it.
    pub message: String,
    /// What to write instead.
    pub help: String,
}

impl SizeProblem {
    /// A problem at a place of the object.
    pub fn new(
        pointer: impl Into<String>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Self {
        Self { pointer: pointer.into(), message: message.into(), help: help.into() }
    }
}

/// Sums over a workload, in the units of a tenant's quota.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Total {
    /// Requested cpu, cores.
    pub cpu: Quantity,
    /// Requested memory, bytes.
    pub memory: Quantity,
    /// Requested local disk, bytes.
    pub ephemeral_storage: Quantity,
    /// Claims and generic ephemeral volumes, bytes.
    pub storage: Quantity,
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
    /// Claims that Kubernetes will make for these pods.
    pub persistent_volume_claims: u64,
    /// Extended resources by name, such as `nvidia.com/gpu`.
    pub extended: BTreeMap<String, Quantity>,
}
