//! Edits of templates that the operator merges: to the common template what every role requests, to
//! the role's what it requests alone.

use super::{Behind, TemplateEditor};
use crate::mutate::edit::{Edit, EditKind, Path};
use crate::mutate::pending::Pending;
use crate::mutate::places::{has_name, length};
use serde_json::Value;
use std::cell::OnceCell;

impl TemplateEditor<'_> {
    pub(super) fn apply_merged(&mut self, index: usize, edit: Edit, pending: &mut [Pending]) {
        let Some(merged) = self
            .merged(index)
            .filter(|merged| edit.path.fits(merged.value(self.object()), edit.kind))
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
                let merged = self.merged(index).map(|merged| merged.value(self.object()));
                merged.is_some_and(|merged| edit.path.find(merged) == Some(&edit.value))
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
}
