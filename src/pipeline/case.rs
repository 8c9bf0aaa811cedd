//! One object with everything that is derived from it before rules check it.

use super::measure;
use crate::flink::Workload;
use crate::mutate::Conflict;
use crate::quota::Usage;
use crate::resource::Resource;
use crate::resource::limits::Excess;
use crate::tenant::{Owner, Tenant};
use serde_json::Value;
use std::borrow::Cow;
use std::sync::OnceLock;

/// An object between mutation and the rules. Offline the usage of all objects must be known before
/// the rules check the first.
#[derive(Debug)]
pub struct Case<'a> {
    pub(super) resource: &'a Resource,
    pub(super) owner: Owner,
    /// The object that rules check: after mutation, or as it came.
    pub(super) object: Cow<'a, Value>,
    /// Whether the cluster stores that object. A Deployment is checked with its predicted pods and
    /// stored as it came.
    pub(super) is_stored: bool,
    /// What the cluster stores instead, where mutation completes the options of that object.
    pub(super) stored: Option<Value>,
    pub(super) workload: Workload,
    /// Conflicts between the object and its tenant.
    pub(super) conflicts: Vec<Conflict>,
    /// Where the object is over a limit. Nothing else is derived from it then.
    pub(super) excess: Option<Excess>,
    /// See [`Self::usage`].
    pub(super) usage: OnceLock<Usage>,
}

impl Case<'_> {
    /// The tenant that owns the object; `None` where it is ambiguous.
    pub fn tenant(&self) -> Option<&Tenant> {
        match &self.owner {
            Owner::Tenant(tenant) => Some(tenant),
            Owner::Unassigned | Owner::Ambiguous(_) | Owner::Unread(_) => None,
        }
    }

    /// What the object itself uses.
    pub fn usage(&self) -> &Usage {
        self.usage.get_or_init(|| {
            measure::usage(self.resource, &self.object, &self.workload, self.tenant())
        })
    }

    /// The object as the cluster would store it; `None` where nothing changes.
    pub(super) fn into_stored(self) -> Option<Value> {
        match self.object {
            Cow::Owned(object) if self.is_stored => Some(object),
            Cow::Owned(_) | Cow::Borrowed(_) => self.stored,
        }
    }
}
