//! Where a document has text, in which a `#` begins no comment.

use crate::resource::yaml::line_ends;
use granit_parser::{Event, Parser, ScalarStyle};
use std::ops::Range;

/// Keys whose block scalars are Flink's configuration.
const FLINK_TEXTS: [&str; 2] = ["config.yaml", "flink-conf.yaml"];
/// The variable of Flink's image with such a text.
const FLINK_PROPERTIES: &str = "FLINK_PROPERTIES";

/// Where a document has something else than comments.
#[derive(Default)]
pub(super) struct Parts {
    /// Its scalars, in order; block scalars without their headers.
    pub(super) scalars: Vec<Range<usize>>,
    /// The block scalars with Flink's configuration.
    pub(super) flink: Vec<Range<usize>>,
    /// Where its first key or item is.
    pub(super) start: usize,
}

/// The parts of a document; `None` if it cannot be read.
pub(super) fn parts(chunk: &str) -> Option<Parts> {
    let text = &*line_ends::with_line_feeds(chunk);
    let parser =
        Parser::new_from_str_with_options(text, granit_parser::options! { emit_comments: false });
    let mut parts = Parts { start: usize::MAX, ..Parts::default() };
    let (mut previous, mut last) = (0, String::new());
    let mut is_properties = false;
    for event in parser {
        let (event, span) = event.ok()?;
        let within = span.byte_range().unwrap_or_default();
        match event {
            Event::Scalar(content, style, ..) => {
                parts.start = parts.start.min(within.start);
                let is_block = matches!(style, ScalarStyle::Literal | ScalarStyle::Folded);
                let start = match is_block {
                    true => {
                        let gap = text.get(previous..within.start).unwrap_or_default();
                        // The rest of the line with `|` or `>` may be a comment.
                        let header = gap.find(['|', '>']).map_or(within.start, |at| previous + at);
                        let rest = text.get(header..).unwrap_or_default();
                        rest.find('\n').map_or(text.len(), |at| header + at + 1)
                    }
                    false => within.start,
                };
                let end = match is_block {
                    true => {
                        start
                            + text.get(start..within.end).map_or(0, |block| block.trim_end().len())
                    }
                    false => within.end,
                };
                let scalar = start..end.max(start);
                if style == ScalarStyle::Literal
                    && (FLINK_TEXTS.contains(&last.as_str()) || (is_properties && last == "value"))
                {
                    parts.flink.push(scalar.clone());
                }
                if content == FLINK_PROPERTIES {
                    is_properties = true;
                } else if content == "name" {
                    is_properties = false;
                }
                last = content.into_owned();
                parts.scalars.push(scalar);
            }
            Event::MappingStart(..) | Event::SequenceStart(..) | Event::Alias(..) => {
                parts.start = parts.start.min(within.start);
            }
            _ => {}
        }
        previous = previous.max(within.end);
    }
    Some(parts)
}
