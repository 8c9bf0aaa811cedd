//! `spec.flink`: versions, options and default sizes.

use super::{Autoscaler, Elasticity, RestartStrategy, Scalar, is_default};
use crate::flink::text_form::TextForm;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Flink versions, options and default sizes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Flink {
    /// Allowed versions, as in a FlinkDeployment; any when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub versions: Option<Vec<String>>,
    /// Options of Flink's configuration.
    #[serde(skip_serializing_if = "is_default")]
    pub configuration: Configuration,
    /// Sizes where the object sets none.
    #[serde(skip_serializing_if = "is_default")]
    pub resources: Resources,
    /// How jobs may restart after failures; any way when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub restart_strategy: Option<RestartStrategy>,
    /// The operator's autoscaler.
    #[serde(skip_serializing_if = "is_default")]
    pub autoscaler: Autoscaler,
    /// How far jobs may scale automatically.
    #[serde(skip_serializing_if = "is_default")]
    pub elasticity: Elasticity,
    /// Factory classes of metrics reporters, with stars, such as `*.PrometheusReporterFactory`. Every
    /// cluster must have one of them; none is required when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metrics_reporters: Option<Vec<String>>,
    /// Whether a cluster must have its own log configuration.
    #[serde(skip_serializing_if = "is_default")]
    pub require_log_configuration: bool,
}

/// Options of Flink's configuration.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Configuration {
    /// Options that Flinkgate sets where the object does not.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub defaults: BTreeMap<String, Scalar>,
    /// Options that Flinkgate always sets; another value is refused.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub enforced: BTreeMap<String, Scalar>,
    /// Options that objects must not set: exact, or with stars.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub forbidden: Vec<String>,
}

impl Configuration {
    /// Whether the tenant sets an option to this value, as it is written or as Flink reads it.
    pub fn gives(&self, key: &str, value: &str) -> bool {
        let given = [&self.enforced, &self.defaults].into_iter().filter_map(|set| set.get(key));
        given.map(Scalar::text).any(|text| text == value || TextForm::Lines.value(&text) == value)
    }
}

/// Sizes where the object sets none.
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

/// CPU and memory, as in a FlinkDeployment's `resource`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct RoleResources {
    /// Cores, such as 1 or 0.5.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu: Option<f64>,
    /// Total process memory in Flink's syntax: `2048m`, `4g`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory: Option<String>,
}
