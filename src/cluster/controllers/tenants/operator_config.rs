//! The Flink operator's ConfigMap, which says what holds for every cluster that says nothing
//! itself.

use crate::admission::registration::endpoint::{EndpointError, Service};
use crate::flink::config_file::Unreadable;
use crate::flink::context::OperatorDefaults;
use crate::flink::image::ImageRef;
use crate::flink::operator::version::OperatorVersion;
use crate::resource::fields::text;
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

/// The name of the operator's Deployment and of its container, as its chart has them.
pub const OPERATOR_DEPLOYMENT: &str = "flink-kubernetes-operator";
/// The label in which the operator's chart has the operator's version.
const VERSION_LABEL: &str = "app.kubernetes.io/version";

/// The release of the operator by its Deployment: the tag of its image, or else the version in its
/// labels, because a tag may be anything. No tenant writes in the operator's namespace.
pub fn release_of_deployment(deployment: &DynamicObject) -> Option<OperatorVersion> {
    let containers = deployment.data.pointer("/spec/template/spec/containers")?.as_array()?;
    let images = containers
        .iter()
        .filter(|container| text(container, "name") == OPERATOR_DEPLOYMENT)
        .map(|container| text(container, "image"));
    let of_image = |image| OperatorVersion::of_tag(ImageRef::parse(image)?.tag?);
    let of_label = || {
        let labels = deployment.metadata.labels.as_ref()?;
        OperatorVersion::of_tag(labels.get(VERSION_LABEL)?)
    };
    images.into_iter().find_map(of_image).or_else(of_label)
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
    fn a_deployment_says_its_release() {
        let release = |image: &str, label: Option<&str>| {
            let deployment: DynamicObject = serde_json::from_value(serde_json::json!({
                "apiVersion": "apps/v1", "kind": "Deployment",
                "metadata": {"name": OPERATOR_DEPLOYMENT, "labels": {VERSION_LABEL: label}},
                "spec": {"template": {"spec": {"containers": [
                    {"name": "proxy", "image": "proxy:1.9"},
                    {"name": OPERATOR_DEPLOYMENT, "image": image}]}}}
            }))
            .ok()?;
            release_of_deployment(&deployment)
        };
        let is = |major, minor| Some(OperatorVersion::release(major, minor));
        let image = "ghcr.io/apache/flink-kubernetes-operator";
        assert_eq!(release(&format!("{image}:1.12.1"), Some("1.8.0")), is(1, 12));
        assert_eq!(release(&format!("{image}:9f2c1e7"), Some("1.14.0")), is(1, 14));
        assert_eq!(release(&format!("{image}:latest"), Some("edge")), None);
    }

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
