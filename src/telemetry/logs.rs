//! Log output on standard error, as JSON lines or text.
//!
//! A thread writes the lines. If the reader of standard error stops, lines are dropped and counted,
//! and no request waits for it.

use super::json_lines::JsonLines;
use crate::printable::escape_keeping_colours;
use std::borrow::Cow;
use std::io::{self, IsTerminal, Write};
use tracing_appender::non_blocking::{ErrorCounter, NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::EnvFilter;

/// Format of log lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// One JSON object a line.
    #[default]
    Json,
    /// Text for people.
    Text,
}

/// Most lines that wait to be written; a line has a few kilobytes at most.
const WAITING_LINES: usize = 4_096;

/// Logging while it exists. Writes the waiting lines on drop, for at most a second.
pub struct Logs {
    /// Counts dropped lines.
    pub dropped: ErrorCounter,
    _worker: WorkerGuard,
}

/// Why logging cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The level or filter is invalid.
    #[error(
        "`{0}` is not a log level: write `error`, `warn`, `info`, `debug`, `trace`, or a filter such as `flinkgate=debug`"
    )]
    Filter(String, #[source] tracing_subscriber::filter::ParseError),
    /// Logging was started before.
    #[error("failed to start logging")]
    Twice(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Writes log events without what a terminal or the log of a CI system acts on. An event is one
/// write that ends its line; a line end within it comes from a value.
struct Escaping<W>(W);

impl<W: Write> Write for Escaping<W> {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        let text = match std::str::from_utf8(event) {
            Ok(text) => Cow::Borrowed(text),
            Err(_) => String::from_utf8_lossy(event),
        };
        let line = text.strip_suffix('\n').unwrap_or(&text);
        let end = if line.len() < text.len() { "\n" } else { "" };
        let escaped = escape_keeping_colours(line);
        if matches!(escaped, Cow::Borrowed(_)) && !line.contains('\n') {
            self.0.write_all(event)?;
        } else {
            self.0.write_all(format!("{}{end}", escaped.replace('\n', "\\u000a")).as_bytes())?;
        }
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Starts logging. `RUST_LOG`, if set, replaces `level`.
///
/// # Errors
/// When the level is invalid, or logging was started before.
pub fn start(level: &str, format: Format) -> Result<Logs, LogError> {
    let filter = std::env::var("RUST_LOG")
        .ok()
        .filter(|value| !value.is_empty())
        .unwrap_or_else(|| level.to_owned());
    let filter = EnvFilter::try_new(&filter).map_err(|error| LogError::Filter(filter, error))?;
    let (writer, worker) = NonBlockingBuilder::default()
        .lossy(true)
        .buffered_lines_limit(WAITING_LINES)
        .thread_name("logs")
        .finish(std::io::stderr());
    let logs = Logs { dropped: writer.error_counter(), _worker: worker };
    // A closed log reader must not fail a request.
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(move || Escaping(writer.clone()))
        .log_internal_errors(false);
    match format {
        Format::Json => builder.event_format(JsonLines).try_init(),
        Format::Text => builder.with_ansi(std::io::stderr().is_terminal()).try_init(),
    }
    .map_err(LogError::Twice)?;
    Ok(logs)
}
