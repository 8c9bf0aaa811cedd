//! The last step of a review: whether its tenant's quota suffices. It is last because it writes.

use super::answer::{Answer, Decision};
use crate::pipeline::charge::Charge;
use crate::quota::commit::{Ledgers, QuotaAnswer};
use crate::quota::ledger::ObjectRef;
use crate::quota::ledger::admitted::{AdmittedSpecs, Change};
use crate::quota::store::Store;
use crate::resource::Resource;
use crate::rules::Finding;
use futures::future::BoxFuture;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};
use tokio::sync::{Semaphore, SemaphorePermit};

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

/// How many requests may wait for the leader at once.
///
/// A pod that replaces another is often created before the leader has seen that the other one
/// leaves, and a cluster may be created at once after the deletion of one, or after the end of its
/// last pod. Such a request waits for a moment before it is refused. Few of Kubernetes' own components
/// may wait, because each has few workers for the whole cluster.
pub struct Patience {
    components: Semaphore,
    others: Semaphore,
    deleted: FindDeleted,
}

/// Finds the UIDs of objects that are deleted among those that a ledger counts.
pub type FindDeleted =
    Box<dyn Fn(Vec<(ObjectRef, String)>) -> BoxFuture<'static, BTreeSet<String>> + Send + Sync>;

/// How long a request waits, and how often it asks again.
const LONGEST_WAIT: Duration = Duration::from_secs(3);
const PAUSE: Duration = Duration::from_millis(250);
/// What is left of a request's time when it is refused.
const RESERVE: Duration = Duration::from_secs(1);

impl Patience {
    /// Nothing waits yet.
    pub fn new(deleted: FindDeleted) -> Self {
        Self { components: Semaphore::new(2), others: Semaphore::new(64), deleted }
    }

    fn of(&self, charge: &Charge) -> Option<SemaphorePermit<'_>> {
        let all = if charge.is_by_component { &self.components } else { &self.others };
        all.try_acquire().ok()
    }
}

/// Checks a request against its tenant's ledger. A dry run and a request that is already refused
/// reserve nothing and get the same findings. Without a leader that releases, there is no patience.
pub async fn reserve<S: Store>(
    ledgers: &Ledgers<S>,
    charge: Charge,
    mut answer: Answer,
    dry_run: bool,
    deadline: Instant,
    patience: Option<&Patience>,
) -> Answer {
    let dry_run = dry_run || answer.decision() == Decision::Refused;
    let ask = async |request, dry_run| {
        ledgers.admit(&charge.tenant, request, charge.known.clone(), deadline, dry_run).await
    };
    let first =
        || if charge.is_waived() { charge.without_waivers() } else { charge.request.clone() };
    let only_asks = dry_run || charge.is_waived();
    let mut outcome = ask(first(), only_asks).await;
    // Deleted objects that the ledger still counts.
    let mut deleted = BTreeSet::new();
    let may_wait = |outcome: &QuotaAnswer, deleted: &BTreeSet<String>| match outcome {
        QuotaAnswer::Refused(shortage) => {
            let is_deleted = |(_, uid): &(ObjectRef, String)| deleted.contains(uid);
            shortage.may_shrink || shortage.counted.iter().any(is_deleted)
        }
        QuotaAnswer::Admitted | QuotaAnswer::Busy(_) => false,
    };
    if let QuotaAnswer::Refused(shortage) = &outcome
        && (shortage.may_shrink || !shortage.counted.is_empty())
        && !charge.is_waived()
        && answer.decision() != Decision::Refused
        && let Some(patience) = patience
        && let Some(_permit) = patience.of(&charge)
    {
        if !shortage.may_shrink {
            deleted = (patience.deleted)(shortage.counted.clone()).await;
        }
        let until = deadline.checked_sub(RESERVE).unwrap_or(deadline);
        let until = until.min(Instant::now() + LONGEST_WAIT);
        while may_wait(&outcome, &deleted) && Instant::now() < until {
            tokio::time::sleep(PAUSE).await;
            outcome = ask(first(), only_asks).await;
        }
    }
    if let QuotaAnswer::Refused(shortage) = &outcome {
        let more = charge.findings(shortage, &answer.findings);
        answer.findings.extend(more);
    }
    // What the tenant's overrides and exemptions admit counts too.
    if charge.is_waived() && !dry_run && answer.decision() != Decision::Refused {
        outcome = ask(charge.request.clone(), false).await;
    }
    if let QuotaAnswer::Busy(busy) = &outcome
        && answer.decision() != Decision::Refused
    {
        answer.findings.push(charge.undecided(busy.to_string()));
        answer.retry_after = Some(busy.retry_after_seconds());
    }
    answer.findings.sort_by(Finding::order);
    answer.tenant.get_or_insert(charge.tenant);
    answer
}
