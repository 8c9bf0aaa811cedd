//! `spec.flink`: versions, options and default sizes.

use super::{Elasticity, RestartStrategy, Scalar, is_default};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Flink versions, options and default sizes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Flink {
    /// Versions that may run, as a FlinkDeployment names them; any when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub versions: Option<Vec<String>>,
    /// Options of Flink's configuration.
    #[serde(skip_serializing_if = "is_default")]
    pub configuration: Configuration,
    /// Sizes where the object gives none.
    #[serde(skip_serializing_if = "is_default")]
    pub resources: Resources,
    /// How jobs may restart after failures; in any way when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub restart_strategy: Option<RestartStrategy>,
    /// How far jobs may scale by themselves.
    #[serde(skip_serializing_if = "is_default")]
    pub elasticity: Elasticity,
    /// Factory classes of metrics reporters, with stars, of which every cluster must have one, such
    /// as `*.PrometheusReporterFactory`; none is needed when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metrics_reporters: Option<Vec<String>>,
    /// Whether a cluster must bring its own log configuration.
    #[serde(skip_serializing_if = "is_default")]
    pub require_log_configuration: bool,
}

/// Options of Flink's configuration.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Configuration {
    /// Options that are set where the object does not set them.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub defaults: BTreeMap<String, Scalar>,
    /// Options that are set always; another value is refused.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub enforced: BTreeMap<String, Scalar>,
    /// Options the tenant may not set: exact, or with stars.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub forbidden: Vec<String>,
}

/// Sizes where the object gives none.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Resources {
    /// Size of a JobManager.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job_manager: Option<RoleResources>,
    /// Size of a TaskManager.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task_manager: Option<RoleResources>,
}

/// cpu and memory as a FlinkDeployment's `resource` takes them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct RoleResources {
    /// Cores, such as 1 or 0.5.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu: Option<f64>,
    /// Total process memory as Flink writes it: `2048m`, `4g`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory: Option<String>,
}
