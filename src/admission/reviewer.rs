//! The path of a review from the request to the answer, for a cluster and for files: exemptions,
//! context, lowering and mutation, rules, quota.

use super::already_exists;
use super::answer::{Answer, Decision, Webhook};
use super::context::{self, Context, RequestInContext};
use super::flinkgate_kinds::{self, flink_tenant_ledger, stale_read};
use super::kept::{self, Admitted};
use super::queue::Turn;
use super::quota::Quota;
use super::status;
use crate::pipeline::charge::Charge;
use crate::pipeline::{Gate, KeptAnswer, Rights, deletion};
use crate::quota::ledger::ObjectRef;
use crate::resource::steps::{self, Late};
use crate::resource::{Operation, Resource};
use crate::rules::notices;
use crate::rules::{Finding, Level};
use crate::tenant::FlinkTenantSpec;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long an admitted request waits until its spec is recorded. The leader records it otherwise.
const RECORDING: Duration = Duration::from_secs(1);

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
        let mut turn = request.turn.take();
        let ReviewRequest { webhook, resource, .. } = &*request;
        let gate = self.context.gate();
        // Flinkgate's kinds and Namespaces run nothing: no rule and no quota reads them.
        if let Some(answer) = self.answer_flinkgate_kind(&gate, request, deadlines).await {
            return answer;
        }
        let keeps_state = self.quota.records() && gate.may_keep_state(resource);
        let reads_claims = *webhook == Webhook::Validate || keeps_state;
        let found = context::look_up(&self.context, gate, resource, reads_claims).await;
        let RequestInContext { gate, resource } = match found {
            Ok(found) => found,
            Err(answer) => return answer,
        };
        let admitted = match keeps_state {
            true => kept::of_object(&self.context, &self.quota, &gate, &resource).await,
            false => None,
        };
        match webhook {
            Webhook::Mutate => self.mutate(&gate, &resource, admitted, turn, deadlines).await,
            Webhook::Validate if resource.operation == Operation::Delete => {
                self.delete(&gate, &resource, deadlines).await
            }
            Webhook::Validate => {
                let judged = self.validate(&gate, &resource, admitted, &mut turn, deadlines).await;
                // The ledger may be slow; other large reviews need not wait for it.
                drop(turn);
                let Validated { kept, charge } = match judged {
                    Ok(validated) => validated,
                    Err(late) => return overloaded(&late),
                };
                let KeptAnswer { answer, spec, is_earlier } = kept;
                let answer = match charge {
                    None => answer,
                    Some(charge) => {
                        let answer =
                            self.quota.reserve(&resource, charge, answer, deadlines.answer).await;
                        already_exists::noticed(&self.context, &resource, answer).await
                    }
                };
                let is_scaling = request.resource.sub_resource.as_deref() == Some("scale");
                let is_admitted = !matches!(answer.decision(), Decision::Refused | Decision::Busy);
                // What an earlier spec admits is recorded with it already.
                if is_admitted && !is_earlier && !is_scaling && self.quota.records() {
                    self.record(&gate, &resource, spec.as_deref(), deadlines).await;
                }
                answer
            }
        }
    }

    /// Answers the mutating webhook.
    async fn mutate(
        &self,
        gate: &Arc<Gate>,
        resource: &Arc<Resource>,
        admitted: Option<Admitted>,
        mut turn: Option<Turn>,
        deadlines: Deadlines,
    ) -> Answer {
        let is_known = admitted.is_some();
        let judge = {
            let (gate, resource) = (Arc::clone(gate), Arc::clone(resource));
            move || match admitted {
                Some(Admitted { specs, rights }) => gate.mutate_kept(&resource, &specs, rights),
                None => gate.mutate(&resource),
            }
        };
        let answer = match judged(&mut turn, deadlines.answer, judge).await {
            Ok(answer) => answer,
            Err(late) => return overloaded(&late),
        };
        if is_known {
            return answer;
        }
        if self.quota.records() {
            match self.mutate_followed(gate, resource, &answer, &mut turn, deadlines).await {
                Err(late) => return overloaded(&late),
                Ok(Some(followed)) => return followed,
                Ok(None) => {}
            }
        }
        if !kept::is_refused(&answer) {
            return answer;
        }
        let (own, object) = (Arc::clone(gate), Arc::clone(resource));
        let refusal = move || own.refused_in_full(&object, answer, Some(deadlines.policies));
        match judged(&mut turn, deadlines.answer, refusal).await {
            Err(late) => overloaded(&late),
            Ok((answer, None)) => answer,
            // Nothing is reserved for what is refused.
            Ok((answer, Some(charge))) => {
                self.quota.reserve(resource, charge, answer, deadlines.answer).await
            }
        }
    }

    /// What mutation makes of an object that belongs to a living cluster, by a spec that this was
    /// admitted with: if the spec in force refuses the object, or if it would give a pod another place
    /// of the cluster's state. `None` where the answer by the spec in force holds.
    async fn mutate_followed(
        &self,
        gate: &Arc<Gate>,
        resource: &Arc<Resource>,
        answer: &Answer,
        turn: &mut Option<Turn>,
        deadlines: Deadlines,
    ) -> Result<Option<Answer>, Late> {
        let mut gate = Arc::clone(gate);
        let (mut is_refused, mut places_state) = (kept::is_refused(answer), false);
        if !is_refused && kept::may_be_for_cluster(&gate, resource) {
            // Mutation must leave a pod as its cluster's spec admits it, if validation would refuse it
            // by the spec in force; and validation reads more.
            let is_patched = answer.patch.is_some();
            if is_patched {
                match context::look_up(&self.context, Arc::clone(&gate), resource, true).await {
                    Ok(found) => gate = found.gate,
                    Err(unreadable) => return Ok(Some(unreadable)),
                }
            }
            let (full, object) = (Arc::clone(&gate), Arc::clone(resource));
            let judge =
                move || (is_patched && full.refuses_completed(&object), full.places_state(&object));
            (is_refused, places_state) = judged(turn, deadlines.answer, judge).await?;
        }
        if !is_refused && !places_state {
            return Ok(None);
        }
        let admitted = kept::of_cluster(&self.context, &self.quota, &gate, resource).await;
        let Some(Admitted { specs, rights }) = admitted else { return Ok(None) };
        let object = Arc::clone(resource);
        let judge = move || {
            let in_place = (rights == Rights::Whole && object.operation == Operation::Create)
                .then(|| gate.mutate_in_place(&object, &specs));
            in_place
                .flatten()
                .or_else(|| is_refused.then(|| gate.mutate_kept(&object, &specs, rights)))
        };
        judged(turn, deadlines.answer, judge).await
    }

    /// Judges an object: by the spec in force, and if that refuses it, by the specs with which its
    /// cluster was admitted.
    async fn validate(
        &self,
        gate: &Arc<Gate>,
        resource: &Arc<Resource>,
        admitted: Option<Admitted>,
        turn: &mut Option<Turn>,
        deadlines: Deadlines,
    ) -> Result<Validated, Late> {
        let is_known = admitted.is_some();
        let judge = |admitted: Option<Admitted>| {
            let (gate, resource) = (Arc::clone(gate), Arc::clone(resource));
            move || validate(&gate, &resource, admitted.as_ref(), deadlines.policies)
        };
        let first = judged(turn, deadlines.answer, judge(admitted)).await?;
        if is_known || !self.quota.records() || !kept::is_refused(&first.kept.answer) {
            return Ok(first);
        }
        match kept::of_cluster(&self.context, &self.quota, gate, resource).await {
            None => Ok(first),
            admitted => judged(turn, deadlines.answer, judge(admitted)).await,
        }
    }

    /// Records the spec with which a request was admitted.
    async fn record(
        &self,
        gate: &Gate,
        resource: &Resource,
        spec: Option<&FlinkTenantSpec>,
        deadlines: Deadlines,
    ) {
        if resource.dry_run {
            return;
        }
        if let Some((tenant, change)) = kept::change(gate, resource, spec) {
            // A record that cannot be written must not make the answer late.
            let deadline = deadlines.answer.min(Instant::now() + RECORDING);
            self.quota.record(&tenant, change, deadline).await;
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

/// The answer of the validating webhook without its quota, and what it asks of the ledger.
struct Validated {
    kept: KeptAnswer,
    charge: Option<Charge>,
}

impl From<Answer> for Validated {
    fn from(answer: Answer) -> Self {
        Self { kept: KeptAnswer { answer, ..KeptAnswer::default() }, charge: None }
    }
}

/// The findings about an object, and what it uses of its tenant's quota.
fn validate(
    gate: &Gate,
    resource: &Resource,
    admitted: Option<&Admitted>,
    until: Instant,
) -> Validated {
    if let Some(answer) = status::answer(gate, resource) {
        return answer.into();
    }
    let is_exempt = gate.is_exempt(resource);
    if is_exempt && !gate.limits_namespace(&resource.namespace) {
        return Answer::default().into();
    }
    let Some(case) = gate.lower_admitted(resource) else { return Answer::default().into() };
    let charge = gate.charge(&case);
    let kept = match admitted.filter(|_| !is_exempt) {
        Some(Admitted { specs, rights }) => {
            gate.validate_kept(resource, specs, *rights, Some(until))
        }
        None if is_exempt => KeptAnswer::default(),
        None => KeptAnswer { answer: gate.check(&case, Some(until)), ..KeptAnswer::default() },
    };
    Validated { kept, charge }
}

/// Judges a small request at once, and a large one on a thread of its own, which has its turn until
/// it is done, even if the client leaves.
async fn judged<T: Send + 'static>(
    turn: &mut Option<Turn>,
    until: Instant,
    judge: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Late> {
    let Some(held) = turn.take() else { return steps::until(until, judge) };
    let done = tokio::task::spawn_blocking(move || (steps::until(until, judge), held));
    match done.await {
        Ok((outcome, held)) => {
            *turn = Some(held);
            outcome
        }
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
