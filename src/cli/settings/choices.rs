//! Choices that a flag and the configuration file name alike.

use clap::ValueEnum;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How a report is written.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// Text with source lines
    #[default]
    Text,
    /// JSON
    Json,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// JUnit XML, for test reports
    Junit,
    /// GitHub Actions annotations
    Github,
    /// GitLab Code Quality
    Gitlab,
    /// A summary in Markdown
    Markdown,
}

/// The lowest level that gives exit status 1.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum FailOn {
    /// Errors
    #[default]
    Error,
    /// Errors and warnings
    Warning,
    /// No findings
    Never,
}

impl FailOn {
    /// Whether a finding of this level gives exit status 1.
    pub fn fails(self, level: crate::rules::Level) -> bool {
        use crate::rules::Level;
        match self {
            Self::Error => level >= Level::Error,
            Self::Warning => level >= Level::Warning,
            Self::Never => false,
        }
    }
}
