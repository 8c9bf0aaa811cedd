//! Where the elements of merged pod templates are in the templates that the operator merges.

use super::edit::{Edit, Path, Step, named};
use super::template_editor::TemplateEditor;
use crate::flink::workload::MergedTemplate;
use crate::resource::steps;
use serde_json::Value;

/// An array of a merged template.
struct Array<'a> {
    /// The index of the set of pods.
    index: usize,
    /// Its path in the template.
    path: &'a [Step],
    /// The same as a JSON Pointer, if any array was merged by name.
    within: &'a str,
    value: Option<&'a Value>,
}

/// The arrays of which it is known whether all of their elements have a name. These are few: lists
/// of containers and of volumes.
#[derive(Debug, Default)]
pub(super) struct NamedArrays(Vec<(usize, Vec<Step>, bool)>);

impl NamedArrays {
    fn find(&self, array: &Array<'_>) -> Option<bool> {
        let is_same = |(index, path, _): &&(usize, Vec<Step>, bool)| {
            *index == array.index && path == array.path
        };
        self.0.iter().find(is_same).map(|(_, _, all)| *all)
    }

    fn add(&mut self, array: &Array<'_>, all: bool) {
        self.0.push((array.index, array.path.to_vec(), all));
    }

    /// Forgets what is known of an array that changed.
    pub(super) fn forget(&mut self, array: &Path) {
        self.0.retain(|(_, path, _)| *path != array.0);
    }

    /// Forgets what is known, after templates changed.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}

impl TemplateEditor<'_> {
    /// Whether the array that gets this element merges by name.
    pub(super) fn is_keyed(&self, index: usize, edit: &Edit) -> bool {
        let Some(merged) =
            self.merged(index).filter(|merged| merged.by_name && is_named(&edit.value))
        else {
            return false;
        };
        let (in_common, in_role) = self.places(index, merged, &edit.path);
        let all_named = |path: &Path| {
            path.find(self.object())
                .and_then(Value::as_array)
                .is_none_or(|elements| elements.iter().all(is_named))
        };
        in_common.is_none_or(|path| all_named(&path)) && all_named(&in_role)
    }

    /// The place in the common template, if its array elements exist there, and in the role's
    /// template, for a place in the merged template.
    pub(super) fn places(
        &self,
        index: usize,
        merged: &MergedTemplate,
        path: &Path,
    ) -> (Option<Path>, Path) {
        let mut common = Some(Path::of_fields(&merged.common));
        let mut role = Path::of_fields(&merged.role);
        let (mut within, mut view) = (String::new(), Some(merged.value(self.object())));
        for (depth, step) in path.0.iter().enumerate() {
            let (common_step, role_step) = match step {
                Step::Index(at) => {
                    let array = Array {
                        index,
                        path: path.0.get(..depth).unwrap_or_default(),
                        within: &within,
                        value: view,
                    };
                    self.element(merged, &array, *at, common.as_ref(), &role)
                }
                other => (Some(other.clone()), other.clone()),
            };
            common = common.zip(common_step).map(|(mut path, step)| {
                path.0.push(step);
                path
            });
            role.0.push(role_step);
            view = view.and_then(|view| step.find(view));
            // Only arrays that merged by name are looked up by their place.
            if !merged.elements.is_empty() {
                step.push_to(&mut within);
            }
        }
        (common, role)
    }

    fn element(
        &self,
        merged: &MergedTemplate,
        array: &Array<'_>,
        at: usize,
        common: Option<&Path>,
        role: &Path,
    ) -> (Option<Step>, Step) {
        let name = array.value.and_then(|array| array.get(at)?.get("name")?.as_str());
        let by_name = || name.map_or(Step::Index(at), |name| Step::Named(name.into()));
        if let Some(&(in_common, in_role)) =
            merged.elements.get(array.within).and_then(|elements| elements.get(at))
        {
            return (in_common.map(Step::Index), in_role.map_or_else(by_name, Step::Index));
        }
        let in_common =
            common.filter(|path| length(path.find(self.object())) > at).map(|_| Step::Index(at));
        if !merged.by_name {
            return (in_common, Step::Index(at));
        }
        // The role has no such array, or one that was created since the template was merged.
        let is_there = match role.find(self.object()).and_then(|elements| elements.get(at)) {
            Some(own) => name.is_some_and(|name| named(own, name)),
            None => false,
        };
        let is_position = is_there || !self.all_named(array, common, role);
        (in_common, if is_position { Step::Index(at) } else { by_name() })
    }

    /// Whether all elements of an array of a merged template, and of those that it is merged from,
    /// have a name. Many edits go through one array.
    fn all_named(&self, array: &Array<'_>, common: Option<&Path>, role: &Path) -> bool {
        let known = self.named.borrow().find(array);
        known.unwrap_or_else(|| {
            let named = |value: Option<&Value>| {
                let elements = value.and_then(Value::as_array);
                elements.map(|elements| elements.iter().all(is_named))
            };
            let sources = [common, Some(role)].into_iter().flatten();
            let all = named(array.value) == Some(true)
                && sources.filter_map(|path| named(path.find(self.object()))).all(|all| all);
            self.named.borrow_mut().add(array, all);
            all
        })
    }
}

pub(super) fn length(value: Option<&Value>) -> usize {
    value.and_then(Value::as_array).map_or(0, Vec::len)
}

fn is_named(element: &Value) -> bool {
    steps::step();
    element.get("name").is_some_and(Value::is_string)
}

pub(super) fn has_name(array: Option<&Value>, element: &Value) -> bool {
    let name = element.get("name").and_then(Value::as_str);
    name.is_some_and(|name| {
        array
            .and_then(Value::as_array)
            .is_some_and(|elements| elements.iter().any(|element| named(element, name)))
    })
}
