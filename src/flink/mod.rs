//! Flink on Kubernetes: lowers every kind that can start Flink to one [`Workload`].
//!
//! An object and what is known about its cluster go in; [`lower`] finds its kind in the table of
//! [`kinds`], with one file per kind, and a [`Workload`] comes out. Nothing here knows HTTP,
//! Kubernetes clients or the command line.

pub mod budgets;
pub mod catalog;
pub mod claim_requests;
pub mod claims;
pub mod config;
pub mod config_file;
pub mod config_sources;
pub mod config_text;
pub mod container_defaults;
pub mod context;
pub mod credentials;
pub mod dialects;
pub mod enabled_plugins;
pub mod exposures;
pub mod file_systems;
pub mod image;
pub mod job_manager_ports;
mod key_filter;
pub mod kinds;
pub mod location;
pub mod map_options;
pub mod memory;
pub mod memory_size;
pub mod mounted_configuration;
pub mod network;
pub mod operator;
pub mod option_mounts;
pub mod options;
pub mod pod_index;
pub mod pods;
pub mod redaction;
pub mod requester;
pub mod schemas;
pub mod sizing;
pub mod state;
pub mod state_mount;
pub mod text_form;
pub mod values;
pub mod version;
pub mod workload;
pub mod written_directories;

pub use context::FlinkContext;
pub use workload::{CANARY_LABEL, Engine, Mode, PodSet, Role, Template, Workload};
