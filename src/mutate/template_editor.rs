//! Decides where in an object a change to a pod template is written.
//!
//! A template that the object contains is changed at its place. The operator merges other templates
//! from a common and a role's template; these are changed so that the merge gives the requested
//! result. What every role requests goes to the common template, the rest to the role's. Elements
//! of arrays that merge by position go to a position that the other array leaves free.

use super::edit::{Edit, EditKind, Path, Step, as_array, named};
use crate::flink::kinds::pod_template::merge;
use crate::flink::workload::{MAIN_CONTAINER, MergedTemplate};
use crate::flink::{PodSet, Template, Workload};
use crate::resource::pointer;
use serde_json::{Value, json};
use std::borrow::Cow;
use std::cell::OnceCell;

/// An object under change and its current pod sets. Nothing is copied before the first change.
pub(super) struct TemplateEditor<'a> {
    original: &'a Value,
    changed: Option<Value>,
    pods: Vec<Cow<'a, PodSet>>,
    /// Whether what is outside of pod templates stays as it came.
    only_templates: bool,
}

impl<'a> TemplateEditor<'a> {
    /// An editor for an unchanged object.
    pub(super) fn new(object: &'a Value, workload: &'a Workload) -> Self {
        Self {
            original: object,
            changed: None,
            pods: workload.pods.iter().map(Cow::Borrowed).collect(),
            only_templates: false,
        }
    }

    /// The object in its current state.
    /// The object as it came, of which only pod templates will be changed.
    pub(super) fn of_templates(object: &'a Value, workload: &'a Workload) -> Self {
        Self { only_templates: true, ..Self::new(object, workload) }
    }

    /// The object as it is now.
    pub(super) fn object(&self) -> &Value {
        self.changed.as_ref().unwrap_or(self.original)
    }

    /// The pod sets in their current state.
    pub(super) fn pods(&self) -> impl Iterator<Item = &PodSet> {
        self.pods.iter().map(Cow::as_ref)
    }

    /// The object if anything changed.
    pub(super) fn finish(self) -> Option<Value> {
        self.changed.filter(|changed| changed != self.original)
    }

    /// The object if anything changed, and the pod sets.
    pub(super) fn into_parts(self) -> (Option<Value>, Vec<PodSet>) {
        let changed = self.changed.filter(|changed| changed != self.original);
        (changed, self.pods.into_iter().map(Cow::into_owned).collect())
    }

    /// Writes a value outside pod templates; a value of another type on the path stays.
    pub(super) fn set(&mut self, path: &Path, value: Value) {
        if self.only_templates {
            return;
        }
        let object = self.changed.get_or_insert_with(|| self.original.clone());
        if let Some(place) = path.reach(object) {
            *place = value;
        }
    }

    /// Switches merging by name on or off, after a change of the configuration.
    pub(super) fn merge_by_name(&mut self, by_name: bool) {
        for index in 0..self.pods.len() {
            let differs = self.merged(index).is_some_and(|merged| merged.by_name != by_name);
            if differs
                && let Some(Template::Merged(merged)) =
                    self.pods.get_mut(index).map(|set| &mut set.to_mut().template)
            {
                merged.by_name = by_name;
                self.remerge(index);
            }
        }
    }

    /// Applies the requested edits: one list per pod set.
    pub(super) fn apply(&mut self, mut pending: Vec<Vec<Edit>>) {
        for index in 0..pending.len() {
            while let Some(edit) = pending
                .get_mut(index)
                .filter(|edits| !edits.is_empty())
                .map(|edits| edits.remove(0))
            {
                match self.pods.get(index).map(|set| &set.template) {
                    Some(Template::InObject(base)) => {
                        let path = edit.path.after(&Path::of_fields(base));
                        self.write(edit.kind, &path, edit.value, None);
                    }
                    Some(Template::Merged(_)) => self.apply_merged(index, edit, &mut pending),
                    Some(Template::Generated(_)) => {
                        if let Some(Template::Generated(made)) =
                            self.pods.get_mut(index).map(|set| &mut set.to_mut().template)
                        {
                            edit.make(&mut made.value);
                        }
                    }
                    None => {}
                }
            }
        }
    }

    fn apply_merged(&mut self, index: usize, edit: Edit, pending: &mut [Vec<Edit>]) {
        let Some(merged) =
            self.merged(index).filter(|merged| edit.path.fits(&merged.value, edit.kind))
        else {
            return;
        };
        match edit.kind {
            EditKind::Set if edit.path.find(&merged.value) == Some(&edit.value) => return,
            EditKind::Append
                if self.is_keyed(index, &edit)
                    && has_name(edit.path.find(&merged.value), &edit.value) =>
            {
                return;
            }
            _ => {}
        }
        let (in_common, in_role) = self.places(merged, &edit.path);
        let group: Vec<usize> = (0..self.pods.len())
            .filter(|&other| self.merged(other).is_some_and(|m| m.common == merged.common))
            .collect();
        let common = in_common.filter(|_| self.common_may_hold(index, &edit, &group, pending));
        let written = match &common {
            Some(common) => self.write(edit.kind, common, edit.value.clone(), None),
            None => self.write_to_role(index, &edit, &in_role),
        };
        if common.is_some() && written {
            for &other in &group {
                if other != index {
                    self.forget(other, index, &edit, pending);
                }
            }
            group.into_iter().for_each(|member| self.follow_common(member, &edit));
        } else if written || (common.is_some() && self.write_to_role(index, &edit, &in_role)) {
            self.remerge(index);
        }
    }

    /// Whether the common template can hold the edit: every role requests it or is not affected by
    /// it.
    fn common_may_hold(
        &self,
        index: usize,
        edit: &Edit,
        group: &[usize],
        pending: &[Vec<Edit>],
    ) -> bool {
        let has_own = |member: usize| {
            self.merged(member).is_some_and(|merged| {
                self.places(merged, &edit.path)
                    .1
                    .find(self.object())
                    .is_some_and(|found| !found.is_array())
            })
        };
        match edit.kind {
            EditKind::Set => {
                !has_own(index)
                    && group.iter().all(|&other| {
                        other == index
                            || has_own(other)
                            || self.same(index, edit, other, pending).is_some()
                    })
            }
            EditKind::Append => {
                group.iter().all(|&other| {
                    other == index || self.same(index, edit, other, pending).is_some()
                }) && (self.is_keyed(index, edit)
                    || group.iter().all(|&other| self.leaves_room(index, edit, other, pending)))
            }
        }
    }

    /// Whether the role's array is not longer than the common one, so that the next position is
    /// free in it.
    fn leaves_room(&self, index: usize, edit: &Edit, other: usize, pending: &[Vec<Edit>]) -> bool {
        let theirs = if other == index {
            Some(edit)
        } else {
            self.same(index, edit, other, pending).and_then(|at| pending.get(other)?.get(at))
        };
        let Some((merged, theirs)) = self.merged(other).zip(theirs) else { return false };
        let (in_common, in_role) = self.places(merged, &theirs.path);
        length(in_role.find(self.object()))
            <= in_common.map_or(0, |path| length(path.find(self.object())))
    }

    /// The index of the same edit, at the same place of the common template, in another set's
    /// pending edits.
    fn same(
        &self,
        index: usize,
        edit: &Edit,
        other: usize,
        pending: &[Vec<Edit>],
    ) -> Option<usize> {
        let theirs = self.merged(other)?;
        let mine = self.merged(index)?;
        // Arrays that merge by position have the same places for all roles.
        let by_position = !mine.by_name && !theirs.by_name && mine.common == theirs.common;
        let place = OnceCell::new();
        let same_place = |path: &Path| {
            let place = place.get_or_init(|| self.places(mine, &edit.path).0);
            place.is_some()
                && (by_position && *path == edit.path || self.places(theirs, path).0 == *place)
        };
        let mut theirs = pending.get(other)?.iter();
        theirs.position(|candidate| {
            candidate.kind == edit.kind
                && candidate.value == edit.value
                && same_place(&candidate.path)
        })
    }

    /// Drops another role's edits that the common template now fulfils. A field stays pending,
    /// because the role's template may override it.
    fn forget(&self, other: usize, index: usize, edit: &Edit, pending: &mut [Vec<Edit>]) {
        if edit.kind == EditKind::Append
            && let Some(at) = self.same(index, edit, other, pending)
            && let Some(edits) = pending.get_mut(other)
        {
            edits.remove(at);
        }
    }

    fn write_to_role(&mut self, index: usize, edit: &Edit, in_role: &Path) -> bool {
        let keyed = self.is_keyed(index, edit);
        let padding = match self.merged(index).map(|merged| self.places(merged, &edit.path).0) {
            Some(Some(in_common)) if edit.kind == EditKind::Append && !keyed => {
                in_common.find(self.object()).cloned()
            }
            _ => None,
        };
        self.write(edit.kind, in_role, edit.value.clone(), padding)
    }

    /// Writes at a place of the object. An appended element comes after those of `common_array`.
    fn write(
        &mut self,
        kind: EditKind,
        path: &Path,
        value: Value,
        common_array: Option<Value>,
    ) -> bool {
        let object = self.changed.get_or_insert_with(|| self.original.clone());
        let Some(place) = path.reach(object) else { return false };
        match kind {
            EditKind::Set => *place = value,
            EditKind::Append => {
                let Some(elements) = as_array(place) else { return false };
                let common_array = common_array
                    .as_ref()
                    .and_then(Value::as_array)
                    .map(Vec::as_slice)
                    .unwrap_or_default();
                // An empty object leaves the common element unchanged; a scalar must be repeated.
                let repeated = common_array
                    .iter()
                    .skip(elements.len())
                    .map(|element| if element.is_object() { json!({}) } else { element.clone() });
                elements.extend(repeated);
                elements.push(value);
            }
        }
        true
    }

    fn merged(&self, index: usize) -> Option<&MergedTemplate> {
        match &self.pods.get(index)?.template {
            Template::Merged(merged) => Some(merged),
            Template::InObject(_) | Template::Generated(_) => None,
        }
    }

    /// Applies a change of the common template to a merged one. If arrays merge by position and the
    /// role has nothing at this place, a new merge would give the same result at a far higher cost.
    fn follow_common(&mut self, index: usize, edit: &Edit) {
        let Some(merged) = self.merged(index) else { return };
        let in_role = self.places(merged, &edit.path).1;
        // A null field exists only until something is merged with it.
        let has_nulls =
            || in_role.passes_null(self.object(), pointer::tokens(&merged.role).count());
        if merged.by_name
            || (edit.kind == EditKind::Set && in_role.find(self.object()).is_some())
            || has_nulls()
        {
            return self.remerge(index);
        }
        let Some(set) = self.pods.get_mut(index).map(Cow::to_mut) else { return };
        let Template::Merged(merged) = &mut set.template else { return };
        edit.make(&mut merged.value);
        set.main_container = main_container(set);
        debug_assert_eq!(
            self.merged(index).map(|merged| &merged.value),
            self.merge(index).as_ref().map(|merged| &merged.value)
        );
    }

    /// Merges again after a change of the object.
    fn remerge(&mut self, index: usize) {
        let Some(merged) = self.merge(index) else { return };
        let Some(set) = self.pods.get_mut(index).map(Cow::to_mut) else { return };
        set.template = Template::Merged(merged);
        set.main_container = main_container(set);
    }

    fn merge(&self, index: usize) -> Option<MergedTemplate> {
        self.merged(index)
            .map(|merged| merge(self.object(), &merged.common, &merged.role, merged.by_name))
    }

    /// Whether the array that gets this element merges by name.
    fn is_keyed(&self, index: usize, edit: &Edit) -> bool {
        let Some(merged) =
            self.merged(index).filter(|merged| merged.by_name && is_named(&edit.value))
        else {
            return false;
        };
        let (in_common, in_role) = self.places(merged, &edit.path);
        let all_named = |path: &Path| {
            path.find(self.object())
                .and_then(Value::as_array)
                .is_none_or(|elements| elements.iter().all(is_named))
        };
        in_common.is_none_or(|path| all_named(&path)) && all_named(&in_role)
    }

    /// The place in the common template, if its array elements exist there, and in the role's
    /// template, for a place in the merged template.
    fn places(&self, merged: &MergedTemplate, path: &Path) -> (Option<Path>, Path) {
        let mut common = Some(Path::of_fields(&merged.common));
        let mut role = Path::of_fields(&merged.role);
        let (mut within, mut view) = (String::new(), Some(&merged.value));
        for step in &path.0 {
            let (common_step, role_step) = match step {
                Step::Index(at) => self.element(merged, &within, view, *at, common.as_ref(), &role),
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
        within: &str,
        array: Option<&Value>,
        at: usize,
        common: Option<&Path>,
        role: &Path,
    ) -> (Option<Step>, Step) {
        let name = array.and_then(|array| array.get(at)?.get("name")?.as_str());
        let by_name = || name.map_or(Step::Index(at), |name| Step::Named(name.into()));
        if let Some(&(in_common, in_role)) =
            merged.elements.get(within).and_then(|elements| elements.get(at))
        {
            return (in_common.map(Step::Index), in_role.map_or_else(by_name, Step::Index));
        }
        let in_common =
            common.filter(|path| length(path.find(self.object())) > at).map(|_| Step::Index(at));
        let alone = merged.by_name
            && role.find(self.object()).is_none()
            && array.and_then(Value::as_array).is_some_and(|all| all.iter().all(is_named));
        (in_common, if alone { by_name() } else { Step::Index(at) })
    }
}

fn main_container(set: &PodSet) -> Option<usize> {
    let Template::Merged(merged) = &set.template else { return set.main_container };
    pointer::at(&merged.value, "/spec/containers")?
        .as_array()?
        .iter()
        .position(|container| named(container, MAIN_CONTAINER))
}

fn length(value: Option<&Value>) -> usize {
    value.and_then(Value::as_array).map_or(0, Vec::len)
}

fn is_named(element: &Value) -> bool {
    element.get("name").is_some_and(Value::is_string)
}

fn has_name(array: Option<&Value>, element: &Value) -> bool {
    let name = element.get("name").and_then(Value::as_str);
    name.is_some_and(|name| {
        array
            .and_then(Value::as_array)
            .is_some_and(|elements| elements.iter().any(|element| named(element, name)))
    })
}
