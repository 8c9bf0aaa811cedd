//! The changes that an injector requests: values at paths within a pod template, independent of
//! where the object holds the template.

use super::Conflict;
use crate::resource::{pointer, steps};
use serde_json::{Map, Value, json};
use std::borrow::Cow;

/// One step into a JSON value. Unlike a pointer's token, it says what to create if nothing exists.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Step {
    /// A field of an object.
    Key(Cow<'static, str>),
    /// An element of an array; missing elements before it are created as `{}`.
    Index(usize),
    /// The element of an array with this `name`; appended if there is none.
    Named(String),
}

/// Fields that lead to pod templates; paths through them copy no keys.
const FIELDS: [&str; 5] =
    ["spec", "podTemplate", "jobManager", "taskManager", "flinkConfiguration"];

/// The length of most paths, so that one allocation is enough.
const USUAL_LENGTH: usize = 10;

impl Step {
    /// The value at this step, `None` if it is missing or null.
    pub(super) fn find<'v>(&self, value: &'v Value) -> Option<&'v Value> {
        let found = match self {
            Self::Key(key) => value.get(&**key),
            Self::Index(index) => value.get(index),
            Self::Named(name) => value.as_array()?.iter().find(|element| named(element, name)),
        };
        found.filter(|value| !value.is_null())
    }

    /// Appends it to a JSON Pointer.
    pub(super) fn push_to(&self, pointer: &mut String) {
        match self {
            Self::Key(key) => pointer::push(pointer, key),
            Self::Named(name) => pointer::push(pointer, name),
            Self::Index(index) => pointer::push(pointer, &index.to_string()),
        }
    }
}

/// A path within a value.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Path(pub(super) Vec<Step>);

impl Path {
    /// A path that consists of fields.
    pub(super) fn keys(keys: &[&'static str]) -> Self {
        let mut steps = Vec::with_capacity(USUAL_LENGTH);
        steps.extend(keys.iter().map(|key| Step::Key(Cow::Borrowed(*key))));
        Self(steps)
    }

    /// The path of a JSON Pointer to fields of objects.
    pub(super) fn of_fields(pointer: &str) -> Self {
        let key = |token: Cow<'_, str>| match FIELDS.iter().find(|field| **field == token) {
            Some(field) => Step::Key(Cow::Borrowed(*field)),
            None => Step::Key(Cow::Owned(token.into_owned())),
        };
        let mut steps = Vec::with_capacity(USUAL_LENGTH);
        steps.extend(pointer::tokens(pointer).map(key));
        Self(steps)
    }

    /// This path with one more field.
    pub(super) fn key(mut self, key: impl Into<Cow<'static, str>>) -> Self {
        self.0.push(Step::Key(key.into()));
        self
    }

    /// This path with one more array index.
    pub(super) fn index(mut self, index: usize) -> Self {
        self.0.push(Step::Index(index));
        self
    }

    /// This path appended to `base`.
    pub(super) fn after(&self, base: &Self) -> Self {
        Self(base.0.iter().chain(&self.0).cloned().collect())
    }

    /// The value at this path; `None` if it is missing or null.
    pub(super) fn find<'v>(&self, root: &'v Value) -> Option<&'v Value> {
        steps::step();
        let found = self.0.iter().try_fold(root, |value, step| step.find(value));
        found.filter(|value| !value.is_null())
    }

    /// Whether the path goes through a null field at depth `from` or deeper.
    pub(super) fn passes_null(&self, root: &Value, from: usize) -> bool {
        let mut value = Some(root);
        for (depth, step) in self.0.iter().enumerate() {
            let Some(here) = value else { return false };
            if depth >= from
                && here.as_object().is_some_and(|fields| fields.values().any(Value::is_null))
            {
                return true;
            }
            value = step.find(here);
        }
        false
    }

    /// Whether the edit can be made: each step finds an object or a list of the right type, or can
    /// create one.
    pub(super) fn fits(&self, root: &Value, kind: EditKind) -> bool {
        let mut value = Some(root);
        for step in &self.0 {
            value = match (step, value.filter(|value| !value.is_null())) {
                (_, None) => return true,
                (Step::Key(key), Some(Value::Object(fields))) => fields.get(&**key),
                // A null element merges with nothing, but an element created in its place would.
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

    /// Writes a scalar at this path; `false` if the root cannot hold it. A mapping or a list at the
    /// path stays: it is something that the user wrote.
    pub(super) fn set_scalar(&self, root: &mut Value, value: Value) -> bool {
        match self.reach(root) {
            None | Some(Value::Object(_) | Value::Array(_)) => false,
            Some(place) => {
                *place = value;
                true
            }
        }
    }

    /// The value at this path. Missing parents are created; `None` if a value of another type is in
    /// the way.
    pub(super) fn reach<'v>(&self, root: &'v mut Value) -> Option<&'v mut Value> {
        self.0.iter().try_fold(root, |value, step| match step {
            Step::Key(key) => Some(as_object(value)?.entry(&**key).or_insert(Value::Null)),
            Step::Index(index) => {
                let elements = as_array(value)?;
                while elements.len() <= *index {
                    elements.push(json!({}));
                }
                // An empty element is a mistake of the user, and is reported as such.
                elements.get_mut(*index).filter(|element| !element.is_null())
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

/// The object in this value, created if the value is null.
pub(super) fn as_object(value: &mut Value) -> Option<&mut Map<String, Value>> {
    if value.is_null() {
        *value = Value::Object(Map::new());
    }
    value.as_object_mut()
}

/// The array in this value, created if the value is null.
pub(super) fn as_array(value: &mut Value) -> Option<&mut Vec<Value>> {
    if value.is_null() {
        *value = Value::Array(Vec::new());
    }
    value.as_array_mut()
}

/// Whether the element has this `name`.
pub(super) fn named(element: &Value, name: &str) -> bool {
    steps::step();
    element.get("name").and_then(Value::as_str) == Some(name)
}

/// The kind of an edit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum EditKind {
    /// Sets the value at the path.
    Set,
    /// Appends the value to the array at the path.
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
    /// Applies the edit to a single template.
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

/// All changes and conflicts of one injector for one pod set.
#[derive(Debug, Default)]
pub(super) struct PodChanges {
    pub(super) edits: Vec<Edit>,
    pub(super) conflicts: Vec<Conflict>,
    /// Whether what the object lacks is a conflict, because mutation has run.
    pub(super) verifies: bool,
}

impl PodChanges {
    /// Requests a value at a path.
    pub(super) fn set(&mut self, path: Path, value: impl Into<Value>) {
        self.edits.push(Edit { kind: EditKind::Set, path, value: value.into() });
    }

    /// Reports an enforced value that the object lacks, in validation.
    pub(super) fn omission(&mut self, conflict: impl FnOnce() -> Conflict) {
        if self.verifies {
            self.conflicts.push(conflict());
        }
    }

    /// Requests one more element for an array.
    pub(super) fn append(&mut self, path: Path, value: impl Into<Value>) {
        self.edits.push(Edit { kind: EditKind::Append, path, value: value.into() });
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;

    #[test]
    fn missing_parents_are_created() {
        let mut root = json!({"spec": null});
        *Path::keys(&["spec", "containers"]).index(1).key("a/b").reach(&mut root).unwrap() =
            json!(1);
        assert_eq!(root, json!({"spec": {"containers": [{}, {"a/b": 1}]}}));
    }

    #[test]
    fn null_fields_are_found_from_the_given_depth() {
        let root = json!({"job": null, "template": {"spec": {"volumes": null, "containers": [{"name": "a"}]}}});
        let path = Path::keys(&["template", "spec", "containers"]).index(0).key("env");
        assert_eq!([0, 1, 3].map(|from| path.passes_null(&root, from)), [true, true, false]);
        assert!(!Path::keys(&["template", "metadata"]).passes_null(&root, 1));
    }

    #[test]
    fn values_of_another_type_stay() {
        let mut root = json!({"spec": "text"});
        assert!(Path::keys(&["spec", "containers"]).reach(&mut root).is_none());
        assert_eq!(root, json!({"spec": "text"}));
    }
}
