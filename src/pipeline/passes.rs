//! What passes whatever rules say.

use crate::flink;
use crate::resource::{Operation, Resource, pointer};
use serde_json::Value;

/// What no rule may stand in the way of: deletions, objects on their way out, and updates that leave what runs
/// as it is. A refusal there would block finalizers and the operator's own bookkeeping.
///
/// Only an update's word counts for that: a tenant may write a `deletionTimestamp` into what is created.
pub(super) fn passes_always(resource: &Resource) -> bool {
    match (resource.operation, &resource.old_object) {
        (Operation::Delete | Operation::Connect, _) => true,
        (Operation::Update, Some(old)) => {
            let deleting = pointer::at(old, "/metadata/deletionTimestamp").is_some_and(|at| !at.is_null());
            let spec = resource.object.get("spec");
            // The operator starts to act on a canary when it loses its label, so that is a change of what runs.
            let same_label = canary_label(old) == canary_label(&resource.object);
            deleting || (spec.is_some() && spec == old.get("spec") && same_label)
        }
        _ => false,
    }
}

fn canary_label(object: &Value) -> Option<&Value> {
    object.get("metadata")?.get("labels")?.get(flink::CANARY_LABEL)
}
