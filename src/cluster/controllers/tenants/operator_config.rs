//! The Flink operator's ConfigMap, which says what holds for every cluster that says nothing
//! itself.

use crate::admission::registration::endpoint::{EndpointError, Service};
use crate::flink::config_file::Unreadable;
use crate::flink::context::OperatorDefaults;
use kube::core::DynamicObject;
use std::str::FromStr;

/// What the ConfigMap says, or why it cannot be read as a whole.
pub type OperatorConfig = Result<OperatorDefaults, UnreadConfig>;

/// A ConfigMap that cannot be read as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnreadConfig {
    /// Why.
    pub error: Unreadable,
    /// What can be read of it.
    pub parts: OperatorDefaults,
}

/// The ConfigMap's namespace and name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigMapName {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

/// Why a text names no ConfigMap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigMapNameError {
    /// No slash, or too many.
    #[error("write the ConfigMap as NAMESPACE/NAME, such as flink-operator/flink-operator-config")]
    NotNamespaceAndName,
    /// Not a name that Kubernetes takes.
    #[error(transparent)]
    NotALabel(EndpointError),
}

impl FromStr for ConfigMapName {
    type Err = ConfigMapNameError;

    fn from_str(text: &str) -> Result<Self, ConfigMapNameError> {
        let Service { namespace, name } = text.parse().map_err(|error| match error {
            EndpointError::NotNamespaceAndName => ConfigMapNameError::NotNamespaceAndName,
            error => ConfigMapNameError::NotALabel(error),
        })?;
        Ok(Self { namespace, name })
    }
}

/// Reads the ConfigMap.
pub fn read(object: &DynamicObject) -> OperatorConfig {
    OperatorDefaults::of_config_map(&object.data).map_err(|error| UnreadConfig {
        error,
        parts: OperatorDefaults::readable_parts_of_config_map(&object.data),
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;

    #[test]
    fn a_config_map_is_named_with_its_namespace() {
        let name: ConfigMapName = "flink-operator/flink-operator-config".parse().unwrap();
        assert_eq!(
            (name.namespace.as_str(), name.name.as_str()),
            ("flink-operator", "flink-operator-config")
        );
        for wrong in ["flink-operator-config", "a/b/c", ""] {
            assert_eq!(
                wrong.parse::<ConfigMapName>(),
                Err(ConfigMapNameError::NotNamespaceAndName)
            );
        }
        assert!("A/b".parse::<ConfigMapName>().unwrap_err().to_string().contains("namespace"));
    }
}
