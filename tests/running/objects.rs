//! Lists of pods, for [`super::pods`].

use serde_json::{Value, json};

/// The list in a value, which becomes one.
pub fn as_array(value: &mut Value) -> &mut Vec<Value> {
    if !value.is_array() {
        *value = json!([]);
    }
    value.as_array_mut().unwrap()
}

/// Appends an element unless one with its name or path exists.
pub fn append(list: &mut Value, element: Value) {
    let list = as_array(list);
    let key = if element.get("mountPath").is_some() { "mountPath" } else { "name" };
    let has = |other: &Value| {
        *other == element || (element.get(key).is_some() && other.get(key) == element.get(key))
    };
    if !list.iter().any(has) {
        list.push(element);
    }
}
