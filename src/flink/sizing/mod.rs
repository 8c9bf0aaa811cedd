//! The size of a workload: the requests to Kubernetes that quota counts.
//!
//! This file has the types. [`requests`] sums one pod as the scheduler does, [`total`] sums a
//! workload's pods, and [`bounds`] holds how far Flink may change their number. Nothing here
//! compares with a tenant's quota.

pub mod bounds;
pub mod requests;
pub mod total;

use self::bounds::Bounds;
use super::memory::{JobManagerMemory, MemoryError, TaskManagerMemory};
use crate::resource::quantity::Quantity;
use std::collections::BTreeMap;

/// The pods of one role.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RoleSize<M> {
    /// The number of pods.
    pub replicas: u64,
    /// Requested CPU of one pod, with sidecars and init containers as the scheduler counts them.
    pub cpu: Quantity,
    /// Requested memory of one pod, in bytes.
    pub memory: Quantity,
    /// Requested ephemeral storage of one pod, in bytes.
    pub ephemeral_storage: Quantity,
    /// Requested extended resources of one pod, by name.
    pub extended: BTreeMap<String, Quantity>,
    /// Claims of one pod's generic ephemeral volumes.
    pub claims: u64,
    /// Their storage, in bytes.
    pub storage: Quantity,
    /// Task slots of one pod; 0 for JobManagers.
    pub slots: u64,
    /// Limits of the main container, if they differ from its requests.
    pub limits: Option<Limits>,
    /// Flink's breakdown of the main container's memory, or why Flink would not start; `None` if
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

/// The size of a whole workload.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Size {
    /// The JobManagers, if the workload has any.
    pub job_manager: Option<RoleSize<JobManagerMemory>>,
    /// The TaskManagers, if the workload has any.
    pub task_manager: Option<RoleSize<TaskManagerMemory>>,
    /// The sum over all pods.
    pub total: Total,
    /// The bounds of the number of TaskManagers while the object does not change; `None` if
    /// unknown.
    pub bounds: Option<Bounds>,
    /// Values from which no size could be calculated.
    pub problems: Vec<SizeProblem>,
}

/// A value of the object from which no size can be calculated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SizeProblem {
    /// JSON Pointer of the value.
    pub pointer: String,
    /// The problem.
    pub message: String,
    /// What to write instead.
    pub help: String,
    /// Whether the value has a wrong type, so that nothing in it can be read.
    pub is_unreadable: bool,
}

impl SizeProblem {
    /// A problem with its place in the object.
    pub fn new(
        pointer: impl Into<String>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Self {
        let (pointer, message, help) = (pointer.into(), message.into(), help.into());
        Self { pointer, message, help, is_unreadable: false }
    }

    /// The same for a value of a wrong type.
    pub fn of_type(self) -> Self {
        Self { is_unreadable: true, ..self }
    }
}

/// Sums over a workload in the units of a tenant's quota.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Total {
    /// Requested CPU in cores.
    pub cpu: Quantity,
    /// Requested memory in bytes.
    pub memory: Quantity,
    /// Requested local disk in bytes.
    pub ephemeral_storage: Quantity,
    /// Storage of claims and generic ephemeral volumes in bytes.
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
    /// Claims that Kubernetes creates for these pods.
    pub persistent_volume_claims: u64,
    /// Extended resources by name, such as `nvidia.com/gpu`.
    pub extended: BTreeMap<String, Quantity>,
}
