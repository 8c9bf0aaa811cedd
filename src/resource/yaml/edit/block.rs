//! Edits of what is written in lines, and of single values.

use super::super::positions::{Kind, Node};
use super::super::write::{self, Place};
use super::view::View;
use super::{NoEdit, Splice, flow, lines};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// A field under another key, in the quotes that the key has.
pub(super) fn renamed(view: &View<'_>, id: u32, to: &str) -> Result<Splice, NoEdit> {
    let key = view.node(id)?.key.ok_or(NoEdit::Layout)?;
    let bytes = key.start as usize..key.end as usize;
    let text = restyled(view.slice(bytes.start, bytes.end), to);
    Ok(Splice { bytes, text })
}

/// A text in the quotes of the token that it replaces.
fn restyled(token: &str, text: &str) -> String {
    let is_simple = !text.contains(['\n', '\r', '\t']) && !write::quoted(text).contains('\\');
    match token.as_bytes().first() {
        Some(b'\'') if is_simple => format!("'{}'", text.replace('\'', "''")),
        Some(b'"') => write::quoted(text),
        _ => write::scalar(text),
    }
}

/// Another value for a node.
pub(super) fn replaced(
    view: &View<'_>,
    id: u32,
    parent: Option<u32>,
    value: &Value,
) -> Result<Splice, NoEdit> {
    let node = view.node(id)?;
    let holder = parent.map(|parent| view.node(parent)).transpose()?;
    let in_flow = holder.is_some_and(|holder| view.is_flow(holder));
    let style = flow::Style::of(view, holder.filter(|_| in_flow).unwrap_or(node));
    let token = view.slice(node.span.start as usize, node.span.end as usize);
    let is_quoted = node.kind == Kind::Scalar && token.starts_with(['\'', '"']);
    let inline = match value {
        Value::String(text) if !style.is_json && is_quoted => restyled(token, text),
        Value::String(text) if in_flow || style.is_json => style.text(text),
        Value::String(text) => restyled("", text),
        other => flow::inline(other, style),
    };
    if view.is_empty(node) {
        let after = view.after_colon(node)?;
        if in_flow || !is_collection(value) {
            return Ok(Splice::insert(after, format!(" {inline}")));
        }
        return below(view, node, after, value);
    }
    let (start, end) = (node.span.start as usize, view.end_of(id)?);
    let is_lines = node.kind != Kind::Scalar && !node.alias && !view.is_flow(node);
    // A comment cannot follow a block scalar.
    let has_comment = view.slice(end, lines::content_end(view.text, end)).contains('#');
    if is_lines
        && is_collection(value)
        && value.is_array() == (node.kind == Kind::List)
        && !(has_comment && ends_in_block(value))
    {
        let mut text = String::new();
        let column = view.column_of(node)?;
        let first = view.children(node).first().map(|(_, first)| entry(view, first));
        let start = first.ok_or(NoEdit::Layout)??;
        write::node(&mut text, value, column, Place::Element, view.layout);
        let text = ended(view, without_end(view, &text, end, value));
        return Ok(Splice { bytes: start..end, text });
    }
    match node.key {
        Some(_) if is_lines => {
            Ok(Splice { bytes: view.after_colon(node)?..end, text: format!(" {inline}") })
        }
        _ => Ok(Splice { bytes: start..end, text: inline }),
    }
}

/// A mapping or list in the lines below a key that has no value.
fn below(view: &View<'_>, node: &Node, after: usize, value: &Value) -> Result<Splice, NoEdit> {
    if !lines::is_rest_empty(view.text, after) {
        return Err(NoEdit::Layout);
    }
    let key = node.key.ok_or(NoEdit::Layout)?;
    let more = if value.is_array() { view.layout.list } else { view.layout.mapping };
    let mut text = String::new();
    let indent = view.column(key.start as usize) + more;
    write::node(&mut text, value, indent, Place::Field, view.layout);
    let at = lines::content_end(view.text, after);
    Ok(Splice::insert(at, ended(view, without_end(view, &text, at, value))))
}

/// Lines without the end of the last one, which is in the file. Where it is not, a block scalar needs it.
fn without_end<'t>(view: &View<'_>, text: &'t str, at: usize, value: &Value) -> &'t str {
    let is_open = !view.text.get(at..).is_some_and(|rest| rest.contains('\n'));
    if is_open && ends_in_block(value) { text } else { text.strip_suffix('\n').unwrap_or(text) }
}

fn ends_in_block(value: &Value) -> bool {
    match value {
        Value::Object(fields) => fields.values().next_back().is_some_and(ends_in_block),
        Value::Array(elements) => elements.last().is_some_and(ends_in_block),
        Value::String(text) => text.contains('\n'),
        _ => false,
    }
}

fn is_collection(value: &Value) -> bool {
    match value {
        Value::Object(fields) => !fields.is_empty(),
        Value::Array(elements) => !elements.is_empty(),
        _ => false,
    }
}

/// A text with the line ends of the file.
fn ended(view: &View<'_>, text: &str) -> String {
    match view.line_end {
        "\n" => text.to_owned(),
        other => text.replace('\n', other),
    }
}

/// More fields after the last of a mapping, and their column.
pub(super) fn with_fields(
    view: &View<'_>,
    id: u32,
    fields: &Map<String, Value>,
    removed: &BTreeSet<u32>,
) -> Result<(usize, Splice), NoEdit> {
    let node = view.node(id)?;
    let children = view.children(node);
    let first = children.first().and_then(|(_, first)| first.key).ok_or(NoEdit::Layout)?;
    let start = first.start as usize;
    let column = view.column(start);
    is_plain_start(view.slice(start - column, start))?;
    let mut text = " ".repeat(column);
    write::mapping(&mut text, fields.iter(), column, view.layout);
    let last = fields.values().next_back();
    added(view, &children, removed, (column, &text), last)
}

/// More elements after the last of a list, and their column.
pub(super) fn with_elements(
    view: &View<'_>,
    id: u32,
    elements: &[Value],
    removed: &BTreeSet<u32>,
) -> Result<(usize, Splice), NoEdit> {
    let node = view.node(id)?;
    let column = view.column_of(node)?;
    let mut text = String::new();
    for element in elements {
        text.push_str(&" ".repeat(column));
        text.push_str("- ");
        write::node(&mut text, element, column + 2, Place::Element, view.layout);
    }
    added(view, &view.children(node), removed, (column, &text), elements.last())
}

/// Lines after the last child that stays.
fn added(
    view: &View<'_>,
    children: &[(u32, &Node)],
    removed: &BTreeSet<u32>,
    (column, text): (usize, &str),
    value: Option<&Value>,
) -> Result<(usize, Splice), NoEdit> {
    let last = children.iter().rev().find(|(id, _)| !removed.contains(id));
    let (last, _) = last.ok_or(NoEdit::Conflict)?;
    let at = view.line_after(*last)?;
    let is_open = view.text.get(..at).is_some_and(|before| !before.ends_with('\n'));
    let text = match value.filter(|_| is_open) {
        Some(value) => {
            format!("{}{}", view.line_end, ended(view, without_end(view, text, at, value)))
        }
        None => ended(view, text),
    };
    Ok((column, Splice::insert(at, text)))
}

/// Whether only blanks and dashes of lists are before a key in its line.
fn is_plain_start(before: &str) -> Result<(), NoEdit> {
    let is_plain = before.split_terminator(' ').all(|word| word.is_empty() || word == "-");
    if is_plain { Ok(()) } else { Err(NoEdit::Layout) }
}

/// A mapping or list without some of its children.
pub(super) fn removed(
    view: &View<'_>,
    id: u32,
    gone: &BTreeSet<u32>,
) -> Result<Vec<Splice>, NoEdit> {
    let node = view.node(id)?;
    let children = view.children(node);
    if children.iter().all(|(id, _)| gone.contains(id)) {
        return emptied(view, node, &children);
    }
    let mut splices = Vec::new();
    let mut rest = children.iter().enumerate().peekable();
    while let Some((index, (id, child))) = rest.next() {
        if !gone.contains(id) {
            continue;
        }
        let start = entry(view, child)?;
        let line = lines::start(view.text, start);
        let before = view.slice(line, start);
        if before.trim_matches([' ', '\t']).is_empty() {
            let end = view.line_after(*id)?;
            // At an open end, the lines before it lose their ends too.
            let is_last = end == view.text.len() && !view.text.ends_with('\n');
            let before = splices.last().filter(|last: &&Splice| {
                is_last && view.slice(last.bytes.end, line).trim().is_empty()
            });
            let line = before.map_or(line, |last| last.bytes.start);
            if before.is_some() {
                splices.pop();
            }
            splices.push(whole_lines(view, line, end));
            continue;
        }
        is_plain_start(before)?;
        // The first in its line: what follows takes its place.
        let mut last = *id;
        while let Some((_, (id, _))) = rest.next_if(|(_, (id, _))| gone.contains(id)) {
            last = *id;
        }
        let Some((_, (_, next))) = rest.peek() else {
            // Only the first of several can be within a line.
            return Err(if index == 0 { NoEdit::Conflict } else { NoEdit::Layout });
        };
        let next = entry(view, next)?;
        let end = view.line_after(last)?;
        let is_gap_empty = view.slice(end, lines::start(view.text, next)).trim().is_empty();
        splices.push(match is_gap_empty {
            true => Splice::remove(start..next),
            // Comments stay.
            false => Splice::remove(
                line + before.trim_end().len()..lines::content_end(view.text, view.end_of(last)?),
            ),
        });
    }
    Ok(splices)
}

/// Where a field or an element starts.
fn entry(view: &View<'_>, child: &Node) -> Result<usize, NoEdit> {
    match child.key {
        Some(key) => Ok(key.start as usize),
        None if view.is_empty(child) => Err(NoEdit::Layout),
        None => view.dash(child),
    }
}

/// Removes lines. The last line of a text without a line end takes those before it.
fn whole_lines(view: &View<'_>, start: usize, end: usize) -> Splice {
    let is_open_end = end == view.text.len() && !view.text.ends_with('\n');
    let before = view.slice(0, start);
    match is_open_end {
        true => Splice::remove(before.trim_end().len()..end),
        false => Splice::remove(start..end),
    }
}

/// A mapping or list that loses all children.
fn emptied(view: &View<'_>, node: &Node, children: &[(u32, &Node)]) -> Result<Vec<Splice>, NoEdit> {
    let (Some((_, first)), Some((last, _))) = (children.first(), children.last()) else {
        return Err(NoEdit::Layout);
    };
    let empty = if node.kind == Kind::List { "[]" } else { "{}" };
    let start = entry(view, first)?;
    let line = lines::start(view.text, start);
    let has_own_lines = view.slice(line, start).trim_matches([' ', '\t']).is_empty();
    Ok(match node.key {
        Some(_) if has_own_lines => vec![
            Splice::insert(view.after_colon(node)?, format!(" {empty}")),
            whole_lines(view, line, view.line_after(*last)?),
        ],
        _ => vec![Splice { bytes: start..view.end_of(*last)?, text: empty.to_owned() }],
    })
}
