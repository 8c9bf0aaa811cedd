//! Opens lists of objects, as `kubectl get -o yaml` prints them.

use super::pointer;
use serde_json::Value;

/// The objects of a document, with their places: itself, or the items of a `List` (of any `*List`
/// kind with items). Lists within lists are opened too.
pub fn items(value: &Value) -> Vec<(String, &Value)> {
    let mut open = vec![(String::new(), value)];
    let mut objects = Vec::new();
    while let Some((prefix, value)) = open.pop() {
        match value.get("items").and_then(Value::as_array).filter(|_| is_list(value)) {
            Some(items) => {
                let place =
                    |index: usize| pointer::join(&format!("{prefix}/items"), &index.to_string());
                let items = items.iter().enumerate().rev();
                open.extend(items.map(|(index, item)| (place(index), item)));
            }
            None => objects.push((prefix, value)),
        }
    }
    objects
}

/// Whether an object is a list of others.
pub fn is_list(value: &Value) -> bool {
    value.get("apiVersion").is_some()
        && value.get("kind").and_then(Value::as_str).is_some_and(|kind| kind.ends_with("List"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_list_is_opened_into_its_items() {
        let list = json!({"apiVersion": "v1", "kind": "List", "items": [
            {"kind": "A"},
            {"apiVersion": "v1", "kind": "PodList", "items": [{"kind": "B"}]},
            {"kind": "C"},
        ]});
        let opened: Vec<String> =
            items(&list).into_iter().map(|(at, item)| format!("{at} {}", item["kind"])).collect();
        assert_eq!(opened, ["/items/0 \"A\"", "/items/1/items/0 \"B\"", "/items/2 \"C\""]);
        let whole = json!({"kind": "List", "items": []});
        assert_eq!(items(&whole), [(String::new(), &whole)]);
    }
}
