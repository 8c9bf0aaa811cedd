//! Rules of the family `quota`.

pub mod exceeded;
pub mod growth;
pub mod per_cluster;
pub mod unbounded;
pub mod undeclared;

use super::Rule;

/// The rules of this family.
pub(super) static RULES: &[&Rule] =
    &[&exceeded::RULE, &growth::RULE, &per_cluster::RULE, &unbounded::RULE, &undeclared::RULE];
