//! Merged templates that are behind the object while edits are applied.

use super::TemplateEditor;
use crate::flink::Template;
use crate::flink::kinds::pod_template::merge;
use crate::flink::workload::{MAIN_CONTAINER, MergeResult, MergedTemplate};
use crate::mutate::edit::{Edit, EditKind, named};
use crate::resource::pointer;
use serde_json::Value;
use std::borrow::Cow;

/// How far a set of pods is behind the object while edits are applied.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Behind {
    /// Not at all.
    #[default]
    Nothing,
    /// The template is as it will be, but the main container may be another.
    MainContainer,
    /// The template is to be merged again.
    Template,
}

impl TemplateEditor<'_> {
    /// Applies a change of the common template to a merged one. If arrays merge by position and the
    /// role has nothing at this place, a new merge would give the same result at a far higher cost.
    pub(super) fn follow_common(&mut self, index: usize, edit: &Edit) {
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
            // A value of another type gives way to the common one.
            || !edit.path.fits(merged.value(self.object()), edit.kind)
        {
            return self.falls_behind(index, Behind::Template);
        }
        let Some(set) = self.pods.get_mut(index).map(Cow::to_mut) else { return };
        let Template::Merged(merged) = &mut set.template else { return };
        let behind = match &mut merged.result {
            MergeResult::Both(value) => {
                edit.make(value);
                Behind::MainContainer
            }
            // The object has the change.
            MergeResult::Common => Behind::MainContainer,
            MergeResult::Role | MergeResult::Nothing => Behind::Template,
        };
        self.falls_behind(index, behind);
    }

    pub(super) fn falls_behind(&mut self, index: usize, what: Behind) {
        if let Some(behind) = self.behind.get_mut(index) {
            *behind = (*behind).max(what);
        }
    }

    /// Derives again what is behind the object.
    pub(super) fn catch_up(&mut self, index: usize) {
        match self.behind.get_mut(index).map(std::mem::take) {
            Some(Behind::Template) => self.remerge(index),
            Some(Behind::MainContainer) => {
                debug_assert_eq!(
                    self.merged(index).map(|merged| merged.value(self.object())),
                    self.merge(index).as_ref().map(|merged| merged.value(self.object()))
                );
                let main = self.merged(index).map(|merged| main_container(merged, self.object()));
                let set = self.pods.get_mut(index).map(Cow::to_mut);
                if let Some((set, main)) = set.zip(main) {
                    set.main_container = main;
                }
            }
            Some(Behind::Nothing) | None => {}
        }
    }

    /// Merges again after a change of the object.
    pub(super) fn remerge(&mut self, index: usize) {
        let Some(merged) = self.merge(index) else { return };
        self.named.borrow_mut().clear();
        let main = main_container(&merged, self.object());
        let Some(set) = self.pods.get_mut(index).map(Cow::to_mut) else { return };
        set.template = Template::Merged(merged);
        set.main_container = main;
    }

    fn merge(&self, index: usize) -> Option<MergedTemplate> {
        self.merged(index)
            .map(|merged| merge(self.object(), &merged.common, &merged.role, merged.by_name))
    }
}

fn main_container(merged: &MergedTemplate, object: &Value) -> Option<usize> {
    pointer::at(merged.value(object), "/spec/containers")?
        .as_array()?
        .iter()
        .position(|container| named(container, MAIN_CONTAINER))
}
