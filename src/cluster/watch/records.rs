//! What is kept of an object that is watched: enough to judge with and to write its status, nothing
//! of its history.

use crate::resource::compact::CompactJson;
use crate::tenant::TENANT_LABEL;
use kube::ResourceExt;
use kube::api::ObjectMeta;
use kube::core::DynamicObject;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A FlinkTenant or FlinkPolicy as it is stored, right or wrong.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Record {
    /// When it was created, in seconds since 1970.
    pub created: i64,
    /// Its resource version; 0 where that is no number.
    pub version: u64,
    /// Its spec's generation.
    pub generation: i64,
    /// `spec`, shared with what is made of it.
    pub spec: Arc<Value>,
    /// `status`.
    pub status: CompactJson,
}

impl Record {
    /// Takes what is needed out of an object. It is read without a schema: one that is malformed
    /// must not end the watch.
    pub fn of(mut object: DynamicObject) -> Self {
        let mut part =
            |field: &str| object.data.get_mut(field).map(Value::take).unwrap_or_default();
        let (spec, status) = (part("spec"), part("status"));
        Self {
            created: object
                .metadata
                .creation_timestamp
                .as_ref()
                .map(|time| time.0.as_second())
                .unwrap_or_default(),
            version: object
                .resource_version()
                .and_then(|version| version.parse().ok())
                .unwrap_or_default(),
            generation: object.metadata.generation.unwrap_or_default(),
            spec: Arc::new(spec),
            status: status.into(),
        }
    }
}

/// A Namespace.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NamespaceRecord {
    /// Its labels but for the one that names its tenant.
    pub labels: BTreeMap<String, String>,
    /// The one that names its tenant.
    pub tenant: Option<String>,
    /// Whether it is being deleted.
    pub deleting: bool,
}

impl NamespaceRecord {
    /// All of its labels.
    pub fn all_labels(&self) -> BTreeMap<String, String> {
        let mut labels = self.labels.clone();
        labels.extend(self.tenant.iter().map(|tenant| (TENANT_LABEL.to_owned(), tenant.clone())));
        labels
    }

    /// Takes what is needed out of a Namespace's metadata.
    pub fn of(metadata: ObjectMeta) -> Self {
        let mut labels = metadata.labels.unwrap_or_default();
        let tenant = labels.remove(TENANT_LABEL);
        Self { labels, tenant, deleting: metadata.deletion_timestamp.is_some() }
    }
}
