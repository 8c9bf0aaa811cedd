//! `flink.memory`: what Flink makes of its memory, and what it refuses or warns of as it starts.
//!
//! A mistake is told once: what is no size at all is told as an invalid value or, in a field, as a size; that no size is
//! given is told as a size.

use super::options::option_path;
use super::{object, text};
use crate::flink::Workload;
use crate::flink::memory::{Fault, JobManagerMemory, MemoryError, RECOMMENDED_HEAP, TaskManagerMemory, segment_size};
use crate::resource::pointer;
use regorus::Value;

/// Options that the JobManager's heap comes from, the nearest first.
const HEAP: [&str; 3] = ["jobmanager.memory.heap.size", "jobmanager.memory.flink.size", "jobmanager.memory.process.size"];

/// `{jobManager, taskManager, problems: [{message, path, help, level}]}`: Flink's breakdown by role, in bytes, or
/// `{error, option}` where Flink would not start, null where unknown; and what rules say of both.
pub fn memory(workload: &Workload) -> Value {
    let job_manager = workload.size.job_manager.as_ref().and_then(|size| size.breakdown.as_ref());
    let task_manager = workload.size.task_manager.as_ref().and_then(|size| size.breakdown.as_ref());
    object([
        ("jobManager", job_manager.map_or(Value::Null, |memory| either(memory, job_manager_memory))),
        ("taskManager", task_manager.map_or(Value::Null, |memory| either(memory, task_manager_memory))),
        ("problems", Value::from(problems(workload))),
    ])
}

fn problems(workload: &Workload) -> Vec<Value> {
    let mut found = Vec::new();
    let size = &workload.size;
    match size.job_manager.as_ref().and_then(|role| role.breakdown.as_ref()) {
        Some(Err(error)) => found.extend(refusal(workload, "JobManager", error)),
        Some(Ok(memory)) if memory.heap < RECOMMENDED_HEAP => found.push(small_heap(workload, memory.heap)),
        _ => {}
    }
    if let Some(role) = size.task_manager.as_ref() {
        let refused = role.breakdown.as_ref().and_then(|memory| memory.as_ref().err());
        found.extend(refused.and_then(|error| refusal(workload, "TaskManager", error)));
        // An option that has this mistake may be what the breakdown stopped at.
        if let Err(error) = segment_size(&workload.config)
            && refused.is_none_or(|refused| refused.option != error.option)
        {
            found.extend(refusal(workload, "TaskManager", &error));
        }
    }
    found
}

fn refusal(workload: &Workload, role: &str, error: &MemoryError) -> Option<Value> {
    let place = workload.config.entry(&error.option).and_then(|entry| entry.pointer.as_deref());
    let told = place.is_some() && workload.size.problems.iter().any(|problem| Some(problem.pointer.as_str()) == place);
    if told || matches!(error.fault, Fault::Missing | Fault::Unreadable) {
        return None;
    }
    let name = name(workload, &error.option);
    let help = match error.instead() {
        Some(instead) => format!("Set {name} to {instead}."),
        None => format!("Correct {name}, or the options that it contradicts."),
    };
    Some(object([
        ("message", Value::from(format!("no {role} would start: {}", error.problem))),
        ("path", option_path(workload, &error.option)),
        ("help", Value::from(help)),
        ("level", text(None)),
    ]))
}

fn small_heap(workload: &Workload, heap: u64) -> Value {
    let option = workload.config.first(&HEAP).map_or("jobmanager.memory.process.size", |(option, _)| option);
    let message = format!("{:.1}m of heap are left to the JobManager, and Flink recommends 128m or more", heap as f64 / f64::from(1 << 20));
    object([
        ("message", Value::from(message)),
        ("path", option_path(workload, option)),
        ("help", Value::from(format!("Give {} more.", name(workload, option)))),
        ("level", text(Some("warning"))),
    ])
}

/// The field that gives an option, where a field does, as people write it; else the option.
fn name(workload: &Workload, option: &str) -> String {
    let place = workload.config.entry(option).and_then(|entry| entry.pointer.as_deref());
    match (place, workload.config_pointer.as_deref()) {
        (Some(place), Some(options)) if !place.starts_with(options) => pointer::tokens(place).collect::<Vec<_>>().join("."),
        _ => option.to_owned(),
    }
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
