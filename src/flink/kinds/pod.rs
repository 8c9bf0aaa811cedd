//! `v1 Pod`: the last door, where native TaskManagers and everything that nothing declared come through.
//!
//! What a pod is, is read from what its containers run; labels are only a second hint, for a tenant writes them.

use super::dynamic_properties;
use super::process::Process;
use crate::flink::config::FlinkConfig;
use crate::flink::sizing::requests::PodRequests;
use crate::flink::sizing::{RoleSize, Size, SizeProblem};
use crate::flink::workload::MAIN_CONTAINER;
use crate::flink::{Engine, Mode, PodSet, Role, Template, Workload, memory};
use crate::resource::{Resource, metadata_text, pointer};
use serde_json::Value;

/// What the pod turned out to be.
struct Identity {
    engine: Engine,
    mode: Option<Mode>,
    role: Role,
    main_container: Option<usize>,
}

pub(super) fn lower(_: &Resource, pod: &Value) -> Workload {
    let containers = pointer::at(pod, "/spec/containers").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let identity = identify(pod, containers);
    let mut config = FlinkConfig::default();
    if let Some((index, container)) = identity.main_container.and_then(|index| Some((index, containers.get(index)?))) {
        dynamic_properties::read(container, &format!("/spec/containers/{index}"), &mut config);
    }
    let cluster = if identity.engine == Engine::None { String::new() } else { cluster(pod) };
    let size = size(pod, identity.role, &config);
    let Identity { engine, mode, role, main_container } = identity;
    let pods = vec![PodSet { role, replicas: 1, template: Template::InObject(String::new()), main_container }];
    Workload { engine, mode, cluster, pods, config, size, ..Workload::default() }
}

fn identify(pod: &Value, containers: &[Value]) -> Identity {
    let named_main = containers.iter().position(|container| text(container, "name") == MAIN_CONTAINER);
    let running = |index: usize| containers.get(index).and_then(Process::of).map(|process| (index, process));
    let found = named_main.and_then(running).or_else(|| (0..containers.len()).find_map(running));
    let kind = label(pod, "type");
    if let Some((index, Process { role, mode })) = found {
        let engine = match (mode, kind) {
            (Mode::Native, _) => Engine::Native,
            (Mode::Standalone, "flink-standalone-kubernetes") => Engine::Operator,
            (Mode::Standalone, _) => Engine::Standalone,
        };
        return Identity { engine, mode: Some(mode), role, main_container: Some(index) };
    }
    let component = match label(pod, "component") {
        "" => label(pod, "app.kubernetes.io/component"),
        component => component,
    };
    let role = [Role::JobManager, Role::TaskManager].into_iter().find(|role| role.component() == Some(component));
    let (engine, mode) = match kind {
        "flink-native-kubernetes" => (Engine::Native, Mode::Native),
        "flink-standalone-kubernetes" => (Engine::Operator, Mode::Standalone),
        _ if role.is_some() || named_main.is_some() => (Engine::Standalone, Mode::Standalone),
        _ => return Identity { engine: Engine::None, mode: None, role: Role::Other, main_container: None },
    };
    let by_name = || containers.iter().position(|container| Some(text(container, "name")) == role.and_then(Role::component));
    let main_container = named_main.or_else(by_name).or((containers.len() == 1).then_some(0));
    Identity { engine, mode: Some(mode), role: role.unwrap_or(Role::Other), main_container }
}

/// The cluster's id as labels, owner or name suggest it.
fn cluster(pod: &Value) -> String {
    if let Some(named) = ["app", "app.kubernetes.io/instance"].map(|name| label(pod, name)).into_iter().find(|name| !name.is_empty()) {
        return named.into();
    }
    let owners = pointer::at(pod, "/metadata/ownerReferences").and_then(Value::as_array).into_iter().flatten();
    let name = match owners.map(|owner| text(owner, "name")).find(|name| !name.is_empty()) {
        Some(owner) => {
            let hash = label(pod, "pod-template-hash");
            owner.strip_suffix(hash).filter(|_| !hash.is_empty()).and_then(|name| name.strip_suffix('-')).unwrap_or(owner)
        }
        None => match metadata_text(pod, "name") {
            "" => metadata_text(pod, "generateName").trim_end_matches('-'),
            name => name,
        },
    };
    name.split("-taskmanager").next().unwrap_or(name).into()
}

fn size(pod: &Value, role: Role, config: &FlinkConfig) -> Size {
    let mut size = Size::default();
    let requests = PodRequests::of(pod.get("spec").unwrap_or(&Value::Null), None, &mut size.problems);
    size.add_pods(1, &requests, "/spec");
    match role {
        Role::JobManager => size.job_manager = Some(RoleSize::of(1, &requests)),
        Role::TaskManager => {
            let mut task_manager = RoleSize::of(1, &requests);
            task_manager.slots = slots(config, &mut size.problems);
            // A native TaskManager is given every part of its memory; of others the ConfigMap would have to be known.
            if config.get("taskmanager.memory.task.heap.size").is_some() {
                task_manager.breakdown = Some(memory::task_manager(config, None));
            }
            (size.total.task_managers, size.total.task_slots) = (1, task_manager.slots);
            size.task_manager = Some(task_manager);
        }
        Role::Other => {}
    }
    size
}

/// Slots of this TaskManager: it has one at least, whatever its ConfigMap says.
fn slots(config: &FlinkConfig, problems: &mut Vec<SizeProblem>) -> u64 {
    memory::task_slots(config).unwrap_or_else(|error| {
        let pointer = config.entry(&error.option).and_then(|entry| entry.pointer.clone()).unwrap_or_default();
        problems.push(SizeProblem { pointer, message: error.message });
        1
    })
}

fn label<'v>(pod: &'v Value, name: &str) -> &'v str {
    pod.get("metadata").and_then(|metadata| metadata.get("labels")).map_or("", |labels| text(labels, name))
}

fn text<'v>(value: &'v Value, field: &str) -> &'v str {
    value.get(field).and_then(Value::as_str).unwrap_or_default()
}
