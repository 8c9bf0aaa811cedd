//! Requests that are exempt from all rules.

use crate::flink::{CANARY_LABEL, FlinkContext};
use crate::kinds::{self, Property};
use crate::resource::{Operation, Resource, pointer};
use serde_json::Value;

/// Whether a request is exempt from all rules: deletions, objects that are being deleted, updates
/// that do not change what runs, and objects that an operator makes from a checked one. A refusal
/// would block finalizers and the operator's status updates.
pub fn is_exempt(resource: &Resource, context: &FlinkContext) -> bool {
    if resource.is_removal() || kinds::is_made_by_operator(resource, context) {
        return true;
    }
    match (resource.operation, &resource.old_object) {
        (Operation::Connect, _) => true,
        (Operation::Update, Some(old)) => {
            let kind = kinds::of(&resource.kind);
            let acts_by_annotations =
                kind.is_some_and(|kind| kind.has(Property::ActsByAnnotations));
            let spec = resource.object.get("spec");
            // The operator starts a canary when the label is removed, which changes what runs.
            let same_label = canary_label(old) == canary_label(&resource.object);
            (spec.is_some()
                && spec == old.get("spec")
                && same_label
                && !(acts_by_annotations && other_annotations(resource, old)))
                || kind
                    .and_then(|kind| kind.adds_nothing)
                    .is_some_and(|adds_nothing| adds_nothing(resource, old))
        }
        _ => false,
    }
}

fn other_annotations(resource: &Resource, old: &Value) -> bool {
    let annotations = |object| {
        pointer::at(object, "/metadata/annotations")
            .and_then(Value::as_object)
            .filter(|all| !all.is_empty())
    };
    annotations(&resource.object) != annotations(old)
}

fn canary_label(object: &Value) -> Option<&Value> {
    object.get("metadata")?.get("labels")?.get(CANARY_LABEL)
}
