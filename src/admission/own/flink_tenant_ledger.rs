//! FlinkTenantLedgers: nobody writes them but Flinkgate, whatever rights he has. To delete one is
//! to have everything counted anew.

use super::finding;
use crate::admission::answer::Answer;
use crate::resource::{Operation, Resource};
use crate::rules::Level;

/// What refusals and audit annotations call it.
const RULE: &str = "tenancy/flink-tenant-ledger";

/// The answer to a request about a ledger, where Flinkgate itself is the user `writer`; `None` for
/// all other kinds.
pub fn answer(resource: &Resource, writer: &str) -> Option<Answer> {
    if (resource.kind.group.as_str(), resource.kind.kind.as_str())
        != ("flinkgate.dev", "FlinkTenantLedger")
    {
        return None;
    }
    if resource.user.username == writer || resource.operation == Operation::Delete {
        return Some(Answer::default());
    }
    let message = format!(
        "only Flinkgate ({writer}) writes what tenants use, and {:?} is somebody else",
        resource.user.username
    );
    let help = "to have everything counted anew, delete the FlinkTenantLedger; to let a tenant use more, change its FlinkTenant";
    Some(Answer {
        findings: vec![finding(RULE, Level::Error, "", message, Some(help))],
        ..Answer::default()
    })
}
