//! Rules of the family `flink`.

pub mod enforced_option;

use super::Rule;

/// The rules of this family.
pub(super) static RULES: &[&Rule] = &[&enforced_option::RULE];
