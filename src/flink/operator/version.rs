//! Releases of the Flink Kubernetes Operator: `1.8`, `1.14`, `main`, and what differs between them.
//!
//! Read in the branches release-1.8 to release-1.15 and in main of 20 July 2026 (`FlinkVersion`,
//! `DefaultValidator`, `KubernetesOperatorConfigOptions`, `pom.xml`). Where the release is
//! unknown, a rule is as mild as that of any of them.

use crate::flink::version::FlinkVersion;
use std::fmt;
use std::str::FromStr;

/// A release line of the Flink Kubernetes Operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OperatorVersion {
    /// A release, such as 1.12.
    Release {
        /// `1` in 1.12.
        major: u16,
        /// `12` in 1.12.
        minor: u16,
    },
    /// What will be the next release.
    Main,
}

/// A text that names no release of the operator.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a supported release of the Flink operator: write `1.8` or later, such as `1.14`, or `main`"
)]
pub struct UnknownRelease(String);

impl FromStr for OperatorVersion {
    type Err = UnknownRelease;

    fn from_str(text: &str) -> Result<Self, UnknownRelease> {
        Self::parse(text)
            .filter(|version| *version >= Self::OLDEST)
            .ok_or_else(|| UnknownRelease(text.into()))
    }
}

impl OperatorVersion {
    /// The oldest release whose rules are known.
    pub const OLDEST: Self = Self::release(1, 8);

    /// Whether upgradeMode `last-state` needs high availability, and a session job cannot have it.
    pub fn refuses_last_state_without_ha(self) -> bool {
        self < Self::release(1, 10)
    }

    /// Whether the operator's client of Flink, 1.18, takes the JAR of an application from the image
    /// only, whatever version the cluster has.
    pub fn takes_local_jars_only(self) -> bool {
        self < Self::release(1, 10)
    }

    /// Whether keys that begin other keys are refused for Flink 2.
    pub fn refuses_overlapping_keys(self) -> bool {
        self >= Self::release(1, 12)
    }

    /// Whether only listed schemes and public hosts are allowed for the JAR of a session job.
    pub fn restricts_session_jars(self) -> bool {
        self >= Self::release(1, 15)
    }

    /// The oldest version of Flink that is not deprecated.
    pub fn oldest_current_flink(self) -> FlinkVersion {
        let Self::Release { major: 1, minor } = self else { return FlinkVersion::new(1, 19) };
        FlinkVersion::new(
            1,
            match minor {
                ..=9 => 15,
                10 => 16,
                11 | 12 => 17,
                _ => 19,
            },
        )
    }

    /// A release by its two numbers.
    pub const fn release(major: u16, minor: u16) -> Self {
        Self::Release { major, minor }
    }

    /// The release of a running operator by the tag of its image, or else by the label with its
    /// version: `1.12.1`, `release-1.12.1`, `1.12.1-acme.3`.
    pub fn of_tag(text: &str) -> Option<Self> {
        let text = text.strip_prefix("release-").unwrap_or(text);
        Self::parse(text.split(['-', '_', '+']).next()?)
    }

    /// Reads `1.12`, `1.12.1`, `v1.12.1` or `main`; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        if text == "main" {
            return Some(Self::Main);
        }
        let mut numbers = text.strip_prefix('v').unwrap_or(text).split('.');
        let major = numbers.next()?.parse().ok()?;
        let minor = numbers.next()?.parse().ok()?;
        let patch = numbers.next().is_none_or(|patch| patch.parse::<u16>().is_ok());
        (patch && numbers.next().is_none()).then_some(Self::Release { major, minor })
    }
}

impl fmt::Display for OperatorVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Release { major, minor } => write!(f, "{major}.{minor}"),
            Self::Main => f.write_str("main"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_running_operator_is_known_by_its_tag() {
        let of = |text| OperatorVersion::of_tag(text).map(|version| version.to_string());
        for (tag, release) in [
            ("1.12.1", "1.12"),
            ("release-1.9.0", "1.9"),
            ("v1.15.0-acme.3", "1.15"),
            ("main", "main"),
        ] {
            assert_eq!(of(tag).as_deref(), Some(release), "{tag}");
        }
        for tag in ["latest", "9f2c1e7", "stable-1.12", ""] {
            assert_eq!(of(tag), None, "{tag}");
        }
    }

    #[test]
    fn older_releases_than_the_first_are_refused() {
        assert!("1.7".parse::<OperatorVersion>().is_err());
        assert_eq!("1.8".parse(), Ok(OperatorVersion::OLDEST));
        assert!(
            "2.0".parse::<OperatorVersion>().is_ok_and(|version| version.restricts_session_jars())
        );
    }

    #[test]
    fn releases_are_read_and_ordered() {
        let parsed = ["1.8", "1.12.1", "v1.13.0", "main"].map(OperatorVersion::parse);
        assert!(parsed.iter().all(Option::is_some) && parsed.is_sorted());
        let shown = parsed.map(|version| version.map(|version| version.to_string()));
        assert_eq!(shown.map(Option::unwrap_or_default), ["1.8", "1.12", "1.13", "main"]);
        for text in ["", "1", "1.x", "latest", "1.2.3.4", "1.2.x", "Main"] {
            assert_eq!(OperatorVersion::parse(text), None, "{text}");
        }
    }
}
