//! Positions of the parts of a document, looked up by JSON Pointer.
//!
//! The index is the document's tree as a flat list of byte ranges, written while the value is
//! built. Only findings need positions, so a lookup walks the tree instead of a map from pointers.

use super::Span;
use super::source::{Bytes, Source};
use crate::resource::pointer;
use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

/// No node.
pub(super) const NONE: u32 = u32::MAX;

/// The type of a node's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Scalar,
    Mapping,
    List,
}

/// The position of one value. Children are a linked list, which an alias shares with its anchor.
#[derive(Clone, Copy, Debug)]
pub(super) struct Node {
    pub(super) kind: Kind,
    /// Inserted by an alias (`*name`); `span` is the alias.
    pub(super) alias: bool,
    /// Inserted by a merge key.
    pub(super) merged: bool,
    /// Whether a mapping or list has brackets.
    pub(super) flow: bool,
    pub(super) span: Bytes,
    pub(super) key: Option<Bytes>,
    /// The key's text within `Nodes::names`.
    pub(super) name: Bytes,
    pub(super) first_child: u32,
    pub(super) next: u32,
}

/// All nodes of a document; the first is its root.
#[derive(Clone, Debug, Default)]
pub(super) struct Nodes {
    pub(super) all: Vec<Node>,
    pub(super) names: String,
    /// The children of nodes that have many, made when the first of them is looked up: those of a
    /// list in their order, those of a mapping by name.
    long: OnceLock<HashMap<u32, Vec<u32>>>,
}

/// With more children, a node has an index: a file may have findings at all of them.
const MANY: usize = 64;

impl Nodes {
    pub(super) fn get(&self, id: u32) -> Option<&Node> {
        self.all.get(id as usize)
    }

    pub(super) fn get_mut(&mut self, id: u32) -> Option<&mut Node> {
        self.all.get_mut(id as usize)
    }

    pub(super) fn name(&self, node: &Node) -> &str {
        self.names.get(node.name.start as usize..node.name.end as usize).unwrap_or_default()
    }

    pub(super) fn children(&self, node: &Node) -> impl Iterator<Item = (u32, &Node)> {
        let at = |id: u32| self.get(id).map(|node| (id, node));
        std::iter::successors(at(node.first_child), move |(_, node)| at(node.next))
    }

    /// The child that a pointer's token names; of duplicate fields, the last one, which counts.
    pub(super) fn child(&self, parent: u32, token: &str) -> Option<u32> {
        let node = self.get(parent)?;
        match node.kind {
            Kind::Scalar => None,
            Kind::Mapping => {
                let is_named = |(_, child): &(u32, &Node)| self.name(child) == token;
                let named = || self.children(node).filter(is_named).last().map(|(id, _)| id);
                self.long_children(parent, node).map_or_else(named, |children| {
                    let name = |id: u32| self.get(id).map_or("", |node| self.name(node));
                    let end = children.partition_point(|id| name(*id) <= token);
                    let last = *children.get(end.checked_sub(1)?)?;
                    (name(last) == token).then_some(last)
                })
            }
            Kind::List if token.starts_with('+') || (token.starts_with('0') && token.len() > 1) => {
                None
            }
            Kind::List => {
                let index: usize = token.parse().ok()?;
                match self.long_children(parent, node) {
                    Some(children) => children.get(index).copied(),
                    None => self.children(node).nth(index).map(|(id, _)| id),
                }
            }
        }
    }

    /// The children of a node that has many.
    fn long_children(&self, parent: u32, node: &Node) -> Option<&[u32]> {
        self.children(node).nth(MANY)?;
        self.long.get_or_init(|| self.index()).get(&parent).map(Vec::as_slice)
    }

    fn index(&self) -> HashMap<u32, Vec<u32>> {
        let mut long = HashMap::new();
        for (id, node) in (0..).zip(&self.all) {
            if node.kind == Kind::Scalar || self.children(node).nth(MANY).is_none() {
                continue;
            }
            let mut children: Vec<u32> = self.children(node).map(|(id, _)| id).collect();
            if node.kind == Kind::Mapping {
                children.sort_by_key(|id| self.get(*id).map_or("", |node| self.name(node)));
            }
            long.insert(id, children);
        }
        long
    }
}

/// Positions of the parts of one document, by JSON Pointer.
#[derive(Clone, Debug, Default)]
pub struct Positions {
    found: Option<(Arc<Source>, Arc<Nodes>)>,
}

impl Positions {
    pub(super) fn new(source: Arc<Source>, nodes: Nodes) -> Self {
        Self { found: Some((source, Arc::new(nodes))) }
    }

    /// The text and the nodes; `None` where nothing was read.
    pub(super) fn parts(&self) -> Option<(&Arc<Source>, &Nodes)> {
        self.found.as_ref().map(|(source, nodes)| (source, &**nodes))
    }

    /// Bytes of the document's text.
    pub fn length(&self) -> usize {
        let root = self.parts().and_then(|(source, nodes)| Some((source, nodes.get(0)?.span)));
        root.map_or(0, |(source, span)| source.document_at(span.start as usize).1.len())
    }

    /// The range of the value at this pointer: a scalar with its quotes, a mapping or list from its
    /// first to its last character, or an alias.
    pub fn value(&self, pointer: &str) -> Option<Span> {
        let (source, node) = self.exact(pointer)?;
        Some(source.span(node.span))
    }

    /// The range of the key of the field at this pointer; list elements have none.
    pub fn key(&self, pointer: &str) -> Option<Span> {
        let (source, node) = self.exact(pointer)?;
        node.key.map(|key| source.span(key))
    }

    /// The range to point at for a pointer that may be missing. This is the value if it is a
    /// scalar, and the key otherwise; for a missing field, that of the nearest existing parent.
    pub fn nearest(&self, pointer: &str) -> Span {
        let Some((source, nodes, node, _)) = self.walk(pointer) else {
            return Span { line: 1, column: 1, end_line: 1, end_column: 1 };
        };
        source.span(marked(source, nodes, node))
    }

    fn exact(&self, pointer: &str) -> Option<(&Source, &Node)> {
        self.walk(pointer)
            .and_then(|(source, _, node, complete)| complete.then_some((source, node)))
    }

    /// Follows the pointer as far as possible; the last part of the result says whether it reached
    /// the end.
    fn walk(&self, pointer: &str) -> Option<(&Source, &Nodes, &Node, bool)> {
        let (source, nodes) = self.found.as_ref()?;
        let (mut id, mut is_complete) = (0, true);
        nodes.get(id)?;
        for token in pointer::tokens(pointer) {
            match nodes.child(id, &token) {
                Some(child) => id = child,
                None => {
                    is_complete = false;
                    break;
                }
            }
        }
        Some((source, nodes, nodes.get(id)?, is_complete))
    }
}

/// The range that represents a node in a finding.
fn marked(source: &Source, nodes: &Nodes, node: &Node) -> Bytes {
    match node.key {
        // An empty field has no value to point at.
        Some(key) if node.kind != Kind::Scalar || node.span.is_empty() => return key,
        _ if node.kind == Kind::Scalar || node.alias => return node.span,
        _ => {}
    }
    match nodes.get(node.first_child).and_then(|first| first.key) {
        Some(first_key) => first_key,
        None => source.first_line(node.span),
    }
}
