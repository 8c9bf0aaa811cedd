//! `flink.apache.org FlinkSessionJob`: a job that the operator submits to a session cluster.
//!
//! It has no pods of its own: the cluster's TaskManagers are counted as they are created. Its options are the job's alone.

use super::counts::count;
use super::operator_config::FLINK_CONFIGURATION;
use crate::flink::config::FlinkConfig;
use crate::flink::sizing::Size;
use crate::flink::{Engine, Surroundings, Workload};
use crate::resource::{Resource, pointer};
use serde_json::Value;

pub(super) fn lower(_: &Resource, object: &Value, _: &Surroundings) -> Workload {
    let cluster = pointer::at(object, "/spec/deploymentName").and_then(Value::as_str).unwrap_or_default();
    let jobs = u64::from(pointer::at(object, "/spec/job").is_some_and(Value::is_object));
    let mut size = Size::default();
    size.total.jobs = jobs;
    count(object, "/spec/job/parallelism", 1, &mut size.problems);
    Workload {
        engine: Engine::Operator,
        cluster: cluster.into(),
        jobs,
        config: FlinkConfig::from_object(pointer::at(object, FLINK_CONFIGURATION).unwrap_or(&Value::Null), FLINK_CONFIGURATION),
        config_pointer: Some(FLINK_CONFIGURATION.into()),
        size,
        ..Workload::default()
    }
}
