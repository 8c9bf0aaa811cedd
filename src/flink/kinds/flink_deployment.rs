//! `flink.apache.org FlinkDeployment`: a whole cluster, which the Flink Kubernetes Operator creates
//! from one object.
//!
//! A suspended job counts as if it ran. The object still declares its cluster, and its pods stop
//! only after a savepoint, which may take minutes. Resuming must not fail because another cluster
//! took the quota meanwhile.

use super::ingress;
use super::operator_arguments;
use super::operator_config::{self, FLINK_CONFIGURATION};
use super::operator_count;
use super::operator_size::Sizing;
use super::pod_template;
use crate::flink::config::{Entry, FlinkConfig};
use crate::flink::options;
use crate::flink::text_form::TextForm;
use crate::flink::version::FlinkVersion;
use crate::flink::workload::{MAIN_CONTAINER, is_canary};
use crate::flink::{Engine, FlinkContext, Mode, PodSet, Role, Template, Workload};
use crate::resource::{Resource, pointer};
use serde_json::Value;

const COMMON_TEMPLATE: &str = "/spec/podTemplate";
const JOB_MANAGER_TEMPLATE: &str = "/spec/jobManager/podTemplate";
const TASK_MANAGER_TEMPLATE: &str = "/spec/taskManager/podTemplate";

pub(crate) fn lower(resource: &Resource, object: &Value, context: &FlinkContext) -> Workload {
    // The operator deploys nothing for a canary.
    if is_canary(&resource.kind, object) {
        not_deployed(resource, object)
    } else {
        lower_spec(resource, object, context)
    }
}

/// The same without regard to the labels of the object: those of a template never reach a
/// FlinkDeployment.
pub(super) fn lower_spec(resource: &Resource, object: &Value, context: &FlinkContext) -> Workload {
    let workload = not_deployed(resource, object);
    if !object.get("spec").is_some_and(Value::is_object) {
        return workload;
    }
    let mode = workload.mode.unwrap_or_default();
    let cluster = resource.name_in(object);
    let version = pointer::at(object, "/spec/flinkVersion")
        .and_then(Value::as_str)
        .and_then(FlinkVersion::parse);
    let version = context.version(version);
    let jobs = u64::from(pointer::at(object, "/spec/job").is_some_and(|job| !job.is_null()));
    let mut problems = Vec::new();
    let text_form = TextForm::of_operator(version);
    let (mut config, text_faults) = operator_config::read(
        object,
        text_form,
        context.operator_defaults(&resource.namespace, version),
        &mut problems,
    );
    write_older_name(&mut config, version);
    for place in [COMMON_TEMPLATE, JOB_MANAGER_TEMPLATE, TASK_MANAGER_TEMPLATE] {
        pod_template::check(object, place, &mut problems);
    }
    let counts = operator_count::count(object, mode, version, &mut config, &mut problems);

    let by_name = config
        .first(options::MERGE_BY_NAME)
        .is_some_and(|(_, entry)| entry.value.trim().eq_ignore_ascii_case("true"));
    let job_manager =
        pod_set(object, Role::JobManager, counts.job_managers, JOB_MANAGER_TEMPLATE, by_name);
    let task_manager =
        pod_set(object, Role::TaskManager, counts.task_managers, TASK_MANAGER_TEMPLATE, by_name);
    let sizing = Sizing { object, config: &config, version, mode };
    let mut size = sizing.size(&counts, &job_manager, &task_manager, problems);
    size.total.jobs = jobs;
    size.bounds = Some(counts.bounds);
    operator_arguments::read(object, mode, &[&job_manager, &task_manager], &mut config);

    Workload {
        version,
        jobs,
        pods: vec![job_manager, task_manager],
        config,
        config_pointer: Some(FLINK_CONFIGURATION.into()),
        text_form,
        text_faults,
        size,
        exposures: ingress::of_operator(object, "/spec/ingress", cluster, &resource.namespace)
            .into_iter()
            .collect(),
        declares_cluster: true,
        ..workload
    }
}

/// What is known of an object for which the operator deploys nothing.
fn not_deployed(resource: &Resource, object: &Value) -> Workload {
    let mode = match pointer::at(object, "/spec/mode").and_then(Value::as_str) {
        Some("standalone") => Mode::Standalone,
        _ => Mode::Native,
    };
    Workload {
        engine: Engine::Operator,
        mode: Some(mode),
        cluster: resource.name_in(object).into(),
        ..Workload::default()
    }
}

/// Before 1.17, the cores of TaskManagers had another name. The operator writes the spec's value
/// under that name too.
fn write_older_name(config: &mut FlinkConfig, version: Option<FlinkVersion>) {
    let [name, older] = options::TASK_MANAGER_CPU else { return };
    if version.is_some_and(|version| version < FlinkVersion::new(1, 17))
        && let Some(Entry { value, pointer: Some(place) }) = config.entry(name)
        && !place.starts_with(FLINK_CONFIGURATION)
    {
        let (value, place) = (value.clone(), place.clone());
        config.set(*older, value, Some(place));
    }
}

fn pod_set(object: &Value, role: Role, replicas: u64, place: &str, by_name: bool) -> PodSet {
    let template = pod_template::merge(object, COMMON_TEMPLATE, place, by_name);
    let is_main =
        |container: &Value| container.get("name").and_then(Value::as_str) == Some(MAIN_CONTAINER);
    let main_container = pointer::at(template.value(object), "/spec/containers")
        .and_then(Value::as_array)
        .and_then(|list| list.iter().position(is_main));
    PodSet { role, replicas, template: Template::Merged(template), main_container }
}
