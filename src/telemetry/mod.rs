//! What an operator of Flinkgate sees: logs, one decision line a request, metrics.

pub mod decision;
pub mod logs;
pub mod metrics;
