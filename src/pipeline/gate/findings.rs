//! The answers of both webhooks and of `lint`: the findings of rules, users' policies and quota.

use super::{Answer, Gate, Judgement, TenantState};
use crate::flink::Workload;
use crate::flink::redaction::Secrets;
use crate::kinds;
use crate::mutate;
use crate::pipeline::case::Case;
use crate::pipeline::charge::Charge;
use crate::pipeline::exemptions::Extent;
use crate::pipeline::measure;
use crate::quota::limits::{Limits, QuotaVerdict, Scope};
use crate::quota::{Usage, growth, undeclared};
use crate::rego::input::{Input, TenantInput};
use crate::rego::{Needs, Target};
use crate::resource::{Resource, owners};
use crate::rules::{self, Finding, Level, NamespaceOwner, Subject, enforcement};
use crate::tenant::{Owner, PreparedTenant, Tenant};
use std::borrow::Cow;
use std::sync::Arc;
use std::time::Instant;

impl Gate {
    /// The answer of the mutating webhook: the patch, and findings about conflicts between the
    /// object and its tenant's values.
    pub fn mutate(&self, resource: &Resource) -> Answer {
        // A change of metadata must not restart what runs.
        if self.extent(resource) != Extent::Whole {
            return Answer::default();
        }
        let Some(mut case) = self.lower_to_patch(resource) else { return Answer::default() };
        if case.excess.is_some() {
            return self.check(&case, None);
        }
        self.drop_replaced(&mut case);
        let Some(tenant) = case.tenant().map(|tenant| tenant.name.clone()) else {
            return Answer::default();
        };
        let mut answer = Answer { tenant: Some(tenant), ..Answer::default() };
        if !case.is_stored {
            let patch = case.stored.map(|stored| mutate::patch(&resource.object, &stored));
            answer.patch = patch.filter(|patch| !patch.0.is_empty());
            return answer;
        }
        if !case.conflicts.is_empty() {
            answer.findings = self.conflict_findings(&case);
            if is_refused(&answer.findings) {
                return answer;
            }
        }
        if let Cow::Owned(after) = std::mem::take(&mut case.object) {
            let patch = mutate::patch(&resource.object, &after);
            answer.patch = Some(patch).filter(|patch| !patch.0.is_empty());
        }
        answer
    }

    /// The refusal of an object by the mutating webhook with all that rules and users' policies find, and
    /// what the object asks of its tenant's quota: the API server does not call the validating webhook
    /// after it.
    pub fn refused_in_full(
        &self,
        resource: &Resource,
        mut answer: Answer,
        until: Option<Instant>,
    ) -> (Answer, Option<Charge>) {
        // Of an object over a limit nothing else is judged.
        if answer.findings.iter().any(|finding| finding.rule == rules::OBJECT_LIMITS.id) {
            return (answer, None);
        }
        let Some(mut case) = self.lower(resource, false).filter(|case| case.excess.is_none())
        else {
            return (answer, None);
        };
        self.drop_replaced(&mut case);
        let found = self.check(&case, until).findings.into_iter();
        let more: Vec<Finding> = found.filter(|one| !answer.findings.contains(one)).collect();
        answer.findings.extend(more);
        answer.findings.sort_by(Finding::order);
        rules::remove_doubles(&mut answer.findings);
        let charge = self.charge(&case);
        (answer, charge)
    }

    /// The answer of the validating webhook without its quota: see
    /// [`Reviewer`](crate::admission::reviewer::Reviewer).
    pub fn validate(&self, resource: &Resource) -> Answer {
        if self.is_exempt(resource) {
            return Answer::default();
        }
        let case = self.lower_admitted(resource);
        case.map(|case| self.check(&case, None)).unwrap_or_default()
    }

    /// The findings of rules and users' policies. Policies stop at `until`. Of an update that
    /// changes only metadata, the findings that the old object does not have.
    pub fn check(&self, case: &Case<'_>, until: Option<Instant>) -> Answer {
        let mut answer = self.check_with(case, until, false);
        rules::abridge(&mut answer.findings);
        answer
    }

    /// [`Self::check`], with all findings, however many and long they are.
    pub(super) fn check_in_full(&self, case: &Case<'_>, until: Option<Instant>) -> Answer {
        self.check_with(case, until, true)
    }

    fn check_with(&self, case: &Case<'_>, until: Option<Instant>, in_full: bool) -> Answer {
        if self.is_operators_file(case.resource) {
            // What else is in it, the operator wrote from an object that was checked.
            let tenant = case.tenant().map(|tenant| tenant.name.clone());
            let findings = self.conflict_findings(case);
            return Answer { tenant, findings, ..Answer::default() };
        }
        let mut findings = self.all_findings(case, &Usage::default(), until, in_full);
        if !findings.is_empty() && self.extent(case.resource) == Extent::Additions {
            // Behind the old ones there may be new ones.
            if !in_full && findings.len() >= rules::MOST_FINDINGS {
                findings = self.all_findings(case, &Usage::default(), until, true);
            }
            self.remove_old(&mut findings, case.resource, until);
        }
        let tenant = case.tenant().map(|tenant| tenant.name.clone());
        Answer { tenant, findings, ..Answer::default() }
    }

    /// Findings about conflicts with the tenant's values, which only mutation can see.
    pub(super) fn conflict_findings(&self, case: &Case<'_>) -> Vec<Finding> {
        let prepared = case.tenant().and_then(|tenant| self.state(&tenant.name));
        let Some(prepared) = prepared else { return Vec::new() };
        let mut subject =
            Subject::new(case.resource, &case.object, &case.workload, &prepared.rules);
        subject.conflicts = &case.conflicts;
        let findings = self.without_secrets(case, rules::check_conflicts(&subject));
        let mut findings = enforced(findings, case.tenant(), case.resource);
        rules::abridge(&mut findings);
        findings
    }

    /// The answer to the deletion of a claim that these running Flink pods use. No other rule checks
    /// deletions.
    pub fn refuse_deletion(&self, resource: &Resource, claim_users: &[String]) -> Answer {
        let Owner::Tenant(tenant) = self.owner(&resource.namespace) else {
            return Answer::default();
        };
        let Some(prepared) = self.state(&tenant.name) else { return Answer::default() };
        let object = resource.old_object.as_ref().unwrap_or(&resource.object);
        let workload = Workload::default();
        let mut subject = Subject::new(resource, object, &workload, &prepared.rules);
        subject.claim_users = claim_users;
        let findings = enforced(rules::check_deletion(&subject), Some(&tenant), resource);
        Answer { tenant: Some(tenant.name.clone()), findings, ..Answer::default() }
    }

    /// The findings where the tenant's other objects use `used`, and the mutated object.
    pub fn judge(&self, case: Case<'_>, used: &Usage) -> Judgement {
        let findings = self.findings(&case, used, None);
        let secret_places = match findings.as_slice() {
            [] => Vec::new(),
            _ => {
                let (old, given) = (case.resource.old_object.as_ref(), given_options(&case));
                Secrets::of(&case.object, old, &case.workload, given).places().to_vec()
            }
        };
        let tenant = case.tenant().map(|tenant| tenant.name.clone());
        Judgement { tenant, findings, mutated: case.into_stored(), secret_places }
    }

    fn findings(&self, case: &Case<'_>, used: &Usage, until: Option<Instant>) -> Vec<Finding> {
        let mut findings = self.all_findings(case, used, until, false);
        rules::abridge(&mut findings);
        findings
    }

    /// The findings, however many and long they are; with `reports_all` also those that are too many
    /// for one rule.
    pub(in crate::pipeline) fn all_findings(
        &self,
        case: &Case<'_>,
        used: &Usage,
        until: Option<Instant>,
        reports_all: bool,
    ) -> Vec<Finding> {
        let check = if reports_all { rules::check_all } else { rules::check };
        let mut findings = self.with_subject(case, &case.workload, used, |subject| {
            let mut findings = check(subject);
            if subject.excess.is_some() {
                return findings;
            }
            findings.extend(self.policy_findings(case, subject, until));
            findings
        });
        for other in &case.workload.also_read {
            findings.extend(self.with_subject(case, other, used, check));
        }
        let findings = self.without_secrets(case, findings);
        enforced(findings, case.tenant(), case.resource)
    }

    /// The findings without the secrets of the object and of its tenant's options.
    fn without_secrets(&self, case: &Case<'_>, mut findings: Vec<Finding>) -> Vec<Finding> {
        // A finding about a limit shows no value.
        if !findings.is_empty() && case.excess.is_none() {
            let texts = findings.iter().flat_map(Finding::texts);
            let (old, given) = (case.resource.old_object.as_ref(), given_options(case));
            let secrets = Secrets::shown_by(texts, &case.object, old, &case.workload, given);
            findings.iter_mut().for_each(|finding| finding.hide(&secrets));
        }
        findings
    }

    /// The prepared tenant of an object.
    fn prepared(&self, case: &Case<'_>) -> Option<&Arc<TenantState>> {
        self.state(&case.tenant()?.name)
    }

    /// Calls a function with everything that rules and policies read of an object.
    fn with_subject<T>(
        &self,
        case: &Case<'_>,
        workload: &Workload,
        used: &Usage,
        run: impl FnOnce(&Subject<'_>) -> T,
    ) -> T {
        let prepared = self.prepared(case);
        let quota = self.quota(case, prepared.map(|prepared| &prepared.known.limits), used);
        let no_tenant = PreparedTenant::default();
        let tenant = prepared.map_or(&no_tenant, |prepared| &prepared.rules);
        let mut subject = Subject::new(case.resource, &case.object, workload, tenant);
        subject.owner = match &case.owner {
            Owner::Tenant(_) => NamespaceOwner::Tenant,
            Owner::Unassigned => NamespaceOwner::Unassigned(self.unassigned),
            Owner::Ambiguous(names) => NamespaceOwner::Ambiguous(names),
            Owner::Unread(names) => NamespaceOwner::Unread(names),
        };
        subject.conflicts = &case.conflicts;
        subject.excess = case.excess.as_ref();
        subject.quota = quota.as_ref();
        subject.requester = self.context.requester(case.resource);
        subject.operator_version = self.context.operator_version();
        subject.is_by_platform = (case.resource.kind.kind == "Binding"
            || kinds::claimed_owner(case.resource, subject.requester).is_some())
            && self.is_platform_user(&case.resource.user);
        run(&subject)
    }

    /// What users' policies report. They apply in namespaces of one tenant.
    fn policy_findings(
        &self,
        case: &Case<'_>,
        subject: &Subject<'_>,
        until: Option<Instant>,
    ) -> Vec<Finding> {
        let Some(tenant) = self.tenant_input(case) else { return Vec::new() };
        let target = Target::of(case.resource, &subject.tenant.name);
        if !self.policies.apply_to(&target) {
            return Vec::new();
        }
        let input = Input::of(subject, Some(tenant), self.policies.mentions());
        let findings = self.policies.findings(&target, &input, until);
        let located = |finding| rules::located(&case.object, &case.workload, finding);
        findings.into_iter().map(located).collect()
    }

    fn tenant_input(&self, case: &Case<'_>) -> Option<&TenantInput> {
        let (tenant, prepared) = case.tenant().zip(self.prepared(case))?;
        Some(prepared.input.get_or_init(|| TenantInput::of(tenant)))
    }

    /// Calls a function with the whole `input` of policies for an object.
    pub fn input<T>(&self, case: &Case<'_>, used: &Usage, read: impl FnOnce(&Input<'_>) -> T) -> T {
        let needs = Needs { object: true, old_object: true, used: true };
        self.with_subject(case, &case.workload, used, |subject| {
            read(&Input::of(subject, self.tenant_input(case), needs))
        })
    }

    fn quota<'a>(
        &self,
        case: &'a Case<'_>,
        limits: Option<&'a Limits>,
        used: &'a Usage,
    ) -> Option<QuotaVerdict<'a>> {
        let limits = limits.filter(|limits| !limits.is_empty())?;
        let requested = case.usage();
        // A Flink pod without an owner is all that is known of its cluster.
        let is_bare = case.resource.kind.kind == "Pod"
            && case.workload.is_flink()
            && owners(&case.resource.object).is_empty();
        let clusters = case.workload.clusters().max(u64::from(is_bare));
        let exceeded_since = |before: &Usage| {
            let mut exceeded = limits.exceeded(requested, used, before, clusters);
            // The limits of one cluster need only the object. The limits of the tenant need the
            // ledger, which knows what others use.
            exceeded.retain(|exceeded| !self.by_ledger || exceeded.scope == Scope::Cluster);
            exceeded
        };
        let mut exceeded = exceeded_since(&Usage::default());
        let beyond = |workload: &Workload, requested: &Usage| {
            growth::beyond(&workload.size, requested, limits, workload.clusters())
        };
        let growth = beyond(&case.workload, requested);
        let mut grows_as_before = false;
        // The old object matters only where the new one would be refused.
        let is_due = !exceeded.is_empty() || growth.is_some();
        if let Some(old) = case.resource.old_object.as_ref().filter(|_| is_due) {
            let lowered = kinds::lower_with_context(case.resource, old, &self.context);
            let before = lowered.map(|lowered| {
                let usage = measure::usage(case.resource, old, &lowered, case.tenant());
                grows_as_before = growth.as_ref().is_some_and(|growth| {
                    beyond(&lowered, &usage).is_some_and(|before| !growth.exceeds(&before))
                });
                usage
            });
            exceeded = exceeded_since(&before.unwrap_or_default());
        }
        let undeclared = undeclared::of_pods(&case.object, &case.workload, limits);
        Some(QuotaVerdict {
            limits,
            requested,
            used,
            exceeded,
            undeclared,
            growth,
            grows_as_before,
        })
    }
}

/// The options that the object's tenant gives.
fn given_options<'c>(case: &'c Case<'_>) -> impl Iterator<Item = (&'c str, String)> {
    let options = case.tenant().map(|tenant| &tenant.spec.flink.configuration);
    options
        .into_iter()
        .flat_map(|options| options.enforced.iter().chain(&options.defaults))
        .map(|(key, value)| (key.as_str(), value.text()))
}

pub(super) fn is_refused(findings: &[Finding]) -> bool {
    findings.iter().any(|finding| finding.level == Level::Error)
}

/// Applies a tenant's overrides and exemptions of today, sorts, and removes duplicates.
fn enforced(
    mut findings: Vec<Finding>,
    tenant: Option<&Tenant>,
    resource: &Resource,
) -> Vec<Finding> {
    if let Some(tenant) = tenant {
        rules::enforce(&mut findings, &tenant.spec, resource, enforcement::today());
    }
    findings.sort_by(Finding::order);
    findings.dedup();
    rules::remove_doubles(&mut findings);
    findings
}
