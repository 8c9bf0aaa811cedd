//! Flink's memory model: how a process size becomes heap, managed memory, network buffers and overhead.

pub mod java;

/// A JobManager's memory in bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JobManagerMemory {
    /// The container's memory.
    pub process: u64,
    /// Process less metaspace and overhead.
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
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TaskManagerMemory {
    /// The container's memory.
    pub process: u64,
    /// Process less metaspace and overhead.
    pub flink: u64,
    /// Heap of the framework.
    pub framework_heap: u64,
    /// Off-heap memory of the framework.
    pub framework_off_heap: u64,
    /// Heap of tasks.
    pub task_heap: u64,
    /// Off-heap memory of tasks.
    pub task_off_heap: u64,
    /// Managed memory: RocksDB, sorting, caching.
    pub managed: u64,
    /// Network buffers.
    pub network: u64,
    /// JVM metaspace.
    pub metaspace: u64,
    /// JVM overhead.
    pub overhead: u64,
}

/// Why Flink would refuse to start with this memory configuration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct MemoryError {
    /// What is wrong, with the sizes.
    pub message: String,
    /// The option to change.
    pub option: String,
}
