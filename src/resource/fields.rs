//! Reads fields of untrusted objects. A value of the wrong type counts as missing.

use super::{pointer, steps};
use serde_json::Value;
use std::cell::OnceCell;
use std::collections::BTreeMap;

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

/// Elements found by their `name`; of several with one name, the first. A long list gets an index.
#[derive(Debug)]
pub struct ByName<'v> {
    list: &'v [Value],
    index: OnceCell<BTreeMap<&'v str, &'v Value>>,
}

/// Longest list that is searched without an index.
const SHORT: usize = 16;

impl<'v> ByName<'v> {
    /// The elements of this list.
    pub fn new(list: &'v [Value]) -> Self {
        Self { list, index: OnceCell::new() }
    }

    /// The element with this name. A missing name counts as empty.
    pub fn find(&self, name: &str) -> Option<&'v Value> {
        if self.list.len() <= SHORT {
            return self.list.iter().find(|element| text(element, "name") == name);
        }
        let index = self.index.get_or_init(|| {
            let named = self.list.iter().rev().map(|element| (text(element, "name"), element));
            named.collect()
        });
        index.get(name).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_first_element_with_a_name_is_found() {
        for more in [0, 100] {
            let mut list =
                vec![json!({"name": "a", "n": 1}), json!({"n": 2}), json!({"name": "a"})];
            list.extend((0..more).map(|n| json!({"name": format!("x{n}")})));
            let by_name = ByName::new(&list);
            assert_eq!(
                [by_name.find("a"), by_name.find(""), by_name.find("b")],
                [list.first(), list.get(1), None]
            );
        }
    }

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
