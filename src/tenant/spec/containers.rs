//! What `spec.security` says of the containers that stand beside Flink's own.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Containers beside the one that runs Flink, init containers included.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Sidecars {
    /// What they may be called: names, with stars; anything when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub names: Option<Vec<String>>,
    /// How many a pod may have; any number when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(transform = crate::resource::schema::without_format)]
    pub most: Option<u32>,
}
