//! `spec.security.sidecars`: containers in addition to Flink's.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Containers in addition to the one that runs Flink, including init containers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Sidecars {
    /// Allowed names, with stars; any when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub names: Option<Vec<String>>,
    /// The most that a pod may have; any number when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(transform = crate::resource::schema::without_format)]
    pub most: Option<u32>,
}
