//! The object under review: its kind, operation, user, sub-resource and old object.
//!
//! A [`Resource`] is built from the request of an AdmissionReview or from a manifest in a file;
//! later steps do not know which. [`yaml`] holds the positions in files and looks them up by JSON
//! Pointer. This module does not interpret the object.

pub mod bytes;
pub mod compact;
pub mod fields;
pub mod files;
pub mod limits;
pub mod lists;
pub mod pointer;
pub mod quantity;
pub(crate) mod schema;
pub mod steps;
pub mod users;
pub mod yaml;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// Group, version and kind of an object, as in `apiVersion` and `kind`.
#[derive(
    Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
pub struct GroupVersionKind {
    /// API group, empty for the core group.
    #[serde(default)]
    pub group: String,
    /// Version within the group, such as `v1beta1`.
    #[serde(default)]
    pub version: String,
    /// Kind, such as `FlinkDeployment`.
    #[serde(default)]
    pub kind: String,
}

impl GroupVersionKind {
    /// Reads `apiVersion` (`group/version` or `version`) and `kind`.
    pub fn parse(api_version: &str, kind: &str) -> Self {
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        Self { group: group.into(), version: version.into(), kind: kind.into() }
    }

    /// `group/version`, or `version` alone for the core group.
    pub fn api_version(&self) -> String {
        if self.group.is_empty() {
            self.version.clone()
        } else {
            format!("{}/{}", self.group, self.version)
        }
    }
}

/// Group, version and plural name of a resource, as in a URL: `apps`, `v1`, `deployments`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupVersionResource {
    /// API group, empty for the core group.
    #[serde(default)]
    pub group: String,
    /// Version within the group.
    #[serde(default)]
    pub version: String,
    /// The plural name.
    #[serde(default)]
    pub resource: String,
}

impl GroupVersionResource {
    /// A resource of the core group: `pods`.
    pub fn core(resource: &str) -> Self {
        Self { group: String::new(), version: "v1".into(), resource: resource.into() }
    }
}

/// The operation on the object.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum Operation {
    /// The object is new.
    #[default]
    Create,
    /// The object exists and changes.
    Update,
    /// The object is deleted.
    Delete,
    /// A connection to a running pod (`exec`, `port-forward`).
    Connect,
}

/// The user who sent a request, as the API server describes them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UserInfo {
    /// User name, such as `system:serviceaccount:payments-prod:flink`.
    #[serde(default)]
    pub username: String,
    /// Unique id of the user.
    #[serde(default)]
    pub uid: String,
    /// Groups the user belongs to.
    #[serde(default)]
    pub groups: Vec<String>,
    /// Extra attributes from the authenticator, such as the pod that a token is bound to.
    #[serde(default)]
    pub extra: BTreeMap<String, Vec<String>>,
}

/// One object under review.
#[derive(Clone, Debug, Default)]
pub struct Resource {
    /// The object's group, version and kind.
    pub kind: GroupVersionKind,
    /// The requested resource. For `scale`, which has a kind of its own, this is the scaled
    /// resource. Empty for a manifest.
    pub of: GroupVersionResource,
    /// The operation.
    pub operation: Operation,
    /// Its namespace; empty for a cluster-scoped object.
    pub namespace: String,
    /// Its name; empty while only `generateName` is known.
    pub name: String,
    /// `status`, `scale`, `resize`, `ephemeralcontainers`, …
    pub sub_resource: Option<String>,
    /// Whether the request is a dry run, so that nothing is stored.
    pub dry_run: bool,
    /// The user who sent the request.
    pub user: UserInfo,
    /// The requested object; `Null` on DELETE.
    pub object: Value,
    /// The stored object, on UPDATE and DELETE.
    pub old_object: Option<Value>,
}

/// Why a manifest is not a Kubernetes object.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ResourceError {
    /// The document is a list, a string, a number.
    #[error(
        "the document is {0}, not a Kubernetes object: write `apiVersion`, `kind` and `metadata`"
    )]
    NotAnObject(&'static str),
    /// `apiVersion` or `kind` is missing or not a string.
    #[error(
        "`{0}` is missing or not a string: every Kubernetes object has `apiVersion` and `kind`"
    )]
    MissingField(&'static str),
}

/// Namespace of a manifest that names none, as in kubectl.
pub const DEFAULT_NAMESPACE: &str = "default";

impl Resource {
    /// The resource of a manifest in a file, as `kubectl create` would send it.
    ///
    /// # Errors
    /// If the document is not a mapping or lacks `apiVersion` or `kind`.
    pub fn from_manifest(object: Value) -> Result<Self, ResourceError> {
        if !object.is_object() {
            return Err(ResourceError::NotAnObject(type_name(&object)));
        }
        let text = |field: &'static str| {
            object.get(field).and_then(Value::as_str).ok_or(ResourceError::MissingField(field))
        };
        let kind = GroupVersionKind::parse(text("apiVersion")?, text("kind")?);
        let namespace = match metadata_text(&object, "namespace") {
            "" if is_cluster_scoped(&kind) => "",
            "" => DEFAULT_NAMESPACE,
            named => named,
        };
        Ok(Self {
            namespace: namespace.into(),
            name: metadata_text(&object, "name").into(),
            kind,
            object,
            ..Self::default()
        })
    }

    /// The resource of an object in a list of the API server, which omits `apiVersion` and `kind`.
    ///
    /// # Errors
    /// If it is not a mapping.
    pub fn from_listed(kind: &GroupVersionKind, mut object: Value) -> Result<Self, ResourceError> {
        if let Some(fields) = object.as_object_mut() {
            fields.insert("apiVersion".into(), kind.api_version().into());
            fields.insert("kind".into(), kind.kind.as_str().into());
        }
        Self::from_manifest(object)
    }

    /// Whether the request deletes the object, or the object is already being deleted. Only the
    /// stored object counts: a tenant could write a `deletionTimestamp` into a new object.
    pub fn is_removal(&self) -> bool {
        match self.operation {
            Operation::Delete => true,
            Operation::Update => self.old_object.as_ref().is_some_and(is_being_deleted),
            Operation::Create | Operation::Connect => false,
        }
    }

    /// The name in the request, or else in this state of the object; empty while only
    /// `generateName` is known.
    pub fn name_in<'a>(&'a self, object: &'a Value) -> &'a str {
        if self.name.is_empty() { metadata_text(object, "name") } else { &self.name }
    }

    /// The name, or `generateName` with a star for the part that the API server will add.
    pub fn display_name(&self) -> String {
        if !self.name.is_empty() {
            return self.name.clone();
        }
        match metadata_text(&self.object, "generateName") {
            "" => String::new(),
            prefix => format!("{prefix}*"),
        }
    }
}

/// `metadata.<field>` if it is a string; empty otherwise.
pub fn metadata_text<'a>(object: &'a Value, field: &str) -> &'a str {
    object.get("metadata").map_or("", |metadata| fields::text(metadata, field))
}

/// Whether a stored object is being deleted.
pub fn is_being_deleted(object: &Value) -> bool {
    pointer::at(object, "/metadata/deletionTimestamp").is_some_and(|at| !at.is_null())
}

/// `metadata.ownerReferences`: the owners, as the object's author wrote them.
pub fn owners(object: &Value) -> &[Value] {
    fields::elements_at(object, "/metadata/ownerReferences")
}

/// The name of a JSON value's type, with its article.
pub fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "empty",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "a mapping",
    }
}

fn is_cluster_scoped(kind: &GroupVersionKind) -> bool {
    matches!(
        (kind.group.as_str(), kind.kind.as_str()),
        ("", "Namespace" | "Node" | "PersistentVolume")
            | ("flinkgate.dev", _)
            | ("apiextensions.k8s.io", _)
            | ("admissionregistration.k8s.io", _)
            | ("rbac.authorization.k8s.io", "ClusterRole" | "ClusterRoleBinding")
            | ("storage.k8s.io", "StorageClass" | "CSIDriver" | "CSINode")
            | ("scheduling.k8s.io", "PriorityClass")
    )
}
