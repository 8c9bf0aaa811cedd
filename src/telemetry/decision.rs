//! The decision line: one log line a request with the decision and its reasons.

use crate::admission::answer::{Answer, Decision, Webhook};
use crate::resource::{Operation, Resource};
use crate::rules::Level;
use std::time::Duration;

/// Writes the decision line of one request (target `flinkgate::decision`).
pub fn log(webhook: Webhook, uid: &str, resource: &Resource, answer: &Answer, took: Duration) {
    let decision = answer.decision();
    let infos: Vec<&str> = answer
        .findings
        .iter()
        .filter(|f| f.level == Level::Info)
        .map(|f| f.message.as_str())
        .collect();
    tracing::info!(
        target: "flinkgate::decision",
        webhook = webhook.as_str(),
        uid,
        operation = operation_name(resource.operation),
        kind = resource.kind.kind.as_str(),
        "subResource" = resource.sub_resource.as_deref(),
        namespace = resource.namespace.as_str(),
        name = resource.display_name(),
        user = resource.user.username.as_str(),
        tenant = answer.tenant.as_deref(),
        allowed = !matches!(decision, Decision::Refused | Decision::Busy),
        decision = decision.as_str(),
        rules = answer.rules().join(","),
        infos = (!infos.is_empty()).then(|| infos.join("; ")),
        patched = answer.patch.as_ref().is_some_and(|patch| !patch.is_empty()),
        "dryRun" = resource.dry_run,
        microseconds = u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
        "decision"
    );
}

/// The operation in the syntax of the API server.
pub fn operation_name(operation: Operation) -> &'static str {
    match operation {
        Operation::Create => "CREATE",
        Operation::Update => "UPDATE",
        Operation::Delete => "DELETE",
        Operation::Connect => "CONNECT",
    }
}
