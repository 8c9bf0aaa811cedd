//! Options in a text that is itself a configuration file of Flink, in a literal block (`|`).

use super::super::Dialect;
use super::super::positions::Node;
use super::view::View;
use super::{Change, NoEdit, Operation, Splice, lines, only, spliced, splices};
use crate::resource::pointer;
use serde_json::Value;
use std::collections::BTreeMap;

/// Nested mappings that are looked into for an option.
const MOST_LEVELS: usize = 16;

/// The changes of options, by the text that has them.
pub(super) fn by_text(operations: &[Operation]) -> BTreeMap<&str, Vec<(&str, &Change)>> {
    let mut texts: BTreeMap<&str, Vec<(&str, &Change)>> = BTreeMap::new();
    for operation in operations {
        if let Operation::Within { pointer, option, change } = operation {
            texts.entry(pointer).or_default().push((option, change));
        }
    }
    texts
}

/// A text with changed options.
pub(super) fn changed(text: &str, changes: &[(&str, &Change)]) -> Result<String, NoEdit> {
    let inner = inner_splices(text, changes)?;
    Ok(spliced(text, inner.iter().map(|splice| (splice.bytes.clone(), splice.text.as_str()))))
}

/// Whether two values are equal but for empty lines at the end of texts with options, which a literal block
/// does not keep.
pub(super) fn are_alike(wanted: &Value, found: &Value, operations: &[Operation]) -> bool {
    let texts = by_text(operations);
    if texts.is_empty() {
        return wanted == found;
    }
    let without_ends = |value: &Value| {
        let mut value = value.clone();
        for place in texts.keys() {
            if let Some(Value::String(text)) = value.pointer_mut(place) {
                text.truncate(text.trim_end_matches('\n').len());
            }
        }
        value
    };
    without_ends(wanted) == without_ends(found)
}

fn inner_splices(text: &str, changes: &[(&str, &Change)]) -> Result<Vec<Splice>, NoEdit> {
    let document = only(text, Dialect::Flink).ok_or(NoEdit::Missing)?;
    let value = document.value.as_ref().ok_or(NoEdit::Missing)?;
    let mut operations = Vec::new();
    for (option, change) in changes {
        let found = place(value, option);
        operations.extend(match (change, found) {
            (Change::Set(value), found) => {
                let pointer = found.unwrap_or_else(|| pointer::join("", option));
                vec![Operation::Set { pointer, value: value.clone() }]
            }
            (Change::Remove, Some(pointer)) => vec![Operation::Remove { pointer }],
            (Change::Rename(to), Some(place)) => rename("", &place, to, value)?,
            (Change::Remove | Change::Rename(_), None) => return Err(NoEdit::Missing),
        });
    }
    splices(&document.positions, &operations, Dialect::Flink)
}

/// The operations that give an option another key. `place` is where it is, below the mapping `base` of all
/// options; nested keys that both names begin with stay.
///
/// # Errors
/// When it is not there.
pub fn rename(base: &str, place: &str, to: &str, value: &Value) -> Result<Vec<Operation>, NoEdit> {
    let within = place.strip_prefix(base).ok_or(NoEdit::Missing)?;
    let mut rest = to;
    let mut tokens: Vec<_> = pointer::tokens(within).collect();
    tokens.pop();
    let shares_nesting = tokens.iter().all(|token| {
        let shorter = rest.strip_prefix(&**token).and_then(|rest| rest.strip_prefix('.'));
        shorter.map(|shorter| rest = shorter).is_some()
    });
    if shares_nesting {
        return Ok(vec![Operation::RenameKey { pointer: place.to_owned(), to: rest.to_owned() }]);
    }
    let value = pointer::at(value, place).ok_or(NoEdit::Missing)?.clone();
    let pointer = place.to_owned();
    Ok(vec![
        Operation::Remove { pointer },
        Operation::Set { pointer: pointer::join(base, to), value },
    ])
}

/// The pointer to an option that is written with dots, as nested mappings, or partly so.
pub fn place(value: &Value, option: &str) -> Option<String> {
    place_within(value, option, MOST_LEVELS)
}

fn place_within(value: &Value, option: &str, levels: usize) -> Option<String> {
    let fields = value.as_object()?;
    if fields.contains_key(option) {
        return Some(pointer::join("", option));
    }
    fields.iter().find_map(|(name, below)| {
        let rest = option.strip_prefix(name.as_str())?.strip_prefix('.')?;
        let rest = place_within(below, rest, levels.checked_sub(1)?)?;
        Some(pointer::join("", name) + &rest)
    })
}

/// The replacements in a file for changes of options in a literal block.
pub(super) fn splices_of(
    view: &View<'_>,
    node: &Node,
    text: &str,
    changes: &[(&str, &Change)],
) -> Result<Vec<Splice>, NoEdit> {
    let header = node.span.start as usize;
    if node.alias {
        return Err(NoEdit::Shared);
    }
    if !view.text.get(header..).is_some_and(|rest| rest.starts_with('|')) {
        return Err(NoEdit::Layout);
    }
    let block = Block::of(view, header, text)?;
    inner_splices(text, changes)?
        .into_iter()
        .map(|splice| {
            let (start, end) = (splice.bytes.start, splice.bytes.end);
            let (starts_line, ends_line) = (block.starts_line(start), block.starts_line(end));
            let mut new = String::new();
            for (index, line) in splice.text.split('\n').enumerate() {
                if index > 0 {
                    new.push_str(view.line_end);
                }
                let is_whole = index > 0 || starts_line;
                if is_whole && (!line.is_empty() || (splice.text.is_empty() && !ends_line)) {
                    new.push_str(&" ".repeat(block.indent));
                }
                new.push_str(line);
            }
            let bytes = block.outer(start).ok_or(NoEdit::Layout)?
                ..block.outer(end).ok_or(NoEdit::Layout)?;
            Ok(Splice { bytes, text: new })
        })
        .collect()
}

/// Where the lines of a literal block are.
struct Block {
    indent: usize,
    /// Where each line starts in the text, and in the file. The last pair is after the last line.
    lines: Vec<(usize, usize)>,
}

impl Block {
    fn of(view: &View<'_>, header: usize, text: &str) -> Result<Self, NoEdit> {
        let (mut inner, mut outer) = (0, lines::end(view.text, header));
        let (mut found, mut indent) = (Vec::new(), None);
        for line in text.split_inclusive('\n') {
            found.push((inner, outer));
            let content = line.trim_end_matches(['\r', '\n']);
            let written = lines::content_end(view.text, outer) - outer;
            if !content.trim().is_empty() && indent.is_none() {
                indent = written.checked_sub(content.len());
            }
            inner += line.len();
            outer = lines::end(view.text, outer);
        }
        found.push((inner, outer));
        Ok(Self { indent: indent.ok_or(NoEdit::Layout)?, lines: found })
    }

    fn line(&self, at: usize) -> Option<(usize, usize)> {
        let after = self.lines.partition_point(|(inner, _)| *inner <= at);
        self.lines.get(after.checked_sub(1)?).copied()
    }

    fn starts_line(&self, at: usize) -> bool {
        self.line(at).is_some_and(|(inner, _)| inner == at)
    }

    fn outer(&self, at: usize) -> Option<usize> {
        let (inner, outer) = self.line(at)?;
        Some(if inner == at { outer } else { outer + self.indent + (at - inner) })
    }
}
