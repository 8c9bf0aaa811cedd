//! Rules of the family `network`.

use super::Rule;

/// The rules of this family.
pub(super) static RULES: &[&Rule] = &[];
