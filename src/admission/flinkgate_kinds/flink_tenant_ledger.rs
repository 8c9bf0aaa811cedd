//! FlinkTenantLedgers: only Flinkgate may write them. Anyone with the permission may delete one:
//! the leader then counts the tenant's objects again.

use super::finding;
use crate::admission::answer::Answer;
use crate::resource::{Operation, Resource};
use crate::rules::Level;
use crate::rules::notices::FLINK_TENANT_LEDGER;

/// The answer to a request for a ledger; `None` for all other kinds. `own_user` is Flinkgate's user
/// name.
pub fn answer(resource: &Resource, own_user: &str) -> Option<Answer> {
    if (resource.kind.group.as_str(), resource.kind.kind.as_str())
        != ("flinkgate.dev", "FlinkTenantLedger")
    {
        return None;
    }
    if resource.user.username == own_user || resource.operation == Operation::Delete {
        return Some(Answer::default());
    }
    let message = format!(
        "only Flinkgate (`{own_user}`) may write ledgers, not `{}`",
        resource.user.username
    );
    let help = "delete the FlinkTenantLedger to count again; change `spec.quota` of the FlinkTenant to raise limits";
    Some(Answer {
        findings: vec![finding(&FLINK_TENANT_LEDGER, Level::Error, "", message, Some(help))],
        ..Answer::default()
    })
}
