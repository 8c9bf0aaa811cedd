//! Decides where in an object a change to a pod template is written.
//!
//! A template that the object contains is changed at its place. The operator merges other templates
//! from a common and a role's template; these are changed so that the merge gives the requested
//! result. What every role requests goes to the common template, the rest to the role's. Elements
//! of arrays that merge by position go to a position that the other array leaves free.

use super::edit::{Edit, EditKind, Path, as_array, named};
use super::pending::Pending;
use super::places::{NamedArrays, has_name, length};
use crate::flink::kinds::pod_template::merge;
use crate::flink::workload::{MAIN_CONTAINER, MergedTemplate};
use crate::flink::{PodSet, Template, Workload};
use crate::resource::pointer;
use serde_json::{Value, json};
use std::borrow::Cow;
use std::cell::{OnceCell, RefCell};

/// An object under change and its current pod sets. Nothing is copied before the first change.
pub(super) struct TemplateEditor<'a> {
    original: &'a Value,
    changed: Option<Value>,
    pods: Vec<Cow<'a, PodSet>>,
    /// Whether what is outside of pod templates stays as it came.
    only_templates: bool,
    /// Whether an edit could not be made, because a value of another type is in its way.
    has_lost: bool,
    /// For each set of pods, how far its template is behind the object.
    behind: Vec<Behind>,
    /// Arrays of merged templates, and whether all of their elements have a name.
    pub(super) named: RefCell<NamedArrays>,
}

/// How far a set of pods is behind the object while edits are applied.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Behind {
    /// Not at all.
    #[default]
    Nothing,
    /// The template is as it will be, but the main container may be another.
    MainContainer,
    /// The template is to be merged again.
    Template,
}

impl<'a> TemplateEditor<'a> {
    /// An editor for an unchanged object.
    pub(super) fn new(object: &'a Value, workload: &'a Workload) -> Self {
        Self {
            original: object,
            changed: None,
            pods: workload.pods.iter().map(Cow::Borrowed).collect(),
            only_templates: false,
            has_lost: false,
            behind: vec![Behind::Nothing; workload.pods.len()],
            named: RefCell::default(),
        }
    }

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

    /// Whether the object cannot hold all that was requested.
    pub(super) fn has_lost(&self) -> bool {
        self.has_lost
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

    /// Writes a scalar outside pod templates; a value of another type on the path, or a mapping or a
    /// list at it, stays.
    pub(super) fn set(&mut self, path: &Path, value: Value) {
        if self.only_templates {
            return;
        }
        let object = self.changed.get_or_insert_with(|| self.original.clone());
        self.has_lost |= !path.set_scalar(object, value);
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

    /// Applies the requested edits: one list per pod set. Templates are merged again at the end, so
    /// that many edits cost as much as one.
    pub(super) fn apply(&mut self, requested: Vec<Vec<Edit>>) {
        let mut pending: Vec<Pending> = requested.into_iter().map(Pending::new).collect();
        for index in 0..pending.len() {
            while let Some(edit) = pending.get_mut(index).and_then(Pending::next) {
                match self.pods.get(index).map(|set| &set.template) {
                    Some(Template::InObject(base)) => {
                        let path = edit.path.after(&Path::of_fields(base));
                        self.has_lost |= !self.write(edit.kind, &path, edit.value, None);
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
        (0..self.pods.len()).for_each(|index| self.catch_up(index));
    }

    fn apply_merged(&mut self, index: usize, edit: Edit, pending: &mut [Pending]) {
        let Some(merged) =
            self.merged(index).filter(|merged| edit.path.fits(&merged.value, edit.kind))
        else {
            self.has_lost = true;
            return;
        };
        let (in_common, in_role) = self.places(index, merged, &edit.path);
        if self.is_fulfilled(index, &edit, in_common.as_ref(), &in_role) {
            return;
        }
        let Some(merged) = self.merged(index) else { return };
        let group: Vec<usize> = (0..self.pods.len())
            .filter(|&other| self.merged(other).is_some_and(|m| m.common == merged.common))
            .collect();
        let common = in_common.filter(|_| self.common_may_hold(index, &edit, &group, pending));
        let written = match &common {
            Some(common) => self.write(edit.kind, common, edit.value.clone(), None),
            None => self.write_to_role(index, &edit, &in_role),
        };
        if edit.kind == EditKind::Append {
            self.named.borrow_mut().forget(&edit.path);
        }
        if common.is_some() && written {
            for &other in &group {
                if other != index {
                    self.forget(other, index, &edit, pending);
                }
            }
            group.into_iter().for_each(|member| self.follow_common(member, &edit));
        } else if written || (common.is_some() && self.write_to_role(index, &edit, &in_role)) {
            self.falls_behind(index, Behind::Template);
        } else {
            self.has_lost = true;
        }
    }

    /// Whether the templates have what the edit requests.
    fn is_fulfilled(
        &mut self,
        index: usize,
        edit: &Edit,
        in_common: Option<&Path>,
        in_role: &Path,
    ) -> bool {
        match edit.kind {
            EditKind::Append => {
                self.is_keyed(index, edit)
                    && [in_common, Some(in_role)]
                        .into_iter()
                        .flatten()
                        .any(|place| has_name(place.find(self.object()), &edit.value))
            }
            EditKind::Set => {
                if self.behind.get(index) == Some(&Behind::Template) {
                    let common = in_common.and_then(|place| place.find(self.object()));
                    match (in_role.find(self.object()), common) {
                        (Some(only), None) | (None, Some(only)) => return *only == edit.value,
                        (None, None) => return false,
                        (Some(Value::Object(_)), Some(_)) => {}
                        (Some(role), Some(_)) => return *role == edit.value,
                    }
                    // Both have a part of the value.
                    self.catch_up(index);
                }
                let merged = self.merged(index);
                merged.is_some_and(|merged| edit.path.find(&merged.value) == Some(&edit.value))
            }
        }
    }

    /// Whether the common template can hold the edit: every role requests it or is not affected by
    /// it.
    fn common_may_hold(
        &self,
        index: usize,
        edit: &Edit,
        group: &[usize],
        pending: &[Pending],
    ) -> bool {
        let has_own = |member: usize| {
            self.merged(member).is_some_and(|merged| {
                self.places(member, merged, &edit.path)
                    .1
                    .find(self.object())
                    .is_some_and(|found| !(found.is_array() && edit.value.is_array()))
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
            EditKind::Append => group.iter().all(|&other| {
                let theirs = if other == index {
                    Some(edit)
                } else {
                    let at = self.same(index, edit, other, pending);
                    at.and_then(|at| pending.get(other)?.get(at))
                };
                theirs.is_some_and(|theirs| {
                    self.is_keyed(other, theirs) || self.leaves_room(other, theirs)
                })
            }),
        }
    }

    /// Whether the role's array is not longer than the common one, so that the next position is
    /// free in it.
    fn leaves_room(&self, index: usize, edit: &Edit) -> bool {
        let Some(merged) = self.merged(index) else { return false };
        let (in_common, in_role) = self.places(index, merged, &edit.path);
        length(in_role.find(self.object()))
            <= in_common.map_or(0, |path| length(path.find(self.object())))
    }

    /// The index of the same edit, at the same place of the common template, in another set's
    /// pending edits.
    fn same(&self, index: usize, edit: &Edit, other: usize, pending: &[Pending]) -> Option<usize> {
        let theirs = self.merged(other)?;
        let mine = self.merged(index)?;
        let pending = pending.get(other)?;
        // Arrays that merge by position have the same places for all roles.
        let by_position = !mine.by_name && !theirs.by_name && mine.common == theirs.common;
        let place = OnceCell::new();
        let place = || place.get_or_init(|| self.places(index, mine, &edit.path).0).as_ref();
        let is_same =
            |candidate: &Edit| candidate.kind == edit.kind && candidate.value == edit.value;
        if pending.is_long() {
            let place_of = |path: &Path| self.places(other, theirs, path).0;
            return pending
                .at_place(place()?, place_of)
                .find(|at| pending.get(*at).is_some_and(is_same));
        }
        pending.position(|candidate| {
            is_same(candidate)
                && place().is_some()
                && (by_position && candidate.path == edit.path
                    || self.places(other, theirs, &candidate.path).0.as_ref() == place())
        })
    }

    /// Drops another role's edits that the common template now fulfils. A field stays pending,
    /// because the role's template may override it.
    fn forget(&self, other: usize, index: usize, edit: &Edit, pending: &mut [Pending]) {
        if edit.kind == EditKind::Append
            && let Some(at) = self.same(index, edit, other, pending)
            && let Some(edits) = pending.get_mut(other)
        {
            edits.forget(at);
        }
    }

    fn write_to_role(&mut self, index: usize, edit: &Edit, in_role: &Path) -> bool {
        let keyed = self.is_keyed(index, edit);
        let padding =
            match self.merged(index).map(|merged| self.places(index, merged, &edit.path).0) {
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

    pub(super) fn merged(&self, index: usize) -> Option<&MergedTemplate> {
        match &self.pods.get(index)?.template {
            Template::Merged(merged) => Some(merged),
            Template::InObject(_) | Template::Generated(_) => None,
        }
    }

    /// Applies a change of the common template to a merged one. If arrays merge by position and the
    /// role has nothing at this place, a new merge would give the same result at a far higher cost.
    fn follow_common(&mut self, index: usize, edit: &Edit) {
        let Some(merged) = self.merged(index) else { return };
        let in_role = self.places(index, merged, &edit.path).1;
        let is_behind = self.behind.get(index) == Some(&Behind::Template);
        // A null field exists only until something is merged with it.
        let has_nulls =
            || in_role.passes_null(self.object(), pointer::tokens(&merged.role).count());
        if is_behind
            || merged.by_name
            || (edit.kind == EditKind::Set && in_role.find(self.object()).is_some())
            || has_nulls()
        {
            return self.falls_behind(index, Behind::Template);
        }
        let Some(set) = self.pods.get_mut(index).map(Cow::to_mut) else { return };
        let Template::Merged(merged) = &mut set.template else { return };
        edit.make(&mut merged.value);
        self.falls_behind(index, Behind::MainContainer);
    }

    fn falls_behind(&mut self, index: usize, what: Behind) {
        if let Some(behind) = self.behind.get_mut(index) {
            *behind = (*behind).max(what);
        }
    }

    /// Derives again what is behind the object.
    fn catch_up(&mut self, index: usize) {
        match self.behind.get_mut(index).map(std::mem::take) {
            Some(Behind::Template) => self.remerge(index),
            Some(Behind::MainContainer) => {
                debug_assert_eq!(
                    self.merged(index).map(|merged| &merged.value),
                    self.merge(index).as_ref().map(|merged| &merged.value)
                );
                if let Some(set) = self.pods.get_mut(index).map(Cow::to_mut) {
                    set.main_container = main_container(set);
                }
            }
            Some(Behind::Nothing) | None => {}
        }
    }

    /// Merges again after a change of the object.
    fn remerge(&mut self, index: usize) {
        let Some(merged) = self.merge(index) else { return };
        self.named.borrow_mut().clear();
        let Some(set) = self.pods.get_mut(index).map(Cow::to_mut) else { return };
        set.template = Template::Merged(merged);
        set.main_container = main_container(set);
    }

    fn merge(&self, index: usize) -> Option<MergedTemplate> {
        self.merged(index)
            .map(|merged| merge(self.object(), &merged.common, &merged.role, merged.by_name))
    }
}

fn main_container(set: &PodSet) -> Option<usize> {
    let Template::Merged(merged) = &set.template else { return set.main_container };
    pointer::at(&merged.value, "/spec/containers")?
        .as_array()?
        .iter()
        .position(|container| named(container, MAIN_CONTAINER))
}
