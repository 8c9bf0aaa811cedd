//! What is known of single kinds, one file each: how it is lowered to a [`Workload`], and which of
//! its updates add nothing to judge.
//!
//! In goes an object, out comes a workload. Which kinds there are, and what holds for each, is in
//! the table [`crate::kinds`].
//!
//! [`Workload`]: super::Workload

pub(crate) mod binding;
pub(crate) mod config_map;
mod counts;
mod dynamic_properties;
mod expansion;
pub(crate) mod flink_application;
pub(crate) mod flink_blue_green;
pub(crate) mod flink_cluster;
pub(crate) mod flink_deployment;
pub(crate) mod flink_session_job;
pub(crate) mod flink_state_snapshot;
mod generated_template;
mod growth;
mod image_configuration;
pub(crate) mod ingress;
pub(crate) mod leaving;
mod local_cluster;
mod mounted_config;
mod operator_arguments;
mod operator_config;
mod operator_count;
mod operator_size;
pub(crate) mod persistent_volume_claim;
pub(crate) mod pod;
pub(crate) mod pod_disruption_budget;
pub(crate) mod pod_template;
mod pod_template_workload;
mod process;
pub mod resting;
pub(crate) mod service;
pub mod settled;
mod slot_limits;
pub(crate) mod standalone;
mod variables;

pub use config_map::{changes_unclear_text, may_be_configuration};
pub use dynamic_properties::names_folder as names_configuration_folder;
pub use flink_state_snapshot::job as snapshot_job;
pub use operator_config::FLINK_CONFIGURATION;
pub use persistent_volume_claim::{CLASS_ANNOTATION, is_claim};
pub(crate) use pod::is_made_from_template;
pub use process::{is_entrypoint_word, is_started_by_entrypoint};
