//! Rules of the family `flink`.

pub mod high_availability;
pub mod image;
pub mod immutable;
pub mod ingress_template;
pub mod name;
pub mod operator_files;
pub mod operator_identity;
pub mod resources;
pub mod service_account;
pub mod session_job;
pub mod snapshot;
pub mod version;

use super::Rule;

/// The rules of this family.
pub(super) static RULES: &[&Rule] = &[
    &high_availability::RULE,
    &image::RULE,
    &immutable::RULE,
    &ingress_template::RULE,
    &name::RULE,
    &operator_files::RULE,
    &operator_identity::RULE,
    &resources::RULE,
    &service_account::RULE,
    &session_job::RULE,
    &snapshot::RULE,
    &version::RULE,
];
