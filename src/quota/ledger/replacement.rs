//! What a request takes over from objects that exist: the place of a pod that is being deleted, and
//! claims without an owner.
//!
//! A pod that replaces another is created while that one still terminates. Both are one place of
//! their cluster, so together they count as much as the larger of them. Which pod replaces which
//! is decided here, once, and stored: a leaving pod has at most one replacement, and a replacement
//! is not itself replaced for free before the pod is gone whose place it took. So a cluster never
//! has more than twice the pods that it is charged for, and the charge never rises by a deletion.
//!
//! The leaving pods are those that a view showed, with the owner that they are stored with.

use super::shortage::{LimitOwner, Shortfall};
use super::slot::Replacement;
use super::{Ledger, ObjectRef, Request, Slot};
use crate::quota::Usage;
use std::collections::BTreeSet;

/// The kind of claims.
pub(super) const CLAIM: &str = "PersistentVolumeClaim";
/// The kind of pods.
const POD: &str = "Pod";

/// Slots before a change, last change last.
pub(super) type Undo = Vec<(ObjectRef, Option<Slot>)>;

impl Ledger {
    /// Gives a request the place of a leaving pod of its cluster; the previous slot of that pod.
    /// `None` if there is none whose place is free.
    pub(super) fn take_place(
        &mut self,
        request: &Request,
        owner: &ObjectRef,
    ) -> Option<(ObjectRef, Slot)> {
        let leaving = || {
            self.slots_of(POD, &request.object.namespace)
                .filter(|(_, slot)| slot.leaving && slot.owner.as_ref() == Some(owner))
        };
        let replacements: BTreeSet<&str> = leaving()
            .filter_map(|(_, slot)| slot.replacement.as_ref().map(|one| one.uid.as_str()))
            .collect();
        // A TaskManager does not take the place of a JobManager.
        let role = |usage: &Usage| usage.get("taskManagers");
        let is_free = |(object, slot): &(&ObjectRef, &Slot)| {
            slot.replacement.is_none()
                && slot.reserved.is_empty()
                && **object != request.object
                && slot.live.as_ref().is_some_and(|(uid, usage)| {
                    !replacements.contains(uid.as_str()) && role(usage) == role(&request.usage)
                })
        };
        let (object, before) = leaving().filter(is_free).min_by_key(|(_, slot)| {
            let usage = slot.live.as_ref().map(|(_, usage)| usage);
            usage.is_none_or(|usage| request.usage.exceeds(usage))
        })?;
        let (object, before) = (object.clone(), before.clone());
        let mut excused = request.usage.clone();
        excused.lower_to(&before.live.as_ref()?.1);
        let replacement = Some(Replacement { uid: request.uid.clone(), excused });
        self.replace_slot(&object, Some(Slot { replacement, ..before.clone() }));
        Some((object, before))
    }

    /// Lets the claims that a request declares and that exist without an owner draw on its slot.
    pub(super) fn adopt_claims(&mut self, request: &Request, undo: &mut Undo) {
        if request.claims.is_empty() {
            return;
        }
        let adopted: Vec<(ObjectRef, Slot)> = self
            .slots_of(CLAIM, &request.object.namespace)
            .filter(|(claim, slot)| {
                slot.owner.is_none()
                    && claim.may_draw_on(&request.object)
                    && request.claims.iter().any(|names| names.has(&claim.name))
            })
            .map(|(claim, slot)| (claim.clone(), slot.clone()))
            .collect();
        for (claim, before) in adopted {
            let owner = Some(request.object.clone());
            self.replace_slot(&claim, Some(Slot { owner, ..before.clone() }));
            undo.push((claim, Some(before)));
        }
    }

    /// Restores slots, the last change first.
    pub(super) fn undo(&mut self, undo: Undo) {
        for (object, slot) in undo.into_iter().rev() {
            self.replace_slot(&object, slot);
        }
    }

    /// Whether a name has a slot for another UID.
    pub(super) fn has_another(&self, request: &Request) -> bool {
        self.slots
            .get(&request.object)
            .is_some_and(|slot| slot.uids().any(|uid| uid != request.uid))
    }

    /// Whether pods count that will be gone soon: those that are leaving, and those of clusters
    /// that are gone. A cluster's object is removed before its last pods, so its name may be free while they count.
    pub(super) fn has_remains(&self) -> bool {
        let of_flink = ["taskManagers", "clusters"];
        of_flink.iter().any(|name| !self.others.get(name).is_zero())
            || self.slots.values().any(|slot| slot.leaving)
    }

    /// The objects that declare others and use what a tenant lacks, with their UIDs.
    pub(super) fn users_of(&self, shortfalls: &[Shortfall]) -> Vec<(ObjectRef, String)> {
        let of_tenant = || shortfalls.iter().filter(|one| one.owner == LimitOwner::Tenant);
        let uses_it =
            |slot: &Slot| of_tenant().any(|one| !slot.charge().get(&one.resource).is_zero());
        let declaring = self.slots.iter().filter(|(object, _)| object.declares());
        declaring
            .filter(|(_, slot)| uses_it(slot))
            .flat_map(|(object, slot)| slot.uids().map(|uid| (object.clone(), uid.to_owned())))
            .collect()
    }

    /// The slots of a kind in a namespace.
    fn slots_of(&self, kind: &str, namespace: &str) -> impl Iterator<Item = (&ObjectRef, &Slot)> {
        let first = ObjectRef::new(kind, namespace, "");
        self.slots.range(first.clone()..).take_while(move |(object, _)| {
            object.kind == first.kind && object.namespace == first.namespace
        })
    }
}
