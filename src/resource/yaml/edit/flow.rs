//! Edits of what is written in brackets: flow style and JSON.

use super::super::positions::{Kind, Node};
use super::super::write;
use super::view::View;
use super::{NoEdit, Splice};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// How values in brackets are written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Style {
    /// Whether all texts have double quotes.
    pub(super) is_json: bool,
    colon: &'static str,
    comma: &'static str,
}

impl Style {
    /// The style of a mapping or list, or of the document.
    pub(super) fn of(view: &View<'_>, node: &Node) -> Self {
        let root = view.nodes.get(0).filter(|root| view.is_flow(root));
        let of = |node: &Node| {
            let mut children = view.nodes.children(node).filter(|(_, child)| !child.merged);
            children.find_map(|(_, child)| Some((child.key?, child.span)))
        };
        let Some((key, value)) = of(node).or_else(|| root.and_then(of)) else {
            return Self { is_json: false, colon: ": ", comma: ", " };
        };
        let is_json =
            view.slice(key.start as usize, key.end as usize).starts_with('"') && root.is_some();
        let gap = view.slice(key.end as usize, value.start as usize);
        let is_tight = is_json && !gap.ends_with([' ', '\t', '\n']);
        let (colon, comma) = if is_tight { (":", ",") } else { (": ", ", ") };
        Self { is_json, colon, comma }
    }

    /// A text in brackets.
    pub(super) fn text(self, text: &str) -> String {
        if self.is_json {
            Value::from(text).to_string()
        } else if write::is_plain(text) && !text.contains([',', '[', ']', '{', '}']) {
            text.to_owned()
        } else {
            write::quoted(text)
        }
    }
}

/// A value in one line.
pub(super) fn inline(value: &Value, style: Style) -> String {
    match value {
        Value::String(text) => style.text(text),
        Value::Array(elements) => {
            let parts: Vec<_> = elements.iter().map(|element| inline(element, style)).collect();
            format!("[{}]", parts.join(style.comma))
        }
        Value::Object(fields) => {
            let parts: Vec<_> =
                fields.iter().map(|(key, value)| field(key, value, style)).collect();
            format!("{{{}}}", parts.join(style.comma))
        }
        other => other.to_string(),
    }
}

fn field(key: &str, value: &Value, style: Style) -> String {
    format!("{}{}{}", style.text(key), style.colon, inline(value, style))
}

/// More fields after the last of a mapping.
pub(super) fn with_fields(
    view: &View<'_>,
    id: u32,
    fields: &Map<String, Value>,
    removed: &BTreeSet<u32>,
) -> Result<(usize, Splice), NoEdit> {
    let style = Style::of(view, view.node(id)?);
    let parts = fields.iter().map(|(key, value)| field(key, value, style)).collect();
    added(view, id, parts, removed, style)
}

/// More elements after the last of a list.
pub(super) fn with_elements(
    view: &View<'_>,
    id: u32,
    elements: &[Value],
    removed: &BTreeSet<u32>,
) -> Result<(usize, Splice), NoEdit> {
    let style = Style::of(view, view.node(id)?);
    let parts = elements.iter().map(|element| inline(element, style)).collect();
    added(view, id, parts, removed, style)
}

/// Entries after the last one that stays, separated as the others are.
fn added(
    view: &View<'_>,
    id: u32,
    parts: Vec<String>,
    removed: &BTreeSet<u32>,
    style: Style,
) -> Result<(usize, Splice), NoEdit> {
    let node = view.node(id)?;
    let children = view.children(node);
    let last = children.iter().rev().find(|(id, _)| !removed.contains(id)).ok_or(NoEdit::Layout)?;
    let (first, _) = children.first().ok_or(NoEdit::Layout)?;
    let first = start(view.node(*first)?);
    let lead = view.slice(node.span.start as usize + 1, first);
    // Entries that have lines of their own get further lines.
    let separator = match lead.contains('\n') && lead.trim().is_empty() {
        true => format!(",{lead}"),
        false => style.comma.to_owned(),
    };
    let text: String = parts.into_iter().map(|part| format!("{separator}{part}")).collect();
    Ok((0, Splice::insert(view.end_of(last.0)?, text)))
}

fn start(node: &Node) -> usize {
    node.key.unwrap_or(node.span).start as usize
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
        let empty = if node.kind == Kind::List { "[]" } else { "{}" };
        let bytes = node.span.start as usize..node.span.end as usize;
        return Ok(vec![Splice { bytes, text: empty.to_owned() }]);
    }
    let mut splices = Vec::new();
    let mut kept_before = false;
    for (index, (id, child)) in children.iter().enumerate() {
        if !gone.contains(id) {
            kept_before = true;
            continue;
        }
        let previous = index.checked_sub(1).and_then(|at| children.get(at));
        splices.push(match (kept_before, previous, children.get(index + 1)) {
            (true, Some((previous, _)), _) => {
                Splice::remove(view.end_of(*previous)?..view.end_of(*id)?)
            }
            (_, _, Some((_, next))) => Splice::remove(start(child)..start(next)),
            _ => return Err(NoEdit::Layout),
        });
    }
    Ok(splices)
}
