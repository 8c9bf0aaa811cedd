//! Reads one YAML document: passes granit-parser's events to the tree builder.

use super::Dialect;
use super::line_ends;
use super::message;
use super::positions::Kind;
use super::scalar::{self, Scalar};
use super::source::{Bytes, Fault};
use super::tree::Builder;
use base64::Engine;
use granit_parser::{Event, Parser, ScalarStyle, StructureStyle, Tag};
use serde_json::Value;
use std::borrow::Cow;

const YAML_TAGS: &str = "tag:yaml.org,2002:";

/// Passes the content of `text`, which starts at byte `base` of the file, to `builder`.
///
/// Returns the fault that ended the reading early.
pub(super) fn read(
    written: &str,
    base: usize,
    dialect: Dialect,
    builder: &mut Builder,
) -> Result<(), Fault> {
    let text = &*match dialect {
        Dialect::Kubernetes => line_ends::with_line_feeds(written),
        Dialect::Flink => Cow::Borrowed(written),
    };
    let parser =
        Parser::new_from_str_with_options(text, granit_parser::options! { emit_comments: false });
    let mut documents = 0;
    // Where the previous event ended, within `text`.
    let mut previous = 0;
    for event in parser {
        let (event, span) = event.map_err(|error| message::syntax(text, base, previous, &error))?;
        let within = span.byte_range().unwrap_or_default();
        let at = Bytes::new(base + within.start, base + within.end);
        if is_block_start(&event)
            && text.as_bytes().get(..within.start).is_some_and(|before| before.ends_with(b"\t"))
        {
            // granit-parser lets a tab indent the outermost mapping; go-yaml does not.
            return Err(Fault::unusable(
                Bytes::new(base + within.start.saturating_sub(1), base + within.start),
                message::TAB,
            ));
        }
        match event {
            Event::DocumentStart(..) => {
                documents += 1;
                if documents > 1 {
                    builder.note(Fault::usable(
                        at,
                        "Kubernetes ignores what follows: write `---` on its own line before it",
                    ));
                    return Ok(());
                }
            }
            Event::Scalar(content, style, anchor, tag) => {
                let (at, token) = match style {
                    ScalarStyle::Literal | ScalarStyle::Folded => {
                        let header = header(text, previous, within.start);
                        (block(text, base, header, within.end), header..within.end)
                    }
                    _ => (at, within.clone()),
                };
                let token = written.get(token).unwrap_or_default();
                let with_line_ends = match dialect {
                    Dialect::Kubernetes => line_ends::value(token, style, &content),
                    Dialect::Flink => None,
                };
                let content = match with_line_ends {
                    Some(value) => Cow::Owned(value),
                    None if is_open_block(text, style, within.end) => without_line_end(content),
                    None => content,
                };
                if builder.expects_key() {
                    let written = Written { style, tag: tag.as_deref(), at, dialect };
                    let meaning = meaning(&content, written, builder);
                    let merge = dialect == Dialect::Kubernetes
                        && style == ScalarStyle::Plain
                        && content == "<<"
                        && tag.is_none();
                    let name = scalar::key(meaning, &content).ok_or_else(|| {
                        Fault::unusable(
                            at,
                            "a key is missing here, or is an unquoted `null`: write the key",
                        )
                    })?;
                    builder.key(name, at, merge);
                } else {
                    let written = Written { style, tag: tag.as_deref(), at, dialect };
                    let value = value(content, written, builder);
                    builder.scalar(value, at, anchor)?;
                }
            }
            Event::SequenceStart(_, anchor, _) => builder.open(Kind::List, at, anchor)?,
            Event::MappingStart(_, anchor, _) => builder.open(Kind::Mapping, at, anchor)?,
            Event::SequenceEnd | Event::MappingEnd => builder.close(at)?,
            Event::Alias(anchor) => builder.alias(anchor, at)?,
            _ => {}
        }
        previous = within.end.max(previous);
    }
    Ok(())
}

fn is_block_start(event: &Event<'_>) -> bool {
    matches!(
        event,
        Event::MappingStart(StructureStyle::Block, ..)
            | Event::SequenceStart(StructureStyle::Block, ..)
    )
}

/// How a scalar is written.
#[derive(Clone, Copy)]
struct Written<'t> {
    style: ScalarStyle,
    tag: Option<&'t Tag>,
    at: Bytes,
    dialect: Dialect,
}

fn value(content: Cow<'_, str>, written: Written<'_>, builder: &mut Builder) -> Value {
    let Written { tag, at, .. } = written;
    if tag
        .is_some_and(|tag| tag.suffix_in_namespace(YAML_TAGS).is_some_and(|kind| kind == "binary"))
    {
        return Value::String(binary(&content, at, builder));
    }
    let meaning = meaning(&content, written, builder);
    scalar::value(meaning, content)
}

fn meaning(content: &str, written: Written<'_>, builder: &mut Builder) -> Scalar {
    let Written { style, tag, at, dialect } = written;
    let resolve = match dialect {
        Dialect::Kubernetes => scalar::resolve,
        Dialect::Flink => scalar::resolve_core,
    };
    let Some(tag) = tag else {
        if style != ScalarStyle::Plain {
            return Scalar::Text;
        }
        let meaning = resolve(content);
        if meaning == Scalar::NotFinite {
            builder.note(Fault::unusable(
                at,
                format!(
                    "Kubernetes has no value `{content}`: write a number, or quote it if it is text"
                ),
            ));
        }
        return meaning;
    };
    let kind = tag.suffix_in_namespace(YAML_TAGS);
    let meaning = resolve(content);
    let fits = match (kind.as_deref(), meaning) {
        (Some("int"), Scalar::Int(_) | Scalar::Large(_))
        | (Some("float"), Scalar::Float(_) | Scalar::Int(_))
        | (Some("bool"), Scalar::Bool(_))
        | (Some("null"), Scalar::Null) => true,
        (Some("int" | "float" | "bool" | "null"), _) => false,
        _ => return Scalar::Text,
    };
    if !fits {
        let kind = kind.as_deref().unwrap_or_default();
        builder.note(Fault::unusable(
            at,
            format!(
                "`{content}` does not match the tag `!!{kind}`: fix the value or remove the tag"
            ),
        ));
    }
    meaning
}

fn binary(content: &str, at: Bytes, builder: &mut Builder) -> String {
    let packed: String = content.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    match base64::engine::general_purpose::STANDARD.decode(packed) {
        Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(_) => {
            builder.note(Fault::unusable(
                at,
                "this value of `!!binary` is not base64: fix the value or remove the tag",
            ));
            content.to_owned()
        }
    }
}

/// Whether a block scalar is the end of a text whose last line has no end.
fn is_open_block(text: &str, style: ScalarStyle, end: usize) -> bool {
    matches!(style, ScalarStyle::Literal | ScalarStyle::Folded)
        && text.get(end..).is_some_and(|rest| rest.trim_matches([' ', '\t']).is_empty())
        && text
            .rsplit(['\n', '\r'])
            .next()
            .is_some_and(|line| !line.trim_matches([' ', '\t']).is_empty())
}

fn without_line_end(content: Cow<'_, str>) -> Cow<'_, str> {
    match content.strip_suffix('\n') {
        Some(text) => Cow::Owned(text.to_owned()),
        None => content,
    }
}

/// The place of a block scalar's `|` or `>`.
fn header(text: &str, previous: usize, start: usize) -> usize {
    text.get(previous..start).and_then(|gap| gap.find(['|', '>'])).map_or(start, |at| previous + at)
}

/// A block scalar, from its `|` or `>` to the last character that is not white space.
fn block(text: &str, base: usize, header: usize, end: usize) -> Bytes {
    let length = text.get(header..end).map_or(0, |token| token.trim_end().len());
    Bytes::new(base + header, base + header + length)
}
