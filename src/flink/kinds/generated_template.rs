//! Shared parts of the kinds whose operators generate pod templates from an object's fields.

use super::counts::slots;
use crate::flink::config::FlinkConfig;
use crate::flink::sizing::requests::PodRequests;
use crate::flink::sizing::{Size, SizeProblem};
use crate::flink::version::FlinkVersion;
use crate::flink::{PodSet, Role, memory};
use crate::resource::pointer;
use serde_json::Value;

/// The first version for which these operators set the memory of the process.
const PROCESS_SIZES: FlinkVersion = FlinkVersion::new(1, 11);

/// Adds the fields with a value to a mapping.
pub fn filled<const N: usize>(mut value: Value, fields: [(&str, Option<Value>); N]) -> Value {
    if let Some(object) = value.as_object_mut() {
        object
            .extend(fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
    }
    value
}

/// The size of a cluster whose generated templates contain all requests. Without sizes of the process
/// its operator sets those of the heap, of which no breakdown is known.
pub fn size(
    object: &Value,
    pods: &[PodSet],
    config: &FlinkConfig,
    version: Option<FlinkVersion>,
    sets_process_sizes: bool,
    problems: Vec<SizeProblem>,
) -> Size {
    let mut size = Size { problems, ..Size::default() };
    // Earlier versions have heap sizes instead.
    let knows_process =
        sets_process_sizes && version.is_none_or(|version| version >= PROCESS_SIZES);
    for set in pods {
        let mut own = Vec::new();
        let requests = PodRequests::of(
            set.template(object).get("spec").unwrap_or(&Value::Null),
            None,
            &mut own,
        );
        size.problems.extend(own.into_iter().map(|problem| SizeProblem {
            pointer: set.locate(object, &problem.pointer),
            ..problem
        }));
        size.add_pods(set.replicas, &requests, set.path());
        let claims_place = format!("{}/volumeClaimTemplates", set.path());
        let templates = pointer::at(object, &claims_place).unwrap_or(&Value::Null);
        let claims = PodRequests::of_claims(templates, &claims_place, &mut size.problems);
        size.add_claims(set.replicas, &claims, &claims_place);
        match set.role {
            Role::JobManager => {
                let breakdown = knows_process.then(|| memory::job_manager(config, version));
                size.set_job_managers(set.replicas, &requests, breakdown);
            }
            Role::TaskManager => {
                let slots = slots(config, &mut size.problems);
                let breakdown = knows_process.then(|| memory::task_manager(config, version));
                size.set_task_managers(set.replicas, &requests, slots, breakdown);
            }
            Role::Other => {}
        }
    }
    size
}
