//! What `spec.flink` demands of clusters while they run: restarts, elasticity, metrics and logs.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How jobs may restart after failures. Where it is given, a cluster must name its strategy:
/// Flink's own default depends on its version and on checkpoints, and may restart for ever.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct RestartStrategy {
    /// Strategies that jobs may have: none, fixed-delay, failure-rate, exponential-delay; any when
    /// absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub types: Option<Vec<RestartType>>,
    /// The most restarts: attempts of a fixed delay, failures within the interval of a failure
    /// rate, attempts of an exponential delay before it starts anew; any number when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(transform = crate::resource::schema::without_format)]
    pub max_restarts: Option<u32>,
    /// The shortest pause between restarts, such as `10 s`, for an exponential delay the one that
    /// it grows to; any when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_delay: Option<String>,
}

/// Flink's restart strategies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(transform = crate::resource::schema::without_description)]
pub enum RestartType {
    /// A job that fails stays failed.
    None,
    /// So many restarts, so far apart.
    FixedDelay,
    /// So many failures in so much time.
    FailureRate,
    /// Restarts ever further apart.
    ExponentialDelay,
}

/// Between which parallelisms jobs may move that scale without a change to their object: under the
/// autoscaler, in reactive mode and with the adaptive scheduler.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Elasticity {
    /// The least parallelism that they may be scaled to; any when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(transform = crate::resource::schema::without_format)]
    pub min_parallelism: Option<u32>,
    /// The greatest parallelism that they may be scaled to; any when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(transform = crate::resource::schema::without_format)]
    pub max_parallelism: Option<u32>,
}
