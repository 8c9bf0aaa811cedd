//! `spec.mutation`: which objects Flinkgate completes.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which objects Flinkgate completes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Mutation {
    /// Whether custom resources, such as FlinkDeployments, are completed; true when absent. With
    /// false they are only checked, so that a GitOps tool sees them as they are in Git: pods are
    /// completed when they are created, and Flink's options in the ConfigMap that the operator
    /// writes.
    pub custom_resources: bool,
}

impl Default for Mutation {
    fn default() -> Self {
        Self { custom_resources: true }
    }
}
