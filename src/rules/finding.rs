//! A finding: one thing that a rule reports about one object.

use super::fix::{Draft, Fix};
use crate::flink::redaction::Secrets;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::cmp::Ordering;

/// The severity of a finding.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// The webhook admits the object; only the log names the finding.
    Info,
    /// The webhook admits the object with a warning.
    Warning,
    /// The webhook refuses the object.
    #[default]
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

/// One thing that a rule reports about one object. [`Findings::at`](super::Findings::at) makes it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Rule id, `<family>/<name>`.
    pub rule: Cow<'static, str>,
    /// Severity: the rule's own level until the tenant's overrides and exemptions are applied.
    pub level: Level,
    /// What is wrong, in one sentence.
    pub message: String,
    /// JSON Pointer into the object; it may name a field that is missing.
    pub pointer: String,
    /// What to write instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// The same for machines: fixes and web pages.
    #[serde(skip_serializing_if = "Facts::is_empty")]
    pub facts: Facts,
    /// Whether the key at the pointer is wrong, and not its value.
    #[serde(skip)]
    pub at_key: bool,
    /// Whether it is a warning at most, whatever the tenant enforces: it is about what runs already.
    #[serde(skip)]
    pub is_advice: bool,
    /// Whether the value at the pointer has a wrong type, so that nothing in it can be read.
    #[serde(skip)]
    pub is_unreadable: bool,
    /// The value that is the cause. If a finding as severe is about it, this one says nothing new.
    #[serde(skip)]
    pub cause: Option<String>,
    /// Line and column, from 1, within the text at the pointer.
    #[serde(skip)]
    pub within: Option<(usize, usize)>,
    /// Whether the rule is a policy that failed to evaluate, so that it decided nothing.
    #[serde(skip)]
    pub failed_evaluation: bool,
    /// What the help writes, where it is a value. [`Self::advise`] makes both.
    #[serde(skip)]
    pub fix: Option<Box<Fix>>,
    /// The same until the places are known.
    #[serde(skip)]
    pub draft: Option<Box<Draft>>,
}

/// The machine-readable part of a finding. Every field is optional.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Facts {
    /// Name of the container that the finding is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub container: Option<String>,
    /// Configuration option, label, resource or other key that the finding is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The value that the rule accepts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wanted: Option<String>,
    /// The value that the object has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub found: Option<String>,
}

impl Facts {
    /// Whether no field is set.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl Ord for Finding {
    fn cmp(&self, other: &Self) -> Ordering {
        // Values have no order of their own.
        let fixes = |finding: &Self| format!("{:?}{:?}", finding.fix, finding.draft);
        let by_words =
            (&self.rule, self.level, &self.message, &self.pointer, &self.help, &self.facts).cmp(&(
                &other.rule,
                other.level,
                &other.message,
                &other.pointer,
                &other.help,
                &other.facts,
            ));
        by_words
            .then_with(|| self.at_key.cmp(&other.at_key))
            .then_with(|| self.failed_evaluation.cmp(&other.failed_evaluation))
            .then_with(|| fixes(self).cmp(&fixes(other)))
    }
}

impl PartialOrd for Finding {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Finding {
    /// What is wrong, in one sentence: no capital, no full stop, values in backticks.
    pub fn message(&mut self, message: impl Into<String>) -> &mut Self {
        self.message = message.into();
        self
    }

    /// What to write instead, exactly; `None` leaves it out.
    pub fn help(&mut self, help: impl Into<Option<String>>) -> &mut Self {
        self.help = help.into();
        self
    }

    /// A severity other than the rule's own.
    pub fn level(&mut self, level: Level) -> &mut Self {
        self.level = level;
        self
    }

    /// Whether it is a warning at most.
    pub fn warning_at_most(&mut self, is_advice: bool) -> &mut Self {
        self.is_advice = is_advice;
        self
    }

    /// The key at the pointer is wrong, and not its value.
    pub fn at_key(&mut self) -> &mut Self {
        self.at_key = true;
        self
    }

    /// The value at the pointer has a wrong type, so that nothing in it can be read.
    pub fn unreadable(&mut self) -> &mut Self {
        self.is_unreadable = true;
        self
    }

    /// The place of another value that is the cause: a finding about it is enough.
    pub fn caused_by(&mut self, place: impl Into<String>) -> &mut Self {
        self.cause = Some(place.into());
        self
    }

    /// The container that the finding is about.
    pub fn container(&mut self, name: impl Into<String>) -> &mut Self {
        self.facts.container = Some(name.into());
        self
    }

    /// The option, label or other key that the finding is about.
    pub fn key(&mut self, key: impl Into<String>) -> &mut Self {
        self.facts.key = Some(key.into());
        self
    }

    /// The value that the rule accepts.
    pub fn wanted(&mut self, value: impl Into<String>) -> &mut Self {
        self.facts.wanted = Some(value.into());
        self
    }

    /// The value that the object has; never that of a secret.
    pub fn found(&mut self, value: impl Into<String>) -> &mut Self {
        self.facts.found = Some(value.into());
        self
    }

    /// All texts that people read.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        let Facts { container, key, wanted, found } = &self.facts;
        let others = [&self.help, container, key, wanted, found].into_iter().flatten();
        others.chain([&self.message]).map(String::as_str)
    }

    /// Removes secrets from all texts. The place may name an option, but never has its value.
    pub fn hide(&mut self, secrets: &Secrets) {
        let Facts { container, key, wanted, found } = &mut self.facts;
        let texts = [&mut self.help, container, key, wanted, found];
        for text in texts.into_iter().flatten().chain([&mut self.message]) {
            if let Some(hidden) = secrets.hide(text) {
                *text = hidden;
            }
        }
        // What is hidden cannot be written.
        let has_secret = |fix: &Fix| fix.values().any(|value| secrets.hide(&value).is_some());
        if self.fix.as_deref().is_some_and(has_secret) {
            self.fix = None;
        }
    }

    /// The order of reports: most severe first, then by rule, place and message.
    pub fn order(&self, other: &Self) -> Ordering {
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
