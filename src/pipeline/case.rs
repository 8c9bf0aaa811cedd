//! One object with all that is worked out of it before rules look at it.

use super::measure;
use crate::flink::Workload;
use crate::mutate::Conflict;
use crate::quota::Usage;
use crate::resource::Resource;
use crate::tenant::{Owner, Tenant};
use serde_json::Value;
use std::borrow::Cow;

/// An object that rules have something to say about. It stands between mutation and judgement, for
/// what one object uses must be known before another is judged.
#[derive(Debug)]
pub struct Case<'a> {
    pub(super) resource: &'a Resource,
    pub(super) owner: Owner,
    /// The object as rules see it: after mutation, or as it came.
    pub(super) object: Cow<'a, Value>,
    /// Whether the cluster stores that object. A Deployment is judged with its pods as they will
    /// be, and stored as it came.
    pub(super) is_stored: bool,
    pub(super) workload: Workload,
    /// What mutation could not reconcile.
    pub(super) conflicts: Vec<Conflict>,
}

impl Case<'_> {
    /// The one tenant the object belongs to.
    pub fn tenant(&self) -> Option<&Tenant> {
        match &self.owner {
            Owner::Tenant(tenant) => Some(tenant),
            Owner::Unassigned | Owner::Ambiguous(_) => None,
        }
    }

    /// What the object itself uses.
    pub fn usage(&self) -> Usage {
        measure::usage(self.resource, &self.object, &self.workload, self.tenant())
    }

    /// The object as the cluster would store it; `None` where nothing changes.
    pub(super) fn into_stored(self) -> Option<Value> {
        match self.object {
            Cow::Owned(object) if self.is_stored => Some(object),
            Cow::Owned(_) | Cow::Borrowed(_) => None,
        }
    }
}
