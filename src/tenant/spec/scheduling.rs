//! `spec.scheduling`: where pods run.

use super::is_default;
use crate::kubernetes::placement::Spreading;
use k8s_openapi::api::core::v1::Toleration;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Where pods run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Scheduling {
    /// How a cluster's pods are kept apart.
    #[serde(skip_serializing_if = "is_default")]
    pub anti_affinity: AntiAffinity,
    /// What keeps pods apart. AntiAffinity (default): with Required, no place gets a second pod of a
    /// role. TopologySpread: a place gets a second pod when all places have one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spread: Option<Spread>,
    /// How strictly a cluster's pods are spread evenly over zones (`topology.kubernetes.io/zone`).
    #[serde(skip_serializing_if = "is_default")]
    pub zone_spread: ZoneSpread,
    /// Number of nodes on which the tenant's pods can run. Pods that require more nodes get a
    /// warning.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<i32>", range(min = 1))]
    pub nodes: Option<u32>,
    /// Node labels that Flinkgate adds to the `nodeSelector` of every pod; another value is refused.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub node_selector: BTreeMap<String, String>,
    /// Tolerations that Flinkgate adds to every pod; if set, no other toleration is allowed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tolerations: Option<Vec<Toleration>>,
    /// Allowed priority classes; any when absent. Kubernetes sets the default class of the cluster,
    /// if there is one, for a pod without a class: list it too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub priority_classes: Option<Vec<String>>,
    /// Allowed schedulers; any when absent. A pod without a scheduler has `default-scheduler`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scheduler_names: Option<Vec<String>>,
    /// Roles that need a PodDisruptionBudget. Offline, clusters without one in the same input get a
    /// warning.
    #[serde(skip_serializing_if = "is_default")]
    pub disruption_budgets: DisruptionBudgets,
}

/// The default topology key: one place is one node.
pub const DEFAULT_TOPOLOGY_KEY: &str = crate::kubernetes::placement::HOSTNAME;

/// Pod anti-affinity by role.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct AntiAffinity {
    /// How strictly a cluster's JobManagers are kept apart: Preferred (if possible) or Required; not
    /// at all when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job_manager: Option<Spreading>,
    /// How strictly a cluster's TaskManagers are kept apart: Preferred (if possible) or Required; not
    /// at all when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task_manager: Option<Spreading>,
    /// Node label that defines a place; `kubernetes.io/hostname` when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub topology_key: Option<String>,
}

/// Spreading over zones by role.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ZoneSpread {
    /// How strictly a cluster's JobManagers are spread over zones: Preferred (if possible) or
    /// Required; not at all when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job_manager: Option<Spreading>,
    /// How strictly a cluster's TaskManagers are spread over zones: Preferred (if possible) or
    /// Required; not at all when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task_manager: Option<Spreading>,
}

/// PodDisruptionBudgets by role.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct DisruptionBudgets {
    /// For a cluster's JobManagers, if it has more than one.
    #[serde(skip_serializing_if = "is_default")]
    pub job_manager: bool,
    /// For a cluster's TaskManagers, if it may have more than one.
    #[serde(skip_serializing_if = "is_default")]
    pub task_manager: bool,
}

/// What keeps pods apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(transform = crate::resource::schema::without_description)]
pub enum Spread {
    /// Terms of pod anti-affinity.
    AntiAffinity,
    /// Topology spread constraints.
    TopologySpread,
}
