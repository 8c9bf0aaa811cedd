//! Rules of the family `scheduling`.

pub mod node_selector;

use super::Rule;

/// The rules of this family.
pub(super) static RULES: &[&Rule] = &[
    &node_selector::RULE,
];
