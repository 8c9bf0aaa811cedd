//! Merge keys (`<<`), which insert the fields of other mappings.

use super::super::positions::{NONE, Node};
use super::super::source::{Bytes, Fault};
use super::{Builder, Frame, Holder, MAX_DUPLICATES, VALUE_WEIGHT};
use serde_json::{Map, Value};

impl Builder {
    /// Inserts the fields of other mappings. As in go-yaml v2 the last one counts, so a merge
    /// replaces fields above it and is replaced by fields below it.
    pub(super) fn merge(&mut self, value: Value, at: Bytes) -> Result<(), Fault> {
        let source = self.stack.last().map_or(NONE, |frame| frame.last_child);
        let mut sources = Vec::new();
        match value {
            Value::Object(fields) => sources.push((fields, source)),
            Value::Array(elements) => {
                let nodes = self.nodes.get(source).map_or_else(Vec::new, |node| {
                    self.nodes.children(node).map(|(id, _)| id).collect()
                });
                for (element, node) in elements.into_iter().zip(nodes).rev() {
                    let Value::Object(fields) = element else { return Err(not_mergeable(at)) };
                    sources.push((fields, node));
                }
            }
            _ => return Err(not_mergeable(at)),
        }
        for (fields, node) in sources {
            let children: Vec<Node> = self.nodes.get(node).map_or_else(Vec::new, |node| {
                self.nodes.children(node).map(|(_, child)| *child).collect()
            });
            let weight = children.len().saturating_add(1).saturating_mul(VALUE_WEIGHT);
            self.repeat(weight, at)?;
            self.weight = self.weight.saturating_add(weight);
            self.replaced_by_merge(&fields, at);
            for child in children {
                self.link(Node { merged: true, next: NONE, ..child });
            }
            if let Some(Frame { holder: Holder::Mapping { fields: into, .. }, .. }) =
                self.stack.last_mut()
            {
                into.extend(fields);
            }
        }
        Ok(())
    }

    /// Reports fields above a merge key that the merge replaces, which is rarely intended.
    fn replaced_by_merge(&mut self, fields: &Map<String, Value>, at: Bytes) {
        let Some(Frame { holder: Holder::Mapping { fields: into, .. }, node, .. }) =
            self.stack.last()
        else {
            return;
        };
        let Some(holder) = self.nodes.get(*node) else { return };
        let (mut lost, mut searched) = (Vec::new(), 0);
        // The merged fields were counted, those above them were not.
        for name in fields.keys().filter(|name| into.contains_key(*name)) {
            // Each one is searched among all fields.
            if self.duplicates + searched >= MAX_DUPLICATES {
                break;
            }
            searched += 1;
            let last = self
                .nodes
                .children(holder)
                .filter(|(_, child)| self.nodes.name(child) == name)
                .last();
            if let Some((_, Node { merged: false, key: Some(key), .. })) = last {
                let line = self.source.line(key.start);
                lost.push(Fault::usable(
                    at,
                    format!("this merge replaces `{name}` from line {line}: move `<<` above it"),
                ));
            }
        }
        self.duplicates += searched;
        self.faults.extend(lost);
    }
}

fn not_mergeable(at: Bytes) -> Fault {
    Fault::unusable(
        at,
        "`<<` merges only mappings: use an alias of a mapping, or a list of such aliases",
    )
}
