//! The path to a value during a walk, on the stack: it becomes a JSON Pointer only for a fault.

use crate::resource::pointer;

/// The path to a value.
#[derive(Clone, Copy)]
pub(super) struct Path<'p> {
    parent: Option<&'p Path<'p>>,
    token: Token<'p>,
}

#[derive(Clone, Copy)]
enum Token<'p> {
    Root,
    Key(&'p str),
    Index(usize),
}

impl<'p> Path<'p> {
    pub(super) const ROOT: Path<'static> = Path { parent: None, token: Token::Root };

    pub(super) fn key(&'p self, key: &'p str) -> Self {
        Self { parent: Some(self), token: Token::Key(key) }
    }

    pub(super) fn index(&'p self, index: usize) -> Self {
        Self { parent: Some(self), token: Token::Index(index) }
    }

    pub(super) fn pointer(&self) -> String {
        let mut pointer = self.parent.map(Path::pointer).unwrap_or_default();
        match self.token {
            Token::Root => {}
            Token::Key(key) => pointer::push(&mut pointer, key),
            Token::Index(index) => pointer::push(&mut pointer, &index.to_string()),
        }
        pointer
    }

    /// The path in dotted form with a dot at its end, and `[]` for an element of a list.
    pub(super) fn dotted(&self) -> String {
        let mut dotted = self.parent.map(Path::dotted).unwrap_or_default();
        match self.token {
            Token::Root => {}
            Token::Key(key) => {
                dotted.push_str(key);
                dotted.push('.');
            }
            Token::Index(_) => {
                dotted.pop();
                dotted.push_str("[].");
            }
        }
        dotted
    }
}
