//! Flink's memory model: derives heap, managed memory, network buffers and overhead from a process
//! size.
//!
//! Flink calculates these before a JVM starts, and refuses to start if they do not add up. This
//! module calculates the same to the byte. A size that cannot work is refused with Flink's own
//! message, and a valid one counts as the pod will have it. `tests/data/memory-golden.jsonl` holds
//! Flink's own results, and `tests/oracle` can produce more. The module knows nothing of
//! Kubernetes.

mod arithmetic;
mod cpu;
pub mod java;
mod job_manager;
mod options;
mod process;
mod refusal;
mod segment;
mod task_manager;

#[cfg(test)]
mod golden_tests;

pub use cpu::{task_manager_cpu, task_slots};
pub use job_manager::{RECOMMENDED_HEAP, job_manager, job_manager_of_script};
pub use refusal::{Fault, MemoryError, shown};
pub use segment::segment_size;
pub use task_manager::{task_manager, task_manager_of_script};

use schemars::JsonSchema;
use serde::Serialize;

/// A JobManager's memory in bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct JobManagerMemory {
    /// The container's memory.
    pub process: u64,
    /// Process memory without metaspace and overhead.
    pub flink: u64,
    /// JVM heap.
    pub heap: u64,
    /// Off-heap memory.
    pub off_heap: u64,
    /// JVM metaspace.
    pub metaspace: u64,
    /// JVM overhead.
    pub overhead: u64,
}

/// A TaskManager's memory in bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TaskManagerMemory {
    /// The container's memory.
    pub process: u64,
    /// Process memory without metaspace and overhead.
    pub flink: u64,
    /// Heap of Flink's framework.
    pub framework_heap: u64,
    /// Off-heap memory of Flink's framework.
    pub framework_off_heap: u64,
    /// Heap of tasks.
    pub task_heap: u64,
    /// Off-heap memory of tasks.
    pub task_off_heap: u64,
    /// Managed memory for RocksDB, sorting and caching.
    pub managed: u64,
    /// Network buffers.
    pub network: u64,
    /// JVM metaspace.
    pub metaspace: u64,
    /// JVM overhead.
    pub overhead: u64,
}
