//! What is wrong with a value or a key.

use super::table::Mask;
use serde_json::Value;

/// A key or a value of an object that the definition of its kind does not allow.
#[derive(Clone, Debug, PartialEq)]
pub struct SchemaFault<'a> {
    /// JSON Pointer of the key or the value, or of the field that is missing.
    pub place: String,
    /// What is wrong.
    pub kind: FaultKind<'a>,
    /// Releases of the operator that allow it, if only the given one does not.
    pub releases: Releases,
}

/// What is wrong with a key or a value.
#[derive(Clone, Debug, PartialEq)]
pub enum FaultKind<'a> {
    /// The definition has no field of this name.
    Unknown {
        /// The field.
        name: &'a str,
        /// What was probably meant.
        nearest: Option<Nearest>,
    },
    /// The value has another type.
    Type {
        /// The type of the definition.
        expected: Expected,
        /// The value.
        found: &'a Value,
    },
    /// The value is none of the words that the definition lists.
    Word {
        /// The words.
        allowed: Vec<&'static str>,
        /// The value.
        found: &'a str,
    },
    /// The number is out of range.
    Range {
        /// The range, as `1 to 65535`.
        allowed: &'static str,
        /// The value.
        found: &'a Value,
    },
    /// A field that the definition requires is missing.
    Missing {
        /// The field.
        name: &'static str,
    },
}

/// What a misspelled or misplaced field was probably meant to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Nearest {
    /// A field of the same mapping.
    Field(&'static str),
    /// A field elsewhere in the object, in dotted form: `spec.podTemplate.spec.nodeSelector`.
    Elsewhere(String),
    /// An option of Flink.
    Option(&'static str),
}

/// A type of a definition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// Text.
    Text,
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// `true` or `false`.
    Boolean,
    /// A whole number or text, such as a port or a quantity.
    IntegerOrText,
    /// A list.
    List,
    /// A mapping.
    Mapping,
}

impl Expected {
    /// The type with its article.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Text => "a string",
            Self::Integer => "an integer",
            Self::Number => "a number",
            Self::Boolean => "a boolean",
            Self::IntegerOrText => "an integer or a string",
            Self::List => "a list",
            Self::Mapping => "a mapping",
        }
    }
}

/// Releases of an operator, of those that the table knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Releases {
    pub(super) names: &'static [&'static str],
    pub(super) mask: Mask,
}

impl Releases {
    /// The first and the last of them; `None` if there are none.
    pub fn first_and_last(self) -> Option<(&'static str, &'static str)> {
        let named = self.names.iter().enumerate();
        let mut names =
            named.filter(|(index, _)| self.mask >> index & 1 == 1).map(|(_, name)| *name);
        let first = names.next()?;
        Some((first, names.next_back().unwrap_or(first)))
    }
}
