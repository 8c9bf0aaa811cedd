//! Context and quota of a server with tenants and policies from files: it knows no other objects,
//! and ledgers live as long as the process.

use super::answer::Answer;
use super::context::Context;
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

/// The gate of the files; no other objects.
#[derive(Debug)]
pub struct FileContext {
    gate: Arc<LiveGate>,
}

impl FileContext {
    /// Over files that are followed.
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

    async fn namespace_labels(&self, _: &str) -> Result<Option<BTreeMap<String, String>>, String> {
        Ok(None)
    }

    async fn object(
        &self,
        _: &GroupVersionResource,
        _: &str,
        _: &str,
    ) -> Result<Option<Value>, String> {
        Ok(None)
    }

    async fn claims(&self, _: &str) -> Result<Vec<Value>, String> {
        Ok(Vec::new())
    }

    async fn pods(&self, _: &str) -> Result<Vec<Value>, String> {
        Ok(Vec::new())
    }

    fn has_cluster(&self) -> bool {
        false
    }

    fn answered(&self, _: &Resource, _: &Answer) {}
}

/// Ledgers in memory. Nothing watches the objects, so a review of a deletion releases what the
/// object used.
#[derive(Debug)]
pub struct FileQuota {
    ledgers: Ledgers<InMemoryStore>,
}

impl Default for FileQuota {
    fn default() -> Self {
        Self { ledgers: Ledgers::new(Arc::new(InMemoryStore::default())) }
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
        quota::reserve(&self.ledgers, charge, answer, resource.dry_run, deadline).await
    }

    async fn deleted(&self, tenant: &str, object: ObjectRef, deadline: Instant) {
        self.ledgers.release(tenant, object, deadline).await;
    }
}
