//! What a rule says of an object.

use serde::{Deserialize, Serialize};

/// How grave a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// The webhook admits and says nothing but in the log.
    Info,
    /// The webhook admits and warns.
    Warning,
    /// The webhook refuses.
    Error,
}

impl Level {
    /// The level's name as every output writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// One thing to say about one object.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Finding {
    /// Rule id, `<family>/<name>`.
    pub rule: String,
    /// Level after the tenant's overrides and exemptions.
    pub level: Level,
    /// What is wrong, in one sentence.
    pub message: String,
    /// JSON Pointer into the object; it may name a place that is missing.
    pub pointer: String,
    /// What to write instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
}

impl Finding {
    /// Gravest first, then by rule and place: as findings are told.
    pub fn order(&self, other: &Self) -> std::cmp::Ordering {
        let by_words = || {
            (&self.rule, &self.pointer, &self.message).cmp(&(
                &other.rule,
                &other.pointer,
                &other.message,
            ))
        };
        other.level.cmp(&self.level).then_with(by_words)
    }
}

/// The families of rules: the part of a rule's id before the slash.
pub const FAMILIES: [&str; 8] =
    ["security", "scheduling", "storage", "network", "flink", "quota", "tenancy", "cost"];
