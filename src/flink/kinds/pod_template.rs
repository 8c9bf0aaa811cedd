//! Merges the common pod template with a role's, as the Flink operator does.
//!
//! Mappings merge field by field, and the role's value overrides the common one. Lists merge by
//! position, unless merging by name is on and every element of both lists has a name. For scalar
//! elements, the common list counts: the operator merges elements as mappings, and a scalar has no
//! fields.

use crate::flink::sizing::SizeProblem;
use crate::flink::workload::{ElementOrigins, MergeResult, MergedTemplate};
use crate::resource::{pointer, steps, type_name};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Deepest level that is merged; below it the common template counts. Pods nest about ten levels
/// deep, and the API server refuses objects far below the stack's limit. A file may contain
/// anything.
const DEEPEST: usize = 64;

/// Reports a template that is not a pod template: no pod can be created from it, and no rule can
/// check it.
pub fn check(object: &Value, place: &str, problems: &mut Vec<SizeProblem>) {
    let mut wrong = |place: String, value: &Value, wanted: &str| {
        let message = format!("this is {}, so no pod can be created from it", type_name(value));
        problems.push(SizeProblem::new(place, message, format!("write {wanted}")).of_type());
    };
    let Some(template) = pointer::at(object, place).filter(|template| !template.is_null()) else {
        return;
    };
    if !template.is_object() {
        return wrong(place.to_owned(), template, "a pod template, with metadata and spec");
    }
    for field in ["metadata", "spec"] {
        if let Some(value) =
            template.get(field).filter(|value| !value.is_null() && !value.is_object())
        {
            wrong(format!("{place}/{field}"), value, &format!("the {field} of a pod, a mapping"));
        }
    }
    let containers =
        pointer::at(template, "/spec/containers").and_then(Value::as_array).into_iter().flatten();
    for (index, container) in containers.enumerate().filter(|(_, container)| !container.is_object())
    {
        wrong(
            format!("{place}/spec/containers/{index}"),
            container,
            "a container, a mapping with a name",
        );
    }
}

/// Merges the templates at two pointers of an object.
pub fn merge(object: &Value, common: &str, role: &str, by_name: bool) -> MergedTemplate {
    let at = |place| pointer::at(object, place).filter(|template| template.is_object());
    let mut merging =
        Merging { by_name, place: String::new(), depth: 0, elements: BTreeMap::new() };
    let result = match (at(common), at(role)) {
        (None, None) => MergeResult::Nothing,
        (Some(_), None) => MergeResult::Common,
        (None, Some(_)) => MergeResult::Role,
        (Some(common), Some(role)) => {
            let mut merged = common.clone();
            merging.merge(&mut merged, role);
            MergeResult::Both(merged)
        }
    };
    MergedTemplate {
        result,
        common: common.into(),
        role: role.into(),
        by_name,
        elements: merging.elements,
    }
}

struct Merging {
    by_name: bool,
    place: String,
    depth: usize,
    elements: BTreeMap<String, ElementOrigins>,
}

impl Merging {
    fn merge(&mut self, to: &mut Value, from: &Value) {
        let (Value::Object(to), Value::Object(from)) = (to, from) else { return };
        if self.depth >= DEEPEST {
            return;
        }
        for (name, from) in from {
            steps::step();
            // The operator reads templates into typed objects, in which null means missing.
            if from.is_null() {
                continue;
            }
            self.field(to, name, from);
        }
    }

    fn field(&mut self, to: &mut Map<String, Value>, name: &str, from: &Value) {
        match (to.get_mut(name), from) {
            (Some(Value::Array(to)), Value::Array(from)) => {
                self.inside(name, |merging| merging.list(to, from))
            }
            (Some(to @ Value::Object(_)), from) => {
                self.inside(name, |merging| merging.merge(to, from))
            }
            _ => {
                to.insert(name.to_owned(), from.clone());
            }
        }
    }

    fn list(&mut self, to: &mut Vec<Value>, from: &[Value]) {
        if self.by_name
            && to
                .iter()
                .chain(from)
                .all(|element| element.get("name").is_some_and(Value::is_string))
        {
            return self.list_by_name(to, from);
        }
        for (index, from) in from.iter().enumerate() {
            match to.get_mut(index) {
                Some(to) => self.inside(&index.to_string(), |merging| merging.merge(to, from)),
                None => to.push(from.clone()),
            }
        }
    }

    /// Elements keep the position of their name's first occurrence. Of several elements with one
    /// name in one list, the last counts.
    fn list_by_name(&mut self, to: &mut Vec<Value>, from: &[Value]) {
        let mut names: Vec<&str> = Vec::with_capacity(to.len().saturating_add(from.len()));
        let mut origins: ElementOrigins = Vec::new();
        let common = std::mem::take(to);
        let mut sources: BTreeMap<&str, usize> = BTreeMap::new();
        let all = common.iter().enumerate().map(|(index, element)| (element, (Some(index), None)));
        for (element, origin) in all
            .chain(from.iter().enumerate().map(|(index, element)| (element, (None, Some(index)))))
        {
            let name = name_of(element);
            let slot = *sources.entry(name).or_insert_with(|| {
                names.push(name);
                origins.push((None, None));
                origins.len() - 1
            });
            if let Some((in_common, in_role)) = origins.get_mut(slot) {
                *in_common = origin.0.or(*in_common);
                *in_role = origin.1.or(*in_role);
            }
        }
        for (index, (in_common, in_role)) in origins.iter().enumerate() {
            let common = in_common.and_then(|index| common.get(index));
            let role = in_role.and_then(|index| from.get(index));
            let merged = match (common, role) {
                (Some(common), Some(role)) => {
                    let mut merged = common.clone();
                    self.inside(&index.to_string(), |merging| merging.merge(&mut merged, role));
                    merged
                }
                (only, None) | (None, only) => only.cloned().unwrap_or_default(),
            };
            to.push(merged);
        }
        self.elements.insert(self.place.clone(), origins);
    }

    fn inside(&mut self, token: &str, then: impl FnOnce(&mut Self)) {
        let length = self.place.len();
        pointer::push(&mut self.place, token);
        self.depth += 1;
        then(self);
        self.depth -= 1;
        self.place.truncate(length);
    }
}

fn name_of(element: &Value) -> &str {
    element.get("name").and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use crate::flink::{PodSet, Role, Template};
    use serde_json::json;

    fn merged(common: Value, role: Value, by_name: bool) -> (Value, MergedTemplate) {
        let object = json!({"spec": {"podTemplate": common, "taskManager": {"podTemplate": role}}});
        let merged = merge(&object, "/spec/podTemplate", "/spec/taskManager/podTemplate", by_name);
        (object, merged)
    }

    fn containers(list: Value) -> Value {
        json!({"spec": {"containers": list}})
    }

    #[test]
    fn lists_merge_by_position_by_default() {
        let (object, template) = merged(
            containers(json!([{"name": "main", "image": "a", "args": ["x", "y"]}])),
            containers(
                json!([{"name": "sidecar", "args": ["z", "z", "w"], "tty": null}, {"name": "second"}]),
            ),
            false,
        );
        assert_eq!(
            *template.value(&object),
            containers(
                json!([{"name": "sidecar", "image": "a", "args": ["x", "y", "w"]}, {"name": "second"}])
            )
        );
        assert!(template.elements.is_empty());
    }

    #[test]
    fn lists_merge_by_name_when_every_element_has_one() {
        let (object, template) = merged(
            containers(
                json!([{"name": "log", "image": "l"}, {"name": "main", "env": [{"name": "A", "value": "1"}]}]),
            ),
            containers(
                json!([{"name": "main", "env": [{"name": "B", "value": "2"}, {"name": "A", "value": "3"}]}, {"name": "new"}]),
            ),
            true,
        );
        assert_eq!(
            *template.value(&object),
            containers(json!([
                {"name": "log", "image": "l"},
                {"name": "main", "env": [{"name": "A", "value": "3"}, {"name": "B", "value": "2"}]},
                {"name": "new"}]))
        );
        assert_eq!(
            template.elements["/spec/containers"],
            [(Some(0), None), (Some(1), Some(0)), (None, Some(1))]
        );
        let set = PodSet {
            role: Role::TaskManager,
            replicas: 1,
            template: Template::Merged(template),
            main_container: None,
        };
        let places = [
            ("/spec/containers/0/image", "/spec/podTemplate/spec/containers/0/image"),
            (
                "/spec/containers/1/env/0/value",
                "/spec/taskManager/podTemplate/spec/containers/0/env/1/value",
            ),
            (
                "/spec/containers/1/env/1/value",
                "/spec/taskManager/podTemplate/spec/containers/0/env/0/value",
            ),
            ("/spec/containers/2/name", "/spec/taskManager/podTemplate/spec/containers/1/name"),
            (
                "/spec/containers/0/securityContext",
                "/spec/podTemplate/spec/containers/0/securityContext",
            ),
        ];
        for (within, place) in places {
            assert_eq!(set.locate(&object, within), place);
        }
    }

    #[test]
    fn last_element_with_a_name_replaces_the_first() {
        let (object, template) = merged(
            containers(
                json!([{"name": "a", "image": "1"}, {"name": "b"}, {"name": "a", "image": "2"}]),
            ),
            containers(json!([])),
            true,
        );
        assert_eq!(
            *template.value(&object),
            containers(json!([{"name": "a", "image": "2"}, {"name": "b"}]))
        );
    }

    #[test]
    fn templates_of_any_shape_merge() {
        for odd in [
            json!(null),
            json!(7),
            json!("x"),
            json!([1]),
            json!({"spec": 1}),
            containers(json!("x")),
            containers(json!([1, null])),
        ] {
            for other in
                [json!(null), json!([{}]), json!({"spec": {}}), containers(json!([{"name": "a"}]))]
            {
                merged(odd.clone(), other.clone(), true);
                merged(other.clone(), odd.clone(), false);
            }
        }
        let mut deep = json!({});
        for _ in 0..90 {
            deep = json!({"a": deep});
        }
        merged(deep.clone(), deep, false);
    }
}
