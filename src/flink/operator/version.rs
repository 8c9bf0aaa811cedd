//! Releases of the Flink Kubernetes Operator: `1.8`, `1.14`, `main`.

use std::fmt;

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

impl OperatorVersion {
    /// A release by its two numbers.
    pub const fn release(major: u16, minor: u16) -> Self {
        Self::Release { major, minor }
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
