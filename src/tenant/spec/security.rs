//! `spec.security`: pod security, images and identities.

use super::{RunAs, Sidecars, is_default};
use crate::kubernetes::pod_security::PodSecurityLevel;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Pod security, images and identities.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Security {
    /// The Pod Security Standard of Kubernetes that pods must meet.
    #[serde(skip_serializing_if = "is_default")]
    pub pod_security: PodSecurity,
    /// What Flink's containers run as: user, group and group of volumes, or `none` to leave that to
    /// the image and the cluster; user and group 9999 of Flink's images when absent. Containers of
    /// other images keep their own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run_as: Option<RunAs>,
    /// Allowed images.
    #[serde(skip_serializing_if = "is_default")]
    pub images: Images,
    /// Service accounts that pods may use; any when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_accounts: Option<Vec<String>>,
    /// Whether Flink's containers get a read-only root file system, with emptyDir volumes where Flink
    /// writes.
    #[serde(skip_serializing_if = "is_default")]
    pub read_only_root_filesystem: bool,
    /// Secrets that pods may mount, use in their environment or pull images with: names, with stars;
    /// any when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secrets: Option<Vec<String>>,
    /// ConfigMaps that pods may mount or use in their environment: names, with stars; any when
    /// absent. Flink's and the one with the cluster's root certificates are always allowed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub config_maps: Option<Vec<String>>,
    /// Programs that Flink's containers may start, such as `/docker-entrypoint.sh`; any when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entrypoints: Option<Vec<String>>,
    /// Forbidden environment variables, such as `LD_PRELOAD` or `FLINK_ENV_JAVA_OPTS*`: names, with
    /// stars.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub forbidden_environment: Vec<String>,
    /// Forbidden labels of pods and of Flink's Services: keys, with stars.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub forbidden_labels: Vec<String>,
    /// Forbidden annotations of pods and of Flink's Services, such as `sidecar.istio.io/*`: keys, with
    /// stars.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub forbidden_annotations: Vec<String>,
    /// Allowed containers in addition to Flink's.
    #[serde(skip_serializing_if = "is_default")]
    pub sidecars: Sidecars,
    /// Host names that pods may define in `hostAliases`, with stars; any when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host_aliases: Option<Vec<String>>,
    /// Extended resources that pods may request, such as `nvidia.com/gpu`: names, with stars; any when
    /// absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extended_resources: Option<Vec<String>>,
    /// Allowed runtime classes; any when absent. A pod without one uses the runtime of its node.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub runtime_classes: Option<Vec<String>>,
    /// Whether pods that do not use the Kubernetes API must not mount the token of their service
    /// account. JobManagers need it in native mode, and all of Flink's pods need it for high
    /// availability by Kubernetes.
    #[serde(skip_serializing_if = "is_default")]
    pub tokens_where_needed: bool,
}

/// A Pod Security Standard and its version.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct PodSecurity {
    /// The level; baseline when absent.
    pub level: PodSecurityLevel,
    /// `latest` or `v1.N`; latest when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}

/// Allowed images.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Images {
    /// Patterns of `registry/repository`. A star matches characters within one path segment and, at
    /// the end, any number of segments; any image when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allow: Option<Vec<String>>,
    /// Whether images must have a digest.
    pub require_digest: bool,
    /// Whether the tag `latest` and images without a tag are refused; true when absent.
    pub forbid_latest_tag: bool,
    /// Allowed pull policies: Always, IfNotPresent, Never; any when absent. With a policy other than
    /// Always, a pod can run an image of another tenant that is on its node.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pull_policies: Option<Vec<PullPolicy>>,
}

/// When the kubelet pulls an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(transform = crate::resource::schema::without_description)]
pub enum PullPolicy {
    /// For every container, which checks the credentials each time.
    Always,
    /// If the node does not have it.
    IfNotPresent,
    /// Never.
    Never,
}

impl AsRef<str> for PullPolicy {
    fn as_ref(&self) -> &str {
        match self {
            Self::Always => "Always",
            Self::IfNotPresent => "IfNotPresent",
            Self::Never => "Never",
        }
    }
}

impl Default for Images {
    fn default() -> Self {
        Self { allow: None, require_digest: false, forbid_latest_tag: true, pull_policies: None }
    }
}
