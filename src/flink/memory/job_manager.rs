//! Splits the JobManager's memory into heap and off-heap.

use super::arithmetic::sum;
use super::options::{MIB, RangeOptions, Reader, SizeOption, derived, size};
use super::process::{Parts, ProcessOptions, derive_or_advise, total_option};
use super::refusal::{Fault, Refusal, shown};
use super::{JobManagerMemory, MemoryError};
use crate::flink::config::FlinkConfig;
use crate::flink::memory_size::human_readable;
use crate::flink::version::FlinkVersion;

const HEAP: SizeOption = derived(&["jobmanager.memory.heap.size"]);
const OFF_HEAP: SizeOption = size(&["jobmanager.memory.off-heap.size"], 128 * MIB);
const FLINK: SizeOption = derived(&["jobmanager.memory.flink.size"]);
const PROCESS: SizeOption = derived(&["jobmanager.memory.process.size"]);
const LEGACY_HEAP: [&str; 2] = ["jobmanager.heap.size", "jobmanager.heap.mb"];
/// Flink logs a warning for a smaller heap.
pub const RECOMMENDED_HEAP: u64 = 128 * MIB;

/// A JobManager's memory as Flink derives it on Kubernetes. An unknown version is treated as 1.20.
///
/// # Errors
/// If Flink would refuse to start.
pub fn job_manager(
    config: &FlinkConfig,
    version: Option<FlinkVersion>,
) -> Result<JobManagerMemory, MemoryError> {
    with_legacy_heap_as(&PROCESS, config, version)
}

/// A JobManager's memory as Flink's start script derives it (standalone manifests). The legacy
/// option sets the heap.
///
/// # Errors
/// If Flink would refuse to start.
pub fn job_manager_of_script(
    config: &FlinkConfig,
    version: Option<FlinkVersion>,
) -> Result<JobManagerMemory, MemoryError> {
    with_legacy_heap_as(&HEAP, config, version)
}

fn with_legacy_heap_as(
    target: &SizeOption,
    config: &FlinkConfig,
    version: Option<FlinkVersion>,
) -> Result<JobManagerMemory, MemoryError> {
    let reader = Reader::new(config, version);
    let prefix = if reader.is_one_x() { "JobManager memory configuration failed: " } else { "" };
    let process = reader
        .with_legacy_heap(LEGACY_HEAP, target)
        .and_then(|reader| derive_or_advise::<Split>(reader))
        .map_err(|refusal| refusal.into_error(prefix))?;
    Ok(JobManagerMemory {
        process: process.process,
        flink: process.flink,
        heap: process.parts.heap,
        off_heap: process.parts.off_heap,
        metaspace: process.metaspace,
        overhead: process.overhead,
    })
}

struct Split {
    heap: u64,
    off_heap: u64,
}

impl Parts for Split {
    const OPTIONS: ProcessOptions = ProcessOptions {
        prefix: "jobmanager.memory.",
        fine_grained: &[HEAP],
        flink: FLINK,
        process: PROCESS,
        metaspace: size(&["jobmanager.memory.jvm-metaspace.size"], 256 * MIB),
        overhead: RangeOptions {
            min: size(&["jobmanager.memory.jvm-overhead.min"], 192 * MIB),
            max: size(&["jobmanager.memory.jvm-overhead.max"], 1024 * MIB),
            fraction: &["jobmanager.memory.jvm-overhead.fraction"],
            default: 0.1,
        },
    };

    fn from_fine_grained(reader: &Reader<'_>) -> Result<Self, Refusal> {
        let heap = reader.size(&HEAP)?;
        let off_heap = reader.size(&OFF_HEAP)?;
        if !reader.is_set(FLINK.keys) {
            return Ok(Self { heap, off_heap });
        }
        let flink = reader.size(&FLINK)?;
        let option = reader.written(FLINK.keys);
        let advice = "Please, make the configuration consistent or configure only one option: either JVM Heap or Total Flink Memory.";
        if !reader.is_set(OFF_HEAP.keys) {
            let Some(off_heap) = flink.checked_sub(heap) else {
                let problem = format!(
                    "{} of heap do not fit into {} of total Flink memory",
                    shown(heap),
                    shown(flink)
                );
                let (heap, flink) = (human_readable(heap), human_readable(flink));
                let message = format!(
                    "The configured JVM Heap Memory ({heap}) exceeds the configured Total Flink Memory ({flink}). {advice}"
                );
                return Err(Refusal::new(Fault::TooSmall, message, problem, option));
            };
            return Ok(Self { heap, off_heap });
        }
        let both = sum(&[heap, off_heap], &option)?;
        if both != flink {
            let message = format!(
                "Sum of the configured JVM Heap Memory ({}) and the configured Off-heap Memory ({}) does not match the configured Total Flink Memory ({}). {advice}",
                human_readable(heap),
                human_readable(off_heap),
                human_readable(flink)
            );
            let problem = format!(
                "{} of heap and {} of off-heap memory do not add up to {} of total Flink memory",
                shown(heap),
                shown(off_heap),
                shown(flink)
            );
            let fault = if both > flink { Fault::TooSmall } else { Fault::TooLarge };
            return Err(Refusal::new(fault, message, problem, option));
        }
        Ok(Self { heap, off_heap })
    }

    fn from_flink(reader: &Reader<'_>, flink: u64) -> Result<Self, Refusal> {
        let off_heap = reader.size(&OFF_HEAP)?;
        if flink <= off_heap {
            let message = format!(
                "The configured Total Flink Memory ({}) is less than the configured Off-heap Memory ({}).",
                human_readable(flink),
                human_readable(off_heap)
            );
            let problem = format!(
                "{} of off-heap memory leave no heap in {} of total Flink memory",
                shown(off_heap),
                shown(flink)
            );
            return Err(Refusal::new(
                Fault::TooSmall,
                message,
                problem,
                total_option::<Self>(reader),
            ));
        }
        Ok(Self { heap: flink - off_heap, off_heap })
    }

    fn sizes(&self) -> Vec<u64> {
        vec![self.heap, self.off_heap]
    }
}
