//! Logs, metrics, the decision line.
