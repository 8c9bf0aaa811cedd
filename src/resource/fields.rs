//! Reads fields of untrusted objects. A value of the wrong type counts as missing.

use super::{pointer, steps};
use serde_json::Value;

/// The string in a field; empty if there is none.
pub fn text<'v>(parent: &'v Value, field: &str) -> &'v str {
    steps::step();
    parent.get(field).and_then(Value::as_str).unwrap_or_default()
}

/// The elements of a list; empty if there is no list.
pub fn elements<'v>(parent: &'v Value, field: &str) -> &'v [Value] {
    of(parent.get(field))
}

/// [`elements`] of the list that a JSON Pointer names.
pub fn elements_at<'v>(root: &'v Value, place: &str) -> &'v [Value] {
    of(pointer::at(root, place))
}

fn of(list: Option<&Value>) -> &[Value] {
    list.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_of_another_type_count_as_missing() {
        let object = json!({"text": "a", "list": [1, 2], "map": {"list": [3]}, "null": null});
        assert_eq!(
            ["text", "list", "map", "null", "none"].map(|field| text(&object, field)),
            ["a", "", "", "", ""]
        );
        assert_eq!(
            ["list", "text", "map", "null", "none"].map(|field| elements(&object, field).len()),
            [2, 0, 0, 0, 0]
        );
        assert_eq!(
            ["/map/list", "/list/0", "/none/list", "list"]
                .map(|place| elements_at(&object, place).len()),
            [1, 0, 0, 0]
        );
    }
}
