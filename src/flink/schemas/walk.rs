//! Holds an object against the table: one pass over its values.

use super::fault::{Expected, FaultKind, Nearest, Releases, SchemaFault};
use super::nearest;
use super::path::Path;
use super::table::{Field, KindSchema, Mask, Node, NodeId, Object, Range, Table};
use crate::flink::operator::version::OperatorVersion;
use crate::resource::steps;
use serde_json::{Map, Value};

/// Faults that are collected of one object. A rule reports fewer.
const MOST_FAULTS: usize = 100;

/// Unknown fields of one object that are compared with known ones. A comparison is expensive, and
/// the sender chooses the number.
const MOST_COMPARED: usize = 20;

pub(super) struct Walk<'a> {
    table: &'static Table,
    kind: &'static KindSchema,
    /// The releases to judge by.
    asked: Mask,
    /// Other releases that allow anything at a field above.
    free: Mask,
    compared: usize,
    faults: Vec<SchemaFault<'a>>,
}

impl<'a> Walk<'a> {
    pub(super) fn new(kind: &'static KindSchema, operator: Option<OperatorVersion>) -> Self {
        let asked = kind.asked(operator);
        Self { table: Table::get(), kind, asked, free: 0, compared: 0, faults: Vec::new() }
    }

    pub(super) fn over(mut self, object: &'a Value) -> Vec<SchemaFault<'a>> {
        self.value(object, self.kind.root, self.asked, &Path::ROOT);
        self.faults
    }

    fn is_full(&self) -> bool {
        self.faults.len() >= MOST_FAULTS
    }

    fn report(&mut self, path: &Path<'_>, kind: FaultKind<'a>, others: Mask) {
        if !self.is_full() {
            let releases = Releases {
                names: self.kind.releases,
                mask: (others | self.free) & self.kind.mask & !self.asked,
            };
            self.faults.push(SchemaFault { place: path.pointer(), kind, releases });
        }
    }

    /// Checks a value against the node of its place. `asked` are the releases to judge by that have
    /// the place.
    fn value(&mut self, value: &'a Value, id: NodeId, asked: Mask, path: &Path<'_>) {
        steps::step();
        if self.is_full() {
            return;
        }
        let node = self.table.node(id);
        if let Some(expected) = mismatch(node, value) {
            return self.report(path, FaultKind::Type { expected, found: value }, 0);
        }
        match (node, value) {
            (Node::Integer(range) | Node::Number(range), found) if !is_in(range, found) => {
                self.report(path, FaultKind::Range { allowed: range.words, found }, 0);
            }
            (Node::Enum(words), Value::String(found)) => self.word(found, words, asked, path),
            (Node::List(element), Value::Array(elements)) => {
                for (index, value) in elements.iter().enumerate() {
                    self.value(value, *element, asked, &path.index(index));
                }
            }
            (Node::Map(element), Value::Object(entries)) => {
                for (key, value) in entries.iter().filter(|(_, value)| !value.is_null()) {
                    self.value(value, *element, asked, &path.key(key));
                }
            }
            (Node::Object(object), Value::Object(entries)) => {
                self.object(entries, object, id, asked, path);
            }
            _ => {}
        }
    }

    fn word(
        &mut self,
        found: &'a str,
        words: &'static [(&'static str, Mask)],
        asked: Mask,
        path: &Path<'_>,
    ) {
        let known = words.iter().find(|(word, _)| *word == found);
        if known.is_some_and(|(_, mask)| mask & asked != 0) {
            return;
        }
        let allowed = words.iter().filter(|(_, mask)| mask & asked != 0).map(|(word, _)| *word);
        let others = known.map_or(0, |(_, mask)| *mask);
        self.report(path, FaultKind::Word { allowed: allowed.collect(), found }, others);
    }

    fn object(
        &mut self,
        entries: &'a Map<String, Value>,
        object: &'static Object,
        id: NodeId,
        asked: Mask,
        path: &Path<'_>,
    ) {
        let mut meant = Vec::new();
        for (name, value) in entries {
            steps::step();
            if self.is_full() {
                return;
            }
            let all = object.entries(name);
            if all.iter().any(|field| field.mask & asked != 0) {
                // The API server drops an empty value, so that the field is missing.
                if value.is_null() {
                    continue;
                }
                self.field(value, all, asked, &path.key(name));
            } else if !object.is_open {
                meant.extend(self.unknown((name, value), entries, object, id, asked, path));
            }
        }
        for (name, requiring) in &object.required {
            let is_missing = entries.get(*name).is_none_or(Value::is_null);
            if is_missing && requiring & asked == asked && !meant.contains(name) {
                let others = self.kind.mask & !requiring;
                self.report(&path.key(name), FaultKind::Missing { name }, others);
            }
        }
    }

    /// Checks a value against the entries of its field: the first that allows its type, or else the
    /// newest.
    fn field(&mut self, value: &'a Value, all: &'static [Field], asked: Mask, path: &Path<'_>) {
        // Most fields have one type in all releases.
        if let [field] = all {
            return self.value(value, field.node, asked & field.mask, path);
        }
        let table = self.table;
        let allows = |field: &&Field| mismatch(table.node(field.node), value).is_none();
        let allows_anything = |field: &&Field| *table.node(field.node) == Node::Any;
        let mut of_asked = all.iter().filter(|field| field.mask & asked != 0);
        let anything = of_asked.clone().find(allows_anything);
        let candidates = of_asked.clone().filter(allows);
        if anything.is_some() || candidates.clone().next().is_some() {
            let above = self.free;
            self.free |= masks(all.iter().filter(allows_anything));
            match anything {
                Some(field) => self.value(value, field.node, asked & field.mask, path),
                None => self.best(value, candidates, asked, path),
            }
            self.free = above;
            return;
        }
        let Some(newest) = of_asked.next_back() else { return };
        if let Some(expected) = mismatch(table.node(newest.node), value) {
            let others = masks(all.iter().filter(allows));
            self.report(path, FaultKind::Type { expected, found: value }, others);
        }
    }

    /// Checks a value against several entries of its field, and reports the faults of the one with
    /// the fewest: a release that allows all of it is enough.
    fn best(
        &mut self,
        value: &'a Value,
        candidates: impl Iterator<Item = &'static Field>,
        asked: Mask,
        path: &Path<'_>,
    ) {
        let start = self.faults.len();
        let mut best: Option<Vec<SchemaFault<'a>>> = None;
        for field in candidates {
            self.value(value, field.node, asked & field.mask, path);
            let found = self.faults.split_off(start);
            if found.is_empty() {
                return;
            }
            if best.as_ref().is_none_or(|best| found.len() < best.len()) {
                best = Some(found);
            }
        }
        self.faults.extend(best.into_iter().flatten());
    }

    /// Reports a field, and returns the missing one that it was meant to be.
    fn unknown(
        &mut self,
        (name, value): (&'a str, &'a Value),
        entries: &Map<String, Value>,
        object: &'static Object,
        id: NodeId,
        asked: Mask,
        path: &Path<'_>,
    ) -> Option<&'static str> {
        let others = masks(object.entries(name).iter());
        let nearest = if others == 0 && self.compared < MOST_COMPARED {
            self.compared += 1;
            nearest::nearest(name, object, asked)
                .or_else(|| nearest::elsewhere(self.table, self.kind, id, name, path))
        } else {
            None
        };
        let meant = match nearest {
            Some(Nearest::Field(meant)) if !entries.contains_key(meant) => object.entries(meant),
            _ => &[],
        };
        let place = path.key(name);
        self.report(&place, FaultKind::Unknown { name, nearest }, others);
        // What is below a misspelled field is wrong too, once the name is right.
        let allows = |field: &&Field| mismatch(self.table.node(field.node), value).is_none();
        if let Some(field) = meant.iter().filter(|field| field.mask & asked != 0).find(allows) {
            self.value(value, field.node, asked & field.mask, &place);
        }
        meant.first().map(|field| field.name)
    }
}

/// The releases of several entries.
fn masks<'f>(fields: impl Iterator<Item = &'f Field>) -> Mask {
    fields.fold(0, |mask, field| mask | field.mask)
}

/// The type that a node demands, if the value has another.
fn mismatch(node: &Node, value: &Value) -> Option<Expected> {
    let (expected, is_right) = match node {
        Node::Any => return None,
        Node::Text | Node::Enum(_) => (Expected::Text, value.is_string()),
        Node::Boolean => (Expected::Boolean, value.is_boolean()),
        Node::IntegerOrText => (Expected::IntegerOrText, is_integer(value) || value.is_string()),
        Node::Integer(_) => (Expected::Integer, is_integer(value)),
        Node::Number(_) => (Expected::Number, value.is_number()),
        Node::List(_) => (Expected::List, value.is_array()),
        Node::Map(_) | Node::AnyMapping | Node::Object(_) => (Expected::Mapping, value.is_object()),
    };
    (!is_right).then_some(expected)
}

/// Whether a number is whole: the API server reads `2.0` as an integer.
fn is_integer(value: &Value) -> bool {
    value.is_i64()
        || value.is_u64()
        || value.as_f64().is_some_and(|number| value.is_number() && number.fract() == 0.0)
}

fn is_in(range: &Range, value: &Value) -> bool {
    let Some(number) = value.as_f64() else { return true };
    range.low.is_none_or(|low| low <= number) && range.high.is_none_or(|high| number <= high)
}
