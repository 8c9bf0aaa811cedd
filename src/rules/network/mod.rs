//! Rules of the family `network`.

pub mod ingress_host;
pub mod rest_exposure;

use super::Rule;

/// The rules of this family.
pub(super) static RULES: &[&Rule] = &[&ingress_host::RULE, &rest_exposure::RULE];
