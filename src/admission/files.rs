//! Context and quota of a server with tenants and policies from files: there are no other objects,
//! and ledgers live in memory.

use super::answer::Answer;
use super::context::{Context, LookupError};
use super::quota::{self, Quota};
use crate::pipeline::charge::Charge;
use crate::pipeline::{Gate, LiveGate};
use crate::quota::commit::Ledgers;
use crate::quota::ledger::ObjectRef;
use crate::quota::store::InMemoryStore;
use crate::resource::{GroupVersionResource, Resource};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

/// The gate of the files.
#[derive(Debug)]
pub struct FileContext {
    gate: Arc<LiveGate>,
}

impl FileContext {
    /// A context with the gate of watched files.
    pub fn new(gate: Arc<LiveGate>) -> Self {
        Self { gate }
    }
}

impl Context for FileContext {
    fn gate(&self) -> Arc<Gate> {
        self.gate.current()
    }

    fn own_user(&self) -> Option<&str> {
        None
    }

    async fn namespace_labels(
        &self,
        _: &str,
    ) -> Result<Option<BTreeMap<String, String>>, LookupError> {
        Ok(None)
    }

    async fn object(
        &self,
        _: &GroupVersionResource,
        _: &str,
        _: &str,
    ) -> Result<Option<Value>, LookupError> {
        Ok(None)
    }

    async fn list(
        &self,
        _: &GroupVersionResource,
        _: &str,
        _: &str,
    ) -> Result<Vec<Value>, LookupError> {
        Ok(Vec::new())
    }

    fn has_cluster(&self) -> bool {
        false
    }

    fn answered(&self, _: &Resource, _: &Answer) {}
}

/// Ledgers in memory. No watch reports deleted objects, so the review of a deletion releases what
/// the object used.
#[derive(Debug)]
pub struct FileQuota {
    ledgers: Ledgers<InMemoryStore>,
    reserves: bool,
}

impl FileQuota {
    /// Empty ledgers. Without `reserves`, quota is checked and nothing changes: anyone could take
    /// the quota of a tenant.
    pub fn new(reserves: bool) -> Self {
        Self { ledgers: Ledgers::new(Arc::new(InMemoryStore::default())), reserves }
    }
}

impl Default for FileQuota {
    fn default() -> Self {
        Self::new(true)
    }
}

impl Quota for FileQuota {
    async fn reserve(
        &self,
        resource: &Resource,
        charge: Charge,
        answer: Answer,
        deadline: Instant,
    ) -> Answer {
        let dry_run = resource.dry_run || !self.reserves;
        quota::reserve(&self.ledgers, charge, answer, dry_run, deadline, None).await
    }

    async fn deleted(&self, tenant: &str, object: ObjectRef, deadline: Instant) {
        if self.reserves {
            self.ledgers.release(tenant, object, deadline).await;
        }
    }
}
