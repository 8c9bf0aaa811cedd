//! Computes the JSON Patch (RFC 6902) between two states of an object. It contains only what
//! differs.

use json_patch::jsonptr::PointerBuf;
use json_patch::{AddOperation, Patch, PatchOperation, RemoveOperation, ReplaceOperation};
use serde_json::Value;

/// The smallest patch that turns `before` into `after`; empty if they are equal.
///
/// Arrays are compared element by element, so one more element at the end is one `add`.
pub fn patch(before: &Value, after: &Value) -> Patch {
    let mut operations = Vec::new();
    compare(before, after, &mut PointerBuf::root(), &mut operations);
    Patch(operations)
}

fn compare(
    before: &Value,
    after: &Value,
    at: &mut PointerBuf,
    operations: &mut Vec<PatchOperation>,
) {
    match (before, after) {
        (Value::Object(old), Value::Object(new)) => {
            for (key, value) in old {
                at.push_back(key.as_str());
                match new.get(key) {
                    Some(other) => compare(value, other, at, operations),
                    None => operations
                        .push(PatchOperation::Remove(RemoveOperation { path: at.clone() })),
                }
                at.pop_back();
            }
            for (key, value) in new.iter().filter(|(key, _)| !old.contains_key(*key)) {
                at.push_back(key.as_str());
                operations.push(PatchOperation::Add(AddOperation {
                    path: at.clone(),
                    value: value.clone(),
                }));
                at.pop_back();
            }
        }
        (Value::Array(old), Value::Array(new)) => {
            for (index, (value, other)) in old.iter().zip(new).enumerate() {
                at.push_back(index);
                compare(value, other, at, operations);
                at.pop_back();
            }
            // From the end, so that each removal keeps the indices of the remaining ones.
            for index in (new.len()..old.len()).rev() {
                at.push_back(index);
                operations.push(PatchOperation::Remove(RemoveOperation { path: at.clone() }));
                at.pop_back();
            }
            for (index, value) in new.iter().enumerate().skip(old.len()) {
                at.push_back(index);
                operations.push(PatchOperation::Add(AddOperation {
                    path: at.clone(),
                    value: value.clone(),
                }));
                at.pop_back();
            }
        }
        (old, new) if old == new => {}
        (_, new) => operations.push(PatchOperation::Replace(ReplaceOperation {
            path: at.clone(),
            value: new.clone(),
        })),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn equal_states_need_no_patch() {
        let object = json!({"spec": {"containers": [{"name": "a"}]}});
        assert!(patch(&object, &object).0.is_empty());
    }

    #[test]
    fn patch_adds_new_fields_with_escaped_keys() {
        let before =
            json!({"metadata": {"labels": {"a": "1"}}, "spec": {"tolerations": [{"key": "x"}]}});
        let after = json!({"metadata": {"labels": {"a": "2", "b/c~d": "3"}}, "spec": {"tolerations": [{"key": "x"}, {"key": "y"}]}});
        let patch = patch(&before, &after);
        assert_eq!(
            serde_json::to_value(&patch).unwrap(),
            json!([
                {"op": "replace", "path": "/metadata/labels/a", "value": "2"},
                {"op": "add", "path": "/metadata/labels/b~1c~0d", "value": "3"},
                {"op": "add", "path": "/spec/tolerations/1", "value": {"key": "y"}},
            ])
        );
    }

    #[test]
    fn shrinking_arrays_and_removed_fields_apply() {
        let before = json!({"a": [1, 2, 3], "b": {"c": 1}});
        let after = json!({"a": [4], "b": {}});
        let mut patched = before.clone();
        json_patch::patch(&mut patched, &patch(&before, &after)).unwrap();
        assert_eq!(patched, after);
    }
}
