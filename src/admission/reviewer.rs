//! The path of a review from the request to the answer, for a cluster and for files: exemptions,
//! context, lowering and mutation, rules, quota.

use super::answer::{Answer, Webhook};
use super::context::{self, Context, RequestInContext};
use super::flinkgate_kinds::{self, flink_tenant_ledger, stale_read};
use super::quota::Quota;
use super::status;
use crate::pipeline::{Gate, deletion};
use crate::quota::ledger::ObjectRef;
use crate::resource::{Operation, Resource};
use std::sync::Arc;
use std::time::Instant;

/// One request of a webhook.
#[derive(Clone, Debug)]
pub struct ReviewRequest {
    /// The webhook that the API server called.
    pub webhook: Webhook,
    /// The object and the request around it.
    pub resource: Arc<Resource>,
}

/// When parts of a review must end.
#[derive(Clone, Copy, Debug)]
pub struct Deadlines {
    /// The end of users' policies.
    pub policies: Instant,
    /// The end of the review.
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

    async fn answer(&self, request: &ReviewRequest, deadlines: Deadlines) -> Answer {
        let ReviewRequest { webhook, resource } = request;
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
            Webhook::Mutate => gate.mutate(&resource),
            Webhook::Validate => self.validate(&gate, &resource, deadlines).await,
        }
    }

    async fn validate(&self, gate: &Gate, resource: &Resource, deadlines: Deadlines) -> Answer {
        if resource.operation == Operation::Delete {
            return self.delete(gate, resource, deadlines).await;
        }
        if let Some(answer) = status::answer(gate, resource) {
            return answer;
        }
        let is_exempt = gate.is_exempt(resource);
        if is_exempt && !gate.limits_namespace(&resource.namespace) {
            return Answer::default();
        }
        let Some(case) = gate.lower_admitted(resource) else { return Answer::default() };
        let answer =
            if is_exempt { Answer::default() } else { gate.check(&case, Some(deadlines.policies)) };
        match gate.charge(&case) {
            Some(charge) => self.quota.reserve(resource, charge, answer, deadlines.answer).await,
            None => answer,
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
        ReviewRequest { webhook, resource }: &ReviewRequest,
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
    async fn review(&self, request: ReviewRequest, deadlines: Deadlines) -> Answer {
        let answer = self.answer(&request, deadlines).await;
        self.context.answered(&request.resource, &answer);
        answer
    }
}
