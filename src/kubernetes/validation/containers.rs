//! Containers of a pod.

use super::context::Context;
use super::fault::{Fault, Reason, Report};
use super::fields::{each, fits, is_given, one_of, repeated, required, required_form, text};
use super::forms::Form;
use super::place::Place;
use super::resources::Owner;
use super::{environment, mounts, ports, probes, resources, security};
use crate::resource::fields::{ByName, elements};
use serde_json::Value;

const PULL_POLICIES: &[&str] = &["Always", "IfNotPresent", "Never"];
const MESSAGE_POLICIES: &[&str] = &["FallbackToLogsOnError", "File"];

/// Checks all containers of a pod.
pub fn containers(pod: &Context<'_>, at: &Place<'_>, report: &mut Report<'_>) {
    let own = elements(pod.spec, "containers");
    if own.is_empty() && !pod.options.adds_container {
        report(at, Fault::Missing("containers"));
    }
    let mut index = 0_usize;
    each(pod.spec, "containers", at, |container, at| {
        let is_completed = pod.options.completed == Some(index);
        index = index.saturating_add(1);
        common(pod, container, is_completed, at, report);
        probes::probes(pod, container, at, report);
    });
    each(pod.spec, "initContainers", at, |container, at| {
        common(pod, container, false, at, report);
        one_of(container, "restartPolicy", &["Always", "Never", "OnFailure"], at, report);
        if text(container, "restartPolicy") == Some("Always") {
            return probes::probes(pod, container, at, report);
        }
        for field in probes::PROBES.into_iter().chain(["lifecycle"]) {
            if is_given(container, field) {
                report(&at.field(field), Fault::Refused(Reason::InitContainer));
            }
        }
    });
    if !elements(pod.spec, "ephemeralContainers").is_empty() && !pod.options.is_pod {
        report(&at.field("ephemeralContainers"), Fault::Refused(Reason::EphemeralContainer));
    }
    names(pod.spec, at, report);
    ports::host_ports(pod.spec, "containers", at, report);
    ports::host_ports(pod.spec, "initContainers", at, report);
}

/// No two containers of a pod have one name.
fn names(spec: &Value, at: &Place<'_>, report: &mut Report<'_>) {
    let name = |container| text(container, "name");
    let own = elements(spec, "containers");
    repeated(own, name, |index, name| {
        report(&at.field("containers").index(index).field("name"), Fault::Repeated(name));
    });
    let others = elements(spec, "initContainers");
    repeated(others, name, |index, name| {
        report(&at.field("initContainers").index(index).field("name"), Fault::Repeated(name));
    });
    let own = ByName::new(own);
    each(spec, "initContainers", at, |container, at| {
        if let Some(name) = text(container, "name").filter(|name| own.find(name).is_some()) {
            report(&at.field("name"), Fault::Repeated(name));
        }
    });
}

fn common(
    pod: &Context<'_>,
    container: &Value,
    is_completed: bool,
    at: &Place<'_>,
    report: &mut Report<'_>,
) {
    if !container.is_object() {
        return;
    }
    required_form(container, "name", Form::DnsLabel, at, report);
    if !is_completed
        && let Some(image) = required(container, "image", at, report)
        && pod.options.is_pod
    {
        fits(image, Form::Image, &at.field("image"), report);
    }
    one_of(container, "imagePullPolicy", PULL_POLICIES, at, report);
    one_of(container, "terminationMessagePolicy", MESSAGE_POLICIES, at, report);
    ports::ports(container, pod.spec, at, report);
    environment::environment(container, pod.options.checks_types, at, report);
    mounts::mounts(pod, container, at, report);
    let owner = if is_completed { Owner::Completed } else { Owner::Container };
    resources::resources(owner, container, pod.spec, at, report);
    security::of_container(pod, container, at, report);
    if pod.options.checks_types {
        for list in ["command", "args"] {
            let at = at.field(list);
            for (index, word) in elements(container, list).iter().enumerate() {
                crate::resource::steps::step();
                if !word.is_string() && !word.is_null() {
                    report(&at.index(index), Fault::NotText);
                }
            }
        }
    }
}
