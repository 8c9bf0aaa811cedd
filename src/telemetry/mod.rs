//! What an operator of Flinkgate sees: logs, one decision line a request, metrics.

pub mod decision;
mod json_lines;
pub mod logs;
pub mod metrics;
