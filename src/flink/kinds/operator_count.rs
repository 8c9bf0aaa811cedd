//! Counts the JobManagers and TaskManagers of a FlinkDeployment.

use super::counts::{option, slots};
use super::growth::ClusterGrowth;
use super::slot_limits;
use crate::flink::Mode;
use crate::flink::config::FlinkConfig;
use crate::flink::dialects::emr_job_managers;
use crate::flink::options::{self, canonical};
use crate::flink::sizing::SizeProblem;
use crate::flink::sizing::bounds::Bounds;
use crate::flink::version::FlinkVersion;
use crate::resource::pointer;
use serde_json::Value;

/// Pods by role, and slots of one TaskManager.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counts {
    /// JobManagers, including standby ones.
    pub job_managers: u64,
    /// The declared TaskManagers; user code may request more slots than the parallelism.
    pub task_managers: u64,
    /// Slots of one TaskManager.
    pub slots: u64,
    /// The bounds for the number of TaskManagers.
    pub bounds: Bounds,
}

/// Counts the pods, and sets the options that the counting fields imply.
pub fn count(
    object: &Value,
    mode: Mode,
    version: Option<FlinkVersion>,
    config: &mut FlinkConfig,
    problems: &mut Vec<SizeProblem>,
) -> Counts {
    let slots = slots(config, problems);
    let job_managers = job_managers(object, config, problems);
    let application = pointer::at(object, "/spec/job").is_some_and(|job| !job.is_null());
    let replicas = positive(object, "/spec/taskManager/replicas", problems);
    let parallelism =
        if application { parallelism(object, replicas, slots, config, problems) } else { 0 };
    let limits = slot_limits::read(config, version, slots, problems);
    let task_managers = match mode {
        Mode::Standalone => replicas
            .or_else(|| option(config, options::TASK_MANAGER_REPLICAS, 1, problems))
            .unwrap_or_else(|| if application { parallelism.div_ceil(slots) } else { 1 }),
        Mode::Native => {
            // Without a job the JobManager requests no TaskManagers. They are charged when a job is
            // submitted.
            let needed = if application {
                parallelism.div_ceil(slots).saturating_add(limits.redundant)
            } else {
                0
            };
            needed.max(limits.least).min(limits.most.unwrap_or(u64::MAX))
        }
    };
    let bounds = ClusterGrowth {
        config,
        version,
        mode,
        parallelism: application.then_some(parallelism),
        slots,
        declared: task_managers,
        has_replicas: replicas.is_some(),
        limits,
    }
    .bounds();
    Counts { job_managers, task_managers, slots, bounds }
}

fn job_managers(object: &Value, config: &mut FlinkConfig, problems: &mut Vec<SizeProblem>) -> u64 {
    let place = "/spec/jobManager/replicas";
    if pointer::at(object, "/spec/jobManager").is_some_and(Value::is_object) {
        // The field has a default and always overrides the option.
        let replicas = positive(object, place, problems);
        let replicas = replicas.unwrap_or_else(|| emr_job_managers(object).unwrap_or(1));
        config.set(
            canonical(options::JOB_MANAGER_REPLICAS),
            replicas.to_string(),
            Some(place.into()),
        );
        return replicas;
    }
    option(config, options::JOB_MANAGER_REPLICAS, 1, problems).unwrap_or(1)
}

/// The job's parallelism as the operator sets it: from the replicas, the overrides, or the job.
fn parallelism(
    object: &Value,
    declared: Option<u64>,
    slots: u64,
    config: &mut FlinkConfig,
    problems: &mut Vec<SizeProblem>,
) -> u64 {
    let place = "/spec/job/parallelism";
    let (value, pointer) = if let Some(replicas) = declared {
        (replicas.saturating_mul(slots), Some("/spec/taskManager/replicas".to_owned()))
    } else if let Some((most, pointer)) = overrides(config, problems) {
        (most, pointer)
    } else if let Some(parallelism) = positive(object, place, problems) {
        (parallelism, Some(place.to_owned()))
    } else {
        if pointer::at(object, place).is_none_or(Value::is_null) {
            problems.push(SizeProblem::new(
                "/spec/job",
                "the job has no parallelism",
                "set `spec.job.parallelism`",
            ));
        }
        return 0;
    };
    config.set(canonical(options::PARALLELISM), value.to_string(), pointer);
    value
}

/// The largest value of `vertex:parallelism,…`, which the autoscaler or a user sets.
fn overrides(
    config: &FlinkConfig,
    problems: &mut Vec<SizeProblem>,
) -> Option<(u64, Option<String>)> {
    let (key, entry) = config.first(options::PARALLELISM_OVERRIDES)?;
    let pairs = entry.value.split(',').filter(|pair| !pair.trim().is_empty());
    let numbers: Option<Vec<i32>> =
        pairs.map(|pair| pair.rsplit_once(':')?.1.trim().trim_matches('\'').parse().ok()).collect();
    let Some(numbers) = numbers else {
        problems.push(SizeProblem::new(
            entry.pointer.clone().unwrap_or_default(),
            format!("`{key}` is not a list of `vertex:parallelism` pairs"),
            "write the pairs as `a:2,b:4`",
        ));
        return None;
    };
    let most = numbers.into_iter().max().and_then(|most| u64::try_from(most).ok())?;
    (most > 0).then(|| (most, entry.pointer.clone()))
}

/// The count in a field, at least one.
fn positive(object: &Value, place: &str, problems: &mut Vec<SizeProblem>) -> Option<u64> {
    super::counts::count(object, place, 1, problems)
}
