//! Builds one document's value and positions from the events of a reader.
//!
//! Nothing here recurses. Open mappings and lists are on a stack of limited height, so neither
//! building nor dropping a value can overflow the call stack. Repetition through aliases is limited
//! too.

mod merge;
mod room;

use super::positions::{Kind, NONE, Node, Nodes, Positions};
use super::source::{Bytes, Fault, Source, offset};
use super::{Document, Problem};
use room::Room;
use serde_json::{Map, Value};
use std::sync::Arc;

/// Maximum nesting of mappings and lists; Kubernetes' deepest types need about thirty levels.
pub(super) const MAX_DEPTH: usize = 200;
/// Weight that aliases may add to a document, and that anchors may keep: this much for each byte of
/// its text, and never more than [`MAX_REPEATED`].
const REPEATED_PER_BYTE: usize = 32;
/// Most weight of each: 200,000 values without text.
const MAX_REPEATED: usize = 200_000 * VALUE_WEIGHT;
/// Weight of a value in bytes of text: it takes more memory than its text.
const VALUE_WEIGHT: usize = 8;
/// Duplicate fields that are reported in one document; for further ones, the last counts silently.
const MAX_DUPLICATES: usize = 100;

/// A value that aliases can repeat.
struct Anchor {
    value: Value,
    node: u32,
    weight: usize,
    room: usize,
    height: usize,
}

struct Key {
    name: String,
    at: Bytes,
    stored: Bytes,
    merge: bool,
}

enum Holder {
    Mapping { fields: Map<String, Value>, key: Option<Key> },
    List(Vec<Value>),
}

struct Frame {
    holder: Holder,
    node: u32,
    last_child: u32,
    anchor: usize,
    /// `Builder::weight` when this frame was opened.
    weight: usize,
    /// The room that was used before it.
    room: usize,
    height: usize,
    end: u32,
}

/// A document under construction.
pub(super) struct Builder {
    source: Arc<Source>,
    nodes: Nodes,
    stack: Vec<Frame>,
    root: Option<Value>,
    anchors: Vec<Option<Anchor>>,
    faults: Vec<Fault>,
    /// Weight of all values so far, including repeated ones: [`VALUE_WEIGHT`] and the bytes of texts
    /// and keys.
    weight: usize,
    /// Weight of the values that aliases and merges repeated.
    repeated: usize,
    /// Weight of the values of anchors, which are kept for aliases.
    kept: usize,
    /// The most of each.
    most_repeated: usize,
    room: Room,
    duplicates: usize,
}

impl Builder {
    /// A builder for a document whose text has `length` bytes.
    pub(super) fn new(source: Arc<Source>, length: usize) -> Self {
        Self {
            room: Room::of(length),
            source,
            nodes: Nodes::default(),
            stack: Vec::new(),
            root: None,
            anchors: Vec::new(),
            faults: Vec::new(),
            weight: 0,
            repeated: 0,
            kept: 0,
            most_repeated: length.saturating_mul(REPEATED_PER_BYTE).min(MAX_REPEATED),
            duplicates: 0,
        }
    }

    /// Records a fault and continues.
    pub(super) fn note(&mut self, fault: Fault) {
        self.faults.push(fault);
    }

    /// Whether the next event is a key of a mapping.
    pub(super) fn expects_key(&self) -> bool {
        matches!(self.stack.last(), Some(Frame { holder: Holder::Mapping { key: None, .. }, .. }))
    }

    /// Records the key of the next field.
    pub(super) fn key(&mut self, name: String, at: Bytes, merge: bool) {
        let start = offset(self.nodes.names.len());
        if let Some(Frame { holder: Holder::Mapping { key, .. }, .. }) = self.stack.last_mut() {
            self.weight = self.weight.saturating_add(name.len());
            self.nodes.names.push_str(&name);
            let stored = Bytes { start, end: offset(self.nodes.names.len()) };
            *key = Some(Key { name, at, stored, merge });
        }
    }

    /// Adds a scalar; `anchor` 0 means no anchor.
    pub(super) fn scalar(&mut self, value: Value, at: Bytes, anchor: usize) -> Result<(), Fault> {
        self.take_room(Room::VALUE, at)?;
        let node = self.add_node(Kind::Scalar, at, false);
        let length = value.as_str().map_or(0, str::len);
        self.weight = self.weight.saturating_add(length);
        if anchor != 0 {
            let weight = VALUE_WEIGHT.saturating_add(length);
            self.keep(weight, Room::VALUE, at)?;
            let value = value.clone();
            self.remember(anchor, Anchor { value, node, weight, room: Room::VALUE, height: 0 });
        }
        self.place(value, at, 0)
    }

    /// Opens a mapping or list.
    pub(super) fn open(&mut self, kind: Kind, at: Bytes, anchor: usize) -> Result<(), Fault> {
        if self.expects_key() {
            return Err(Fault::unusable(
                at,
                "a mapping or list cannot be a key: write the key as text",
            ));
        }
        if self.stack.len() >= MAX_DEPTH {
            return Err(too_deep(at));
        }
        let (weight, room) = (self.weight, self.room.used());
        self.take_room(if kind == Kind::Mapping { Room::MAPPING } else { Room::VALUE }, at)?;
        let node = self.add_node(kind, at, false);
        let holder = match kind {
            Kind::List => Holder::List(Vec::new()),
            _ => Holder::Mapping { fields: Map::new(), key: None },
        };
        self.stack.push(Frame {
            holder,
            node,
            last_child: NONE,
            anchor,
            weight,
            room,
            height: 1,
            end: at.end,
        });
        Ok(())
    }

    /// Closes the innermost mapping or list; `at` is its closing bracket, if it has one.
    pub(super) fn close(&mut self, at: Bytes) -> Result<(), Fault> {
        let Some(frame) = self.stack.pop() else { return Ok(()) };
        let end = if at.is_empty() { frame.end } else { at.end };
        let mut span = at;
        if let Some(node) = self.nodes.get_mut(frame.node) {
            node.span.end = end;
            node.flow = !at.is_empty();
            span = node.span;
        }
        let value = match frame.holder {
            Holder::Mapping { fields, .. } => Value::Object(fields),
            Holder::List(elements) => Value::Array(elements),
        };
        if frame.anchor != 0 {
            let weight = self.weight.saturating_sub(frame.weight);
            let room = self.room.used().saturating_sub(frame.room);
            self.keep(weight, room, span)?;
            let (value, node, height) = (value.clone(), frame.node, frame.height);
            self.remember(frame.anchor, Anchor { value, node, weight, room, height });
        }
        self.place(value, span, frame.height)
    }

    /// Repeats the value of an anchor.
    pub(super) fn alias(&mut self, anchor: usize, at: Bytes) -> Result<(), Fault> {
        let Some(Some(target)) = self.anchors.get(anchor) else {
            return Err(Fault::unusable(
                at,
                "this alias is inside the anchor that it repeats: use another anchor",
            ));
        };
        if self.expects_key() {
            let name = match &target.value {
                Value::String(text) => text.clone(),
                Value::Bool(_) | Value::Number(_) => target.value.to_string(),
                _ => {
                    return Err(Fault::unusable(
                        at,
                        "this alias is not text, so it cannot be a key: write the key out",
                    ));
                }
            };
            self.repeat(name.len().saturating_add(VALUE_WEIGHT), at)?;
            self.key(name, at, false);
            return Ok(());
        }
        if self.stack.len() + target.height > MAX_DEPTH {
            return Err(too_deep(at));
        }
        let Anchor { node, weight, room, height, .. } = *target;
        self.take_room(room, at)?;
        self.repeat(weight, at)?;
        // The node of the alias counts its own value.
        self.weight = self.weight.saturating_add(weight.saturating_sub(VALUE_WEIGHT));
        let Some(Some(target)) = self.anchors.get(anchor) else { return Ok(()) };
        let value = target.value.clone();
        let (kind, first_child) =
            self.nodes.get(node).map_or((Kind::Scalar, NONE), |node| (node.kind, node.first_child));
        let copy = self.add_node(kind, at, true);
        if let Some(node) = self.nodes.get_mut(copy) {
            node.first_child = first_child;
        }
        self.place(value, at, height)
    }

    /// The document so far; `stopped` is the fault that ended it early.
    pub(super) fn finish(mut self, stopped: Option<Fault>) -> Document {
        self.faults.extend(stopped);
        let whole = self.faults.iter().all(|fault| fault.usable);
        let problem = |fault: Fault| Problem {
            message: fault.message,
            span: self.source.span(fault.at),
            usable: fault.usable,
            limit: fault.limit,
        };
        let problems = self.faults.into_iter().map(problem).collect();
        Document {
            value: self.root.filter(|_| whole),
            problems,
            positions: Positions::new(self.source, self.nodes),
        }
    }

    fn add_node(&mut self, kind: Kind, span: Bytes, alias: bool) -> u32 {
        self.weight = self.weight.saturating_add(VALUE_WEIGHT);
        let (key, name) = match self.stack.last() {
            Some(Frame { holder: Holder::Mapping { key: Some(key), .. }, .. }) => {
                (Some(key.at), key.stored)
            }
            _ => (None, Bytes::default()),
        };
        self.link(Node {
            kind,
            alias,
            merged: false,
            flow: false,
            span,
            key,
            name,
            first_child: NONE,
            next: NONE,
        })
    }

    /// Adds a node as the last child of the innermost open node.
    fn link(&mut self, node: Node) -> u32 {
        let id = offset(self.nodes.all.len());
        room::push(&mut self.nodes.all, node);
        if let Some(frame) = self.stack.last_mut() {
            let previous = std::mem::replace(&mut frame.last_child, id);
            let holder = frame.node;
            if let Some(previous) = self.nodes.get_mut(previous) {
                previous.next = id;
            } else if let Some(holder) = self.nodes.get_mut(holder) {
                holder.first_child = id;
            }
        }
        id
    }

    /// Counts what is repeated.
    ///
    /// # Errors
    /// When all of it takes more than the text justifies.
    fn repeat(&mut self, weight: usize, at: Bytes) -> Result<(), Fault> {
        self.repeated = self.repeated.saturating_add(weight);
        self.limited(self.repeated, at)
    }

    fn limited(&self, copied: usize, at: Bytes) -> Result<(), Fault> {
        if copied <= self.most_repeated {
            return Ok(());
        }
        let message =
            "anchors and aliases repeat too much for a document of this size: write the values out";
        Err(Fault::limit(at, message))
    }

    /// Counts a value that is copied for aliases.
    ///
    /// # Errors
    /// When all copies take more than the text justifies.
    fn keep(&mut self, weight: usize, room: usize, at: Bytes) -> Result<(), Fault> {
        self.kept = self.kept.saturating_add(weight);
        self.limited(self.kept, at)?;
        self.take_room(room, at)
    }

    fn remember(&mut self, anchor: usize, value: Anchor) {
        if self.anchors.len() <= anchor {
            self.anchors.resize_with(anchor + 1, || None);
        }
        if let Some(slot) = self.anchors.get_mut(anchor) {
            *slot = Some(value);
        }
    }

    /// Takes room for values that are about to be added.
    ///
    /// # Errors
    /// When the document has too many.
    fn take_room(&mut self, bytes: usize, at: Bytes) -> Result<(), Fault> {
        if self.room.take(bytes) {
            return Ok(());
        }
        let message = "this document has too many values to read at once: write its objects as \
                       documents of their own, with `---` between them";
        Err(Fault::limit(at, message))
    }

    /// Stores a finished value in its parent.
    fn place(&mut self, value: Value, at: Bytes, height: usize) -> Result<(), Fault> {
        let Some(frame) = self.stack.last_mut() else {
            self.root = Some(value);
            return Ok(());
        };
        frame.end = frame.end.max(at.end);
        frame.height = frame.height.max(height + 1);
        let (fields, key) = match &mut frame.holder {
            Holder::List(elements) => {
                room::push(elements, value);
                return Ok(());
            }
            Holder::Mapping { fields, key } => (fields, key.take()),
        };
        let Some(key) = key else { return Ok(()) };
        if key.merge {
            return self.merge(value, at);
        }
        // Duplicates are rare, so looking a name up again is cheaper than cloning every name.
        let Key { name, at: key_at, stored, .. } = key;
        if fields.insert(name, value).is_some() {
            self.report_duplicate(stored, key_at);
        }
        Ok(())
    }

    fn report_duplicate(&mut self, stored: Bytes, at: Bytes) {
        if self.duplicates >= MAX_DUPLICATES {
            return;
        }
        self.duplicates += 1;
        let Some(frame) = self.stack.last() else { return };
        let Some(holder) = self.nodes.get(frame.node) else { return };
        let name =
            self.nodes.names.get(stored.start as usize..stored.end as usize).unwrap_or_default();
        let earlier = self
            .nodes
            .children(holder)
            .filter(|(id, child)| *id != frame.last_child && self.nodes.name(child) == name)
            .find(|(_, child)| !child.merged);
        // Fields from a merge may be replaced; this is the purpose of merges.
        let Some((_, Node { key: Some(first), .. })) = earlier else { return };
        let line = self.source.line(first.start);
        let message = format!(
            "duplicate key `{name}`, first on line {line}: remove one, only the last one is used"
        );
        self.faults.push(Fault::usable(at, message));
    }
}

fn too_deep(at: Bytes) -> Fault {
    Fault::limit(
        at,
        format!(
            "mappings and lists are nested more than {MAX_DEPTH} levels deep: reduce the nesting"
        ),
    )
}
