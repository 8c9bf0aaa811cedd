//! Why a gate could not be built.

use crate::flink;
use crate::rego::PolicyError;
use crate::tenant::load::LoadError;
use std::path::PathBuf;

/// Why a gate could not be built.
#[derive(Debug, thiserror::Error)]
pub enum GateError {
    /// The policies.
    #[error(transparent)]
    Policies(#[from] PolicyError),
    /// The tenants.
    #[error(transparent)]
    Tenants(#[from] LoadError),
    /// The file with the operator's configuration cannot be read.
    #[error("failed to read the operator's configuration `{path}`")]
    NoOperatorConfig {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The operator's configuration cannot be parsed.
    #[error("failed to parse the operator's configuration `{path}`")]
    OperatorConfig {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: flink::config_file::Unreadable,
    },
    /// No tenant has this name.
    #[error("there is no tenant `{name}`; known tenants: {known}")]
    NoSuchTenant {
        /// The name.
        name: String,
        /// The names of all tenants.
        known: String,
    },
}
