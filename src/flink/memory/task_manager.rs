//! Splits the TaskManager's memory: framework, tasks, managed memory, network.

use super::arithmetic::sum;
use super::options::{MIB, RangeOptions, Reader, SizeOption, derived, size};
use super::process::{Parts, ProcessOptions, derive_or_advise, total_option};
use super::refusal::{Fault, Refusal, shown};
use super::segment;
use super::{MemoryError, TaskManagerMemory};
use crate::flink::config::FlinkConfig;
use crate::flink::memory_size::{MAX_MEMORY_SIZE, human_readable};
use crate::flink::version::FlinkVersion;

const TASK_HEAP: SizeOption = derived(&["taskmanager.memory.task.heap.size"]);
const MANAGED: SizeOption =
    derived(&["taskmanager.memory.managed.size", "taskmanager.memory.size"]);
const FLINK: SizeOption = derived(&["taskmanager.memory.flink.size"]);
const PROCESS: SizeOption = derived(&["taskmanager.memory.process.size"]);
const FRAMEWORK_HEAP: SizeOption = size(&["taskmanager.memory.framework.heap.size"], 128 * MIB);
const FRAMEWORK_OFF_HEAP: SizeOption =
    size(&["taskmanager.memory.framework.off-heap.size"], 128 * MIB);
const TASK_OFF_HEAP: SizeOption = size(&["taskmanager.memory.task.off-heap.size"], 0);
/// Managed memory has a share, but its limits are not configurable.
const MANAGED_SHARE: RangeOptions = RangeOptions {
    min: size(&[], 0),
    max: size(&[], MAX_MEMORY_SIZE),
    fraction: &["taskmanager.memory.managed.fraction"],
    default: 0.4,
};
const LEGACY_HEAP: [&str; 2] = ["taskmanager.heap.size", "taskmanager.heap.mb"];
const NETWORK_BUFFERS: &str = "taskmanager.network.numberOfBuffers";
pub(super) const PREFIX: &str = "TaskManager memory configuration failed: ";

/// A TaskManager's memory as Flink derives it on Kubernetes. An unknown version is treated as 1.20.
///
/// # Errors
/// If Flink would refuse to start.
pub fn task_manager(
    config: &FlinkConfig,
    version: Option<FlinkVersion>,
) -> Result<TaskManagerMemory, MemoryError> {
    with_legacy_heap_as(&PROCESS, config, version)
}

/// A TaskManager's memory as Flink's start script derives it (standalone manifests). The legacy
/// option sets Flink's memory.
///
/// # Errors
/// If Flink would refuse to start.
pub fn task_manager_of_script(
    config: &FlinkConfig,
    version: Option<FlinkVersion>,
) -> Result<TaskManagerMemory, MemoryError> {
    with_legacy_heap_as(&FLINK, config, version)
}

fn with_legacy_heap_as(
    target: &SizeOption,
    config: &FlinkConfig,
    version: Option<FlinkVersion>,
) -> Result<TaskManagerMemory, MemoryError> {
    let legacy_prefix = "TaskManager failed to map legacy JVM heap option to the new one: ";
    let reader = Reader::new(config, version)
        .with_legacy_heap(LEGACY_HEAP, target)
        .map_err(|refusal| refusal.into_error(legacy_prefix))?;
    let process =
        derive_or_advise::<Split>(reader).map_err(|refusal| refusal.into_error(PREFIX))?;
    let Split { fixed, task_heap, managed, network } = process.parts;
    Ok(TaskManagerMemory {
        process: process.process,
        flink: process.flink,
        framework_heap: fixed.framework_heap,
        framework_off_heap: fixed.framework_off_heap,
        task_heap,
        task_off_heap: fixed.task_off_heap,
        managed,
        network,
        metaspace: process.metaspace,
        overhead: process.overhead,
    })
}

/// The parts that are never derived.
#[derive(Clone, Copy)]
struct Fixed {
    framework_heap: u64,
    framework_off_heap: u64,
    task_off_heap: u64,
}

impl Fixed {
    fn read(reader: &Reader<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            framework_heap: reader.size(&FRAMEWORK_HEAP)?,
            framework_off_heap: reader.size(&FRAMEWORK_OFF_HEAP)?,
            task_off_heap: reader.size(&TASK_OFF_HEAP)?,
        })
    }
}

struct Split {
    fixed: Fixed,
    task_heap: u64,
    managed: u64,
    network: u64,
}

impl Parts for Split {
    const OPTIONS: ProcessOptions = ProcessOptions {
        prefix: "taskmanager.memory.",
        fine_grained: &[TASK_HEAP, MANAGED],
        flink: FLINK,
        process: PROCESS,
        metaspace: size(&["taskmanager.memory.jvm-metaspace.size"], 256 * MIB),
        overhead: RangeOptions {
            min: size(&["taskmanager.memory.jvm-overhead.min"], 192 * MIB),
            max: size(&["taskmanager.memory.jvm-overhead.max"], 1024 * MIB),
            fraction: &["taskmanager.memory.jvm-overhead.fraction"],
            default: 0.1,
        },
    };

    fn from_fine_grained(reader: &Reader<'_>) -> Result<Self, Refusal> {
        let task_heap = reader.size(&TASK_HEAP)?;
        let managed = reader.size(&MANAGED)?;
        let fixed = Fixed::read(reader)?;
        if reader.is_set(FLINK.keys) {
            let rest = rest_for_network(reader, reader.size(&FLINK)?, fixed, task_heap, managed)?;
            return Ok(Self { fixed, task_heap, managed, network: rest });
        }
        let option = reader.written(TASK_HEAP.keys);
        let others = all_but_network(fixed, task_heap, managed, &option)?;
        let network = match network_of_buffers(reader)? {
            Some(network) => network,
            None => network_range(reader)?.on_top_of(others, &option)?,
        };
        Ok(Self { fixed, task_heap, managed, network })
    }

    fn from_flink(reader: &Reader<'_>, flink: u64) -> Result<Self, Refusal> {
        let fixed = Fixed::read(reader)?;
        let option = total_option::<Self>(reader);
        let task_heap =
            if reader.is_set(TASK_HEAP.keys) { Some(reader.size(&TASK_HEAP)?) } else { None };
        let managed = if reader.is_set(MANAGED.keys) {
            reader.size(&MANAGED)?
        } else {
            reader.range(&MANAGED_SHARE)?.of(flink, &option)?
        };
        if let Some(task_heap) = task_heap {
            let network = rest_for_network(reader, flink, fixed, task_heap, managed)?;
            return Ok(Self { fixed, task_heap, managed, network });
        }
        let network = match network_of_buffers(reader)? {
            Some(network) => network,
            None => network_range(reader)?.of(flink, &option)?,
        };
        let others = sum(
            &[
                fixed.framework_heap,
                fixed.framework_off_heap,
                fixed.task_off_heap,
                managed,
                network,
            ],
            &option,
        )?;
        let Some(task_heap) = flink.checked_sub(others) else {
            let parts = [
                ("Framework Heap", fixed.framework_heap),
                ("Framework Off-Heap", fixed.framework_off_heap),
                ("Task Off-Heap", fixed.task_off_heap),
                ("Managed", managed),
                ("Network", network),
            ];
            let problem = format!(
                "{} of managed memory, {} of network memory and {} for the other parts do not fit into {} of total Flink memory",
                shown(managed),
                shown(network),
                shown(others.saturating_sub(managed).saturating_sub(network)),
                shown(flink)
            );
            return Err(Refusal::new(Fault::TooSmall, sum_exceeds(parts, flink), problem, option));
        };
        Ok(Self { fixed, task_heap, managed, network })
    }

    fn sizes(&self) -> Vec<u64> {
        let Fixed { framework_heap, framework_off_heap, task_off_heap } = self.fixed;
        vec![
            framework_heap,
            framework_off_heap,
            self.task_heap,
            task_off_heap,
            self.network,
            self.managed,
        ]
    }
}

/// Flink's message if the parts exceed its memory.
fn sum_exceeds(parts: [(&str, u64); 5], flink: u64) -> String {
    let [first, second, third, fourth, last] =
        parts.map(|(name, bytes)| format!("{name} Memory ({})", human_readable(bytes)));
    let flink = human_readable(flink);
    format!(
        "Sum of configured {first}, {second}, {third}, {fourth} and {last} exceed configured Total Flink Memory ({flink})."
    )
}

fn all_but_network(
    fixed: Fixed,
    task_heap: u64,
    managed: u64,
    option: &str,
) -> Result<u64, Refusal> {
    sum(
        &[fixed.framework_heap, fixed.framework_off_heap, task_heap, fixed.task_off_heap, managed],
        option,
    )
}

/// Network memory as the rest of all other parts, which must be within the limits of the network's
/// options.
fn rest_for_network(
    reader: &Reader<'_>,
    flink: u64,
    fixed: Fixed,
    task_heap: u64,
    managed: u64,
) -> Result<u64, Refusal> {
    let option = total_option::<Split>(reader);
    let others = all_but_network(fixed, task_heap, managed, &option)?;
    let Some(network) = flink.checked_sub(others) else {
        let parts = [
            ("Framework Heap", fixed.framework_heap),
            ("Framework Off-Heap", fixed.framework_off_heap),
            ("Task Heap", task_heap),
            ("Task Off-Heap", fixed.task_off_heap),
            ("Managed", managed),
        ];
        let problem = format!(
            "{} of task heap, {} of managed memory and {} for the other parts do not fit into {} of total Flink memory",
            shown(task_heap),
            shown(managed),
            shown(others.saturating_sub(managed).saturating_sub(task_heap)),
            shown(flink)
        );
        return Err(Refusal::new(Fault::TooSmall, sum_exceeds(parts, flink), problem, option));
    };
    let inconsistent = |cause: &Refusal| {
        let message = "If Total Flink, Task Heap and (or) Managed Memory sizes are explicitly configured then the Network Memory size is the rest of the Total Flink memory after subtracting all other configured types of memory, but the derived Network Memory is inconsistent with its configuration.";
        Refusal { message: format!("{message} Caused by: {}", cause.message), ..cause.clone() }
    };
    let derived = human_readable(network);
    let wrapped = |cause: Refusal| if cause.bare { cause } else { inconsistent(&cause) };
    if let Some(configured) = network_of_buffers(reader).map_err(wrapped)? {
        if configured != network {
            let problem = format!(
                "`{NETWORK_BUFFERS}` sets {} of network memory, but the other parts leave {}",
                shown(configured),
                shown(network)
            );
            let configured = human_readable(configured);
            let cause = format!(
                "Derived Network Memory size ({derived}) does not match configured Network Memory size ({configured})."
            );
            return Err(inconsistent(&Refusal::new(
                Fault::Contradiction,
                cause,
                problem,
                NETWORK_BUFFERS,
            )));
        }
        return Ok(network);
    }
    let range = network_range(reader).map_err(wrapped)?;
    if !range.contains(network) {
        let options = network_options(reader);
        let bound = if network > range.max { options.max } else { options.min };
        let problem = format!(
            "the other parts leave {} of network memory, which must be from {} to {}",
            shown(network),
            shown(range.min),
            shown(range.max)
        );
        // The limit that the network memory violates and that must change.
        let fault = if network > range.max { Fault::TooSmall } else { Fault::TooLarge };
        let (min, max) = (human_readable(range.min), human_readable(range.max));
        let cause = format!(
            "Derived Network Memory size ({derived}) is not in configured Network Memory range [{min}, {max}]."
        );
        return Err(inconsistent(&Refusal::new(fault, cause, problem, reader.written(bound.keys))));
    }
    Ok(network)
}

fn network_options(reader: &Reader<'_>) -> RangeOptions {
    // Flink 1.17 removed the upper limit.
    let max = if reader.version < FlinkVersion::new(1, 17) { 1024 * MIB } else { MAX_MEMORY_SIZE };
    RangeOptions {
        min: size(&["taskmanager.memory.network.min", "taskmanager.network.memory.min"], 64 * MIB),
        max: size(&["taskmanager.memory.network.max", "taskmanager.network.memory.max"], max),
        fraction: &["taskmanager.memory.network.fraction", "taskmanager.network.memory.fraction"],
        default: 0.1,
    }
}

fn network_range(reader: &Reader<'_>) -> Result<super::options::Range, Refusal> {
    reader.range(&network_options(reader))
}

/// Flink 1.x's number of buffers, which counts only if no newer network option is set.
fn network_of_buffers(reader: &Reader<'_>) -> Result<Option<u64>, Refusal> {
    let options = network_options(reader);
    if !reader.is_one_x()
        || [options.min.keys, options.max.keys, options.fraction]
            .iter()
            .any(|keys| reader.is_set(keys))
    {
        return Ok(None);
    }
    let Some(buffers) = reader.int(NETWORK_BUFFERS)? else { return Ok(None) };
    let segment = segment::read(reader)?;
    let buffers = u64::try_from(buffers).map_err(|_| {
        Refusal::new(
            Fault::Contradiction,
            "bytes must be >= 0",
            format!("`{NETWORK_BUFFERS}` is negative"),
            NETWORK_BUFFERS,
        )
        .bare()
    })?;
    // The product of two 31-bit numbers.
    Ok(Some(buffers * segment))
}
