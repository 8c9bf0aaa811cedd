//! The answer to a review, before it is put into the protocol's words.

use crate::pipeline::Gate;
use crate::resource::Resource;
use crate::rules::Level;

pub use crate::pipeline::Answer;

/// Which of the two webhooks asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Webhook {
    /// May change the object.
    Mutate,
    /// Sees the object as it will be stored.
    Validate,
}

impl Webhook {
    /// The name as paths, logs and metrics write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Mutate => "mutate",
            Self::Validate => "validate",
        }
    }
}

/// How a request ended, as logs and metrics name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Decision {
    /// Nothing to say.
    Admitted,
    /// Admitted with warnings.
    Warned,
    /// At least one finding at level error.
    Refused,
    /// Nothing could be decided in time; the client is asked to try again.
    Busy,
    /// The review could not be read.
    Malformed,
    /// Flinkgate itself failed.
    Failed,
}

impl Decision {
    /// The name as logs and metrics write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Admitted => "admitted",
            Self::Warned => "warned",
            Self::Refused => "refused",
            Self::Busy => "busy",
            Self::Malformed => "malformed",
            Self::Failed => "failed",
        }
    }
}

impl Answer {
    /// The gravest finding decides.
    pub fn decision(&self) -> Decision {
        if self.retry_after.is_some() {
            return Decision::Busy;
        }
        match self.findings.iter().map(|finding| finding.level).max() {
            Some(Level::Error) => Decision::Refused,
            Some(Level::Warning) => Decision::Warned,
            Some(Level::Info) | None => Decision::Admitted,
        }
    }

    /// How many findings say that a policy did not come to a verdict, instead of a verdict.
    pub fn failed_evaluations(&self) -> u64 {
        self.findings
            .iter()
            .map(|finding| {
                u64::from(finding.message.starts_with("the policy could not be evaluated"))
            })
            .sum()
    }

    /// The ids of all rules with findings, each once, in the order of the findings.
    pub fn rules(&self) -> Vec<&str> {
        let mut rules: Vec<&str> = Vec::new();
        for finding in &self.findings {
            if !rules.contains(&&*finding.rule) {
                rules.push(&finding.rule);
            }
        }
        rules
    }
}

impl Webhook {
    /// The gate's answer to this webhook, without context and quota: for `flinkgate review`.
    pub fn ask(self, gate: &Gate, resource: &Resource) -> Answer {
        super::own::answer(self, gate, resource).unwrap_or_else(|| match self {
            Self::Mutate => gate.mutate(resource),
            Self::Validate => gate.validate(resource),
        })
    }
}
