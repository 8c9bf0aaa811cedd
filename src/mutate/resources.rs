//! Sets the tenant's default sizes if neither a FlinkDeployment nor its configuration sets any.

use super::configuration::Configuration;
use super::context::{Context, present};
use super::edit::Path;
use super::template_editor::TemplateEditor;
use crate::flink::options::{JOB_MANAGER_CPU, TASK_MANAGER_CPU};
use crate::tenant::RoleResources;
use serde_json::{Number, Value};

/// Options that each determine a JobManager's memory.
const JOB_MANAGER_MEMORY: &[&str] = &[
    "jobmanager.memory.process.size",
    "jobmanager.memory.flink.size",
    "jobmanager.memory.heap.size",
    "jobmanager.heap.size",
    "jobmanager.heap.mb",
];
/// Options that each determine a TaskManager's memory.
const TASK_MANAGER_MEMORY: &[&str] = &[
    "taskmanager.memory.process.size",
    "taskmanager.memory.flink.size",
    "taskmanager.memory.task.heap.size",
    "taskmanager.memory.managed.size",
    "taskmanager.memory.size",
    "taskmanager.heap.size",
    "taskmanager.heap.mb",
];
const TASK_MANAGER_CORES: &[&str] = &["taskmanager.cpu.cores"];

pub(super) fn inject(
    context: &Context<'_>,
    configuration: &Configuration<'_>,
    editor: &mut TemplateEditor<'_>,
) {
    if !context.workload.declares_cluster {
        return;
    }
    let wanted = &context.tenant.flink.resources;
    let has = |names: &[&str]| configuration.has(names);
    let spec = configuration.spec();
    if let Some(wanted) = &wanted.job_manager {
        give(
            &spec.clone().key("jobManager"),
            wanted,
            has(JOB_MANAGER_CPU),
            has(JOB_MANAGER_MEMORY),
            editor,
        );
    }
    if let Some(wanted) = &wanted.task_manager {
        let has_cpu = has(TASK_MANAGER_CPU) || has(TASK_MANAGER_CORES);
        give(&spec.key("taskManager"), wanted, has_cpu, has(TASK_MANAGER_MEMORY), editor);
    }
}

fn give(
    role: &Path,
    wanted: &RoleResources,
    has_cpu: bool,
    has_memory: bool,
    editor: &mut TemplateEditor<'_>,
) {
    let spec = role.find(editor.object()).unwrap_or(&Value::Null);
    // Kubernetes' requests and limits override `resource` as a whole.
    if present(spec, "resources").is_some_and(|resources| {
        resources.as_object().is_none_or(|resources| !resources.is_empty())
    }) {
        return;
    }
    let resource = spec.get("resource").unwrap_or(&Value::Null);
    let cpu = wanted
        .cpu
        .filter(|_| !has_cpu && present(resource, "cpu").is_none())
        .and_then(Number::from_f64);
    let memory =
        wanted.memory.as_deref().filter(|_| !has_memory && present(resource, "memory").is_none());
    let at = role.clone().key("resource");
    if let Some(cpu) = cpu {
        editor.set(&at.clone().key("cpu"), Value::Number(cpu));
    }
    if let Some(memory) = memory {
        editor.set(&at.key("memory"), memory.into());
    }
}
