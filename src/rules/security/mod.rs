//! Rules of the family `security`.

pub mod allow_privilege_escalation;
pub mod app_armor;
pub mod automount_token;
pub mod capabilities;
pub mod config_maps;
pub mod entrypoint;
pub mod environment;
pub mod extended_resources;
pub mod foreign_cluster;
pub mod host_aliases;
pub mod host_namespaces;
pub mod host_path;
pub mod host_process;
pub mod image_pull_policy;
pub mod image_registry;
pub mod image_tag;
pub mod image_user;
pub mod inline_credentials;
pub mod metadata;
pub mod privileged;
pub mod probe_host;
pub mod proc_mount;
pub mod read_only_root;
pub mod run_as_non_root;
pub mod run_as_user;
pub mod runtime_class;
pub mod seccomp;
pub mod secrets;
pub mod selinux;
pub mod service_account;
pub mod sidecars;
pub mod sysctls;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests;
pub(super) mod violations;
pub mod volume_types;

use super::Rule;

/// The rules of this family.
pub(super) static RULES: &[&Rule] = &[
    &allow_privilege_escalation::RULE,
    &app_armor::RULE,
    &automount_token::RULE,
    &capabilities::RULE,
    &config_maps::RULE,
    &entrypoint::RULE,
    &environment::RULE,
    &extended_resources::RULE,
    &foreign_cluster::RULE,
    &host_aliases::RULE,
    &host_namespaces::RULE,
    &host_path::RULE,
    &host_process::RULE,
    &image_pull_policy::RULE,
    &image_registry::RULE,
    &image_tag::RULE,
    &image_user::RULE,
    &inline_credentials::RULE,
    &metadata::RULE,
    &privileged::RULE,
    &probe_host::RULE,
    &proc_mount::RULE,
    &read_only_root::RULE,
    &run_as_non_root::RULE,
    &run_as_user::RULE,
    &runtime_class::RULE,
    &seccomp::RULE,
    &secrets::RULE,
    &selinux::RULE,
    &service_account::RULE,
    &sidecars::RULE,
    &sysctls::RULE,
    &volume_types::RULE,
];
