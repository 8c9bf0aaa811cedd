//! Rules of the family `flink`.

pub mod allowed_version;
pub mod artifacts_folder;
pub mod autoscaler;
pub mod configuration_source;
pub mod deprecated_option;
pub(in crate::rules) mod dialect;
pub mod duplicate_option;
pub mod elasticity;
pub mod enforced_option;
pub mod file_system;
pub mod forbidden_option;
pub mod high_availability;
pub mod image;
pub mod immutable;
pub mod ingress_template;
pub mod internal_option;
pub mod invalid_pod;
pub mod invalid_value;
pub mod jar;
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
pub mod overlapping_option;
pub mod overridden_option;
pub mod parallelism;
pub mod pod_template;
pub mod read_only_directory;
pub mod reserved_option;
pub mod resources;
pub mod restart_strategy;
pub mod scheduler_mode;
pub mod schema;
pub mod service_account;
pub mod session_job;
pub mod size;
pub mod snapshot;
pub mod unknown_field;
pub mod unknown_option;
pub mod unset_option;
pub mod version;

use super::Rule;

/// The rules of this family.
pub(super) static RULES: &[&Rule] = &[
    &allowed_version::RULE,
    &artifacts_folder::RULE,
    &autoscaler::RULE,
    &configuration_source::RULE,
    &deprecated_option::RULE,
    &dialect::RULE,
    &duplicate_option::RULE,
    &elasticity::RULE,
    &enforced_option::RULE,
    &file_system::RULE,
    &forbidden_option::RULE,
    &high_availability::RULE,
    &image::RULE,
    &immutable::RULE,
    &ingress_template::RULE,
    &internal_option::RULE,
    &invalid_pod::RULE,
    &invalid_value::RULE,
    &jar::RULE,
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
    &overlapping_option::RULE,
    &overridden_option::RULE,
    &parallelism::RULE,
    &pod_template::RULE,
    &read_only_directory::RULE,
    &reserved_option::RULE,
    &resources::RULE,
    &restart_strategy::RULE,
    &scheduler_mode::RULE,
    &schema::RULE,
    &service_account::RULE,
    &session_job::RULE,
    &size::RULE,
    &snapshot::RULE,
    &unknown_field::RULE,
    &unknown_option::RULE,
    &unset_option::RULE,
    &version::RULE,
];
