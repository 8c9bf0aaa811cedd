//! Sizes of Flink clusters as JSON and as tables.

mod table;

pub use table::text;

use super::{ObjectRef, RenderError};
use crate::flink::Workload;
use crate::flink::memory::{JobManagerMemory, MemoryError, TaskManagerMemory};
use crate::flink::sizing::bounds::Bounds;
use crate::flink::sizing::{Limits, RoleSize, SizeProblem, Total};
use serde::Serialize;
use serde_json::{Value, json};

/// One cluster's size, in the shape of `size --format json`.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ClusterSize {
    object: ObjectRef,
    engine: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    mode: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    job_manager: Option<RoleFigures>,
    #[serde(skip_serializing_if = "Option::is_none")]
    task_manager: Option<RoleFigures>,
    total: TotalFigures,
    #[serde(skip_serializing_if = "Option::is_none")]
    bounds: Option<BoundFigures>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    problems: Vec<ProblemFigures>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct RoleFigures {
    replicas: u64,
    cpu: f64,
    memory_bytes: u64,
    #[serde(skip_serializing_if = "is_zero")]
    ephemeral_storage_bytes: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    slots: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    limits: Option<LimitFigures>,
    #[serde(skip_serializing_if = "Option::is_none")]
    memory: Option<Breakdown>,
}

/// Limits of Flink's own container, where they are above its requests.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct LimitFigures {
    cpu: f64,
    memory_bytes: u64,
}

/// How far the cluster may go by itself.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct BoundFigures {
    task_managers: Range,
    #[serde(skip_serializing_if = "Option::is_none")]
    unbounded: Option<String>,
}

#[derive(Clone, Debug, Serialize)]
struct Range {
    min: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    max: Option<u64>,
}

/// Flink's memory by component in bytes, or why Flink would not start.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
enum Breakdown {
    Components(Components),
    Refused { error: String },
}

#[derive(Clone, Debug)]
struct Components(Vec<(&'static str, u64)>);

impl Serialize for Components {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().copied())
    }
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct TotalFigures {
    cpu: f64,
    memory_bytes: u64,
    #[serde(skip_serializing_if = "is_zero")]
    ephemeral_storage_bytes: u64,
    storage_bytes: u64,
    #[serde(skip_serializing_if = "is_zero")]
    persistent_volume_claims: u64,
    task_managers: u64,
    task_slots: u64,
    jobs: u64,
    #[serde(skip_serializing_if = "is_empty")]
    extended: Value,
}

#[derive(Clone, Debug, Serialize)]
struct ProblemFigures {
    pointer: String,
    message: String,
    help: String,
}

fn is_zero(amount: &u64) -> bool {
    *amount == 0
}

fn is_empty(value: &Value) -> bool {
    value.as_object().is_none_or(serde_json::Map::is_empty)
}

impl ClusterSize {
    /// The size of a lowered object.
    pub fn new(object: ObjectRef, workload: &Workload) -> Self {
        let size = &workload.size;
        let problem = |SizeProblem { pointer, message, help, .. }: &SizeProblem| ProblemFigures {
            pointer: pointer.clone(),
            message: message.clone(),
            help: help.clone(),
        };
        Self {
            object,
            engine: workload.engine.as_str(),
            mode: workload.mode.map(|mode| mode.as_str()),
            job_manager: size
                .job_manager
                .as_ref()
                .map(|role| RoleFigures::new(role, None, job_manager_components)),
            task_manager: size
                .task_manager
                .as_ref()
                .map(|role| RoleFigures::new(role, Some(role.slots), task_manager_components)),
            total: TotalFigures::new(&size.total),
            bounds: size.bounds.as_ref().map(BoundFigures::new),
            problems: size.problems.iter().map(problem).collect(),
        }
    }
}

impl RoleFigures {
    fn new<M>(
        role: &RoleSize<M>,
        slots: Option<u64>,
        components: fn(&M) -> Vec<(&'static str, u64)>,
    ) -> Self {
        let memory = role.breakdown.as_ref().map(|breakdown| match breakdown {
            Ok(memory) => Breakdown::Components(Components(components(memory))),
            Err(MemoryError { message, .. }) => Breakdown::Refused { error: message.clone() },
        });
        let limits = role.limits.map(|Limits { cpu, memory }| LimitFigures {
            cpu: cpu.as_cores_f64(),
            memory_bytes: memory.units_ceil(),
        });
        Self {
            replicas: role.replicas,
            cpu: role.cpu.as_cores_f64(),
            memory_bytes: role.memory.units_ceil(),
            ephemeral_storage_bytes: role.ephemeral_storage.units_ceil(),
            slots,
            limits,
            memory,
        }
    }
}

impl BoundFigures {
    fn new(bounds: &Bounds) -> Self {
        let Bounds { least, most, open, .. } = bounds;
        Self {
            task_managers: Range { min: *least, max: *most },
            unbounded: open.as_ref().map(|open| open.message.clone()),
        }
    }
}

impl TotalFigures {
    fn new(total: &Total) -> Self {
        Self {
            cpu: total.cpu.as_cores_f64(),
            memory_bytes: total.memory.units_ceil(),
            ephemeral_storage_bytes: total.ephemeral_storage.units_ceil(),
            storage_bytes: total.storage.units_ceil(),
            persistent_volume_claims: total.persistent_volume_claims,
            task_managers: total.task_managers,
            task_slots: total.task_slots,
            jobs: total.jobs,
            extended: total
                .extended
                .iter()
                .map(|(name, amount)| (name.clone(), json!(amount.to_string())))
                .collect(),
        }
    }
}

fn job_manager_components(memory: &JobManagerMemory) -> Vec<(&'static str, u64)> {
    let JobManagerMemory { process, flink, heap, off_heap, metaspace, overhead } = *memory;
    vec![
        ("process", process),
        ("flink", flink),
        ("heap", heap),
        ("offHeap", off_heap),
        ("metaspace", metaspace),
        ("overhead", overhead),
    ]
}

fn task_manager_components(memory: &TaskManagerMemory) -> Vec<(&'static str, u64)> {
    let TaskManagerMemory {
        process,
        flink,
        framework_heap,
        framework_off_heap,
        task_heap,
        task_off_heap,
        ..
    } = *memory;
    let TaskManagerMemory { managed, network, metaspace, overhead, .. } = *memory;
    vec![
        ("process", process),
        ("flink", flink),
        ("frameworkHeap", framework_heap),
        ("frameworkOffHeap", framework_off_heap),
        ("taskHeap", task_heap),
        ("taskOffHeap", task_off_heap),
        ("managed", managed),
        ("network", network),
        ("metaspace", metaspace),
        ("overhead", overhead),
    ]
}

/// All clusters as one JSON document.
///
/// # Errors
/// When serialisation fails, which none of these types does.
pub fn json(clusters: &[ClusterSize]) -> Result<String, RenderError> {
    #[derive(Serialize)]
    struct Document<'a> {
        version: u32,
        clusters: &'a [ClusterSize],
    }
    Ok(serde_json::to_string_pretty(&Document { version: super::json::VERSION, clusters })? + "\n")
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use crate::flink::memory::Fault;
    use crate::flink::sizing::bounds::Unbounded;
    use crate::flink::{Engine, Mode};
    use crate::resource::quantity::Quantity;

    fn clusters() -> Vec<ClusterSize> {
        let gib = |count: u64| Quantity::from_bytes(count << 30);
        let mut workload =
            Workload { engine: Engine::Operator, mode: Some(Mode::Native), ..Workload::default() };
        workload.size.job_manager = Some(RoleSize {
            replicas: 1,
            cpu: Quantity::from_units(1),
            memory: gib(2),
            breakdown: Some(Ok(JobManagerMemory {
                process: 2 << 30,
                flink: 1_530_082_096,
                heap: 1_395_864_368,
                off_heap: 128 << 20,
                metaspace: 256 << 20,
                overhead: 348_966_096,
            })),
            ..RoleSize::default()
        });
        workload.size.task_manager = Some(RoleSize {
            replicas: 4,
            cpu: Quantity::parse("1500m").unwrap(),
            memory: gib(4),
            ephemeral_storage: gib(10),
            slots: 2,
            limits: Some(Limits { cpu: Quantity::from_units(3), memory: gib(4) }),
            breakdown: Some(Err(MemoryError {
                message: "network memory (2Gi) is larger than its maximum (1Gi)".into(),
                option: "taskmanager.memory.network.max".into(),
                fault: Fault::TooSmall,
                problem: String::new(),
                nearest: None,
            })),
            ..RoleSize::default()
        });
        workload.size.total = Total {
            cpu: Quantity::from_units(7),
            memory: gib(18),
            ephemeral_storage: gib(40),
            storage: gib(50),
            persistent_volume_claims: 5,
            task_managers: 4,
            task_slots: 8,
            jobs: 1,
            ..Total::default()
        };
        let open = Unbounded { message: "it grows".into(), option: "x", help: "y" };
        workload.size.bounds =
            Some(Bounds { least: 1, most: Some(200), open: Some(open), growth: None });
        workload.size.total.extended.insert("nvidia.com/gpu".into(), Quantity::from_units(4));
        workload.size.problems.push(SizeProblem {
            pointer: "/spec/jobManager/resource/cpu".into(),
            message: "`cpu` is `many`".into(),
            help: "write a number".into(),
            is_unreadable: false,
        });
        let object = |name: &str| ObjectRef {
            api_version: "flink.apache.org/v1beta1".into(),
            kind: "FlinkDeployment".into(),
            namespace: "payments-prod".into(),
            name: name.into(),
        };
        let bare = Workload { engine: Engine::Standalone, ..Workload::default() };
        vec![ClusterSize::new(object("etl"), &workload), ClusterSize::new(object("größe"), &bare)]
    }

    #[test]
    fn sizes_are_shown_as_tables() {
        insta::assert_snapshot!(text(&clusters()));
    }

    #[test]
    fn sizes_are_shown_as_json() {
        insta::assert_snapshot!(json(&clusters()).unwrap());
    }
}
