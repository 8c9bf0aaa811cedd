//! Log events as JSON, one object a line.

use crate::printable;
use std::borrow::Cow;
use std::fmt;
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

/// Longest text of a field in bytes; the rest is not written.
const LONGEST: usize = 4 << 10;

/// Writes time, level, the event's fields and its target.
pub(super) struct JsonLines;

impl<S, N> FormatEvent<S, N> for JsonLines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        _: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let metadata = event.metadata();
        writer.write_str("{\"timestamp\":\"")?;
        SystemTime.format_time(&mut writer)?;
        write!(writer, "\",\"level\":\"{}\"", metadata.level().as_str())?;
        let mut fields = Fields { writer, result: Ok(()) };
        event.record(&mut fields);
        fields.text("target", metadata.target());
        fields.result?;
        fields.writer.write_str("}\n")
    }
}

/// Writes fields until that fails.
struct Fields<'w> {
    writer: Writer<'w>,
    result: fmt::Result,
}

impl Fields<'_> {
    fn plain(&mut self, name: &str, value: impl fmt::Display) {
        if self.result.is_ok() {
            self.result = write!(self.writer, ",\"{name}\":{value}");
        }
    }

    fn text(&mut self, name: &str, text: &str) {
        let text = if text.len() > LONGEST { beginning(text) } else { text };
        let is_special = |byte| byte < b' ' || matches!(byte, b'"' | b'\\');
        // Within JSON, an escape keeps its meaning.
        let is_escaped = matches!(printable::escape(text), Cow::Owned(_));
        if is_escaped || text.bytes().any(is_special) {
            let quoted = serde_json::Value::from(text).to_string();
            self.plain(name, printable::escape(&quoted));
        } else if self.result.is_ok() {
            let parts = [",\"", name, "\":\"", text, "\""];
            self.result = parts.into_iter().try_for_each(|part| self.writer.write_str(part));
        }
    }
}

/// At most [`LONGEST`] bytes of a text.
fn beginning(text: &str) -> &str {
    let ends = text.char_indices().map(|(at, _)| at);
    let end = ends.take_while(|at| *at <= LONGEST).last().unwrap_or_default();
    text.get(..end).unwrap_or_default()
}

impl Visit for Fields<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.text(field.name(), value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.plain(field.name(), value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.plain(field.name(), value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.plain(field.name(), value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.plain(field.name(), serde_json::Value::from(value));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.text(field.name(), &format!("{value:?}"));
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use serde_json::{Value, json};
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn every_event_is_one_object_with_its_fields() {
        let lines = Lines::default();
        let writer = lines.clone();
        let subscriber = tracing_subscriber::fmt()
            .event_format(JsonLines)
            .with_writer(move || writer.clone())
            .finish();
        tracing::subscriber::with_default(subscriber, || {
            let error: &(dyn std::error::Error + 'static) = &fmt::Error;
            tracing::warn!(
                target: "here",
                text = "a \"quoted\"\n\u{1}line – é",
                none = None::<&str>,
                number = -1,
                share = 0.5,
                nothing = f64::NAN,
                error,
                list = ?["x"],
                "{} happened",
                "it"
            );
            tracing::info!(flag = true, "again");
        });
        let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
        let mut lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let mut first = lines.next().unwrap();
        let time = first.as_object_mut().unwrap().remove("timestamp").unwrap();
        assert!(time.as_str().unwrap().ends_with('Z'), "{time}");
        let expected = json!({
            "level": "WARN", "target": "here", "message": "it happened", "number": -1, "share": 0.5,
            "text": "a \"quoted\"\n\u{1}line – é", "nothing": null, "list": "[\"x\"]",
            "error": fmt::Error.to_string(),
        });
        assert_eq!(first, expected);
        assert_eq!(lines.next().unwrap()["flag"], true);
        assert_eq!(lines.next(), None);
    }
}
