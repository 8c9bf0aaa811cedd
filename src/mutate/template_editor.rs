//! Decides where in an object a change to a pod template is written.
//!
//! A template that the object contains is changed at its place. The operator merges other templates
//! from a common and a role's template; these are changed so that the merge gives the requested
//! result. What every role requests goes to the common template, the rest to the role's. Elements
//! of arrays that merge by position go to a position that the other array leaves free.

use super::edit::{Edit, EditKind, Path, as_array};
use super::pending::Pending;
use super::places::NamedArrays;
use crate::flink::workload::MergedTemplate;
use crate::flink::{PodSet, Template, Workload};
use serde_json::{Value, json};
use std::borrow::Cow;
use std::cell::RefCell;

mod ambiguous;
mod behind;
mod merged;

use behind::Behind;

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
    /// For each set of pods, whether its template repeats a name, once it is known.
    ambiguous: Vec<Option<bool>>,
    /// Arrays of merged templates, and whether all of their elements have a name.
    pub(super) named: RefCell<NamedArrays>,
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
            ambiguous: vec![None; workload.pods.len()],
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
            let is_requested = pending.get(index).is_some_and(|edits| !edits.is_empty());
            if is_requested && self.is_ambiguous(index) {
                self.has_lost = true;
                continue;
            }
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
}
