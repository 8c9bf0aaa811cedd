//! `spec.security`: pod security, images and identities.

use super::is_default;
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
    /// Whether Flink's own containers get a root file system that they cannot write to, with empty folders where Flink writes.
    #[serde(skip_serializing_if = "is_default")]
    pub read_only_root_filesystem: bool,
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

/// Levels of the Pod Security Standards.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum PodSecurityLevel {
    /// Everything goes.
    Privileged,
    /// No known privilege escalation.
    #[default]
    Baseline,
    /// Hardened pods only.
    Restricted,
}

/// Which images may run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Images {
    /// Patterns of `registry/repository`, a star standing for anything within one path segment and, at the
    /// end, for any number of segments; any image when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allow: Option<Vec<String>>,
    /// Whether images must be named by digest.
    pub require_digest: bool,
    /// Whether the tag `latest`, and no tag at all, is refused; true unless given.
    pub forbid_latest_tag: bool,
}

impl Default for Images {
    fn default() -> Self {
        Self { allow: None, require_digest: false, forbid_latest_tag: true }
    }
}
