//! `flink.size`: numbers as rules compare them.

use super::options::option_path;
use super::{object, path};
use crate::flink::Workload;
use crate::flink::sizing::bounds::Unbounded;
use crate::flink::sizing::{RoleSize, SizeProblem};
use crate::resource::quantity::Quantity;
use regorus::Value;
use std::collections::BTreeMap;

/// `{jobManager, taskManager, total, unbounded: [{message, path, help}], problems: [{message,
/// path}]}`; cpu in cores, the rest in bytes.
pub fn size(workload: &Workload) -> Value {
    let size = &workload.size;
    let total = &size.total;
    let total = object([
        ("cpu", cores(total.cpu)),
        ("memoryBytes", bytes(total.memory)),
        ("ephemeralStorageBytes", bytes(total.ephemeral_storage)),
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
        ("unbounded", unbounded(workload)),
        ("problems", listed(&size.problems)),
    ])
}

/// Of the size, what conditions look at: `{unbounded, problems}`.
pub fn conditions(workload: &Workload) -> Value {
    object([("unbounded", unbounded(workload)), ("problems", listed(&workload.size.problems))])
}

fn unbounded(workload: &Workload) -> Value {
    let open = |open: &Unbounded| {
        object([
            ("message", Value::from(open.message.as_str())),
            ("path", option_path(workload, open.option)),
            ("help", Value::from(open.help)),
        ])
    };
    let found = workload.size.bounds.iter().filter_map(|bounds| bounds.open.as_ref()).map(open);
    Value::from(found.collect::<Vec<_>>())
}

fn listed(problems: &[SizeProblem]) -> Value {
    let problem = |problem: &SizeProblem| {
        object([
            ("message", Value::from(problem.message.as_str())),
            ("path", Value::from(path(&problem.pointer))),
        ])
    };
    Value::from(problems.iter().map(problem).collect::<Vec<_>>())
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

fn extended(resources: &BTreeMap<String, Quantity>) -> Value {
    Value::from(
        resources
            .iter()
            .map(|(name, amount)| (Value::from(name.as_str()), cores(*amount)))
            .collect::<BTreeMap<_, _>>(),
    )
}

fn cores(amount: Quantity) -> Value {
    Value::from(amount.as_cores_f64())
}

fn bytes(amount: Quantity) -> Value {
    Value::from(amount.units_ceil())
}
