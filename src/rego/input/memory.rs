//! `input.flink.memory`: how Flink divides the memory of its processes.

use crate::flink::memory::{JobManagerMemory, MemoryError, TaskManagerMemory};
use crate::flink::sizing::Size;
use schemars::JsonSchema;
use serde::Serialize;

/// How Flink divides the memory of its processes, in bytes.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Memory<'a> {
    /// The JobManager's memory, or why Flink would not start; null where it is unknown.
    pub job_manager: Option<Breakdown<'a, JobManagerMemory>>,
    /// The TaskManager's memory, or why Flink would not start; null where it is unknown.
    pub task_manager: Option<Breakdown<'a, TaskManagerMemory>>,
}

/// A memory configuration that Flink accepts, or one that it refuses.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(untagged)]
#[schemars(inline)]
pub enum Breakdown<'a, M> {
    /// The parts.
    Parts(&'a M),
    /// Why Flink would not start.
    Refused(RefusedMemory<'a>),
}

/// A memory configuration with which Flink does not start.
#[derive(Debug, Serialize, JsonSchema)]
pub struct RefusedMemory<'a> {
    /// Flink's message.
    pub error: &'a str,
    /// The option to change.
    pub option: &'a str,
}

impl<'a> Memory<'a> {
    pub(super) fn of(size: &'a Size) -> Self {
        let job_manager = size.job_manager.as_ref().and_then(|role| role.breakdown.as_ref());
        let task_manager = size.task_manager.as_ref().and_then(|role| role.breakdown.as_ref());
        Self {
            job_manager: job_manager.map(Breakdown::of),
            task_manager: task_manager.map(Breakdown::of),
        }
    }
}

impl<'a, M> Breakdown<'a, M> {
    fn of(memory: &'a Result<M, MemoryError>) -> Self {
        match memory {
            Ok(memory) => Self::Parts(memory),
            Err(MemoryError { message, option, .. }) => {
                Self::Refused(RefusedMemory { error: message, option })
            }
        }
    }
}
