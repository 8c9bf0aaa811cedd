//! `spec.cost`: what clusters may waste, and what pods must say for bills.

use k8s_openapi::api::core::v1::Toleration;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What clusters may waste, and what pods must say for bills.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Cost {
    /// Keys of labels that every pod must have, with whatever value; `labels` of the tenant gives
    /// pods labels of one value.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<String>,
    /// How many task slots a cluster may have beyond the parallelism of its job; any number when
    /// absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(transform = crate::resource::schema::without_format)]
    pub idle_slots: Option<u32>,
    /// The nodes that may go away at any moment, and who belongs there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spot: Option<Spot>,
}

/// Nodes that may go away at any moment: cheap, for what may be lost. JobManagers without high
/// availability must not be there.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Spot {
    /// Labels of these nodes.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub node_selector: BTreeMap<String, String>,
    /// What lets a pod onto them, where they are tainted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tolerations: Vec<Toleration>,
    /// Whether TaskManagers belong there.
    pub task_managers: bool,
}
