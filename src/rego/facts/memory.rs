//! `flink.memory`: how Flink divides the memory of each role.

use super::object;
use crate::flink::Workload;
use crate::flink::memory::{JobManagerMemory, MemoryError, TaskManagerMemory};
use regorus::Value;

/// `{jobManager, taskManager}`: Flink's breakdown by role, in bytes, `{error, option}` if Flink
/// would not start, null if unknown.
pub fn memory(workload: &Workload) -> Value {
    let job_manager = workload.size.job_manager.as_ref().and_then(|size| size.breakdown.as_ref());
    let task_manager = workload.size.task_manager.as_ref().and_then(|size| size.breakdown.as_ref());
    object([
        (
            "jobManager",
            job_manager.map_or(Value::Null, |memory| either(memory, job_manager_memory)),
        ),
        (
            "taskManager",
            task_manager.map_or(Value::Null, |memory| either(memory, task_manager_memory)),
        ),
    ])
}

fn either<M>(memory: &Result<M, MemoryError>, breakdown: impl FnOnce(&M) -> Value) -> Value {
    match memory {
        Ok(memory) => breakdown(memory),
        Err(error) => object([
            ("error", Value::from(error.message.as_str())),
            ("option", Value::from(error.option.as_str())),
        ]),
    }
}

fn job_manager_memory(memory: &JobManagerMemory) -> Value {
    object([
        ("process", Value::from(memory.process)),
        ("flink", Value::from(memory.flink)),
        ("heap", Value::from(memory.heap)),
        ("offHeap", Value::from(memory.off_heap)),
        ("metaspace", Value::from(memory.metaspace)),
        ("overhead", Value::from(memory.overhead)),
    ])
}

fn task_manager_memory(memory: &TaskManagerMemory) -> Value {
    object([
        ("process", Value::from(memory.process)),
        ("flink", Value::from(memory.flink)),
        ("frameworkHeap", Value::from(memory.framework_heap)),
        ("frameworkOffHeap", Value::from(memory.framework_off_heap)),
        ("taskHeap", Value::from(memory.task_heap)),
        ("taskOffHeap", Value::from(memory.task_off_heap)),
        ("managed", Value::from(memory.managed)),
        ("network", Value::from(memory.network)),
        ("metaspace", Value::from(memory.metaspace)),
        ("overhead", Value::from(memory.overhead)),
    ])
}
