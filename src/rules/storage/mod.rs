//! Rules of the family `storage`.


use super::Rule;

/// The rules of this family.
pub(super) static RULES: &[&Rule] = &[
];
