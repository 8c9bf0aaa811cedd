//! `flink.size` and `flink.memory`: numbers as rules compare them.

use super::{object, path};
use crate::flink::Workload;
use crate::flink::memory::{JobManagerMemory, MemoryError, TaskManagerMemory};
use crate::flink::sizing::{RoleSize, SizeProblem};
use crate::resource::quantity::Quantity;
use regorus::Value;
use std::collections::BTreeMap;

/// `{jobManager, taskManager, total, problems: [{message, path}]}`; cpu in cores, the rest in bytes.
pub fn size(workload: &Workload) -> Value {
    let size = &workload.size;
    let total = &size.total;
    let total = object([
        ("cpu", cores(total.cpu)),
        ("memoryBytes", bytes(total.memory)),
        ("storageBytes", bytes(total.storage)),
        ("pods", Value::from(total.pods)),
        ("taskManagers", Value::from(total.task_managers)),
        ("taskSlots", Value::from(total.task_slots)),
        ("clusters", Value::from(total.clusters)),
        ("jobs", Value::from(total.jobs)),
        ("persistentVolumeClaims", Value::from(total.persistent_volume_claims)),
        ("extended", extended(&total.extended)),
    ]);
    object([
        ("jobManager", size.job_manager.as_ref().map_or(Value::Null, role)),
        ("taskManager", size.task_manager.as_ref().map_or(Value::Null, role)),
        ("total", total),
        ("problems", listed(&size.problems)),
    ])
}

/// Of the size, what conditions look at: `{problems}`.
pub fn problems(workload: &Workload) -> Value {
    object([("problems", listed(&workload.size.problems))])
}

fn listed(problems: &[SizeProblem]) -> Value {
    let problem =
        |problem: &SizeProblem| object([("message", Value::from(problem.message.as_str())), ("path", Value::from(path(&problem.pointer)))]);
    Value::from(problems.iter().map(problem).collect::<Vec<_>>())
}

/// Flink's breakdown by role, in bytes, or `{error, option}` where Flink would not start; null where unknown.
pub fn memory(workload: &Workload) -> Value {
    let job_manager = workload.size.job_manager.as_ref().and_then(|size| size.breakdown.as_ref());
    let task_manager = workload.size.task_manager.as_ref().and_then(|size| size.breakdown.as_ref());
    object([
        ("jobManager", job_manager.map_or(Value::Null, |memory| either(memory, job_manager_memory))),
        ("taskManager", task_manager.map_or(Value::Null, |memory| either(memory, task_manager_memory))),
    ])
}

fn role<M>(size: &RoleSize<M>) -> Value {
    object([
        ("replicas", Value::from(size.replicas)),
        ("cpu", cores(size.cpu)),
        ("memoryBytes", bytes(size.memory)),
        ("ephemeralStorageBytes", bytes(size.ephemeral_storage)),
        ("slots", Value::from(size.slots)),
        ("extended", extended(&size.extended)),
    ])
}

fn either<M>(memory: &Result<M, MemoryError>, breakdown: impl FnOnce(&M) -> Value) -> Value {
    match memory {
        Ok(memory) => breakdown(memory),
        Err(error) => object([("error", Value::from(error.message.as_str())), ("option", Value::from(error.option.as_str()))]),
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

fn extended(resources: &BTreeMap<String, Quantity>) -> Value {
    Value::from(resources.iter().map(|(name, amount)| (Value::from(name.as_str()), cores(*amount))).collect::<BTreeMap<_, _>>())
}

fn cores(amount: Quantity) -> Value {
    Value::from(amount.as_cores_f64())
}

fn bytes(amount: Quantity) -> Value {
    Value::from(amount.units_ceil())
}
