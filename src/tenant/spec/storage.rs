//! `spec.storage`: where state is stored.

use super::{Amount, is_default};
use crate::flink::claims::DEFAULT_ACCESS_MODE;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where state is stored.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Storage {
    /// Checkpoints, savepoints and high-availability metadata.
    #[serde(skip_serializing_if = "is_default")]
    pub checkpoints: Checkpoints,
    /// Other PersistentVolumeClaims: which ones pods may mount, and what they may request.
    #[serde(skip_serializing_if = "is_default")]
    pub claims: ClaimLimits,
    /// Paths in ZooKeeper below which high availability may store its nodes; any when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zoo_keeper_paths: Option<Vec<String>>,
}

/// PersistentVolumeClaims besides the one for checkpoints.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ClaimLimits {
    /// Claims that pods may mount besides the one for checkpoints: names, with stars; any when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub names: Option<Vec<String>>,
    /// Allowed storage classes; any when absent. A claim without one gets the default class of the
    /// cluster.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub storage_class_names: Option<Vec<String>>,
    /// The largest size of a claim.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_size: Option<Amount>,
    /// Allowed access modes; any when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_modes: Option<Vec<String>>,
}

/// Checkpoints, savepoints and high-availability metadata.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Checkpoints {
    /// The claim that Flinkgate mounts into every cluster.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub volume: Option<CheckpointVolume>,
    /// URIs under which state may be stored besides the volume. Any durable place is allowed when
    /// both this and the volume are absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locations: Option<Vec<String>>,
}

/// A PersistentVolumeClaim for a cluster's state.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CheckpointVolume {
    /// Name of the claim; `{cluster}` is replaced by the name of the Flink cluster. Without it all
    /// clusters share the claim, each in its own folder.
    pub claim_name: String,
    /// Storage class of the claim.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub storage_class_name: Option<String>,
    /// Access modes of the claim; ReadWriteMany when absent, because JobManagers and TaskManagers
    /// share it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub access_modes: Vec<String>,
    /// Size of the claim.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<Amount>,
    /// Mount path in Flink's containers; `/flink/state` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mount_path: Option<String>,
    /// What happens to the claim when the cluster is deleted; Retain when absent.
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

/// What happens to a claim when its cluster is deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(transform = crate::resource::schema::without_description)]
pub enum Reclaim {
    /// The claim is kept.
    #[default]
    Retain,
    /// The claim is deleted.
    Delete,
}
