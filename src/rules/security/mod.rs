//! Rules of the family `security`.

pub mod automount_token;
pub mod config_maps;
pub mod entrypoint;
pub mod environment;
pub mod extended_resources;
pub mod foreign_cluster;
pub mod host_aliases;
pub mod image_pull_policy;
pub mod image_registry;
pub mod image_tag;
pub mod inline_credentials;
pub mod metadata;
pub mod privileged;
pub mod runtime_class;
pub mod secrets;
pub mod service_account;
pub mod sidecars;

use super::Rule;

/// The rules of this family.
pub(super) static RULES: &[&Rule] = &[
    &automount_token::RULE,
    &config_maps::RULE,
    &entrypoint::RULE,
    &environment::RULE,
    &extended_resources::RULE,
    &foreign_cluster::RULE,
    &host_aliases::RULE,
    &image_pull_policy::RULE,
    &image_registry::RULE,
    &image_tag::RULE,
    &inline_credentials::RULE,
    &metadata::RULE,
    &privileged::RULE,
    &runtime_class::RULE,
    &secrets::RULE,
    &service_account::RULE,
    &sidecars::RULE,
];

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests;
