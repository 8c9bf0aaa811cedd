//! The path of a review from the request to the answer, for a cluster and for files: exemptions,
//! context, lowering and mutation, rules, quota.

use super::answer::{Answer, Webhook};
use super::context::{self, Context, RequestInContext};
use super::flinkgate_kinds::{self, flink_tenant_ledger, stale_read};
use super::queue::Turn;
use super::quota::Quota;
use super::status;
use crate::pipeline::charge::Charge;
use crate::pipeline::{Gate, deletion};
use crate::quota::ledger::ObjectRef;
use crate::resource::steps::{self, Late};
use crate::resource::{Operation, Resource};
use crate::rules::notices;
use crate::rules::{Finding, Level};
use std::panic::resume_unwind;
use std::sync::Arc;
use std::time::Instant;

/// One request of a webhook.
#[derive(Debug)]
pub struct ReviewRequest {
    /// The webhook that the API server called.
    pub webhook: Webhook,
    /// The object and the request around it.
    pub resource: Arc<Resource>,
    /// The turn of a large request in the [queue](super::queue). It is judged on a thread of its
    /// own; a small one is judged at once.
    pub turn: Option<Turn>,
}

/// When parts of a review must end.
#[derive(Clone, Copy, Debug)]
pub struct Deadlines {
    /// The end of users' policies, which report that they were not done.
    pub policies: Instant,
    /// The end of the review, rules and mutation included.
    pub answer: Instant,
}

/// Answers reviews; the server calls it.
pub trait Review: Send + Sync + 'static {
    /// The answer to one request.
    fn review(
        &self,
        request: ReviewRequest,
        deadlines: Deadlines,
    ) -> impl Future<Output = Answer> + Send;
}

/// Answers reviews with a [`Context`] and a [`Quota`].
#[derive(Debug)]
pub struct Reviewer<C, Q> {
    context: C,
    quota: Q,
}

impl<C: Context, Q: Quota> Reviewer<C, Q> {
    /// A reviewer with this context and quota.
    pub fn new(context: C, quota: Q) -> Self {
        Self { context, quota }
    }

    async fn answer(&self, request: &mut ReviewRequest, deadlines: Deadlines) -> Answer {
        let turn = request.turn.take();
        let ReviewRequest { webhook, resource, .. } = &*request;
        let gate = self.context.gate();
        // Flinkgate's kinds and Namespaces run nothing: no rule and no quota reads them.
        if let Some(answer) = self.answer_flinkgate_kind(&gate, request, deadlines).await {
            return answer;
        }
        let reads_claims = *webhook == Webhook::Validate;
        let found = context::look_up(&self.context, gate, resource, reads_claims).await;
        let RequestInContext { gate, resource } = match found {
            Ok(found) => found,
            Err(answer) => return answer,
        };
        match webhook {
            Webhook::Mutate => {
                let mutate = move || gate.mutate(&resource);
                judged(turn, deadlines.answer, mutate)
                    .await
                    .unwrap_or_else(|late| overloaded(&late))
            }
            Webhook::Validate if resource.operation == Operation::Delete => {
                self.delete(&gate, &resource, deadlines).await
            }
            Webhook::Validate => {
                let (checked, until) = (Arc::clone(&resource), deadlines.policies);
                let validate = move || validate(&gate, &checked, until);
                match judged(turn, deadlines.answer, validate).await {
                    Ok((answer, None)) => answer,
                    Ok((answer, Some(charge))) => {
                        self.quota.reserve(&resource, charge, answer, deadlines.answer).await
                    }
                    Err(late) => overloaded(&late),
                }
            }
        }
    }

    /// Answers a deletion. Only that of a claim with the state of a running cluster is refused.
    async fn delete(&self, gate: &Gate, resource: &Resource, deadlines: Deadlines) -> Answer {
        let pods = context::pods_on_deleted_claim(&self.context, gate, resource).await;
        let users = deletion::claim_users(&resource.name, &pods);
        let answer = if users.is_empty() {
            Answer::default()
        } else {
            gate.refuse_deletion(resource, &users)
        };
        let tenant = gate.tenants().owner(&resource.namespace).tenant();
        let limited = tenant.filter(|tenant| gate.limits_of(&tenant.name).is_some());
        if let Some(tenant) = limited.filter(|_| !resource.dry_run) {
            let object = ObjectRef::new(&resource.kind.kind, &resource.namespace, &resource.name);
            self.quota.deleted(&tenant.name, object, deadlines.answer).await;
        }
        answer
    }

    async fn answer_flinkgate_kind(
        &self,
        gate: &Gate,
        ReviewRequest { webhook, resource, .. }: &ReviewRequest,
        deadlines: Deadlines,
    ) -> Option<Answer> {
        let user = self.context.own_user();
        if let Some(answer) = user.and_then(|user| flink_tenant_ledger::answer(resource, user)) {
            return Some(answer);
        }
        let answer = flinkgate_kinds::answer(*webhook, gate, resource)?;
        if !self.context.has_cluster() || !stale_read::may_be_stale(*webhook, resource, &answer) {
            return Some(answer);
        }
        let ask = || {
            flinkgate_kinds::answer(*webhook, &self.context.gate(), resource).unwrap_or_default()
        };
        Some(stale_read::retry(ask, deadlines.answer).await)
    }
}

impl<C: Context, Q: Quota> Review for Reviewer<C, Q> {
    async fn review(&self, mut request: ReviewRequest, deadlines: Deadlines) -> Answer {
        let answer = self.answer(&mut request, deadlines).await;
        self.context.answered(&request.resource, &answer);
        answer
    }
}

/// The findings about an object, and what it uses of its tenant's quota.
fn validate(gate: &Gate, resource: &Resource, until: Instant) -> (Answer, Option<Charge>) {
    if let Some(answer) = status::answer(gate, resource) {
        return (answer, None);
    }
    let is_exempt = gate.is_exempt(resource);
    if is_exempt && !gate.limits_namespace(&resource.namespace) {
        return (Answer::default(), None);
    }
    let Some(case) = gate.lower_admitted(resource) else { return (Answer::default(), None) };
    let answer = if is_exempt { Answer::default() } else { gate.check(&case, Some(until)) };
    (answer, gate.charge(&case))
}

/// Judges a small request at once, and a large one on a thread of its own, which has its turn until
/// it is done, even if the client leaves.
async fn judged<T: Send + 'static>(
    turn: Option<Turn>,
    until: Instant,
    judge: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Late> {
    let Some(turn) = turn else { return steps::until(until, judge) };
    let done = tokio::task::spawn_blocking(move || {
        let _turn = turn;
        steps::until(until, judge)
    });
    match done.await {
        Ok(outcome) => outcome,
        Err(error) if error.is_panic() => resume_unwind(error.into_panic()),
        Err(_) => Err(Late),
    }
}

/// The answer to a request that was not judged in time: the client must retry.
pub fn overloaded(error: &dyn std::error::Error) -> Answer {
    let finding = Finding {
        rule: notices::OVERLOAD.id.into(),
        level: Level::Error,
        message: format!("{error}, so the object was not admitted"),
        help: Some("send the object again".into()),
        ..Finding::default()
    };
    Answer { findings: vec![finding], retry_after: Some(1), ..Answer::default() }
}
