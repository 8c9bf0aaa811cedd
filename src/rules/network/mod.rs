//! Rules of the family `network`.

pub mod host_port;

use super::Rule;

/// The rules of this family.
pub(super) static RULES: &[&Rule] = &[&host_port::RULE];
