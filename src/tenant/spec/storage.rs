//! `spec.storage`: where state lives.

use super::{Amount, is_default};
use crate::flink::claims::DEFAULT_ACCESS_MODE;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where state lives.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Storage {
    /// Checkpoints, savepoints and high-availability metadata.
    #[serde(skip_serializing_if = "is_default")]
    pub checkpoints: Checkpoints,
    /// PersistentVolumeClaims besides the one for checkpoints: which ones pods may mount, and what
    /// they may ask for.
    #[serde(skip_serializing_if = "is_default")]
    pub claims: ClaimLimits,
    /// Paths in ZooKeeper below which high availability may keep its nodes; any when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zoo_keeper_paths: Option<Vec<String>>,
}

/// PersistentVolumeClaims besides the one for checkpoints.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ClaimLimits {
    /// Claims that pods may mount besides the one for checkpoints: names, with stars; any when
    /// absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub names: Option<Vec<String>>,
    /// Storage classes that claims may name; any when absent. A claim that names none gets the
    /// cluster's default class.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub storage_class_names: Option<Vec<String>>,
    /// The largest claim.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_size: Option<Amount>,
    /// Access modes that claims may have; any when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_modes: Option<Vec<String>>,
}

/// Checkpoints, savepoints and high-availability metadata.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Checkpoints {
    /// The claim that every cluster gets mounted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub volume: Option<CheckpointVolume>,
    /// URIs under which state may live besides the volume; anywhere durable when absent and no
    /// volume is given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locations: Option<Vec<String>>,
}

/// A PersistentVolumeClaim for a cluster's state.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CheckpointVolume {
    /// Name of the claim; `{cluster}` stands for the Flink cluster's name. Without it all clusters
    /// share the claim, each in a folder of its own.
    pub claim_name: String,
    /// Storage class of the claim.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub storage_class_name: Option<String>,
    /// Access modes of the claim; JobManagers and TaskManagers share it, so ReadWriteMany unless
    /// given.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub access_modes: Vec<String>,
    /// Size of the claim.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<Amount>,
    /// Where Flink sees it; `/flink/state` unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mount_path: Option<String>,
    /// Whether the claim outlives the cluster; Retain unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reclaim: Option<Reclaim>,
}

impl CheckpointVolume {
    /// Access modes of the claim; the default if none are given.
    pub fn access_modes(&self) -> impl Iterator<Item = &str> {
        let default = self.access_modes.is_empty().then_some(DEFAULT_ACCESS_MODE);
        self.access_modes.iter().map(String::as_str).chain(default)
    }
}

/// What becomes of a claim when its cluster goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(transform = crate::resource::schema::without_description)]
pub enum Reclaim {
    /// It stays.
    #[default]
    Retain,
    /// It goes with the cluster.
    Delete,
}
