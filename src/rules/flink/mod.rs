//! Rules of the family `flink`.

pub mod autoscaler;
pub mod deprecated_option;
pub mod duplicate_option;
pub mod elasticity;
pub mod forbidden_option;
pub mod internal_option;
pub mod invalid_value;
pub mod log_configuration;
pub mod logging;
pub mod memory;
pub mod metrics_reporter;
pub mod operator_options;
pub mod option_version;
pub mod overridden_option;
pub mod reserved_option;
pub mod restart_strategy;
pub mod size;
pub mod unknown_option;

use super::Rule;

/// The rules of this family.
pub(super) static RULES: &[&Rule] = &[
    &autoscaler::RULE,
    &deprecated_option::RULE,
    &duplicate_option::RULE,
    &elasticity::RULE,
    &forbidden_option::RULE,
    &internal_option::RULE,
    &invalid_value::RULE,
    &log_configuration::RULE,
    &logging::RULE,
    &memory::RULE,
    &metrics_reporter::RULE,
    &operator_options::RULE,
    &option_version::RULE,
    &overridden_option::RULE,
    &reserved_option::RULE,
    &restart_strategy::RULE,
    &size::RULE,
    &unknown_option::RULE,
];
