//! `spec.security`: pod security, images and identities.

use super::{Sidecars, is_default};
use crate::kubernetes::pod_security::PodSecurityLevel;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Pod security, images and identities.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Security {
    /// Kubernetes' Pod Security Standard to hold pods to.
    #[serde(skip_serializing_if = "is_default")]
    pub pod_security: PodSecurity,
    /// Which images may run.
    #[serde(skip_serializing_if = "is_default")]
    pub images: Images,
    /// Service accounts that pods may use; any when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_accounts: Option<Vec<String>>,
    /// Whether Flink's own containers get a root file system that they cannot write to, with empty
    /// folders where Flink writes.
    #[serde(skip_serializing_if = "is_default")]
    pub read_only_root_filesystem: bool,
    /// Secrets that pods may mount, read into their environment or pull images with: names, with
    /// stars for any run of characters; any when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secrets: Option<Vec<String>>,
    /// ConfigMaps that pods may mount or read into their environment: names, with stars; any when
    /// absent. Flink's own and the cluster's root certificates are always fine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub config_maps: Option<Vec<String>>,
    /// Programs that containers running Flink may start with, such as `/docker-entrypoint.sh`; any
    /// when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entrypoints: Option<Vec<String>>,
    /// Environment variables that nobody may set, such as `LD_PRELOAD` or `FLINK_ENV_JAVA_OPTS*`:
    /// names, with stars.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub forbidden_environment: Vec<String>,
    /// Labels that nobody may set on pods and on Flink's Services: keys, with stars.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub forbidden_labels: Vec<String>,
    /// Annotations that nobody may set on pods and on Flink's Services, such as
    /// `sidecar.istio.io/*`: keys, with stars.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub forbidden_annotations: Vec<String>,
    /// Containers that may stand beside Flink's own.
    #[serde(skip_serializing_if = "is_default")]
    pub sidecars: Sidecars,
    /// Host names to which pods may give addresses of their own (`hostAliases`), with stars; any
    /// when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host_aliases: Option<Vec<String>>,
    /// Extended resources that pods may ask for, such as `nvidia.com/gpu`: names, with stars; any
    /// when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extended_resources: Option<Vec<String>>,
    /// Runtime classes that pods may name; any when absent. A pod that names none runs as its node
    /// does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub runtime_classes: Option<Vec<String>>,
    /// Whether Flink's pods that never talk to Kubernetes must not be given the token of their
    /// service account: JobManagers need it in native mode, and all of Flink's pods for high
    /// availability by Kubernetes.
    #[serde(skip_serializing_if = "is_default")]
    pub tokens_where_needed: bool,
}

/// A Pod Security Standard and its version.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct PodSecurity {
    /// The level; baseline unless given.
    pub level: PodSecurityLevel,
    /// `latest` or `v1.N`; latest unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}

/// Which images may run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Images {
    /// Patterns of `registry/repository`, a star standing for anything within one path segment and,
    /// at the end, for any number of segments; any image when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allow: Option<Vec<String>>,
    /// Whether images must be named by digest.
    pub require_digest: bool,
    /// Whether the tag `latest`, and no tag at all, is refused; true unless given.
    pub forbid_latest_tag: bool,
    /// When the kubelet may pull images: Always, IfNotPresent, Never; any of them when absent. With
    /// anything but Always a pod may run an image of another tenant that its node has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pull_policies: Option<Vec<PullPolicy>>,
}

/// When the kubelet pulls an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(transform = crate::resource::schema::without_description)]
pub enum PullPolicy {
    /// For every container, which asks for the right to it anew.
    Always,
    /// Where the node does not have it.
    IfNotPresent,
    /// Not at all.
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
