//! Log output: JSON lines for machines, text for people, on standard error.

use std::io::IsTerminal;
use tracing_subscriber::EnvFilter;

/// How log lines look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// One JSON object a line.
    #[default]
    Json,
    /// For reading.
    Text,
}

/// Why logging cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The level or filter is not understood.
    #[error(
        "log level {0:?} is none of error, warn, info, debug, trace, and no filter such as flinkgate=debug"
    )]
    Filter(String, #[source] tracing_subscriber::filter::ParseError),
    /// Logging was set up before.
    #[error("logging cannot be set up")]
    Twice(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Starts logging; `RUST_LOG`, where set, takes the place of `level`.
///
/// # Errors
/// When the level is not understood, or logging was started before.
pub fn start(level: &str, format: Format) -> Result<(), LogError> {
    let filter = std::env::var("RUST_LOG")
        .ok()
        .filter(|value| !value.is_empty())
        .unwrap_or_else(|| level.to_owned());
    let filter = EnvFilter::try_new(&filter).map_err(|error| LogError::Filter(filter, error))?;
    // A log reader that has gone away must not take a request down with it.
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .log_internal_errors(false);
    match format {
        Format::Json => builder
            .json()
            .flatten_event(true)
            .with_current_span(false)
            .with_span_list(false)
            .try_init(),
        Format::Text => builder.with_ansi(std::io::stderr().is_terminal()).try_init(),
    }
    .map_err(LogError::Twice)
}
