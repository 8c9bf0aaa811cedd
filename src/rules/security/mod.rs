//! Rules of the family `security`.

pub mod allow_privilege_escalation;
pub mod app_armor;
pub mod capabilities;
pub mod host_namespaces;
pub mod host_path;
pub mod host_process;
pub mod privileged;
pub mod probe_host;
pub mod proc_mount;
pub mod run_as_non_root;
pub mod run_as_user;
pub mod seccomp;
pub mod selinux;
pub mod service_account;
pub mod sysctls;
pub(super) mod violations;
pub mod volume_types;

use super::Rule;

/// The rules of this family.
pub(super) static RULES: &[&Rule] = &[
    &allow_privilege_escalation::RULE,
    &app_armor::RULE,
    &capabilities::RULE,
    &host_namespaces::RULE,
    &host_path::RULE,
    &host_process::RULE,
    &privileged::RULE,
    &probe_host::RULE,
    &proc_mount::RULE,
    &run_as_non_root::RULE,
    &run_as_user::RULE,
    &seccomp::RULE,
    &selinux::RULE,
    &service_account::RULE,
    &sysctls::RULE,
    &volume_types::RULE,
];
