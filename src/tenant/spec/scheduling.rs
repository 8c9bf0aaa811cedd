//! `spec.scheduling`: where pods run.

use super::is_default;
use k8s_openapi::api::core::v1::Toleration;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Where pods run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Scheduling {
    /// How far apart a cluster's pods are kept.
    #[serde(skip_serializing_if = "is_default")]
    pub anti_affinity: AntiAffinity,
    /// Node labels that every pod is given to select; another value is refused.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub node_selector: BTreeMap<String, String>,
    /// Tolerations that every pod is given; once given, no other toleration is allowed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tolerations: Option<Vec<Toleration>>,
    /// Priority classes that pods may use; any when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub priority_classes: Option<Vec<String>>,
}

/// The node label that keeps pods apart where a tenant names no other: one place is one node.
pub const DEFAULT_TOPOLOGY_KEY: &str = "kubernetes.io/hostname";

/// Pod anti-affinity by role.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct AntiAffinity {
    /// How strictly a cluster's JobManagers are kept apart: Preferred, where there is room, or Required; not at all when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job_manager: Option<Spreading>,
    /// How strictly a cluster's TaskManagers are kept apart: Preferred, where there is room, or Required; not at all when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task_manager: Option<Spreading>,
    /// Node label that says what is one place; `kubernetes.io/hostname` unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub topology_key: Option<String>,
}

/// Strength of an anti-affinity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(transform = super::values::without_words)]
pub enum Spreading {
    /// The scheduler tries.
    Preferred,
    /// The scheduler never puts two in one place.
    Required,
}
