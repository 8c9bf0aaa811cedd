//! How many JobManagers and TaskManagers a FlinkDeployment declares.

use super::counts::slots;
use crate::flink::Mode;
use crate::flink::config::FlinkConfig;
use crate::flink::options::{self, Names, canonical};
use crate::flink::sizing::SizeProblem;
use crate::resource::pointer;
use serde_json::Value;

/// Pods by role, and slots of one TaskManager.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counts {
    /// JobManagers, standby ones included.
    pub job_managers: u64,
    /// TaskManagers as far as the object says: user code may ask for more slots than the parallelism.
    pub task_managers: u64,
    /// Slots of one TaskManager.
    pub slots: u64,
}

/// Counts the pods, and writes into the configuration what the counting fields imply.
pub fn count(object: &Value, mode: Mode, config: &mut FlinkConfig, problems: &mut Vec<SizeProblem>) -> Counts {
    let slots = slots(config, problems);
    Counts {
        job_managers: job_managers(object, config, problems),
        task_managers: task_managers(object, mode, slots, config, problems),
        slots,
    }
}

fn job_managers(object: &Value, config: &mut FlinkConfig, problems: &mut Vec<SizeProblem>) -> u64 {
    let place = "/spec/jobManager/replicas";
    if pointer::at(object, "/spec/jobManager").is_some_and(Value::is_object) {
        // The field is 1 unless written, and beats the option either way.
        let replicas = positive(object, place, problems).unwrap_or(1);
        config.set(canonical(options::JOB_MANAGER_REPLICAS), replicas.to_string(), Some(place.into()));
        return replicas;
    }
    option(config, options::JOB_MANAGER_REPLICAS, 1, problems).unwrap_or(1)
}

fn task_managers(object: &Value, mode: Mode, slots: u64, config: &mut FlinkConfig, problems: &mut Vec<SizeProblem>) -> u64 {
    let declared = positive(object, "/spec/taskManager/replicas", problems);
    let application = pointer::at(object, "/spec/job").is_some_and(|job| !job.is_null());
    let parallelism = if application { parallelism(object, declared, slots, config, problems) } else { 0 };
    match mode {
        Mode::Standalone => declared
            .or_else(|| option(config, options::TASK_MANAGER_REPLICAS, 1, problems))
            .unwrap_or_else(|| if application { parallelism.div_ceil(slots) } else { 1 }),
        Mode::Native => {
            let redundant = option(config, options::REDUNDANT_TASK_MANAGERS, 0, problems).unwrap_or(0);
            let least = option(config, options::SLOTS_MIN, 0, problems).unwrap_or(0).div_ceil(slots);
            let most = option(config, options::SLOTS_MAX, 1, problems).map_or(u64::MAX, |most| most / slots);
            // Without a job the JobManager asks for nothing until one is submitted, and is charged then.
            let needed = if application { parallelism.div_ceil(slots).saturating_add(redundant) } else { 0 };
            needed.max(least).min(most)
        }
    }
}

/// The job's parallelism as the operator sets it: from the replicas, from the overrides, from the job.
fn parallelism(object: &Value, declared: Option<u64>, slots: u64, config: &mut FlinkConfig, problems: &mut Vec<SizeProblem>) -> u64 {
    let place = "/spec/job/parallelism";
    let (value, pointer) = if let Some(replicas) = declared {
        (replicas.saturating_mul(slots), Some("/spec/taskManager/replicas".to_owned()))
    } else if let Some((most, pointer)) = overrides(config, problems) {
        (most, pointer)
    } else if let Some(parallelism) = positive(object, place, problems) {
        (parallelism, Some(place.to_owned()))
    } else {
        if pointer::at(object, place).is_none_or(Value::is_null) {
            let message = "the job names no parallelism, and the operator refuses it: write spec.job.parallelism".into();
            problems.push(SizeProblem { pointer: "/spec/job".into(), message });
        }
        return 0;
    };
    config.set(canonical(options::PARALLELISM), value.to_string(), pointer);
    value
}

/// The largest of `vertex:parallelism,…`, as the autoscaler or a user overrides it.
fn overrides(config: &FlinkConfig, problems: &mut Vec<SizeProblem>) -> Option<(u64, Option<String>)> {
    let (key, entry) = config.first(options::PARALLELISM_OVERRIDES)?;
    let pairs = entry.value.split(',').filter(|pair| !pair.trim().is_empty());
    let numbers: Option<Vec<i32>> = pairs.map(|pair| pair.rsplit_once(':')?.1.trim().trim_matches('\'').parse().ok()).collect();
    let Some(numbers) = numbers else {
        let message = format!("{key} is not a list of vertex:parallelism pairs: write them as a:2,b:4");
        problems.push(SizeProblem { pointer: entry.pointer.clone().unwrap_or_default(), message });
        return None;
    };
    let most = numbers.into_iter().max().and_then(|most| u64::try_from(most).ok())?;
    (most > 0).then(|| (most, entry.pointer.clone()))
}

/// A field that holds a count of one or more.
fn positive(object: &Value, place: &str, problems: &mut Vec<SizeProblem>) -> Option<u64> {
    super::counts::count(object, place, 1, problems)
}

/// An option that holds a count; a problem where it holds anything else.
fn option(config: &FlinkConfig, names: Names, least: i32, problems: &mut Vec<SizeProblem>) -> Option<u64> {
    let (key, entry) = config.first(names)?;
    let count = entry.value.parse::<i32>().ok().filter(|count| *count >= least).and_then(|count| u64::try_from(count).ok());
    if count.is_none() {
        let value: String = entry.value.chars().take(64).collect();
        let message = format!("{key} is `{value}`: write a whole number from {least} to {}", i32::MAX);
        problems.push(SizeProblem { pointer: entry.pointer.clone().unwrap_or_default(), message });
    }
    count
}
