//! `flink.memory`: what Flink makes of its memory, and what it refuses or warns of as it starts.
//!
//! A mistake is told once: what is no size at all is told as an invalid value or, in a field, as a
//! size; that no size is given is told as a size.

use super::options::option_path;
use super::{object, text};
use crate::flink::memory::{
    Fault, JobManagerMemory, MemoryError, RECOMMENDED_HEAP, TaskManagerMemory, segment_size, shown,
};
use crate::flink::{Engine, Workload};
use crate::resource::pointer;
use regorus::Value;

/// Options that the JobManager's heap comes from, the nearest first.
const HEAP: [&str; 3] = [
    "jobmanager.memory.heap.size",
    "jobmanager.memory.flink.size",
    "jobmanager.memory.process.size",
];

/// `{jobManager, taskManager, problems: [{message, path, help, level}]}`: Flink's breakdown by
/// role, in bytes, or `{error, option}` where Flink would not start, null where unknown; and what
/// rules say of both.
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
        ("problems", Value::from(problems(workload))),
    ])
}

/// Of the memory, what conditions look at: `{problems}`.
pub fn conditions(workload: &Workload) -> Value {
    object([("problems", Value::from(problems(workload)))])
}

fn problems(workload: &Workload) -> Vec<Value> {
    let mut found = Vec::new();
    let size = &workload.size;
    match size.job_manager.as_ref().and_then(|role| role.breakdown.as_ref()) {
        Some(Err(error)) => found.extend(refusal(workload, "JobManager", error)),
        Some(Ok(memory)) if memory.heap < RECOMMENDED_HEAP => {
            found.push(small_heap(workload, memory.heap))
        }
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
    let told = place.is_some()
        && workload.size.problems.iter().any(|problem| Some(problem.pointer.as_str()) == place);
    // A value that is written here is told as invalid here, that of a file where the file is.
    let elsewhere =
        error.fault == Fault::Unreadable && (place.is_some() || workload.config_pointer.is_none());
    if told || elsewhere || error.fault == Fault::Missing {
        return None;
    }
    let name = name(workload, &error.option);
    let help = match error.instead() {
        Some(instead) if follows(workload, place) => {
            format!("Change {name} so that {}, which follows from it, is {instead}.", error.option)
        }
        Some(instead) => format!("Set {name} to {instead}."),
        None if error.fault == Fault::Overflow => format!("Write a smaller size for {name}."),
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
    let option =
        workload.config.first(&HEAP).map_or("jobmanager.memory.process.size", |(option, _)| option);
    let message = format!(
        "{} of heap are left to the JobManager, and Flink recommends 128m or more",
        shown(heap)
    );
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
        (Some(place), Some(options)) if !place.starts_with(options) => dotted(place),
        (Some(place), None) if follows(workload, Some(place)) => dotted(place),
        _ => option.to_owned(),
    }
}

/// Whether an option's value is worked out from a field that holds something else: a part of what a
/// container requests.
fn follows(workload: &Workload, place: Option<&str>) -> bool {
    matches!(workload.engine, Engine::Spotify | Engine::Lyft)
        && place.is_some_and(|place| place.contains("/resources/"))
}

fn dotted(place: &str) -> String {
    pointer::tokens(place).collect::<Vec<_>>().join(".")
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

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::super::option_checks::option_checks;
    use super::*;
    use crate::kinds::lower;
    use crate::resource::Resource;
    use serde_json::json;

    fn lowered(version: &str, option: &str, value: &str) -> Workload {
        let object = json!({"apiVersion": "flink.apache.org/v1beta1", "kind": "FlinkDeployment", "metadata": {"name": "etl"}, "spec": {
            "flinkVersion": version, "flinkConfiguration": {option: value, "jobmanager.memory.process.size": "2g"},
            "taskManager": {"resource": {"memory": "4g"}}, "job": {"parallelism": 1}}});
        let resource = Resource::from_manifest(object).unwrap();
        lower(&resource, &resource.object).unwrap()
    }

    #[test]
    fn what_cannot_be_read_is_told_as_an_invalid_value_and_not_twice() {
        let sizes = [
            "jobmanager.memory.process.size",
            "jobmanager.memory.flink.size",
            "jobmanager.memory.heap.size",
            "jobmanager.memory.off-heap.size",
            "jobmanager.memory.jvm-metaspace.size",
            "jobmanager.memory.jvm-overhead.min",
            "jobmanager.memory.jvm-overhead.max",
            "jobmanager.memory.jvm-overhead.fraction",
            "taskmanager.memory.flink.size",
            "taskmanager.memory.managed.size",
            "taskmanager.memory.size",
            "taskmanager.memory.managed.fraction",
            "taskmanager.memory.framework.heap.size",
            "taskmanager.memory.framework.off-heap.size",
            "taskmanager.memory.task.off-heap.size",
            "taskmanager.memory.network.min",
            "taskmanager.memory.network.max",
            "taskmanager.memory.network.fraction",
            "taskmanager.network.memory.fraction",
            "taskmanager.network.numberOfBuffers",
            "taskmanager.memory.segment-size",
            "taskmanager.memory.jvm-metaspace.size",
            "taskmanager.memory.jvm-overhead.min",
            "taskmanager.memory.jvm-overhead.fraction",
        ];
        for version in ["v1_16", "v1_20", "v2_0", "v2_3", "v9_9"] {
            for option in sizes {
                let workload = lowered(version, option, "plenty");
                assert_eq!(problems(&workload), [], "{option} on {version}");
                let roles = (
                    workload.size.job_manager.as_ref().unwrap(),
                    workload.size.task_manager.as_ref().unwrap(),
                );
                let stops = |fault: Option<&MemoryError>| {
                    fault.is_some_and(|error| error.fault == Fault::Unreadable)
                };
                let job_manager =
                    stops(roles.0.breakdown.as_ref().and_then(|memory| memory.as_ref().err()));
                let task_manager =
                    stops(roles.1.breakdown.as_ref().and_then(|memory| memory.as_ref().err()));
                if job_manager || task_manager {
                    let invalid = option_checks(&workload, &Value::Null);
                    assert_eq!(
                        invalid["invalid"][0]["key"],
                        Value::from(option),
                        "{option} on {version}"
                    );
                }
            }
        }
    }

    #[test]
    fn the_size_that_is_named_is_the_nearest_that_does() {
        let cases = [
            ("taskmanager.memory.jvm-metaspace.size", "5g"),
            ("taskmanager.memory.framework.off-heap.size", "3g"),
            ("taskmanager.memory.managed.size", "3333333333"),
            ("taskmanager.memory.task.off-heap.size", "4095m"),
            ("taskmanager.memory.network.min", "3g"),
            ("taskmanager.memory.jvm-overhead.min", "7g"),
            ("jobmanager.memory.off-heap.size", "2g"),
        ];
        for (option, value) in cases {
            let workload = lowered("v1_20", option, value);
            let size = &workload.size;
            let refused =
                size.job_manager.as_ref().unwrap().breakdown.as_ref().unwrap().as_ref().err();
            let refused = refused
                .or(size.task_manager.as_ref().unwrap().breakdown.as_ref().unwrap().as_ref().err())
                .unwrap();
            let accepts = |bytes: u64| {
                let mut config = workload.config.clone();
                config.set(refused.option.as_str(), bytes.to_string(), None);
                crate::flink::memory::task_manager(&config, None).is_ok()
                    && crate::flink::memory::job_manager(&config, None).is_ok()
            };
            let Some(nearest) = refused.nearest else {
                // Nothing that a JVM's overhead could be is both.
                assert_eq!(option, "taskmanager.memory.jvm-overhead.min");
                continue;
            };
            assert!(accepts(nearest) && !accepts(nearest - (1 << 20)), "{option}: {refused:?}");
        }
    }
}
