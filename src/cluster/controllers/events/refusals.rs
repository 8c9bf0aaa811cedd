//! What the aggregator counts and what the writer writes: refusals, and Events about them.

use super::regarding::Regarding;
use k8s_openapi::jiff::Timestamp;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Who sent a refused request.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Sender {
    /// The user name that the API server reports.
    pub(super) user: String,
    /// Whether it is a controller of Kubernetes or the Flink operator.
    pub(super) is_component: bool,
}

/// One refusal.
#[derive(Clone, Debug)]
pub(super) struct Refusal {
    pub(super) regarding: Regarding,
    pub(super) sender: Sender,
    /// Whether the next try may succeed: the quota may be free then.
    pub(super) may_pass: bool,
    /// The tenant or namespace whose token it costs.
    pub(super) payer: String,
    pub(super) namespace: String,
    pub(super) kind: String,
    pub(super) rules: String,
    pub(super) note: String,
}

/// Refusals that are reported as one Event.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub(super) regarding: Regarding,
    pub(super) sender: Sender,
    pub(super) namespace: String,
    pub(super) kind: String,
    pub(super) rules: String,
}

/// Something to write.
#[derive(Clone, Debug)]
pub(super) struct Write {
    pub(super) key: Arc<Key>,
    /// The Event's name.
    pub(super) name: String,
    /// What it says, if it is new.
    pub(super) note: Option<String>,
    pub(super) count: i32,
    pub(super) first: Timestamp,
    pub(super) last: Timestamp,
    /// Whether it is to be written only if the next try did not succeed.
    pub(super) may_pass: bool,
    /// Whether it is about the owner of what was refused, and not about a custom resource above.
    pub(super) is_direct: bool,
}

/// The result of a write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Written. These custom resources are above the object of a new Event.
    Written(Vec<Regarding>),
    /// The next try succeeded, so there is nothing to report.
    Passed,
    /// The next try may take this time.
    Postponed(Duration),
    /// Not written.
    Failed,
}

/// What is to be done now.
#[derive(Debug)]
pub(super) enum Step {
    Write(Write),
    Wait(Instant),
    Idle,
}

impl Key {
    /// The series of a refusal.
    pub(super) fn of(refusal: &Refusal) -> Self {
        Self {
            regarding: refusal.regarding.clone(),
            sender: refusal.sender.clone(),
            namespace: refusal.namespace.clone(),
            kind: refusal.kind.clone(),
            rules: refusal.rules.clone(),
        }
    }
}
