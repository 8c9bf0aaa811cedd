//! The configuration that the operator generates from a FlinkDeployment: `flinkConfiguration`,
//! overridden by the spec's fields.
//!
//! An entry that a field sets has the field's place. The cluster's id and namespace are omitted:
//! the object's name contains them, and rules forbid these keys.

use crate::flink::config::FlinkConfig;
use crate::flink::dialects::emr_high_availability;
use crate::flink::memory::java::double_text;
use crate::flink::memory_size::parse_resource_memory;
use crate::flink::options::{self, Names, canonical};
use crate::flink::sizing::SizeProblem;
use crate::flink::text_form::{TextFault, TextForm};
use crate::resource::pointer;
use crate::resource::quantity::{Quantity, QuantityError};
use crate::resource::type_name;
use serde_json::Value;

/// JSON Pointer of the options in a FlinkDeployment.
pub const FLINK_CONFIGURATION: &str = "/spec/flinkConfiguration";

/// The fields and options of one role.
pub struct RoleFields {
    /// JSON Pointer of the role's part of the spec.
    pub place: &'static str,
    memory: Names,
    cpu: Names,
    memory_limit_factor: Names,
    cpu_limit_factor: Names,
}

/// `spec.jobManager`.
pub const JOB_MANAGER: RoleFields = RoleFields {
    place: "/spec/jobManager",
    memory: options::JOB_MANAGER_MEMORY,
    cpu: options::JOB_MANAGER_CPU,
    memory_limit_factor: options::JOB_MANAGER_MEMORY_LIMIT_FACTOR,
    cpu_limit_factor: options::JOB_MANAGER_CPU_LIMIT_FACTOR,
};

/// `spec.taskManager`.
pub const TASK_MANAGER: RoleFields = RoleFields {
    place: "/spec/taskManager",
    memory: options::TASK_MANAGER_MEMORY,
    cpu: options::TASK_MANAGER_CPU,
    memory_limit_factor: options::TASK_MANAGER_MEMORY_LIMIT_FACTOR,
    cpu_limit_factor: options::TASK_MANAGER_CPU_LIMIT_FACTOR,
};

/// Reads the configuration in the operator's order: `defaults`, then the options, then the fields.
/// Also returns the options that Flink does not read as they are written.
pub fn read(
    object: &Value,
    form: TextForm,
    defaults: FlinkConfig,
    problems: &mut Vec<SizeProblem>,
) -> (FlinkConfig, Vec<TextFault>) {
    let mut config = FlinkConfig::from_object(
        pointer::at(object, FLINK_CONFIGURATION).unwrap_or(&Value::Null),
        FLINK_CONFIGURATION,
    );
    let faults = form.read_back(&mut config);
    config.fill(defaults);
    let text = |place: &str| {
        pointer::at(object, place).and_then(Value::as_str).filter(|text| !text.trim().is_empty())
    };
    for (place, names) in [
        ("/spec/image", options::IMAGE),
        ("/spec/imagePullPolicy", options::IMAGE_PULL_POLICY),
        ("/spec/serviceAccount", options::SERVICE_ACCOUNT),
    ] {
        if let Some(value) = text(place) {
            config.set(canonical(names), value, Some(place.into()));
        }
    }
    if let Some(directory) = emr_high_availability(object) {
        // The field is a switch, and no place for the name of a service.
        if config.first(options::HIGH_AVAILABILITY).is_none() {
            config.set(canonical(options::HIGH_AVAILABILITY), "kubernetes", None);
        }
        config.set(
            canonical(options::HIGH_AVAILABILITY_DIR),
            directory,
            Some("/spec/jobManager/storageDir".into()),
        );
    }
    let upgrade_mode = "/spec/job/upgradeMode";
    if text(upgrade_mode) == Some("last-state")
        && config.first(options::CHECKPOINT_INTERVAL).is_none()
    {
        // Without checkpoints, the operator cannot upgrade from the last state. It is a default of
        // the operator, and the object does not set it: the tenant's value takes precedence.
        config.set(canonical(options::CHECKPOINT_INTERVAL), "5 min", None);
    }
    for fields in [&JOB_MANAGER, &TASK_MANAGER] {
        fields.apply(object, &mut config, problems);
    }
    (config, faults)
}

/// A role's `resources`, if it has requests or limits. Then the older `resource` does not count.
pub fn resources<'v>(object: &'v Value, fields: &RoleFields) -> Option<&'v Value> {
    let filled = |resources: &Value, list: &str| {
        resources.get(list).and_then(Value::as_object).is_some_and(|list| !list.is_empty())
    };
    object
        .pointer(fields.place)
        .and_then(|role| role.get("resources"))
        .filter(|resources| filled(resources, "requests") || filled(resources, "limits"))
}

impl RoleFields {
    fn apply(&self, object: &Value, config: &mut FlinkConfig, problems: &mut Vec<SizeProblem>) {
        let mut note = |pointer: String, message: String, help: &str| {
            problems.push(SizeProblem::new(pointer, message, help));
        };
        if let Some(resources) = resources(object, self) {
            self.apply_resources(resources, config, &mut note);
            return;
        }
        let Some(resource) = pointer::at(object, self.place).and_then(|role| role.get("resource"))
        else {
            return;
        };
        match resource.get("memory") {
            Some(Value::String(text)) => self.apply_memory(
                text,
                format!("{}/resource/memory", self.place),
                config,
                &mut note,
            ),
            None | Some(Value::Null) => {}
            Some(other) => note(
                format!("{}/resource/memory", self.place),
                format!("invalid value for `memory`: {}", type_name(other)),
                "write a string with a unit, such as `2048m`",
            ),
        }
        let place = format!("{}/resource/cpu", self.place);
        match resource.get("cpu") {
            None | Some(Value::Null) => {}
            Some(value) => match value.as_f64().filter(|cores| cores.is_finite() && *cores > 0.0) {
                Some(cores) => config.set(canonical(self.cpu), double_text(cores), Some(place)),
                None => note(
                    place,
                    format!("invalid value for `cpu`: {}", shown(value)),
                    "write a number of cores above zero, such as `1` or `0.5`",
                ),
            },
        }
    }

    fn apply_resources(
        &self,
        resources: &Value,
        config: &mut FlinkConfig,
        note: &mut impl FnMut(String, String, &str),
    ) {
        let at = |list: &str, name: &str| {
            let value = resources.get(list)?.get(name).filter(|value| !value.is_null())?;
            Some((value, format!("{}/resources/{list}/{name}", self.place)))
        };
        if let Some((value, place)) = at("requests", "memory").or_else(|| at("limits", "memory")) {
            match value {
                Value::String(text) => self.apply_memory(text, place, config, note),
                Value::Number(number) => {
                    self.apply_memory(&number.to_string(), place, config, note)
                }
                other => note(
                    place,
                    format!("invalid value for `memory`: {}", type_name(other)),
                    "write an amount, such as `2048m` or `2Gi`",
                ),
            }
        }
        if let Some((value, place)) = at("requests", "cpu").or_else(|| at("limits", "cpu")) {
            match Quantity::from_json(value) {
                Ok(cores) if !cores.is_zero() && !cores.is_negative() => {
                    config.set(canonical(self.cpu), double_text(cores.as_cores_f64()), Some(place));
                }
                Ok(_) => note(
                    place,
                    "`cpu` is not above zero".into(),
                    "write a number of cores, such as `1` or `500m`",
                ),
                Err(error) => note(place, error.to_string(), QuantityError::HELP),
            }
        }
        for (name, names) in [("cpu", self.cpu_limit_factor), ("memory", self.memory_limit_factor)]
        {
            let (Some((request, _)), Some((limit, place))) =
                (at("requests", name), at("limits", name))
            else {
                continue;
            };
            if let (Ok(request), Ok(limit)) =
                (Quantity::from_json(request), Quantity::from_json(limit))
                && request > Quantity::default()
            {
                config.set(
                    canonical(names),
                    double_text(limit.as_cores_f64() / request.as_cores_f64()),
                    Some(place),
                );
            }
        }
    }

    fn apply_memory(
        &self,
        text: &str,
        place: String,
        config: &mut FlinkConfig,
        note: &mut impl FnMut(String, String, &str),
    ) {
        match parse_resource_memory(text) {
            Ok(bytes) => config.set(canonical(self.memory), flink_text(bytes), Some(place)),
            Err(error) => note(place, error.to_string(), error.help()),
        }
    }
}

/// A size as Flink writes it, in the largest unit that divides it.
fn flink_text(bytes: u64) -> String {
    let units = [(40, "tb"), (30, "gb"), (20, "mb"), (10, "kb")];
    let (shift, unit) = units
        .into_iter()
        .find(|(shift, _)| bytes > 0 && bytes.trailing_zeros() >= *shift)
        .unwrap_or((0, "bytes"));
    format!("{} {unit}", bytes >> shift)
}

/// A value for a message, shortened to fit.
pub fn shown(value: &Value) -> String {
    match value {
        Value::Array(_) | Value::Object(_) => type_name(value).into(),
        scalar => format!("`{}`", scalar.to_string().chars().take(64).collect::<String>()),
    }
}
