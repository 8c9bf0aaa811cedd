//! Rules of the family `network`.

pub mod host_port;
pub mod ingress_host;
pub mod rest_exposure;
mod rest_neighbours;

use super::Rule;

/// The rules of this family.
pub(super) static RULES: &[&Rule] = &[&host_port::RULE, &ingress_host::RULE, &rest_exposure::RULE];
