//! Opens lists of objects, as `kubectl get -o yaml` prints them.

use super::pointer;
use serde_json::Value;

/// The objects of a document, with their places: itself, or the items of a `List` (of any `*List`
/// kind with items). Lists within lists are opened too.
pub fn items(value: &Value) -> Vec<(String, &Value)> {
    open(value, |value| {
        let items = value.get("items")?.as_array().filter(|_| is_list(value))?;
        Some(items.iter().collect())
    })
}

/// [`items`] that take the document apart.
pub fn into_items(value: Value) -> Vec<(String, Value)> {
    open(value, |value| {
        let is_list = is_list(value);
        let items = value.get_mut("items").filter(|_| is_list)?.as_array_mut()?;
        Some(std::mem::take(items))
    })
}

fn open<V>(value: V, items: impl Fn(&mut V) -> Option<Vec<V>>) -> Vec<(String, V)> {
    let mut open = vec![(String::new(), value)];
    let mut objects = Vec::new();
    while let Some((prefix, mut value)) = open.pop() {
        let Some(items) = items(&mut value) else {
            objects.push((prefix, value));
            continue;
        };
        let place = |index: usize| pointer::join(&format!("{prefix}/items"), &index.to_string());
        let items = items.into_iter().enumerate().rev();
        open.extend(items.map(|(index, item)| (place(index), item)));
    }
    objects
}

/// Whether an object is a list of others.
pub fn is_list(value: &Value) -> bool {
    value.get("apiVersion").is_some()
        && value.get("kind").and_then(Value::as_str).is_some_and(|kind| kind.ends_with("List"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
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
        let owned: Vec<String> = into_items(list)
            .into_iter()
            .map(|(at, item)| format!("{at} {}", item["kind"]))
            .collect();
        assert_eq!(owned, opened);
    }

    #[test]
    fn what_only_looks_like_a_list_stays_whole() {
        for object in [
            json!({"kind": "List", "items": []}),
            json!({"apiVersion": "v1", "kind": "List"}),
            json!({"apiVersion": "v1", "kind": "Pod", "items": [1]}),
        ] {
            assert_eq!(items(&object), [(String::new(), &object)]);
            assert_eq!(into_items(object.clone()), [(String::new(), object)]);
        }
    }
}
