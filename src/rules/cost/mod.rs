//! Rules of the family `cost`.

pub mod idle_slots;
pub mod labels;
pub mod requests;
pub mod spot;

use super::Rule;

/// The rules of this family.
pub(super) static RULES: &[&Rule] =
    &[&idle_slots::RULE, &labels::RULE, &requests::RULE, &spot::RULE];
