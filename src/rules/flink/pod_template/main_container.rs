//! Settings of Flink's container that come from elsewhere.

use super::Reports;
use crate::flink::pods::{Container, Pods, is_made_by_operator};
use crate::flink::workload::{ConfigurationSource, MAIN_CONTAINER};
use crate::flink::{Mode, Role};
use crate::resource::fields::{elements, text};
use crate::rules::Advice;
use crate::rules::words::shown;
use crate::spelling::closest;
use serde_json::Value;

/// Variables from which the image's entrypoint writes the configuration.
const VARIABLES: [&str; 2] = ["FLINK_PROPERTIES", "TASK_MANAGER_NUMBER_OF_TASK_SLOTS"];

/// What the operator and Flink take from other fields.
pub fn of_operator<'a>(pods: &Pods<'a>, reports: &mut Reports<'_, 'a>) {
    let Some(main) = pods.containers.iter().find(|container| container.main) else { return };
    other_name(pods, main, reports);
    let Some(spec) = main.spec else { return };
    amounts(pods, main, spec, reports);
    image(pods, main, spec, reports);
    if reports.subject.workload.mode != Some(Mode::Standalone) {
        command(pods, main, spec, reports);
    }
}

fn amounts<'a>(pods: &Pods<'a>, main: &Container<'a>, spec: &Value, reports: &mut Reports<'_, 'a>) {
    let Some(resources) = spec.get("resources") else { return };
    for list in ["requests", "limits"] {
        for name in ["cpu", "memory"] {
            if resources.get(list).and_then(|list| list.get(name)).is_none() {
                continue;
            }
            let place = main.place("") + "/resources";
            let (field, role) = match pods.set.role {
                Role::JobManager => ("jobManager", "jobmanager"),
                _ => ("taskManager", "taskmanager"),
            };
            let is_common =
                pods.set.locate(reports.subject.object, &place).contains("/podTemplate")
                    && !pods.set.locate(reports.subject.object, &place).contains("Manager/");
            if let Some(finding) = reports.within(pods, &place) {
                let help = if is_common {
                    "write them in `jobManager.resource` and `taskManager.resource`; options such as `kubernetes.taskmanager.memory.limit-factor` raise limits".to_owned()
                } else {
                    format!(
                        "write them in `{field}.resource`; `kubernetes.{role}.cpu.limit-factor` and `kubernetes.{role}.memory.limit-factor` raise limits"
                    )
                };
                finding
                    .message(format!(
                        "CPU and memory of `{MAIN_CONTAINER}` have no effect in a pod template"
                    ))
                    .help(help)
                    .container(MAIN_CONTAINER);
            }
            return;
        }
    }
}

/// The image of the cluster counts.
fn image<'a>(pods: &Pods<'a>, main: &Container<'a>, spec: &Value, reports: &mut Reports<'_, 'a>) {
    let own = text(spec, "image");
    let Some(reference) = main.image.reference.filter(|reference| *reference != own) else {
        return;
    };
    if own.is_empty() {
        return;
    }
    let (own, reference) = (shown(own), shown(reference));
    if let Some(finding) = reports.within(pods, &(main.place("") + "/image")) {
        finding
            .message(format!("image `{own}` has no effect: the cluster's image is `{reference}`"))
            .advise(Advice::remove("image"))
            .container(MAIN_CONTAINER);
    }
}

/// Flink writes the command of its containers itself.
fn command<'a>(pods: &Pods<'a>, main: &Container<'a>, spec: &Value, reports: &mut Reports<'_, 'a>) {
    for field in ["command", "args"] {
        if elements(spec, field).is_empty() {
            continue;
        }
        if let Some(finding) = reports.within(pods, &format!("{}/{field}", main.place(""))) {
            finding
                .message(format!("Flink overwrites `{field}` of `{MAIN_CONTAINER}`"))
                .advise(Advice::remove(field))
                .container(MAIN_CONTAINER);
        }
    }
}

/// A container that was meant to be Flink's and is a second one.
fn other_name<'a>(pods: &Pods<'a>, main: &Container<'a>, reports: &mut Reports<'_, 'a>) {
    let others = pods.containers.iter();
    let others = others.filter(|container| container.kind == "containers" && !container.main);
    for container in others {
        let Some(spec) = container.spec else { continue };
        let image = text(spec, "image");
        let is_like =
            main.image.reference == Some(image) || is_almost(container.name, MAIN_CONTAINER);
        // Without an image, `flink/invalid-pod` reports it; with a command it is another program.
        let runs_entrypoint =
            ["command", "args"].iter().all(|field| elements(spec, field).is_empty());
        if image.is_empty() || !is_like || !runs_entrypoint {
            continue;
        }
        let name = shown(container.name);
        if let Some(finding) = reports.within(pods, &(container.place("") + "/name")) {
            finding
                .message(format!(
                    "container `{name}` runs as a second one in Flink's pods: Flink runs in `{MAIN_CONTAINER}`"
                ))
                .advise(
                    Advice::set("name", MAIN_CONTAINER)
                        .in_words(format!("name it `{MAIN_CONTAINER}`")),
                )
                .container(name);
        }
    }
}

/// Whether one name was meant to be the other: a part of it, or misspelt.
fn is_almost(name: &str, wanted: &str) -> bool {
    (name.starts_with("flink-main") && wanted.starts_with(name))
        || (name.len().abs_diff(wanted.len()) <= 4 && closest(name, &[wanted]).is_some())
}

/// The entrypoint cannot write into a mounted configuration, which is read-only.
pub fn variables<'a>(pods: &Pods<'a>, reports: &mut Reports<'_, 'a>) {
    let workload = reports.subject.workload;
    let is_made = is_made_by_operator(pods.set, workload);
    let is_mounted = is_made || matches!(workload.source, ConfigurationSource::ConfigMap { .. });
    let Some(main) = pods.containers.iter().find(|container| container.main) else { return };
    let Some(spec) = main.spec.filter(|_| is_mounted) else { return };
    let wanted = if is_made {
        "write the options in the configuration of the cluster"
    } else {
        "write the options in the ConfigMap"
    };
    for (index, variable) in elements(spec, "env").iter().enumerate() {
        let name = text(variable, "name");
        if VARIABLES.contains(&name)
            && let Some(finding) =
                reports.within(pods, &format!("{}/env/{index}/name", main.place("")))
        {
            finding.message(has_no_effect(name)).help(wanted.to_owned()).key(name);
            if !main.name.is_empty() {
                finding.container(main.name);
            }
        }
    }
}

/// The same variables, given by options.
pub fn options(reports: &mut Reports<'_, '_>) {
    let subject = reports.subject;
    for (role, _) in subject.roles_made_from_options() {
        let prefix = match role {
            Role::JobManager => "containerized.master.env.",
            _ => "containerized.taskmanager.env.",
        };
        for (key, entry) in subject.workload.config.under(prefix) {
            let name = key.strip_prefix(prefix).unwrap_or_default();
            if VARIABLES.contains(&name)
                && let Some(place) = subject.written(key, entry)
                && let Some(finding) = reports.at(place.to_owned())
            {
                finding.message(has_no_effect(name)).advise(Advice::remove_option(key)).key(key);
            }
        }
    }
}

fn has_no_effect(name: &str) -> String {
    format!(
        "`{name}` has no effect: the configuration is a ConfigMap, which the image cannot change"
    )
}
