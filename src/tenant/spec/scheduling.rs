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
    /// How far apart a cluster's pods are kept.
    #[serde(skip_serializing_if = "is_default")]
    pub anti_affinity: AntiAffinity,
    /// By what pods are kept apart: AntiAffinity, unless given, by which no place ever gets a
    /// second pod of a role that is kept apart Required; TopologySpread, by which places take a
    /// second one each when all have one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spread: Option<Spread>,
    /// How strictly a cluster's pods are spread evenly over zones (`topology.kubernetes.io/zone`).
    #[serde(skip_serializing_if = "is_default")]
    pub zone_spread: ZoneSpread,
    /// How many nodes the tenant's pods can run on: a warning tells of pods that must be kept on
    /// more nodes than that.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<i32>", range(min = 1))]
    pub nodes: Option<u32>,
    /// Node labels that every pod is given to select; another value is refused.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub node_selector: BTreeMap<String, String>,
    /// Tolerations that every pod is given; once given, no other toleration is allowed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tolerations: Option<Vec<Toleration>>,
    /// Priority classes that pods may use; any when absent. Kubernetes gives a pod that names none
    /// the cluster's default class, where there is one: list that too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub priority_classes: Option<Vec<String>>,
    /// Schedulers that pods may name, `default-scheduler` for those that name none; any when
    /// absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scheduler_names: Option<Vec<String>>,
    /// Over whose pods there must be a PodDisruptionBudget: offline, a warning tells of clusters
    /// without one in the same input.
    #[serde(skip_serializing_if = "is_default")]
    pub disruption_budgets: DisruptionBudgets,
}

/// The node label that keeps pods apart where a tenant names no other: one place is one node.
pub const DEFAULT_TOPOLOGY_KEY: &str = crate::kubernetes::placement::HOSTNAME;

/// Pod anti-affinity by role.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct AntiAffinity {
    /// How strictly a cluster's JobManagers are kept apart: Preferred, where there is room, or
    /// Required; not at all when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job_manager: Option<Spreading>,
    /// How strictly a cluster's TaskManagers are kept apart: Preferred, where there is room, or
    /// Required; not at all when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task_manager: Option<Spreading>,
    /// Node label that says what is one place; `kubernetes.io/hostname` unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub topology_key: Option<String>,
}

/// Spreading over zones by role.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ZoneSpread {
    /// How strictly a cluster's JobManagers are spread over zones: Preferred, where there is room,
    /// or Required; not at all when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job_manager: Option<Spreading>,
    /// How strictly a cluster's TaskManagers are spread over zones: Preferred, where there is room,
    /// or Required; not at all when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task_manager: Option<Spreading>,
}

/// PodDisruptionBudgets by role.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct DisruptionBudgets {
    /// Over a cluster's JobManagers, where it has more than one.
    #[serde(skip_serializing_if = "is_default")]
    pub job_manager: bool,
    /// Over a cluster's TaskManagers, where it may have more than one.
    #[serde(skip_serializing_if = "is_default")]
    pub task_manager: bool,
}

/// By what pods are kept apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(transform = crate::resource::schema::without_description)]
pub enum Spread {
    /// Terms of pod anti-affinity.
    AntiAffinity,
    /// Topology spread constraints.
    TopologySpread,
}
