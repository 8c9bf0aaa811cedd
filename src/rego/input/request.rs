//! `input.request`.

use crate::resource::{GroupVersionKind, Operation, Resource, UserInfo};
use schemars::JsonSchema;
use serde::Serialize;

/// The admission request.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Request<'a> {
    /// What is done to the object: `CREATE`, `UPDATE`, `DELETE` or `CONNECT`.
    pub operation: Operation,
    /// The object's group, version and kind.
    pub kind: &'a GroupVersionKind,
    /// The object's namespace.
    pub namespace: &'a str,
    /// The object's name; empty while the API server has only `generateName`.
    pub name: &'a str,
    /// The sub-resource of the request, such as `scale`; null for the object itself.
    pub sub_resource: Option<&'a str>,
    /// Whether the API server stores nothing.
    pub dry_run: bool,
    /// The user who sent the request; empty for files.
    pub user_info: &'a UserInfo,
}

impl<'a> Request<'a> {
    pub(super) fn of(resource: &'a Resource) -> Self {
        Self {
            operation: resource.operation,
            kind: &resource.kind,
            namespace: &resource.namespace,
            name: &resource.name,
            sub_resource: resource.sub_resource.as_deref(),
            dry_run: resource.dry_run,
            user_info: &resource.user,
        }
    }
}
