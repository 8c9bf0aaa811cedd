//! Rules of the family `flink`.

use super::Rule;

/// The rules of this family.
pub(super) static RULES: &[&Rule] = &[];
