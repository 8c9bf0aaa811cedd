//! Rules of the family `flink`.

pub mod allowed_version;
pub mod autoscaler;
pub mod configuration_source;
pub mod deprecated_option;
pub mod duplicate_option;
pub mod elasticity;
pub mod enforced_option;
pub mod forbidden_option;
pub mod high_availability;
pub mod image;
pub mod immutable;
pub mod ingress_template;
pub mod internal_option;
pub mod invalid_value;
pub mod log_configuration;
pub mod logging;
pub mod memory;
pub mod metrics_reporter;
pub mod name;
pub mod operator_files;
pub mod operator_identity;
pub mod operator_options;
pub mod option_text;
pub mod option_version;
pub mod overridden_option;
pub mod read_only_directory;
pub mod reserved_option;
pub mod resources;
pub mod restart_strategy;
pub mod service_account;
pub mod session_job;
pub mod size;
pub mod snapshot;
pub mod unknown_option;
pub mod unset_option;
pub mod version;

use super::Rule;

/// The rules of this family.
pub(super) static RULES: &[&Rule] = &[
    &allowed_version::RULE,
    &autoscaler::RULE,
    &configuration_source::RULE,
    &deprecated_option::RULE,
    &duplicate_option::RULE,
    &elasticity::RULE,
    &enforced_option::RULE,
    &forbidden_option::RULE,
    &high_availability::RULE,
    &image::RULE,
    &immutable::RULE,
    &ingress_template::RULE,
    &internal_option::RULE,
    &invalid_value::RULE,
    &log_configuration::RULE,
    &logging::RULE,
    &memory::RULE,
    &metrics_reporter::RULE,
    &name::RULE,
    &operator_files::RULE,
    &operator_identity::RULE,
    &operator_options::RULE,
    &option_text::RULE,
    &option_version::RULE,
    &overridden_option::RULE,
    &read_only_directory::RULE,
    &reserved_option::RULE,
    &resources::RULE,
    &restart_strategy::RULE,
    &service_account::RULE,
    &session_job::RULE,
    &size::RULE,
    &snapshot::RULE,
    &unknown_option::RULE,
    &unset_option::RULE,
    &version::RULE,
];
