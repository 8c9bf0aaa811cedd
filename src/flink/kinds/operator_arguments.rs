//! Options that a custom resource sets by the arguments of Flink's processes (`-Dkey=value`).
//!
//! In native mode, two options hold further arguments. In standalone mode, the arguments of the job
//! and of the pod templates reach Flink's own entrypoint. They override the configuration file, but
//! pods get their sizes from the file.

use super::dynamic_properties;
use super::variables::Variables;
use crate::flink::config::FlinkConfig;
use crate::flink::{Mode, PodSet};
use crate::resource::pointer;
use serde_json::Value;

const JOB: &str = "/spec/job";

/// Options that hold arguments.
const OPTIONS: [&str; 2] =
    ["kubernetes.jobmanager.entrypoint.args", "kubernetes.taskmanager.entrypoint.args"];

/// Adds the options in arguments to the configuration.
pub fn read(object: &Value, mode: Mode, pods: &[&PodSet], config: &mut FlinkConfig) {
    if mode == Mode::Native {
        for option in OPTIONS {
            // A shell reads them: quotes may be between the dash and the letter.
            let Some(entry) = config.entry(option).filter(|entry| entry.value.contains('D')) else {
                continue;
            };
            if let (script, Some(place)) = (entry.value.clone(), entry.pointer.clone()) {
                dynamic_properties::script(&script, &place, config);
            }
        }
        return;
    }
    let containers = pods.iter().filter_map(|set| {
        let main = set.main_container?;
        let container = pointer::at(set.template(object), "/spec/containers")?.get(main)?;
        Some((set, main, container))
    });
    let job = pointer::at(object, JOB).unwrap_or(&Value::Null);
    let first = containers.clone().next().map_or(&Value::Null, |(_, _, container)| container);
    dynamic_properties::arguments_with(job, &Variables::of(first), JOB, config);
    for (set, main, container) in containers {
        let place = set.locate(object, &format!("/spec/containers/{main}"));
        dynamic_properties::arguments(container, &place, config);
    }
}
