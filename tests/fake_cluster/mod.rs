//! The webhooks in a cluster with these objects. One without a namespace is in every one.

use flinkgate::admission::answer::{Answer, Webhook};
use flinkgate::admission::context::{Context, LookupError};
use flinkgate::admission::files::FileQuota;
use flinkgate::admission::reviewer::{Deadlines, Review, ReviewRequest, Reviewer};
use flinkgate::pipeline::Gate;
use flinkgate::resource::{GroupVersionResource, Resource};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A cluster.
pub struct FakeCluster {
    gate: Arc<Gate>,
    objects: Vec<Value>,
}

impl FakeCluster {
    /// With these objects.
    pub fn new(gate: impl Into<Arc<Gate>>, objects: impl IntoIterator<Item = Value>) -> Self {
        Self { gate: gate.into(), objects: objects.into_iter().collect() }
    }

    /// What a webhook answers there.
    pub fn answer(self, webhook: Webhook, resource: Resource) -> Answer {
        let request = ReviewRequest { webhook, resource: Arc::new(resource), turn: None };
        let end = Instant::now() + Duration::from_secs(60);
        let deadlines = Deadlines { policies: end, answer: end };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(Reviewer::new(self, FileQuota::default()).review(request, deadlines))
    }

    fn of_kind(&self, plural: &str, namespace: &str) -> Vec<Value> {
        let is_it = |object: &&Value| {
            let kind = object["kind"].as_str().unwrap().to_lowercase();
            let is_kind = plural == format!("{kind}s") || plural == format!("{kind}es");
            let of = &object["metadata"]["namespace"];
            is_kind && (of.is_null() || of == namespace)
        };
        self.objects.iter().filter(is_it).cloned().collect()
    }
}

impl Context for FakeCluster {
    fn gate(&self) -> Arc<Gate> {
        Arc::clone(&self.gate)
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
        of: &GroupVersionResource,
        namespace: &str,
        name: &str,
    ) -> Result<Option<Value>, LookupError> {
        let mut found = self.of_kind(&of.resource, namespace).into_iter();
        Ok(found.find(|object| object["metadata"]["name"] == name))
    }

    async fn list(
        &self,
        of: &GroupVersionResource,
        namespace: &str,
        selector: &str,
    ) -> Result<Vec<Value>, LookupError> {
        let mut found = self.of_kind(&of.resource, namespace);
        found.retain(|object| {
            let labels = &object["metadata"]["labels"];
            let mut pairs = selector.split(',').filter_map(|pair| pair.split_once('='));
            pairs.all(|(key, value)| labels[key] == value)
        });
        Ok(found)
    }

    fn has_cluster(&self) -> bool {
        true
    }

    fn answered(&self, _: &Resource, _: &Answer) {}
}
