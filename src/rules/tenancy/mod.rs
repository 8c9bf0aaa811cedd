//! Rules of the family `tenancy`.

pub mod ambiguous_namespace;
pub mod label;
pub mod object_limits;
pub mod unassigned_namespace;
pub mod unreadable_tenant;

use super::Rule;

/// The rules of this family.
pub(super) static RULES: &[&Rule] = &[
    &ambiguous_namespace::RULE,
    &label::RULE,
    &object_limits::RULE,
    &unassigned_namespace::RULE,
    &unreadable_tenant::RULE,
];
