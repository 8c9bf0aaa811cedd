//! Bills: labels that pods are billed by, task slots that nobody uses, and memory that is asked for
//! and never used.

use super::super::whole;
use super::{Found, Subject, Weight, shown, texts};
use crate::flink::map_options::map_entries;
use crate::flink::options::{PARALLELISM, REDUNDANT_TASK_MANAGERS, TASK_SLOTS};
use crate::flink::workload::PodSet;
use crate::flink::{Engine, Role};
use crate::resource::pointer;
use crate::resource::quantity::Quantity;
use regorus::Value;
use serde_json::Value as Json;

/// Labels that Flink's operator gives every pod that it makes.
const OWN_LABELS: [&str; 3] = ["app", "component", "type"];

pub(super) fn judge(subject: &Subject<'_>, found: &mut Found) {
    if subject.workload.engine == Engine::Standalone {
        requests(subject, found);
    }
    let cost = &subject.tenant["cost"];
    if !matches!(cost, Value::Object(_)) {
        return;
    }
    if let Some(labels) = texts(&cost["labels"]) {
        subject.workload.pods.iter().for_each(|set| billed(subject, set, &labels, found));
    }
    if let Some(most) = whole(&cost["idleSlots"]).and_then(|most| u64::try_from(most).ok()) {
        idle_slots(subject, most, found);
    }
}

fn billed(subject: &Subject<'_>, set: &PodSet, labels: &[&str], found: &mut Found) {
    let metadata = set.template(subject.root).get("metadata");
    let written = metadata.and_then(|metadata| metadata.get("labels"));
    let component = subject
        .made_roles()
        .find(|(role, _)| *role == set.role && subject.workload.declares_cluster)
        .map(|(_, name)| name);
    let has = |label: &str| {
        let by_option = |component: &str| {
            let option = format!("kubernetes.{component}.labels");
            map_entries(&subject.workload.config, &option)
                .iter()
                .any(|pair| pair.key == label && !pair.value.is_empty())
        };
        written
            .and_then(|labels| labels.get(label))
            .and_then(Json::as_str)
            .is_some_and(|value| !value.is_empty())
            || component
                .is_some_and(|component| OWN_LABELS.contains(&label) || by_option(component))
    };
    for label in labels.iter().filter(|label| !has(label)) {
        let place = pointer::join(&format!("{}/metadata/labels", set.path()), label);
        let message = format!(
            "pods of role {} must have the label {:?}, by which they are billed",
            set.role.as_str(),
            shown(label)
        );
        found.add("billing", &place, message, None);
    }
}

fn idle_slots(subject: &Subject<'_>, most: u64, found: &mut Found) {
    let workload = subject.workload;
    let (Some(size), true, true) =
        (&workload.size.task_manager, workload.declares_cluster, workload.jobs > 0)
    else {
        return;
    };
    let config = &workload.config;
    let Some(parallelism) =
        config.first(PARALLELISM).and_then(|(_, entry)| entry.value.trim().parse::<u64>().ok())
    else {
        return;
    };
    let redundant = config
        .first(REDUNDANT_TASK_MANAGERS)
        .and_then(|(_, entry)| entry.value.trim().parse::<u64>().ok())
        .unwrap_or(0);
    let task_managers = size.replicas.checked_div(workload.clusters()).unwrap_or(0);
    // TaskManagers in reserve are idle on purpose.
    let slots = task_managers.saturating_sub(redundant).saturating_mul(size.slots);
    let idle = slots.saturating_sub(parallelism);
    if idle > most {
        let message = format!(
            "{slots} task slots for a parallelism of {parallelism}: {idle} stay idle, and at most {most} may"
        );
        let help = "set taskmanager.numberOfTaskSlots to a divisor of the parallelism, or ask for fewer TaskManagers".to_owned();
        found.add("idleSlots", &subject.place_of(TASK_SLOTS), message, help);
    }
}

/// Memory that a container asks for beside what the Flink in it will use. Only of plain manifests:
/// elsewhere the one is made of the other.
fn requests(subject: &Subject<'_>, found: &mut Found) {
    let size = &subject.workload.size;
    for set in &subject.workload.pods {
        let process = match set.role {
            Role::JobManager => size
                .job_manager
                .as_ref()
                .and_then(|size| Some(size.breakdown.as_ref()?.as_ref().ok()?.process)),
            Role::TaskManager => size
                .task_manager
                .as_ref()
                .and_then(|size| Some(size.breakdown.as_ref()?.as_ref().ok()?.process)),
            Role::Other => None,
        };
        let (Some(process), Some(main)) = (process, set.main_container) else { continue };
        let within = format!("/spec/containers/{main}/resources");
        let Some(resources) = pointer::at(set.template(subject.root), &within) else { continue };
        let amount = |list: &str| {
            Quantity::from_json(resources.get(list)?.get("memory")?).ok().map(Quantity::units_ceil)
        };
        let (request, limit) = (amount("requests"), amount("limits"));
        let uses = || format!("Flink in it uses {}", Quantity::from_bytes(process).display_bytes());
        let at = |list: &str| format!("{}{within}/{list}/memory", set.path());
        let help = format!(
            "ask for as much as {}.memory.process.size, or change that",
            set.role.component().unwrap_or_default()
        );
        let mut tell = |list: &str, amount: u64, what: &str| {
            let message = format!(
                "the container is {what} {}, and {}",
                Quantity::from_bytes(amount).display_bytes(),
                uses()
            );
            found.weigh("requests", &at(list), message, help.clone(), Weight::Warning);
        };
        if let Some(limit) = limit.filter(|limit| *limit < process) {
            tell("limits", limit, "killed beyond");
        } else if let Some(request) = request.filter(|request| is_far(*request, process)) {
            tell("requests", request, "given");
        }
    }
}

/// Below three quarters a node that is full has no room for what Flink uses, and its pods are
/// evicted first; from twice as much on another TaskManager would fit.
fn is_far(request: u64, process: u64) -> bool {
    request < process / 4 * 3 || request >= process.saturating_mul(2)
}
