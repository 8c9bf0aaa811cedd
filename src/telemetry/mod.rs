//! Observability of Flinkgate: logs, one decision line a request, and metrics.
//!
//! Goes in: answers, durations and counts. Comes out: log lines on standard error and OpenMetrics
//! text. It has no endpoint: the [`server`](crate::server) serves the metrics.

pub mod decision;
mod json_lines;
pub mod logs;
pub mod metrics;
