//! Visits every value of an object, without recursion and without a path for each: a long key above
//! many values would be copied for each of them.

use crate::resource::pointer;
use serde_json::Value;

/// The last part of a path.
#[derive(Clone, Copy, Debug)]
pub(super) enum Token<'a> {
    /// A field.
    Key(&'a str),
    /// An element.
    Index(usize),
}

#[derive(Debug)]
struct Node<'a> {
    value: &'a Value,
    above: Option<(usize, Token<'a>)>,
    /// The field of the other object at the same place, and how many levels below it are compared.
    other: Option<(&'a Value, usize)>,
}

/// Levels of fields that are compared with those of another object: `spec`, and what is in it.
const COMPARED: usize = 2;

/// The values of an object, each with a number. A value has a higher number than those above it.
#[derive(Debug)]
pub(super) struct Walk<'a> {
    nodes: Vec<Node<'a>>,
    next: usize,
}

impl<'a> Walk<'a> {
    pub(super) fn new(root: &'a Value) -> Self {
        Self { nodes: vec![Node { value: root, above: None, other: None }], next: 0 }
    }

    /// A walk without the fields that another object has too, as far as a few levels show it.
    pub(super) fn beyond(root: &'a Value, other: &'a Value) -> Self {
        let other = Some((other, COMPARED));
        Self { nodes: vec![Node { value: root, above: None, other }], next: 0 }
    }

    /// The next value.
    pub(super) fn next(&mut self) -> Option<(usize, &'a Value)> {
        let number = self.next;
        let Node { value, other, .. } = *self.nodes.get(number)?;
        self.next = number.saturating_add(1);
        match value {
            Value::Object(fields) => {
                let other_field = |key: &str| {
                    let (other, left) = other?;
                    Some((other.get(key)?, left.checked_sub(1)?))
                };
                self.nodes.extend(fields.iter().filter_map(|(key, value)| {
                    let other = other_field(key);
                    let is_same = other.is_some_and(|(other, _)| other == value);
                    let above = Some((number, Token::Key(key)));
                    (!is_same).then_some(Node { value, above, other })
                }));
            }
            Value::Array(elements) => {
                self.nodes.extend(elements.iter().enumerate().map(|(index, value)| Node {
                    value,
                    above: Some((number, Token::Index(index))),
                    other: None,
                }));
            }
            _ => {}
        }
        Some((number, value))
    }

    /// The number of the value that holds this one.
    pub(super) fn parent(&self, number: usize) -> Option<usize> {
        Some(self.nodes.get(number)?.above?.0)
    }

    /// The last part of its path; `None` for the whole object.
    pub(super) fn token(&self, number: usize) -> Option<Token<'a>> {
        Some(self.nodes.get(number)?.above?.1)
    }

    /// A value by its number.
    pub(super) fn value(&self, number: usize) -> Option<&'a Value> {
        Some(self.nodes.get(number)?.value)
    }

    /// JSON Pointer of a value; `None` if it is longer than any that a person writes.
    pub(super) fn pointer(&self, number: usize) -> Option<String> {
        const LONGEST: usize = 4096;
        let (mut tokens, mut at) = (Vec::new(), number);
        while let Some((parent, token)) = self.nodes.get(at).and_then(|node| node.above) {
            if matches!(token, Token::Key(key) if key.len() > LONGEST) {
                return None;
            }
            tokens.push(token);
            at = parent;
        }
        let mut place = String::new();
        for token in tokens.into_iter().rev() {
            match token {
                Token::Key(key) => pointer::push(&mut place, key),
                Token::Index(index) => pointer::push(&mut place, &index.to_string()),
            }
        }
        (place.len() <= LONGEST).then_some(place)
    }
}
