//! The parts of `spec.flink` about running jobs: restarts, the autoscaler and elasticity.

use super::is_default;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How jobs may restart after failures. If set, a cluster must name its strategy: Flink's default
/// depends on the version and on checkpoints, and may restart indefinitely.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct RestartStrategy {
    /// Allowed strategies: none, fixed-delay, failure-rate, exponential-delay; any when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub types: Option<Vec<RestartType>>,
    /// The most restarts: attempts with a fixed delay, failures per interval with a failure rate,
    /// attempts with an exponential delay before its reset; any number when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(transform = crate::resource::schema::without_format)]
    pub max_restarts: Option<u32>,
    /// The shortest delay between restarts, such as `10 s`; for an exponential delay its maximum; any
    /// when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_delay: Option<String>,
}

/// Flink's restart strategies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(transform = crate::resource::schema::without_description)]
pub enum RestartType {
    /// No restart.
    None,
    /// A number of restarts with a fixed delay.
    FixedDelay,
    /// A number of failures per interval.
    FailureRate,
    /// Restarts with a growing delay.
    ExponentialDelay,
}

/// What Flinkgate does about the operator's autoscaler.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Autoscaler {
    /// Whether Flinkgate sets job.autoscaler.vertex.max-parallelism where a job could outgrow the
    /// quota and the object does not set it. A larger value of the object is refused.
    #[serde(skip_serializing_if = "is_default")]
    pub bound: bool,
}

/// Bounds of the parallelism of jobs that scale without a change of their object: with the
/// autoscaler, in reactive mode and with the adaptive scheduler.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Elasticity {
    /// The lowest parallelism that jobs may scale to; any when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(transform = crate::resource::schema::without_format)]
    pub min_parallelism: Option<u32>,
    /// The highest parallelism that jobs may scale to; any when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(transform = crate::resource::schema::without_format)]
    pub max_parallelism: Option<u32>,
}
