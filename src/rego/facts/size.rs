//! `flink.size`: numbers as rules compare them.

use super::object;
use crate::flink::Workload;
use crate::flink::sizing::RoleSize;
use crate::resource::quantity::Quantity;
use regorus::Value;
use std::collections::BTreeMap;

/// `{jobManager, taskManager, total}`; cpu in cores, the rest in bytes.
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
