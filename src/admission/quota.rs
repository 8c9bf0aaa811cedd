//! The last step of a review: whether its tenant's quota suffices. It is last because it writes.

use super::answer::{Answer, Decision};
use crate::pipeline::charge::Charge;
use crate::quota::commit::{self, Ledgers};
use crate::quota::ledger::ObjectRef;
use crate::quota::ledger::admitted::{AdmittedSpecs, Change};
use crate::quota::store::Store;
use crate::resource::Resource;
use crate::rules::Finding;
use std::time::Instant;

/// Where reservations are made: in the cluster's FlinkTenantLedgers, or in this process.
pub trait Quota: Send + Sync + 'static {
    /// Reserves what a request asks for, and adds findings about exceeded limits to the answer.
    fn reserve(
        &self,
        resource: &Resource,
        charge: Charge,
        answer: Answer,
        deadline: Instant,
    ) -> impl Future<Output = Answer> + Send;

    /// Called when an object is deleted.
    fn deleted(
        &self,
        tenant: &str,
        object: ObjectRef,
        deadline: Instant,
    ) -> impl Future<Output = ()> + Send;

    /// Whether it records what clusters are admitted with. Without a cluster nothing is stored, and
    /// no object can have been admitted with another spec.
    fn records(&self) -> bool {
        false
    }

    /// What a tenant's clusters were admitted with, as of the last write; `None` where it cannot be
    /// read.
    fn admitted(&self, _tenant: &str) -> impl Future<Output = Option<AdmittedSpecs>> + Send {
        async { None }
    }

    /// Records what an object was admitted with. A failure refuses nothing: the leader records the
    /// object later.
    fn record(
        &self,
        _tenant: &str,
        _change: Change,
        _deadline: Instant,
    ) -> impl Future<Output = ()> + Send {
        async {}
    }
}

/// Checks a request against its tenant's ledger. A dry run and a request that is already refused
/// reserve nothing and get the same findings.
pub async fn reserve<S: Store>(
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
    let first = if charge.is_waived() { charge.without_waivers() } else { charge.request.clone() };
    let mut outcome = ask(first, dry_run || charge.is_waived()).await;
    if let commit::QuotaAnswer::Refused(shortage) = &outcome {
        let more = charge.findings(shortage, &answer.findings);
        answer.findings.extend(more);
    }
    // What the tenant's overrides and exemptions admit counts too.
    if charge.is_waived() && !dry_run && answer.decision() != Decision::Refused {
        outcome = ask(charge.request.clone(), false).await;
    }
    if let commit::QuotaAnswer::Busy(busy) = &outcome
        && answer.decision() != Decision::Refused
    {
        answer.findings.push(charge.undecided(busy.to_string()));
        answer.retry_after = Some(busy.retry_after_seconds());
    }
    answer.findings.sort_by(Finding::order);
    answer.tenant.get_or_insert(charge.tenant);
    answer
}
