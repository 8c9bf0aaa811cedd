//! The claim of a generic ephemeral volume.

use super::fault::{Fault, Reason, Report};
use super::fields::{formed, object, one_of_given};
use super::forms::Form;
use super::place::Place;
use super::{metadata, selectors};
use crate::resource::fields::elements;
use crate::resource::pointer;
use crate::resource::quantity::Quantity;
use crate::resource::steps::step;
use serde_json::Value;

const ACCESS_MODES: &[&str] =
    &["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"];

/// Checks the template of the claim that Kubernetes makes for a volume.
pub fn claim_template(source: &Value, at: &Place<'_>, report: &mut Report<'_>) {
    let Some(template) = object(source, "volumeClaimTemplate") else {
        return report(at, Fault::Missing("volumeClaimTemplate"));
    };
    let at = at.field("volumeClaimTemplate");
    if let Some(own) = object(template, "metadata") {
        let at = at.field("metadata");
        metadata::labels(own, "labels", true, &at, report);
        for (name, value) in own.as_object().into_iter().flatten() {
            step();
            let is_allowed = matches!(name.as_str(), "labels" | "annotations");
            if !is_allowed && !value.is_null() && name != "creationTimestamp" {
                report(&at.field(name), Fault::Refused(Reason::TemplateMetadata));
            }
        }
    }
    let spec = object(template, "spec").unwrap_or(&Value::Null);
    let at = at.field("spec");
    let modes = elements(spec, "accessModes");
    if modes.is_empty() {
        report(&at, Fault::Missing("accessModes"));
    }
    let at_modes = at.field("accessModes");
    for (index, mode) in modes.iter().enumerate() {
        if let Some(mode) = mode.as_str().filter(|mode| !ACCESS_MODES.contains(mode)) {
            report(&at_modes.index(index), Fault::Unsupported(mode, ACCESS_MODES));
        }
    }
    if modes.len() > 1 && modes.iter().any(|mode| mode == "ReadWriteOncePod") {
        report(&at_modes, Fault::Refused(Reason::ReadWriteOncePod));
    }
    match pointer::at(spec, "/resources/requests/storage") {
        None | Some(Value::Null) => report(&at, Fault::Missing("resources.requests.storage")),
        Some(size) => {
            let size = Quantity::from_json(size);
            if size.is_ok_and(|size| size.is_negative() || size.is_zero()) {
                let at = at.field("resources");
                let at = at.field("requests");
                report(&at.field("storage"), Fault::Negative);
            }
        }
    }
    formed(spec, "storageClassName", Form::DnsSubdomain, &at, report);
    one_of_given(spec, "volumeMode", &["Block", "Filesystem"], &at, report);
    selectors::label_selector(spec, "selector", &at, report);
}
