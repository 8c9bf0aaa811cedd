//! Rules of the family `security`.

pub mod privileged;
pub mod service_account;

use super::Rule;

/// The rules of this family.
pub(super) static RULES: &[&Rule] = &[&privileged::RULE, &service_account::RULE];
