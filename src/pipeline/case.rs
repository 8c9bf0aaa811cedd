//! One object with all that is worked out of it before rules look at it.

use crate::flink::Workload;
use crate::mutate::Conflict;
use crate::quota::Usage;
use crate::resource::Resource;
use crate::tenant::{Owner, Tenant};
use serde_json::Value;
use std::borrow::Cow;

/// An object that rules have something to say about. It stands between mutation and judgement, for what one
/// object uses must be known before another is judged.
#[derive(Debug)]
pub struct Case<'a> {
    pub(super) resource: &'a Resource,
    pub(super) owner: Owner,
    /// The object as rules see it: after mutation, or as it came.
    pub(super) object: Cow<'a, Value>,
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
        Usage::of(&self.workload.size.total)
    }

    /// The tenants that all claim the object's namespace; empty where there is one or none.
    pub(super) fn claimants(&self) -> &[String] {
        match &self.owner {
            Owner::Ambiguous(names) => names,
            Owner::Tenant(_) | Owner::Unassigned => &[],
        }
    }
}
