//! The standard that a pod must meet: a level and a version.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Levels of the Pod Security Standards.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum PodSecurityLevel {
    /// No restrictions.
    Privileged,
    /// Prevents known privilege escalations.
    #[default]
    Baseline,
    /// Hardened pods only.
    Restricted,
}

/// A level of the Pod Security Standards at one version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standard {
    /// How strict the standard is.
    pub level: PodSecurityLevel,
    /// The version's minor number, `25` for `v1.25`. A number above all known versions means the
    /// latest version.
    pub minor: u64,
}

/// The minor number of a version such as `v1.25`; `None` for `latest` and for invalid versions,
/// which Kubernetes treats as the latest too.
pub fn minor_version(version: &str) -> Option<u64> {
    let minor = version.strip_prefix("v1.")?;
    let plain = minor == "0"
        || (!minor.starts_with('0') && minor.bytes().all(|byte| byte.is_ascii_digit()));
    plain.then(|| minor.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_as_in_kubernetes() {
        assert_eq!(["v1.0", "v1.25", "v1.999"].map(minor_version), [Some(0), Some(25), Some(999)]);
        for odd in [
            "latest",
            "",
            "1.25",
            "v1.",
            "v1.25.3",
            "v1.01",
            "v2.1",
            "v1.+5",
            "v1.5 ",
            "V1.5",
            "v1.99999999999999999999",
        ] {
            assert_eq!(minor_version(odd), None, "{odd}");
        }
    }
}
