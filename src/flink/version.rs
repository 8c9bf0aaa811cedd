//! Flink versions as in a FlinkDeployment: `v1_20`, `v2_0`.

use std::fmt;

/// A Flink release line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FlinkVersion {
    /// `1` in `v1_20`.
    pub major: u16,
    /// `20` in `v1_20`.
    pub minor: u16,
}

impl FlinkVersion {
    /// A version by its two numbers.
    pub const fn new(major: u16, minor: u16) -> Self {
        Self { major, minor }
    }

    /// Reads `v1_20`; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let (major, minor) = text.strip_prefix('v')?.split_once('_')?;
        Some(Self { major: major.parse().ok()?, minor: minor.parse().ok()? })
    }

    /// Reads `1.20` or `1.20.4`, the form of other operators; `None` for anything else.
    pub fn parse_release(text: &str) -> Option<Self> {
        let mut numbers = text.split('.');
        Some(Self { major: numbers.next()?.parse().ok()?, minor: numbers.next()?.parse().ok()? })
    }
}

impl fmt::Display for FlinkVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "v{}_{}", self.major, self.minor)
    }
}
