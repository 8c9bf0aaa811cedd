//! Labels and annotations.

use super::fault::{Fault, Report};
use super::fields::{fits, object};
use super::forms::Form;
use super::place::Place;
use crate::resource::fields::{ByName, elements};
use crate::resource::steps::step;
use serde_json::Value;

/// Bytes of all keys and values of an object's annotations.
const ANNOTATIONS: usize = 256 << 10;

/// Annotation of a pod's profile for seccomp, and the beginning of those of its containers.
const SECCOMP_POD: &str = "seccomp.security.alpha.kubernetes.io/pod";
const SECCOMP_CONTAINER: &str = "container.seccomp.security.alpha.kubernetes.io/";
/// Beginning of the annotations of containers' profiles for AppArmor; the container's name follows.
const APP_ARMOR: &str = "container.apparmor.security.beta.kubernetes.io/";
/// What it costs to delete a pod, in comparison with others of its ReplicaSet.
const DELETION_COST: &str = "controller.kubernetes.io/pod-deletion-cost";

/// Checks the labels in a field: those of a pod, or the ones that it wants of a node.
pub fn labels(
    parent: &Value,
    field: &str,
    checks_types: bool,
    at: &Place<'_>,
    report: &mut Report<'_>,
) {
    let at = at.field(field);
    for (key, value) in fields(parent, field) {
        let at = at.field(key);
        fits(key, Form::Key, &at, report);
        match value {
            Value::String(value) => drop(fits(value, Form::LabelValue, &at, report)),
            Value::Null => {}
            _ if checks_types => report(&at, Fault::NotText),
            _ => {}
        }
    }
}

/// Checks the keys of annotations, their size, and the values that Kubernetes reads.
pub fn annotations(
    metadata: &Value,
    spec: &Value,
    checks_types: bool,
    at: &Place<'_>,
    report: &mut Report<'_>,
) {
    let at = at.field("annotations");
    let containers = ["containers", "initContainers", "ephemeralContainers"]
        .map(|list| ByName::new(elements(spec, list)));
    let mut size = 0_usize;
    for (key, value) in fields(metadata, "annotations") {
        let at = at.field(key);
        fits(key, Form::AnnotationKey, &at, report);
        let Some(value) = value.as_str() else {
            if checks_types && !value.is_null() {
                report(&at, Fault::NotText);
            }
            continue;
        };
        size = size.saturating_add(key.len()).saturating_add(value.len());
        let form = match key.as_str() {
            DELETION_COST => Form::Int32,
            SECCOMP_POD => Form::SeccompProfile,
            key if key.starts_with(SECCOMP_CONTAINER) => Form::SeccompProfile,
            key => {
                if let Some(name) = key.strip_prefix(APP_ARMOR) {
                    app_armor(name, value, &containers, &at, report);
                }
                continue;
            }
        };
        fits(value, form, &at, report);
    }
    if size > ANNOTATIONS {
        report(&at, Fault::TooMany(ANNOTATIONS));
    }
}

fn app_armor(
    name: &str,
    value: &str,
    containers: &[ByName<'_>; 3],
    at: &Place<'_>,
    report: &mut Report<'_>,
) {
    if !containers.iter().any(|list| list.find(name).is_some()) {
        report(at, Fault::NotFound(super::Named::Container, name));
    }
    fits(value, Form::AppArmorProfile, at, report);
}

fn fields<'v>(parent: &'v Value, field: &str) -> impl Iterator<Item = (&'v String, &'v Value)> {
    let fields = object(parent, field).and_then(Value::as_object).into_iter().flatten();
    fields.inspect(|_| step())
}
