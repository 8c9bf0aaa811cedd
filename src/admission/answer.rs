//! The answer to a review, before it is encoded.

use crate::pipeline::Gate;
use crate::resource::Resource;
use crate::rules::Level;

pub use crate::pipeline::Answer;

/// Which of the two webhooks the API server calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Webhook {
    /// May patch the object.
    Mutate,
    /// Checks the object as it will be stored.
    Validate,
}

impl Webhook {
    /// The name in paths, logs and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Mutate => "mutate",
            Self::Validate => "validate",
        }
    }
}

/// The outcome of a request in logs and metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Decision {
    /// Admitted without warnings.
    Admitted,
    /// Admitted with warnings.
    Warned,
    /// At least one finding at level error.
    Refused,
    /// Not decided in time; the client must retry.
    Busy,
    /// The review could not be parsed.
    Malformed,
    /// Flinkgate itself failed.
    Failed,
}

impl Decision {
    /// The name in logs and metrics.
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
    /// The most severe finding decides.
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

    /// How many findings report that a policy failed to evaluate.
    pub fn failed_evaluations(&self) -> u64 {
        self.findings.iter().map(|finding| u64::from(finding.failed_evaluation)).sum()
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
    /// The gate's answer to this webhook without context and quota, for `flinkgate review`.
    pub fn ask(self, gate: &Gate, resource: &Resource) -> Answer {
        super::flinkgate_kinds::answer(self, gate, resource).unwrap_or_else(|| match self {
            Self::Mutate => {
                let answer = gate.mutate(resource);
                match answer.decision() {
                    Decision::Refused => gate.refused_in_full(resource, answer, None).0,
                    _ => answer,
                }
            }
            Self::Validate => {
                super::status::answer(gate, resource).unwrap_or_else(|| gate.validate(resource))
            }
        })
    }
}
