//! Variables of containers.

use super::fault::{Fault, Reason, Report};
use super::fields::{each, fits, object, one_of, one_source, required, required_form, text};
use super::forms::Form;
use super::place::Place;
use serde_json::Value;

/// Where a variable's value can come from.
const SOURCES: &[&str] =
    &["fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef", "fileKeyRef"];
/// Where many variables can come from.
const LISTS: &[&str] = &["configMapRef", "secretRef"];

/// Fields of a pod that a variable can have.
const POD_FIELDS: &[&str] = &[
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.nodeName",
    "spec.serviceAccountName",
    "status.hostIP",
    "status.hostIPs",
    "status.podIP",
    "status.podIPs",
];
/// Resources of a container that a variable or a file can have.
const CONTAINER_RESOURCES: &[&str] = &[
    "limits.cpu",
    "limits.memory",
    "limits.ephemeral-storage",
    "requests.cpu",
    "requests.memory",
    "requests.ephemeral-storage",
];
/// Units of amounts.
const CPU_DIVISORS: &[&str] = &["1m", "1"];
const DIVISORS: &[&str] =
    &["1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei"];

/// Checks the variables of a container.
pub fn environment(container: &Value, checks_types: bool, at: &Place<'_>, report: &mut Report<'_>) {
    each(container, "env", at, |variable, at| {
        if let Some(name) = required(variable, "name", at, report) {
            name_of_variable(name, &at.field("name"), report);
        }
        let value = variable.get("value").filter(|value| !value.is_null());
        if checks_types && value.is_some_and(|value| !value.is_string()) {
            report(&at.field("value"), Fault::NotText);
        }
        if let Some(from) = object(variable, "valueFrom") {
            source(from, text(variable, "value").is_some(), at, report);
        }
    });
    each(container, "envFrom", at, |from, at| {
        if let Some(prefix) = text(from, "prefix") {
            name_of_variable(prefix, &at.field("prefix"), report);
        }
        if one_source(from, LISTS, at, report).is_some() {
            for list in LISTS {
                if let Some(reference) = object(from, list) {
                    required_form(reference, "name", Form::Prefix, &at.field(list), report);
                }
            }
        }
    });
}

fn name_of_variable(name: &str, at: &Place<'_>, report: &mut Report<'_>) {
    if fits(name, Form::NewVariable, at, report) {
        fits(name, Form::Variable, at, report);
    }
}

fn source(from: &Value, has_value: bool, at: &Place<'_>, report: &mut Report<'_>) {
    let from_at = at.field("valueFrom");
    let Some(given) = one_source(from, SOURCES, &from_at, report) else { return };
    if has_value {
        report(&from_at, Fault::Refused(Reason::ValueAndSource));
    }
    let Some(reference) = object(from, given) else { return };
    let at = from_at.field(given);
    match given {
        "fieldRef" => pod_field(reference, POD_FIELDS, &at, report),
        "resourceFieldRef" => container_resource(reference, false, &at, report),
        "configMapKeyRef" | "secretKeyRef" => {
            required_form(reference, "name", Form::DnsSubdomain, &at, report);
            required_form(reference, "key", Form::FileKey, &at, report);
        }
        _ => {
            required_form(reference, "key", Form::NewVariable, &at, report);
            required_form(reference, "volumeName", Form::DnsLabel, &at, report);
            required_form(reference, "path", Form::NoSteps, &at, report);
        }
    }
}

/// Checks a reference to a field of the pod.
pub(super) fn pod_field(
    reference: &Value,
    allowed: &'static [&'static str],
    at: &Place<'_>,
    report: &mut Report<'_>,
) {
    one_of(reference, "apiVersion", &["v1"], at, report);
    let Some(path) = required(reference, "fieldPath", at, report) else { return };
    let at = at.field("fieldPath");
    let subscript = path.strip_suffix("']").and_then(|path| path.split_once("['"));
    match subscript {
        Some(("metadata.annotations", key)) => drop(fits(key, Form::AnnotationKey, &at, report)),
        Some(("metadata.labels", key)) => drop(fits(key, Form::Key, &at, report)),
        // The former name of this field.
        None if path == "spec.host" && allowed == POD_FIELDS => {}
        None if allowed.contains(&path) => {}
        _ => report(&at, Fault::Unsupported(path, allowed)),
    }
}

/// Checks a reference to a resource of a container.
pub(super) fn container_resource(
    reference: &Value,
    is_file: bool,
    at: &Place<'_>,
    report: &mut Report<'_>,
) {
    if is_file {
        required(reference, "containerName", at, report);
    }
    let Some(resource) = required(reference, "resource", at, report) else { return };
    let is_huge = |prefix: &str| resource.starts_with(prefix);
    let is_huge = is_huge("limits.hugepages-") || is_huge("requests.hugepages-");
    if !CONTAINER_RESOURCES.contains(&resource) && !is_huge {
        report(&at.field("resource"), Fault::Unsupported(resource, CONTAINER_RESOURCES));
        return;
    }
    let allowed = if resource.ends_with(".cpu") { CPU_DIVISORS } else { DIVISORS };
    // Zero means one.
    if let Some(divisor) = text(reference, "divisor").filter(|divisor| *divisor != "0")
        && !allowed.contains(&divisor)
    {
        report(&at.field("divisor"), Fault::Unsupported(divisor, allowed));
    }
}
