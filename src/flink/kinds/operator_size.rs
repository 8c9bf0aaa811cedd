//! Calculates the requests of a FlinkDeployment's pods.
//!
//! Flink overwrites the main container's CPU and memory with values from its configuration; all
//! other parts of the pod template add to them. Limit factors raise limits only, and limits do not
//! count. The rule `flink/memory` reports memory that Flink refuses; here it matters only if there
//! is no size.

use super::operator_config::{self, FLINK_CONFIGURATION, RoleFields};
use super::operator_count::Counts;
use crate::flink::config::FlinkConfig;
use crate::flink::memory::{self, Fault, MemoryError, java::parse_double};
use crate::flink::memory_size::parse_memory_size;
use crate::flink::options::{self, Names};
use crate::flink::sizing::requests::{Amounts, MainContainer, PodRequests};
use crate::flink::sizing::{Limits, Size, SizeProblem};
use crate::flink::version::FlinkVersion;
use crate::flink::{Mode, PodSet};
use crate::resource::pointer;
use crate::resource::quantity::{Quantity, QuantityError};
use serde_json::Value;

/// The Flink version whose classes the operator runs.
const OPERATORS_OWN: FlinkVersion = FlinkVersion::new(1, 20);

/// The inputs for sizing.
pub struct Sizing<'a> {
    /// The FlinkDeployment.
    pub object: &'a Value,
    /// Its configuration, including the spec's fields.
    pub config: &'a FlinkConfig,
    /// Its Flink version.
    pub version: Option<FlinkVersion>,
    /// What creates TaskManagers.
    pub mode: Mode,
}

impl Sizing<'_> {
    /// The size of a cluster with these pods; `problems` are those found so far.
    pub fn size(
        &self,
        counts: &Counts,
        job_manager: &PodSet,
        task_manager: &PodSet,
        problems: Vec<SizeProblem>,
    ) -> Size {
        let mut size = Size { problems, ..Size::default() };
        size.total.clusters = 1;

        let fields = &operator_config::JOB_MANAGER;
        // In native mode the operator's own Flink version calculates these sizes and passes them
        // on, whatever version the image runs.
        let version = if self.mode == Mode::Native { Some(OPERATORS_OWN) } else { self.version };
        let breakdown = memory::job_manager(self.config, version);
        let process = breakdown.as_ref().map(|memory| memory.process);
        let mut main = self.main_container(fields, job_manager, &mut size.problems);
        main.amounts.memory =
            self.memory(fields, options::JOB_MANAGER_MEMORY, process, &mut size.problems);
        main.amounts.cpu = self.cores(fields, self.job_manager_cpu(), &mut size.problems);
        let requests = self.requests(job_manager, &main, &mut size.problems);
        size.add_pods(counts.job_managers, &requests, fields.place);
        size.set_job_managers(counts.job_managers, &requests, Some(breakdown));
        let limits = self.limits(
            &main.amounts,
            [options::JOB_MANAGER_CPU_LIMIT_FACTOR, options::JOB_MANAGER_MEMORY_LIMIT_FACTOR],
            &mut size.problems,
        );
        size.job_manager.iter_mut().for_each(|role| role.limits = limits);

        let fields = &operator_config::TASK_MANAGER;
        let breakdown = memory::task_manager(self.config, self.version);
        let process = breakdown.as_ref().map(|memory| memory.process);
        let mut main = self.main_container(fields, task_manager, &mut size.problems);
        main.amounts.memory =
            self.memory(fields, options::TASK_MANAGER_MEMORY, process, &mut size.problems);
        main.amounts.cpu = self.cores(fields, self.task_manager_cpu(), &mut size.problems);
        if self.mode == Mode::Native {
            self.external_resources(&mut main.amounts, &mut size.problems);
        }
        let requests = self.requests(task_manager, &main, &mut size.problems);
        size.add_pods(counts.task_managers, &requests, fields.place);
        size.set_task_managers(counts.task_managers, &requests, counts.slots, Some(breakdown));
        let limits = self.limits(
            &main.amounts,
            [options::TASK_MANAGER_CPU_LIMIT_FACTOR, options::TASK_MANAGER_MEMORY_LIMIT_FACTOR],
            &mut size.problems,
        );
        size.task_manager.iter_mut().for_each(|role| role.limits = limits);
        size
    }

    fn requests(
        &self,
        pods: &PodSet,
        main: &MainContainer,
        problems: &mut Vec<SizeProblem>,
    ) -> PodRequests {
        let mut own = Vec::new();
        let spec = pods.template(self.object).get("spec").unwrap_or(&Value::Null);
        let requests = PodRequests::of(spec, Some(main), &mut own);
        problems.extend(own.into_iter().map(|problem| SizeProblem {
            pointer: pods.locate(self.object, &problem.pointer),
            ..problem
        }));
        requests
    }

    /// The main container with what the spec adds to its template: local disk and the extended
    /// resources of `resources`.
    fn main_container(
        &self,
        fields: &RoleFields,
        pods: &PodSet,
        problems: &mut Vec<SizeProblem>,
    ) -> MainContainer {
        let mut main = MainContainer { index: pods.main_container, ..MainContainer::default() };
        let mut put = |name: &str, value: &Value, place: String| match Quantity::from_json(value) {
            Ok(amount) if !amount.is_negative() => *main.amounts.entry(name) = amount,
            Ok(_) => problems.push(SizeProblem::new(
                place,
                format!("`{name}` is negative"),
                "write zero or more",
            )),
            Err(error) => {
                problems.push(SizeProblem::new(place, error.to_string(), QuantityError::HELP));
            }
        };
        let Some(resources) = operator_config::resources(self.object, fields) else {
            let place = format!("{}/resource/ephemeralStorage", fields.place);
            if let Some(value) = pointer::at(self.object, &place)
                .filter(|value| !value.is_null() && value.as_str() != Some(""))
            {
                put("ephemeral-storage", value, place);
            }
            return main;
        };
        // Limits first, because a request overrides the limit.
        for list in ["limits", "requests"] {
            for (name, value) in
                resources.get(list).and_then(Value::as_object).into_iter().flatten()
            {
                if !matches!(name.as_str(), "cpu" | "memory") {
                    put(
                        name,
                        value,
                        pointer::join(&format!("{}/resources/{list}", fields.place), name),
                    );
                }
            }
        }
        main
    }

    /// The process memory in whole mebibytes, as Flink requests it. If Flink would refuse the
    /// configuration but a process size is set, that size counts: another mistake must not reduce
    /// the quota usage.
    fn memory(
        &self,
        fields: &RoleFields,
        names: Names,
        process: Result<u64, &MemoryError>,
        problems: &mut Vec<SizeProblem>,
    ) -> Quantity {
        let given =
            || self.config.first(names).and_then(|(_, entry)| parse_memory_size(&entry.value).ok());
        let bytes = process.or_else(|error| given().ok_or(error));
        if let Err(error) = bytes
            && error.fault == Fault::Missing
            && !problems.iter().any(|problem| {
                problem.pointer.starts_with(fields.place) && problem.pointer.ends_with("memory")
            })
        {
            let help = format!(
                "set `{}.resource.memory`, for example to `2048m`",
                fields.place.replace('/', ".").trim_start_matches('.')
            );
            let message = "the memory is missing".into();
            problems.push(self.problem(fields, &error.option, message, help));
        }
        Quantity::from_bytes(bytes.unwrap_or(0) >> 20 << 20)
    }

    fn cores(
        &self,
        fields: &RoleFields,
        cores: Result<f64, CoresError>,
        problems: &mut Vec<SizeProblem>,
    ) -> Quantity {
        let too_many = || CoresError {
            option: fields.place.into(),
            message: "the cores are more than can be counted".into(),
        };
        let cores = cores.and_then(|cores| Quantity::from_cores_f64(cores).ok_or_else(too_many));
        cores.unwrap_or_else(|error| {
            let help = "write a number of cores above zero, such as `1` or `0.5`".into();
            let problem = self.problem(fields, &error.option, error.message, help);
            // Cores may come from the slots, for which the same problem is reported.
            if !problems.iter().any(|other| other.pointer == problem.pointer) {
                problems.push(problem);
            }
            Quantity::default()
        })
    }

    /// A problem at an option, or else at the role's part of the spec.
    fn problem(
        &self,
        fields: &RoleFields,
        option: &str,
        message: String,
        help: String,
    ) -> SizeProblem {
        let written = self.config.entry(option).and_then(|entry| entry.pointer.clone());
        let pointer = written.unwrap_or_else(|| {
            let resource = format!("{}/resource", fields.place);
            match pointer::at(self.object, &resource) {
                Some(other) if !other.is_object() && !other.is_null() => resource,
                _ => pointer::nearest_existing(self.object, fields.place).to_owned(),
            }
        });
        SizeProblem::new(pointer, message, help)
    }

    /// Requests multiplied by the factors for CPU and memory, which must be at least one.
    fn limits(
        &self,
        requests: &Amounts,
        names: [Names; 2],
        problems: &mut Vec<SizeProblem>,
    ) -> Option<Limits> {
        let mut factor = |names: Names| {
            let (key, entry) = self.config.first(names)?;
            let factor = parse_double(&entry.value)?;
            if factor >= 1.0 {
                return Some(factor);
            }
            // Another rule compares limits in the spec's fields with their requests.
            let place = entry.pointer.as_deref();
            if place.is_none_or(|place| place.starts_with(FLINK_CONFIGURATION)) {
                let value: String = entry.value.chars().take(64).collect();
                let message = format!("`{key}` is `{value}`, so the limit is below the request");
                let place = place.unwrap_or("/spec");
                problems.push(SizeProblem::new(place, message, "write a number of 1 or more"));
            }
            None
        };
        let [cpu, memory] = names.map(&mut factor);
        if cpu.is_none() && memory.is_none() {
            return None;
        }
        let cpu = requests.cpu.as_cores_f64() * cpu.unwrap_or(1.0);
        // Whole mebibytes, rounded down.
        let memory = ((requests.memory.units_ceil() >> 20) as f64 * memory.unwrap_or(1.0)) as u64;
        Some(Limits {
            cpu: Quantity::from_cores_f64(cpu)?,
            memory: Quantity::from_bytes(memory.checked_mul(1 << 20)?),
        })
    }

    fn job_manager_cpu(&self) -> Result<f64, CoresError> {
        self.cpu_option(options::JOB_MANAGER_CPU).unwrap_or(Ok(1.0))
    }

    /// The operator's standalone mode reads one option only. Without it no valid pod is created,
    /// and the value of native mode is the better estimate.
    fn task_manager_cpu(&self) -> Result<f64, CoresError> {
        match self.cpu_option(options::TASK_MANAGER_CPU) {
            Some(Ok(cores)) if self.mode == Mode::Standalone => Ok(cores),
            _ => memory::task_manager_cpu(self.config, self.version)
                .map_err(|error| CoresError { option: error.option, message: error.problem }),
        }
    }

    fn cpu_option(&self, names: Names) -> Option<Result<f64, CoresError>> {
        let (key, entry) = self.config.first(names)?;
        let message = || {
            format!(
                "invalid value for `{key}`: `{}`",
                entry.value.chars().take(64).collect::<String>()
            )
        };
        let cores = parse_double(&entry.value).filter(|cores| cores.is_finite() && *cores > 0.0);
        Some(cores.ok_or_else(|| CoresError { option: key.into(), message: message() }))
    }

    /// Extended resources such as GPUs: `external-resources: gpu` with an amount and its Kubernetes
    /// name.
    fn external_resources(&self, amounts: &mut Amounts, problems: &mut Vec<SizeProblem>) {
        let Some((_, list)) = self.config.first(options::EXTERNAL_RESOURCES) else { return };
        for name in
            list.value.split(';').map(str::trim).filter(|name| !name.is_empty() && *name != "none")
        {
            let option =
                |suffix: &str| self.config.entry(&format!("external-resource.{name}.{suffix}"));
            let (Some(key), Some(amount)) = (option("kubernetes.config-key"), option("amount"))
            else {
                continue;
            };
            match amount.value.parse::<i64>() {
                // Flink ignores an amount that is not positive.
                Ok(amount) => {
                    if let Some(amount) = u64::try_from(amount).ok().filter(|amount| *amount > 0) {
                        // If two have the same name, Flink uses one in an unspecified order.
                        let amounts = amounts.entry(&key.value);
                        *amounts = (*amounts).max(Quantity::from_units(amount));
                    }
                }
                Err(_) => problems.push(SizeProblem::new(
                    amount.pointer.clone().unwrap_or_default(),
                    format!("the amount of external resource `{name}` is not a whole number"),
                    "write a whole number, such as `1`",
                )),
            }
        }
    }
}

/// Why the options give no number of cores.
struct CoresError {
    option: String,
    message: String,
}
