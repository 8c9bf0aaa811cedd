//! Reads the minimum and maximum number of a native cluster's TaskManagers from `slotmanager.*`.
//!
//! Flink converts slots, cores and memory to TaskManagers of the default size and compares these.
//! It does not start if the minimum of one exceeds its maximum.

use super::counts::option;
use crate::flink::config::FlinkConfig;
use crate::flink::memory::{self, java::parse_double};
use crate::flink::memory_size::parse_memory_size;
use crate::flink::options::{self, Names, canonical};
use crate::flink::sizing::SizeProblem;
use crate::flink::version::FlinkVersion;

/// The first release with a minimum.
const LEAST_SINCE: FlinkVersion = FlinkVersion::new(1, 19);
/// The first release in which cores and memory limit every cluster, not only those with
/// fine-grained resources.
const RESOURCES_SINCE: FlinkVersion = FlinkVersion::new(1, 18);

/// Numbers of TaskManagers in the slot manager's options.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SlotLimits {
    /// TaskManagers without a job.
    pub least: u64,
    /// Maximum number of TaskManagers; `None` if unlimited.
    pub most: Option<u64>,
    /// TaskManagers in addition to those that jobs need.
    pub redundant: u64,
}

/// Reads the options; `slots` are those of one TaskManager.
pub fn read(
    config: &FlinkConfig,
    version: Option<FlinkVersion>,
    slots: u64,
    problems: &mut Vec<SizeProblem>,
) -> SlotLimits {
    let reads = |since| version.is_none_or(|version| version >= since);
    let redundant = option(config, options::REDUNDANT_TASK_MANAGERS, 0, problems).unwrap_or(0);
    let least =
        if reads(LEAST_SINCE) { option(config, options::SLOTS_MIN, 0, problems) } else { None };
    let least = least.map_or(0, |least| least.div_ceil(slots));
    let most = option(config, options::SLOTS_MAX, 1, problems).map(|most| most / slots);
    let mut limits = SlotLimits { least, most, redundant };
    contradiction(config, options::SLOTS_MIN, options::SLOTS_MAX, least, most, problems);
    if !reads(RESOURCES_SINCE) {
        return limits;
    }
    for resource in [CPU, MEMORY] {
        let read = |names: Names| {
            config.first(names).and_then(|(_, entry)| (resource.amount)(&entry.value))
        };
        let (from, to) =
            (if reads(LEAST_SINCE) { read(resource.min) } else { None }, read(resource.max));
        if from.is_none() && to.is_none() {
            continue;
        }
        let Some(one) = (resource.of_task_manager)(config, version).filter(|one| *one > 0) else {
            continue;
        };
        // Unset limits follow from the slots.
        let from = from.map_or(least, |from| count(from.div_ceil(one)));
        let to = to.map(|to| count(to / one)).or(most);
        contradiction(config, resource.min, resource.max, from, to, problems);
        limits.least = limits.least.max(from);
        limits.most = limits.most.into_iter().chain(to).min();
    }
    limits
}

fn count(task_managers: u128) -> u64 {
    u64::try_from(task_managers).unwrap_or(u64::MAX)
}

/// Flink's resource manager fails if the minimum exceeds the maximum.
fn contradiction(
    config: &FlinkConfig,
    min: Names,
    max: Names,
    least: u64,
    most: Option<u64>,
    problems: &mut Vec<SizeProblem>,
) {
    let Some(most) = most.filter(|most| least > *most) else { return };
    let written = |names| config.first(names).and_then(|(_, entry)| entry.pointer.clone());
    let Some(pointer) = written(max).or_else(|| written(min)) else { return };
    // Unset limits follow from the slots.
    let named = |names, slots| canonical(if config.first(names).is_some() { names } else { slots });
    let (min, max) = (named(min, options::SLOTS_MIN), named(max, options::SLOTS_MAX));
    let message = format!("`{min}` keeps {least} TaskManagers, but `{max}` allows only {most}");
    let help = format!("raise `{max}` or lower `{min}`");
    // The same mistake appears in every resource that follows from the slots.
    if !problems.iter().any(|problem| problem.pointer == pointer) {
        problems.push(SizeProblem::new(pointer, message, help));
    }
}

/// Amounts of one resource as whole numbers.
struct Resource {
    min: Names,
    max: Names,
    amount: fn(&str) -> Option<u128>,
    of_task_manager: fn(&FlinkConfig, Option<FlinkVersion>) -> Option<u128>,
}

const CPU: Resource = Resource {
    min: options::CPU_MIN,
    max: options::CPU_MAX,
    amount: |text| cores(parse_double(text)?),
    of_task_manager: |config, version| cores(memory::task_manager_cpu(config, version).ok()?),
};

const MEMORY: Resource = Resource {
    min: options::MEMORY_MIN,
    max: options::MEMORY_MAX,
    amount: |text| parse_memory_size(text).ok().map(u128::from),
    // The memory for slots, without the framework's.
    of_task_manager: |config, version| {
        let memory = memory::task_manager(config, version).ok()?;
        Some(u128::from(
            memory
                .flink
                .checked_sub(memory.framework_heap)?
                .checked_sub(memory.framework_off_heap)?,
        ))
    },
};

/// Cores with eight decimals, as Flink rounds them.
pub fn cores(cores: f64) -> Option<u128> {
    let scaled = (cores * 1e8).round();
    (0.0..1e30).contains(&scaled).then_some(scaled as u128)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;

    /// TaskManagers of two slots and 0.1 cores, with 1024m for their slots.
    fn limits(version: (u16, u16), more: &[(&str, &str)]) -> (u64, Option<u64>, Vec<String>) {
        let mut config = FlinkConfig::default();
        let base = [
            ("taskmanager.numberOfTaskSlots", "2"),
            ("kubernetes.taskmanager.cpu.amount", "0.1"),
            ("taskmanager.memory.flink.size", "1280m"),
        ];
        for (key, value) in base.iter().chain(more) {
            config.set(*key, *value, Some(format!("/c/{key}")));
        }
        let mut problems = Vec::new();
        let found = read(&config, Some(FlinkVersion::new(version.0, version.1)), 2, &mut problems);
        (found.least, found.most, problems.into_iter().map(|problem| problem.pointer).collect())
    }

    #[test]
    fn slots_cores_and_memory_limit_task_managers() {
        let (cpu_min, cpu_max) =
            ("slotmanager.min-total-resource.cpu", "slotmanager.max-total-resource.cpu");
        let (memory_min, memory_max) =
            ("slotmanager.min-total-resource.memory", "slotmanager.max-total-resource.memory");
        let (min, max) = ("slotmanager.number-of-slots.min", "slotmanager.number-of-slots.max");
        type Case<'a> = (&'a [(&'a str, &'a str)], u64, Option<u64>, &'a [&'a str]);
        let cases: [Case<'_>; 11] = [
            (&[], 0, None, &[]),
            (&[(min, "3"), (max, "9")], 2, Some(4), &[]),
            (&[(min, "3"), (max, "3")], 2, Some(1), &["/c/slotmanager.number-of-slots.max"]),
            (&[(max, "0")], 0, None, &["/c/slotmanager.number-of-slots.max"]),
            // 0.3 / 0.1 is below three in doubles.
            (&[(cpu_max, "0.3")], 0, Some(3), &[]),
            (&[(cpu_min, "0.25"), (cpu_max, "1")], 3, Some(10), &[]),
            (&[(cpu_min, "1")], 10, None, &[]),
            (&[(memory_min, "1g"), (memory_max, "3000m")], 1, Some(2), &[]),
            (&[(memory_max, "3g"), (cpu_max, "0.2"), (max, "100")], 0, Some(2), &[]),
            (
                &[(memory_max, "1g"), (min, "4")],
                2,
                Some(1),
                &["/c/slotmanager.max-total-resource.memory"],
            ),
            (&[(cpu_max, "lots")], 0, None, &[]),
        ];
        for (options, least, most, problems) in cases {
            assert_eq!(
                limits((1, 20), options),
                (least, most, problems.iter().map(|&place| place.to_owned()).collect()),
                "{options:?}"
            );
        }
    }

    #[test]
    fn older_releases_read_fewer_of_the_options() {
        let options = [
            ("slotmanager.number-of-slots.min", "4"),
            ("slotmanager.max-total-resource.cpu", "0.1"),
        ];
        assert_eq!(limits((1, 17), &options), (0, None, vec![]));
        assert_eq!(limits((1, 18), &options), (0, Some(1), vec![]));
        assert_eq!(limits((1, 19), &options).2, ["/c/slotmanager.max-total-resource.cpu"]);
    }
}
