//! Requests that are exempt from all rules.

use crate::flink;
use crate::resource::{Operation, Resource};
use serde_json::Value;

/// Whether a request is exempt from all rules: deletions, objects that are being deleted, updates
/// that leave what runs as it is, and what an operator makes of an object that was checked. A
/// refusal would block finalizers and the operator's own bookkeeping.
pub fn is_exempt(resource: &Resource) -> bool {
    if resource.is_removal() || flink::is_made_by_operator(resource) {
        return true;
    }
    match (resource.operation, &resource.old_object) {
        (Operation::Connect, _) => true,
        (Operation::Update, Some(old)) => {
            let spec = resource.object.get("spec");
            // The operator starts to act on a canary when it loses its label, so that is a change
            // of what runs.
            let same_label = canary_label(old) == canary_label(&resource.object);
            (spec.is_some()
                && spec == old.get("spec")
                && same_label
                && flink::has_same_annotations(resource, old))
                || flink::only_shrinks(resource, old)
                || flink::is_same_configuration(resource, old)
                || flink::requests_no_more(resource, old)
        }
        _ => false,
    }
}

fn canary_label(object: &Value) -> Option<&Value> {
    object.get("metadata")?.get("labels")?.get(flink::CANARY_LABEL)
}
