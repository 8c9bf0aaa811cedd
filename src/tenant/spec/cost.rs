//! `spec.cost`: idle resources of clusters, and labels for billing.

use k8s_openapi::api::core::v1::Toleration;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Idle resources of clusters, and labels for billing.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Cost {
    /// Keys of labels that every pod must have, with any value. The tenant's `labels` adds labels
    /// with a fixed value.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<String>,
    /// The most task slots of a cluster beyond the parallelism of its job; any number when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(transform = crate::resource::schema::without_format)]
    pub idle_slots: Option<u32>,
    /// Spot nodes, and whether TaskManagers run there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spot: Option<Spot>,
}

/// Spot nodes, which the provider may remove at any time. JobManagers without high availability must
/// not run there.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Spot {
    /// Labels of these nodes.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub node_selector: BTreeMap<String, String>,
    /// Tolerations for the taints of these nodes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tolerations: Vec<Toleration>,
    /// Whether TaskManagers should run there.
    pub task_managers: bool,
}
