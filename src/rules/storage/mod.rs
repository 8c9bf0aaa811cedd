//! Rules of the family `storage`.

pub mod checkpoint_volume;
pub mod claim_in_use;

use super::Rule;

/// The rules of this family.
pub(super) static RULES: &[&Rule] = &[&checkpoint_volume::RULE, &claim_in_use::RULE];
