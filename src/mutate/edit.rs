//! What an injector asks for: values at places within a pod template, not yet said where in the
//! object.

use super::Conflict;
use crate::resource::pointer;
use serde_json::{Map, Value, json};

/// One step into a JSON value. Unlike a pointer's token it says what is to be made where nothing
/// is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// A field of an object.
    Key(String),
    /// An element of an array; missing ones before it are made as `{}`.
    Index(usize),
    /// The element of an array whose `name` is this; made at the end where there is none.
    Named(String),
}

/// A place within a value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Path(pub(super) Vec<Step>);

impl Path {
    /// A path of fields only.
    pub(super) fn keys(keys: &[&str]) -> Self {
        Self(keys.iter().map(|key| Step::Key((*key).into())).collect())
    }

    /// The path of a JSON Pointer to fields of objects.
    pub(super) fn of_fields(pointer: &str) -> Self {
        Self(pointer::tokens(pointer).map(|token| Step::Key(token.into_owned())).collect())
    }

    /// This path and a field more.
    pub(super) fn key(mut self, key: &str) -> Self {
        self.0.push(Step::Key(key.into()));
        self
    }

    /// This path and an element more.
    pub(super) fn index(mut self, index: usize) -> Self {
        self.0.push(Step::Index(index));
        self
    }

    /// This path after another.
    pub(super) fn after(&self, base: &Self) -> Self {
        Self(base.0.iter().chain(&self.0).cloned().collect())
    }

    /// The value at this place, `None` where it is missing or null.
    pub(super) fn find<'v>(&self, root: &'v Value) -> Option<&'v Value> {
        let found = self.0.iter().try_fold(root, |value, step| match step {
            Step::Key(key) => value.get(key),
            Step::Index(index) => value.get(index),
            Step::Named(name) => value.as_array()?.iter().find(|element| named(element, name)),
        });
        found.filter(|value| !value.is_null())
    }

    /// Whether an object on the way, so many steps down or deeper, has a field that is null.
    pub(super) fn passes_null(&self, root: &Value, from: usize) -> bool {
        let mut value = Some(root);
        for (depth, step) in self.0.iter().enumerate() {
            let Some(here) = value else { return false };
            if depth >= from
                && here.as_object().is_some_and(|fields| fields.values().any(Value::is_null))
            {
                return true;
            }
            value = Self(vec![step.clone()]).find(here);
        }
        false
    }

    /// Whether what a change needs is there or can be made: an object or a list wherever the path
    /// goes into one.
    pub(super) fn fits(&self, root: &Value, kind: EditKind) -> bool {
        let mut value = Some(root);
        for step in &self.0 {
            value = match (step, value.filter(|value| !value.is_null())) {
                (_, None) => return true,
                (Step::Key(key), Some(Value::Object(fields))) => fields.get(key),
                // An element that is null merges with nothing, and one that is made of it would.
                (Step::Index(index), Some(Value::Array(elements)))
                    if elements.get(*index) != Some(&Value::Null) =>
                {
                    elements.get(*index)
                }
                (Step::Named(name), Some(Value::Array(elements))) => {
                    elements.iter().find(|element| named(element, name))
                }
                _ => return false,
            };
        }
        kind == EditKind::Set || value.is_none_or(|value| value.is_null() || value.is_array())
    }

    /// The place itself, with all that leads to it made where it is missing; `None` where something
    /// else stands in the way.
    pub(super) fn reach<'v>(&self, root: &'v mut Value) -> Option<&'v mut Value> {
        self.0.iter().try_fold(root, |value, step| match step {
            Step::Key(key) => Some(as_object(value)?.entry(key).or_insert(Value::Null)),
            Step::Index(index) => {
                let elements = as_array(value)?;
                while elements.len() <= *index {
                    elements.push(json!({}));
                }
                elements.get_mut(*index)
            }
            Step::Named(name) => {
                let elements = as_array(value)?;
                let at = elements
                    .iter()
                    .position(|element| named(element, name))
                    .unwrap_or(elements.len());
                if at == elements.len() {
                    elements.push(json!({"name": name}));
                }
                elements.get_mut(at)
            }
        })
    }
}

/// The object at this place, made where nothing is.
pub(super) fn as_object(value: &mut Value) -> Option<&mut Map<String, Value>> {
    if value.is_null() {
        *value = Value::Object(Map::new());
    }
    value.as_object_mut()
}

/// The array at this place, made where nothing is.
pub(super) fn as_array(value: &mut Value) -> Option<&mut Vec<Value>> {
    if value.is_null() {
        *value = Value::Array(Vec::new());
    }
    value.as_array_mut()
}

/// Whether an element's `name` is this.
pub(super) fn named(element: &Value, name: &str) -> bool {
    element.get("name").and_then(Value::as_str) == Some(name)
}

/// What is done at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum EditKind {
    /// The place gets the value.
    Set,
    /// The array at the place gets the value as one more element.
    Append,
}

/// One change to a pod template.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Edit {
    pub(super) kind: EditKind,
    pub(super) path: Path,
    pub(super) value: Value,
}

impl Edit {
    /// Makes the change in a template that stands by itself.
    pub(super) fn make(&self, template: &mut Value) {
        let Some(place) = self.path.reach(template) else { return };
        match self.kind {
            EditKind::Set => *place = self.value.clone(),
            EditKind::Append => {
                as_array(place).into_iter().for_each(|elements| elements.push(self.value.clone()))
            }
        }
    }
}

/// All that one injector asks for one set of pods.
#[derive(Debug, Default)]
pub(super) struct PodChanges {
    pub(super) edits: Vec<Edit>,
    pub(super) conflicts: Vec<Conflict>,
}

impl PodChanges {
    /// Asks for a value at a place.
    pub(super) fn set(&mut self, path: Path, value: impl Into<Value>) {
        self.edits.push(Edit { kind: EditKind::Set, path, value: value.into() });
    }

    /// Asks for one more element of an array.
    pub(super) fn append(&mut self, path: Path, value: impl Into<Value>) {
        self.edits.push(Edit { kind: EditKind::Append, path, value: value.into() });
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;

    #[test]
    fn what_leads_to_a_place_is_made() {
        let mut root = json!({"spec": null});
        *Path::keys(&["spec", "containers"]).index(1).key("a/b").reach(&mut root).unwrap() =
            json!(1);
        assert_eq!(root, json!({"spec": {"containers": [{}, {"a/b": 1}]}}));
    }

    #[test]
    fn a_null_beside_the_way_is_seen_from_the_given_depth_on() {
        let root = json!({"job": null, "template": {"spec": {"volumes": null, "containers": [{"name": "a"}]}}});
        let path = Path::keys(&["template", "spec", "containers"]).index(0).key("env");
        assert_eq!([0, 1, 3].map(|from| path.passes_null(&root, from)), [true, true, false]);
        assert!(!Path::keys(&["template", "metadata"]).passes_null(&root, 1));
    }

    #[test]
    fn what_stands_in_the_way_stays() {
        let mut root = json!({"spec": "text"});
        assert!(Path::keys(&["spec", "containers"]).reach(&mut root).is_none());
        assert_eq!(root, json!({"spec": "text"}));
    }
}
