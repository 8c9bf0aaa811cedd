//! A document's text and nodes, and how its author lays them out.

use super::super::positions::{Kind, Node, Nodes};
use super::super::write::Layout;
use super::{NoEdit, lines};
use crate::resource::pointer;
use std::collections::BTreeMap;

/// Nodes that are looked at to learn the layout.
const LEARNED: usize = 5_000;

/// A document's text and nodes.
pub(super) struct View<'a> {
    pub(super) text: &'a str,
    pub(super) nodes: &'a Nodes,
    pub(super) layout: Layout,
    pub(super) line_end: &'static str,
}

/// How far a pointer leads.
pub(super) struct Reached {
    /// The last node, and those above it.
    pub(super) path: Vec<u32>,
    /// The tokens that are missing below it.
    pub(super) missing: Vec<String>,
}

impl Reached {
    pub(super) fn node(&self) -> u32 {
        self.path.last().copied().unwrap_or_default()
    }

    pub(super) fn parent(&self) -> Option<u32> {
        self.path.len().checked_sub(2).and_then(|at| self.path.get(at)).copied()
    }
}

impl<'a> View<'a> {
    pub(super) fn new(text: &'a str, nodes: &'a Nodes) -> Self {
        let mut view =
            Self { text, nodes, layout: Layout::default(), line_end: lines::line_end(text) };
        view.layout = view.learned();
        view
    }

    pub(super) fn node(&self, id: u32) -> Result<&'a Node, NoEdit> {
        self.nodes.get(id).ok_or(NoEdit::Missing)
    }

    pub(super) fn slice(&self, from: usize, to: usize) -> &'a str {
        self.text.get(from..to).unwrap_or_default()
    }

    /// Follows a pointer.
    ///
    /// # Errors
    /// When an alias or a merge gives what is there.
    pub(super) fn reach(&self, place: &str) -> Result<Reached, NoEdit> {
        let mut reached = Reached { path: vec![0], missing: Vec::new() };
        for token in pointer::tokens(place) {
            let here = reached.node();
            // An alias itself can be replaced, but not what it repeats.
            if self.node(here)?.alias {
                return Err(NoEdit::Shared);
            }
            match self.nodes.child(here, &token).filter(|_| reached.missing.is_empty()) {
                Some(child) if self.node(child)?.merged => return Err(NoEdit::Shared),
                Some(child) => reached.path.push(child),
                None => reached.missing.push(token.into_owned()),
            }
        }
        if !reached.missing.is_empty() && self.node(reached.node())?.alias {
            return Err(NoEdit::Shared);
        }
        Ok(reached)
    }

    /// The children that are written in a node.
    pub(super) fn children(&self, node: &'a Node) -> Vec<(u32, &'a Node)> {
        self.nodes.children(node).filter(|(_, child)| !child.merged).collect()
    }

    /// Whether a mapping or list has brackets.
    pub(super) fn is_flow(&self, node: &Node) -> bool {
        node.flow && !node.alias
    }

    /// Whether nothing is written at a node.
    pub(super) fn is_empty(&self, node: &Node) -> bool {
        node.kind == Kind::Scalar && !node.alias && node.span.is_empty()
    }

    /// The offset after the colon of a field.
    pub(super) fn after_colon(&self, node: &Node) -> Result<usize, NoEdit> {
        let key = node.key.ok_or(NoEdit::Layout)?.end as usize;
        let rest = self.text.get(key..).unwrap_or_default();
        let gap = rest.len() - rest.trim_start_matches([' ', '\t']).len();
        match rest.get(gap..).is_some_and(|rest| rest.starts_with(':')) {
            true => Ok(key + gap + 1),
            false => Err(NoEdit::Layout),
        }
    }

    /// The last node in a value: where the value ends.
    pub(super) fn last_leaf(&self, id: u32) -> Result<&'a Node, NoEdit> {
        let mut node = self.node(id)?;
        loop {
            if node.kind == Kind::Scalar || node.alias || self.is_flow(node) {
                return Ok(node);
            }
            match self.children(node).last() {
                Some((_, last)) => node = last,
                None => return Err(NoEdit::Layout),
            }
        }
    }

    /// The end of a value.
    pub(super) fn end_of(&self, id: u32) -> Result<usize, NoEdit> {
        let leaf = self.last_leaf(id)?;
        match self.is_empty(leaf) {
            true => self.after_colon(leaf),
            false => Ok(leaf.span.end as usize),
        }
    }

    /// The start of the line after a value in block style. A block scalar that keeps its line ends
    /// has the empty lines after it.
    pub(super) fn line_after(&self, id: u32) -> Result<usize, NoEdit> {
        let end = self.end_of(id)?;
        if !lines::is_rest_empty(self.text, end) {
            return Err(NoEdit::Layout);
        }
        let mut line = lines::end(self.text, end);
        let leaf = self.last_leaf(id)?;
        let token = self.slice(leaf.span.start as usize, leaf.span.end as usize);
        let header = token.lines().next().unwrap_or_default();
        if token.starts_with(['|', '>'])
            && header.split('#').next().unwrap_or_default().contains('+')
        {
            while line < self.text.len() {
                let end = lines::end(self.text, line);
                if !self.slice(line, end).trim().is_empty() {
                    break;
                }
                line = end;
            }
        }
        Ok(line)
    }

    /// The columns before an offset in its line.
    pub(super) fn column(&self, at: usize) -> usize {
        at - lines::start(self.text, at)
    }

    /// The dash of an element of a block list: before it, with only blanks and comments between them.
    pub(super) fn dash(&self, element: &Node) -> Result<usize, NoEdit> {
        let mut at = element.span.start as usize;
        loop {
            let line = lines::start(self.text, at);
            let before = self.slice(line, at);
            let before = before.split(" #").next().unwrap_or_default();
            let before = if before.starts_with('#') { "" } else { before };
            let content = before.trim_end();
            if let Some(rest) = content.strip_suffix('-') {
                let is_dash = rest.is_empty() || rest.ends_with([' ', '\t']);
                return if is_dash { Ok(line + rest.len()) } else { Err(NoEdit::Layout) };
            }
            if !content.is_empty() || line == 0 {
                return Err(NoEdit::Layout);
            }
            at = line - 1;
        }
    }

    /// The column of a list's dashes, or of a mapping's keys.
    pub(super) fn column_of(&self, node: &Node) -> Result<usize, NoEdit> {
        let mut children = self.nodes.children(node).filter(|(_, child)| !child.merged);
        let (_, first) = children.next().ok_or(NoEdit::Layout)?;
        let start = match first.key {
            Some(key) => key.start as usize,
            None if self.is_empty(first) => return Err(NoEdit::Layout),
            None => self.dash(first)?,
        };
        Ok(self.column(start))
    }

    /// The layout of most mappings and lists in block style.
    fn learned(&self) -> Layout {
        let (mut mappings, mut lists) = (BTreeMap::new(), BTreeMap::new());
        let mut open = vec![0_u32];
        let mut seen = 0;
        while let Some(id) = open.pop().filter(|_| seen < LEARNED) {
            let Some(node) = self.nodes.get(id).filter(|node| !node.alias) else { continue };
            if node.kind == Kind::Scalar || self.is_flow(node) {
                continue;
            }
            for (id, child) in self.children(node) {
                seen += 1;
                open.push(id);
                let is_block = child.kind != Kind::Scalar && !child.alias && !self.is_flow(child);
                let Some(key) = child.key.filter(|_| is_block) else { continue };
                let Ok(own) = self.column_of(child) else { continue };
                let Some(more) = own.checked_sub(self.column(key.start as usize)) else { continue };
                let votes = if child.kind == Kind::List { &mut lists } else { &mut mappings };
                *votes.entry(more).or_insert(0_usize) += 1;
            }
        }
        let most = |votes: BTreeMap<usize, usize>| {
            votes.into_iter().max_by_key(|(more, count)| (*count, usize::MAX - more))
        };
        let default = Layout::default();
        let mapping = most(mappings).map(|(more, _)| more).filter(|more| *more > 0);
        Layout {
            mapping: mapping.unwrap_or(default.mapping),
            list: most(lists).map_or(default.list, |(more, _)| more),
        }
    }
}
