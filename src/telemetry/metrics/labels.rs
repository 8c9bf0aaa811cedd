//! The labels of metrics and their values.

use crate::admission::answer::Webhook;
use prometheus_client::encoding::EncodeLabelSet;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct RequestLabels {
    pub(super) webhook: &'static str,
    pub(super) kind: &'static str,
    pub(super) operation: &'static str,
    pub(super) decision: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct WebhookLabels {
    pub(super) webhook: &'static str,
}

/// Why a caller of the webhooks is not taken for an API server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unauthenticated {
    /// Neither `/mutate` nor `/validate`.
    OtherPath,
    /// The path has no token. API servers send this while a webhook configuration has none.
    NoToken,
    /// The token is not accepted, or no longer.
    WrongToken,
}

impl Unauthenticated {
    pub(super) const ALL: [Self; 3] = [Self::OtherPath, Self::NoToken, Self::WrongToken];

    /// The label.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OtherPath => "other-path",
            Self::NoToken => "no-token",
            Self::WrongToken => "wrong-token",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct ReasonLabels {
    pub(super) reason: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct ConfigurationLabels {
    pub(super) configuration: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct KindLabels {
    pub(super) kind: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct InForceLabels {
    pub(super) kind: &'static str,
    pub(super) in_force: &'static str,
}

/// The kinds whose status, or label, Flinkgate writes.
pub(super) const WRITTEN_KINDS: [&str; 4] =
    ["FlinkTenant", "FlinkPolicy", "FlinkTenantLedger", "Namespace"];

/// The label values of the gauge of what is not in force as it is stored: the kind, and what is in
/// force instead.
pub const NOT_IN_FORCE: [(&str, &str); 8] = [
    ("FlinkTenant", "last-valid"),
    ("FlinkTenant", "readable-parts"),
    ("FlinkTenant", "nothing"),
    ("FlinkPolicy", "last-valid"),
    ("FlinkPolicy", "readable-parts"),
    ("FlinkPolicy", "nothing"),
    ("ConfigMap", "last-valid"),
    ("ConfigMap", "readable-parts"),
];

/// The name of the configuration with this webhook.
pub(super) fn configuration(webhook: Webhook) -> &'static str {
    match webhook {
        Webhook::Mutate => "mutating",
        Webhook::Validate => "validating",
    }
}
