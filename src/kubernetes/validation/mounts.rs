//! What containers mount.

use super::context::Context;
use super::fault::{Fault, Named, Reason, Report};
use super::fields::{each, fits, is_given, is_true, one_of_given, repeated, required, text};
use super::forms::Form;
use super::place::Place;
use crate::resource::fields::{ByName, elements};
use serde_json::Value;

/// Checks the mounts and block devices of a container.
pub fn mounts(pod: &Context<'_>, container: &Value, at: &Place<'_>, report: &mut Report<'_>) {
    let devices = ByName::new(elements(container, "volumeDevices"));
    each(container, "volumeMounts", at, |mount, at| {
        required(mount, "mountPath", at, report);
        if let Some(name) = required(mount, "name", at, report) {
            if !pod.has_volume(name) {
                report(&at.field("name"), Fault::NotFound(Named::Volume, name));
            }
            if devices.find(name).is_some() {
                report(&at.field("name"), Fault::Both("volumeMounts", "volumeDevices"));
            }
        }
        for field in ["subPath", "subPathExpr"] {
            if let Some(path) = text(mount, field) {
                fits(path, Form::Below, &at.field(field), report);
            }
        }
        if is_given(mount, "subPath") && is_given(mount, "subPathExpr") {
            report(&at.field("subPathExpr"), Fault::Both("subPath", "subPathExpr"));
        }
        propagation(container, mount, at, report);
    });
    unique(container, "volumeMounts", "mountPath", at, report);
    if !pod.host_users && is_given(container, "volumeDevices") {
        report(&at.field("volumeDevices"), Fault::Refused(Reason::HostUsers));
    }
    each(container, "volumeDevices", at, |device, at| {
        if let Some(path) = required(device, "devicePath", at, report) {
            fits(path, Form::NoSteps, &at.field("devicePath"), report);
        }
        let Some(name) = required(device, "name", at, report) else { return };
        match pod.volumes.find(name) {
            Some(volume) => {
                if !is_given(volume, "persistentVolumeClaim") && !is_given(volume, "ephemeral") {
                    report(&at.field("name"), Fault::Refused(Reason::BlockDevice));
                }
            }
            None if pod.has_volume(name) => {}
            None => report(&at.field("name"), Fault::NotFound(Named::Volume, name)),
        }
    });
    for field in ["name", "devicePath"] {
        unique(container, "volumeDevices", field, at, report);
    }
}

fn unique(container: &Value, list: &str, field: &str, at: &Place<'_>, report: &mut Report<'_>) {
    let at = at.field(list);
    repeated(
        elements(container, list),
        |mount| text(mount, field),
        |index, value| {
            report(&at.index(index).field(field), Fault::Repeated(value));
        },
    );
}

fn propagation(container: &Value, mount: &Value, at: &Place<'_>, report: &mut Report<'_>) {
    let modes = &["Bidirectional", "HostToContainer", "None"];
    one_of_given(mount, "mountPropagation", modes, at, report);
    let mode = text(mount, "mountPropagation");
    let context = container.get("securityContext").unwrap_or(&Value::Null);
    if mode == Some("Bidirectional") && !is_true(context, "privileged") {
        report(&at.field("mountPropagation"), Fault::Refused(Reason::Bidirectional));
    }
    let modes = &["Disabled", "Enabled", "IfPossible"];
    one_of_given(mount, "recursiveReadOnly", modes, at, report);
    if matches!(text(mount, "recursiveReadOnly"), Some("Enabled" | "IfPossible"))
        && (!is_true(mount, "readOnly") || mode.is_some_and(|mode| mode != "None"))
    {
        report(&at.field("recursiveReadOnly"), Fault::Refused(Reason::RecursiveReadOnly));
    }
}
