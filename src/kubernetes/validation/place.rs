//! Places within a template, as chains on the stack: a check that finds nothing allocates nothing.

use crate::resource::pointer;

/// A place within a template.
#[derive(Clone, Copy, Debug)]
pub struct Place<'p> {
    parent: Option<&'p Place<'p>>,
    token: Token<'p>,
}

#[derive(Clone, Copy, Debug)]
enum Token<'p> {
    Root,
    Field(&'p str),
    Index(usize),
}

impl Place<'static> {
    /// The template itself.
    pub const ROOT: Self = Self { parent: None, token: Token::Root };
}

impl<'p> Place<'p> {
    /// A field of the value at this place.
    pub fn field<'q>(&'q self, name: &'q str) -> Place<'q> {
        Place { parent: Some(self), token: Token::Field(name) }
    }

    /// An element of the list at this place.
    pub fn index(&self, index: usize) -> Place<'_> {
        Place { parent: Some(self), token: Token::Index(index) }
    }

    /// The name of the field at this place; empty for an element.
    pub fn name(&self) -> &'p str {
        match self.token {
            Token::Field(name) => name,
            Token::Root | Token::Index(_) => "",
        }
    }

    /// The name of the nearest field on the way to this place: the list of an element.
    pub fn list(&self) -> &'p str {
        match (self.token, self.parent) {
            (Token::Index(_), Some(parent)) => parent.list(),
            _ => self.name(),
        }
    }

    /// The place that has this one.
    pub fn parent(&self) -> Option<&'p Place<'p>> {
        self.parent
    }

    /// The place as a JSON Pointer.
    pub fn to_pointer(&self) -> String {
        let mut text = String::new();
        self.write(&mut text);
        text
    }

    fn write(&self, text: &mut String) {
        if let Some(parent) = self.parent {
            parent.write(text);
        }
        match self.token {
            Token::Root => {}
            Token::Field(name) => pointer::push(text, name),
            Token::Index(index) => pointer::push(text, &index.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_become_pointers() {
        let spec = Place::ROOT.field("spec");
        let list = spec.field("volumes");
        let volume = list.index(2);
        assert_eq!(volume.to_pointer(), "/spec/volumes/2");
        assert_eq!(volume.field("a/b").to_pointer(), "/spec/volumes/2/a~1b");
        assert_eq!([volume.list(), volume.name(), list.name()], ["volumes", "", "volumes"]);
    }
}
