//! The last question of a review: whether its tenant has as much left. It comes last, because it is
//! the one that is written.

use super::answer::{Answer, Decision};
use crate::pipeline::charge::Charge;
use crate::quota::commit::{self, Ledgers};
use crate::quota::store::Store;
use std::time::Instant;

/// Holds a request against its tenant's ledger. What is refused already, and a dry run, is only
/// told what the ledger would say.
pub async fn hold<S: Store>(
    ledgers: &Ledgers<S>,
    charge: Charge,
    mut answer: Answer,
    dry_run: bool,
    deadline: Instant,
) -> Answer {
    let dry_run = dry_run || answer.decision() == Decision::Refused;
    let ask = async |request, dry_run| {
        ledgers.admit(&charge.tenant, request, charge.known.clone(), deadline, dry_run).await
    };
    let mut told = ask(
        if charge.is_waived() { charge.strict() } else { charge.request.clone() },
        dry_run || charge.is_waived(),
    )
    .await;
    if let commit::Answer::Refused(shortage) = &told {
        let more = charge.findings(shortage, &answer.findings);
        answer.findings.extend(more);
    }
    // What the tenant lets pass is counted all the same.
    if charge.is_waived() && !dry_run && answer.decision() != Decision::Refused {
        told = ask(charge.request.clone(), false).await;
    }
    if let commit::Answer::Busy(busy) = &told
        && answer.decision() != Decision::Refused
    {
        answer.findings.push(charge.undecided(busy.to_string()));
        answer.retry_after = Some(busy.retry_after_seconds());
    }
    answer.findings.sort_by(crate::rules::Finding::order);
    answer.tenant.get_or_insert(charge.tenant);
    answer
}
