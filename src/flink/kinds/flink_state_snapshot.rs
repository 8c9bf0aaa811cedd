//! `flink.apache.org FlinkStateSnapshot`: a savepoint or checkpoint of a running job. It runs
//! nothing, but it may define where a savepoint is written or deleted.

use crate::flink::options::{SAVEPOINT_DIR, canonical};
use crate::flink::{Engine, FlinkContext, Workload};
use crate::resource::fields::text;
use crate::resource::{Resource, pointer};
use serde_json::Value;

/// JSON Pointer of the savepoint's location.
const PATH: &str = "/spec/savepoint/path";

/// The job that the snapshot is of. What the operator records of a savepoint that exists already is
/// about a job that may be gone.
pub(crate) fn refers_to(object: &Value) -> Option<(&'static str, &str)> {
    if pointer::at(object, "/spec/savepoint/alreadyExists") == Some(&Value::Bool(true)) {
        return None;
    }
    job(object)
}

/// The kind and the name of the job that the snapshot is of.
pub fn job(object: &Value) -> Option<(&'static str, &str)> {
    let job = pointer::at(object, "/spec/jobReference")?;
    let kind = match text(job, "kind") {
        "FlinkDeployment" => "FlinkDeployment",
        "FlinkSessionJob" => "FlinkSessionJob",
        _ => return None,
    };
    Some((kind, text(job, "name")))
}

pub(crate) fn lower(resource: &Resource, object: &Value, context: &FlinkContext) -> Workload {
    let text =
        |place| pointer::at(object, place).and_then(Value::as_str).filter(|text| !text.is_empty());
    let cluster = text("/spec/jobReference/name").unwrap_or_default();
    let mut workload =
        Workload { engine: Engine::Operator, cluster: cluster.into(), ..Workload::default() };
    let flag =
        |place, otherwise| pointer::at(object, place).and_then(Value::as_bool).unwrap_or(otherwise);
    // The operator records a savepoint that an upgrade took. Nothing is written or deleted, so
    // there is nothing to check.
    let only_recorded = flag("/spec/savepoint/alreadyExists", false)
        && !flag("/spec/savepoint/disposeOnDelete", true);
    if let Some(path) = text(PATH).filter(|_| !only_recorded) {
        // This path replaces the option that applies to savepoints without a path.
        workload.config.set(canonical(SAVEPOINT_DIR), path, Some(PATH.into()));
    }
    let kind = text("/spec/jobReference/kind").unwrap_or_default();
    workload.target_missing = context.is_absent(kind, &resource.namespace, cluster);
    workload
}
