//! The gate: one object in, patch and findings out.

use super::case::Case;
use super::exemptions::{self, Extent};
use super::measure;
use super::scale;
use super::usage::InputUsage;
use crate::flink::context::OperatorDefaults;
use crate::flink::redaction::Secrets;
use crate::flink::requester::OperatorUsers;
use crate::flink::{self, FlinkContext, PodSet, Workload};
use crate::kinds;
use crate::mutate::{self, Conflict, Mutation, PredictedPods};
use crate::quota::ledger::KnownLimits;
use crate::quota::limits::{Limits, QuotaVerdict, Scope};
use crate::quota::{Usage, undeclared};
use crate::rego::input::{Input, TenantInput};
use crate::rego::{Needs, PolicyError, PolicySet, Target};
use crate::resource::{Resource, UserInfo, limits, owners, users};
pub use crate::rules::Unassigned;
use crate::rules::{self, Finding, Level, NamespaceOwner, Subject, enforcement};
use crate::tenant::load::{LoadError, TenantProblem};
use crate::tenant::{Owner, PreparedTenant, Tenant, Tenants, load};
use serde_json::Value;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Instant;

/// Tenants and policies, prepared for checks.
#[derive(Clone, Debug)]
pub struct Gate {
    tenants: Arc<Tenants>,
    policies: Arc<PolicySet>,
    unassigned: Unassigned,
    prepared: Arc<BTreeMap<String, Arc<TenantState>>>,
    context: Arc<FlinkContext>,
    /// Whether ledgers check limits, because they know what other objects use.
    by_ledger: bool,
}

/// What is derived from a tenant once, when it is loaded.
#[derive(Debug)]
struct TenantState {
    /// The tenant in the `input` of policies, built on first use.
    input: OnceLock<TenantInput>,
    rules: PreparedTenant,
    known: Arc<KnownLimits>,
}

impl TenantState {
    fn of(tenant: &Tenant) -> Self {
        let known =
            KnownLimits { version: tenant.version, limits: Limits::new(&tenant.spec.quota) };
        Self { input: OnceLock::new(), rules: PreparedTenant::new(tenant), known: Arc::new(known) }
    }
}

/// The gate's answer for one object.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answer {
    /// Name of the tenant that owns the object.
    pub tenant: Option<String>,
    /// All findings, the most severe first.
    pub findings: Vec<Finding>,
    /// What to change; `None` for nothing.
    pub patch: Option<json_patch::Patch>,
    /// Seconds after which the client must retry, where the findings say why nothing was decided.
    pub retry_after: Option<u32>,
}

/// The result of `lint` and `render` for one object.
#[derive(Clone, Debug, Default)]
pub struct Judgement {
    /// Name of the tenant that owns the object.
    pub tenant: Option<String>,
    /// All findings.
    pub findings: Vec<Finding>,
    /// The object as the cluster would store it; `None` where nothing changes.
    pub mutated: Option<Value>,
    /// JSON Pointers of secrets in the object, if there are findings.
    pub secret_places: Vec<String>,
}

/// Why a gate could not be built.
#[derive(Debug, thiserror::Error)]
pub enum GateError {
    /// The policies.
    #[error(transparent)]
    Policies(#[from] PolicyError),
    /// The tenants.
    #[error(transparent)]
    Tenants(#[from] LoadError),
    /// The file with the operator's configuration cannot be read.
    #[error("failed to read the operator's configuration `{path}`")]
    NoOperatorConfig {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The operator's configuration cannot be parsed.
    #[error("failed to parse the operator's configuration `{path}`")]
    OperatorConfig {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: flink::config_file::Unreadable,
    },
    /// No tenant has this name.
    #[error("there is no tenant `{name}`; known tenants: {known}")]
    NoSuchTenant {
        /// The name.
        name: String,
        /// The names of all tenants.
        known: String,
    },
}

/// What becomes of an object's gaps when it is lowered.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Completion {
    /// Mutation fills them.
    Added,
    /// Nothing: conflicts only.
    None,
    /// They are conflicts: mutation should have filled them.
    Required,
}

impl Gate {
    /// A gate with these tenants and policies.
    pub fn new(tenants: Tenants, policies: Arc<PolicySet>, unassigned: Unassigned) -> Self {
        let prepared = Arc::new(
            tenants
                .iter()
                .map(|tenant| (tenant.name.clone(), Arc::new(TenantState::of(tenant))))
                .collect(),
        );
        Self {
            tenants: Arc::new(tenants),
            policies,
            unassigned,
            prepared,
            context: Arc::default(),
            by_ledger: false,
        }
    }

    /// Loads policies and tenants from files; also returns warnings.
    ///
    /// # Errors
    /// When a policy or tenant is invalid.
    pub fn load(
        tenants: &[PathBuf],
        policies: &[PathBuf],
        unassigned: Unassigned,
    ) -> Result<(Self, Vec<TenantProblem>), GateError> {
        let policies = PolicySet::load(policies)?;
        Self::load_tenants(tenants, Arc::new(policies), unassigned)
    }

    /// Loads tenants from files, for policies that are loaded already; also returns warnings.
    ///
    /// # Errors
    /// When a tenant is invalid.
    pub fn load_tenants(
        tenants: &[PathBuf],
        policies: Arc<PolicySet>,
        unassigned: Unassigned,
    ) -> Result<(Self, Vec<TenantProblem>), GateError> {
        let rules: Vec<&str> = policies.catalog().iter().map(|rule| rule.id.as_str()).collect();
        let loaded = load::load(tenants, &rules, enforcement::today())?;
        Ok((Self::new(loaded.tenants, policies, unassigned), loaded.warnings))
    }

    /// The same gate, where [ledgers](crate::quota::ledger) check the limits of tenants: see
    /// [`Gate::charge`].
    pub fn with_ledgers(self) -> Self {
        Self { by_ledger: true, ..self }
    }

    /// The same gate, where the tenant of this name owns everything.
    ///
    /// # Errors
    /// When there is no such tenant.
    pub fn only(&self, name: &str) -> Result<Self, GateError> {
        let tenants = self.tenants.only(name).ok_or_else(|| GateError::NoSuchTenant {
            name: name.into(),
            known: self
                .tenants
                .iter()
                .map(|tenant| tenant.name.clone())
                .collect::<Vec<_>>()
                .join(", "),
        })?;
        Ok(Self { tenants: Arc::new(tenants), ..self.clone() })
    }

    /// What is known about objects beyond the objects.
    pub fn context(&self) -> Arc<FlinkContext> {
        Arc::clone(&self.context)
    }

    /// The same gate with the Flink operator's configuration from this file, if any.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn with_operator_config(self, path: Option<&Path>) -> Result<Self, GateError> {
        let Some(path) = path else { return Ok(self) };
        let context = FlinkContext::clone(&self.context).with_operator(operator_defaults(path)?);
        Ok(self.with_context(Arc::new(context)))
    }

    /// The same gate, where these users are the operators.
    pub fn with_operator_users(&self, users: OperatorUsers) -> Self {
        let context = FlinkContext::clone(&self.context).with_operator_users(users);
        self.with_context(Arc::new(context))
    }

    /// The same gate with this context.
    pub fn with_context(&self, context: Arc<FlinkContext>) -> Self {
        Self { context, ..self.clone() }
    }

    /// The same gate with the labels of more Namespaces.
    pub fn with_namespace_labels(&self, more: BTreeMap<String, BTreeMap<String, String>>) -> Self {
        Self { tenants: Arc::new(self.tenants.with_namespace_labels(more)), ..self.clone() }
    }

    /// The same gate, after some Namespaces got these labels or, with `None`, were deleted.
    pub fn with_namespace_changes(
        &self,
        changes: impl IntoIterator<Item = (String, Option<BTreeMap<String, String>>)>,
    ) -> Self {
        Self { tenants: Arc::new(self.tenants.with_namespace_changes(changes)), ..self.clone() }
    }

    /// The same gate with other tenants and policies. Keeps what is prepared for unchanged tenants.
    pub fn renewed(&self, tenants: Tenants, policies: Arc<PolicySet>) -> Self {
        let before: BTreeMap<&str, &Arc<Tenant>> =
            self.tenants.iter().map(|tenant| (tenant.name.as_str(), tenant)).collect();
        let prepare = |tenant: &Arc<Tenant>| {
            let same =
                before.get(tenant.name.as_str()).is_some_and(|before| Arc::ptr_eq(before, tenant));
            let kept = same.then(|| self.prepared.get(&tenant.name)).flatten().cloned();
            (tenant.name.clone(), kept.unwrap_or_else(|| Arc::new(TenantState::of(tenant))))
        };
        let prepared = Arc::new(tenants.iter().map(prepare).collect());
        Self { tenants: Arc::new(tenants), policies, prepared, ..self.clone() }
    }

    /// The tenants whose objects must be checked with the usage of the whole input: those over a
    /// limit and, where a policy reads the usage, all with limits.
    pub fn tenants_over_limit(&self, usage: &InputUsage) -> BTreeSet<String> {
        let always = self.policies.mentions().used;
        let is_over = |(tenant, usage): &(&str, &Usage)| {
            self.prepared.get(*tenant).is_some_and(|prepared| {
                prepared.known.limits.is_exceeded_by(usage)
                    || (always && !prepared.known.limits.is_empty())
            })
        };
        usage.iter().filter(is_over).map(|(tenant, _)| tenant.to_owned()).collect()
    }

    /// A tenant's limits; `None` where it has none or is unknown.
    pub fn limits_of(&self, tenant: &str) -> Option<&Arc<KnownLimits>> {
        self.prepared
            .get(tenant)
            .map(|prepared| &prepared.known)
            .filter(|known| !known.limits.is_empty())
    }

    /// Whether the tenant of a namespace has limits.
    pub fn limits_namespace(&self, namespace: &str) -> bool {
        let tenant = self.tenants.owner(namespace).tenant();
        tenant.is_some_and(|tenant| self.limits_of(&tenant.name).is_some())
    }

    /// Warnings about the policies and about the tenants that were loaded.
    pub fn warnings(&self, tenants: &[TenantProblem]) -> Vec<String> {
        self.policies
            .warnings()
            .iter()
            .map(ToString::to_string)
            .chain(tenants.iter().map(ToString::to_string))
            .collect()
    }

    /// The tenants.
    pub fn tenants(&self) -> &Tenants {
        &self.tenants
    }

    /// Whether a user is a component of the cluster, or a service account of a namespace that no
    /// tenant owns. A tenant can be none of them.
    pub fn is_platform_user(&self, user: &UserInfo) -> bool {
        let is_unowned = |namespace| matches!(self.tenants.owner(namespace), Owner::Unassigned);
        users::is_component(user)
            || users::is_controller(user)
            || users::service_account(user).is_some_and(|(namespace, _)| is_unowned(namespace))
    }

    /// The policies.
    pub fn policies(&self) -> &Arc<PolicySet> {
        &self.policies
    }

    /// The answer of the mutating webhook: the patch, and findings about conflicts between the
    /// object and its tenant's values.
    pub fn mutate(&self, resource: &Resource) -> Answer {
        // A change of metadata must not restart what runs.
        if self.extent(resource) != Extent::Whole {
            return Answer::default();
        }
        let Some(mut case) = self.lower(resource, false) else { return Answer::default() };
        if case.excess.is_some() {
            return self.check(&case, None);
        }
        let Some(tenant) = case.tenant().map(|tenant| tenant.name.clone()) else {
            return Answer::default();
        };
        let mut answer = Answer { tenant: Some(tenant), ..Answer::default() };
        if !case.is_stored {
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
        let mut findings = self.all_findings(case, &Usage::default(), until);
        if !findings.is_empty() && self.extent(case.resource) == Extent::Additions {
            self.remove_old(&mut findings, case.resource, until);
        }
        rules::abridge(&mut findings);
        let tenant = case.tenant().map(|tenant| tenant.name.clone());
        Answer { tenant, findings, ..Answer::default() }
    }

    /// Findings about conflicts with the tenant's values, which only mutation can see.
    fn conflict_findings(&self, case: &Case<'_>) -> Vec<Finding> {
        let prepared = case.tenant().and_then(|tenant| self.prepared.get(&tenant.name));
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
        let Owner::Tenant(tenant) = self.tenants.owner(&resource.namespace) else {
            return Answer::default();
        };
        let Some(prepared) = self.prepared.get(&tenant.name) else { return Answer::default() };
        let object = resource.old_object.as_ref().unwrap_or(&resource.object);
        let workload = Workload::default();
        let mut subject = Subject::new(resource, object, &workload, &prepared.rules);
        subject.claim_users = claim_users;
        let findings = enforced(rules::check_deletion(&subject), Some(&tenant), resource);
        Answer { tenant: Some(tenant.name.clone()), findings, ..Answer::default() }
    }

    /// How much of a request the rules judge.
    fn extent(&self, resource: &Resource) -> Extent {
        exemptions::extent(resource, &self.context)
    }

    /// Whether a request is exempt from all rules.
    pub fn is_exempt(&self, resource: &Resource) -> bool {
        exemptions::is_exempt(resource, &self.context)
    }

    /// [`Self::lower`], or `None` for a request that is exempt from all rules.
    pub fn case<'a>(&self, resource: &'a Resource, as_is: bool) -> Option<Case<'a>> {
        if self.is_exempt(resource) { None } else { self.lower(resource, as_is) }
    }

    /// Lowers and completes an object once: after mutation, or with `as_is` as it came and with the
    /// conflicts of mutation. `None` for kinds without rules, and for objects that do not run Flink
    /// in a namespace without tenant. A Deployment, StatefulSet or Job always gets its predicted
    /// pods. An object over a limit is neither lowered nor completed.
    pub fn lower<'a>(&self, resource: &'a Resource, as_is: bool) -> Option<Case<'a>> {
        self.lower_with(resource, if as_is { Completion::None } else { Completion::Added })
    }

    /// Lowers an object that the API server is about to store, with what it lacks of its tenant's
    /// guarantees.
    pub fn lower_admitted<'a>(&self, resource: &'a Resource) -> Option<Case<'a>> {
        self.lower_with(resource, Completion::Required)
    }

    fn lower_with<'a>(&self, resource: &'a Resource, completion: Completion) -> Option<Case<'a>> {
        let owner = self.tenants.owner(&resource.namespace);
        let as_it_came = |owner, workload| Case {
            resource,
            owner,
            object: Cow::Borrowed(&resource.object),
            is_stored: true,
            workload,
            conflicts: Vec::new(),
            excess: None,
        };
        let beyond = |owner, excess| {
            Some(Case { excess: Some(excess), ..as_it_came(owner, Workload::default()) })
        };
        if let Some(excess) = limits::object_excess(&resource.object) {
            return match (kinds::of(&resource.kind), &owner) {
                (None, _) => None,
                // Whether another object runs Flink is unknown here, and no rule would check it.
                (Some(row), Owner::Unassigned) if !row.declares_flink() => None,
                _ => beyond(owner, excess),
            };
        }
        let workload = kinds::lower_with_context(resource, &resource.object, &self.context)?;
        let mut configs = std::iter::once(&workload).chain(&workload.also_read);
        if let Some(excess) = configs.find_map(|workload| workload.config.excess()) {
            return beyond(owner, excess.clone());
        }
        let tenant = match &owner {
            Owner::Tenant(tenant) => tenant,
            Owner::Unassigned | Owner::Unread(_) if !workload.is_flink() => return None,
            Owner::Unassigned | Owner::Ambiguous(_) | Owner::Unread(_) => {
                return Some(as_it_came(owner, workload));
            }
        };
        let predicted = mutate::predict_pods(resource, &resource.object, &workload, &tenant.spec);
        if let Some(PredictedPods { object, pods, conflicts }) = predicted {
            let workload = self.predicted_workload(resource, workload, object.as_ref(), pods);
            let object = object.map_or(Cow::Borrowed(&resource.object), Cow::Owned);
            return Some(Case {
                object,
                is_stored: false,
                conflicts,
                ..as_it_came(owner, workload)
            });
        }
        if completion != Completion::Added {
            let omissions = (completion == Completion::Required)
                .then(|| mutate::unmet(resource, &resource.object, &workload, &tenant.spec));
            let mut case = as_it_came(owner.clone(), workload);
            if !omissions.as_ref().is_some_and(Vec::is_empty) {
                let (object, workload) = (&resource.object, &case.workload);
                case.conflicts = mutate::conflicts(resource, object, workload, &tenant.spec);
            }
            if let Some(unmet) = omissions.filter(|unmet| self.are_held(unmet, &case)) {
                case.conflicts = unmet;
            }
            return Some(case);
        }
        let Mutation { object, conflicts } =
            mutate::mutate(resource, &resource.object, &workload, &tenant.spec);
        Some(match object {
            Some(object) => {
                let workload =
                    kinds::lower_with_context(resource, &object, &self.context).unwrap_or(workload);
                Case { object: Cow::Owned(object), conflicts, ..as_it_came(owner, workload) }
            }
            None => Case { conflicts, ..as_it_came(owner, workload) },
        })
    }

    /// Whether what an object lacks of its tenant's guarantees is held against it. If a conflict
    /// refuses the object, mutation refused it too and added nothing. Requests to `/scale`, which
    /// change nothing else, do not reach mutation.
    fn are_held(&self, unmet: &[Conflict], case: &Case<'_>) -> bool {
        unmet.len() > case.conflicts.len()
            && !scale::only_scales(case.resource)
            && (case.conflicts.is_empty() || !is_refused(&self.conflict_findings(case)))
    }

    /// The workload with these predicted pods. `object` has the completed templates, where one
    /// changes.
    pub(super) fn predicted_workload(
        &self,
        resource: &Resource,
        workload: Workload,
        object: Option<&Value>,
        pods: Vec<PodSet>,
    ) -> Workload {
        let lowered =
            object.and_then(|object| kinds::lower_with_context(resource, object, &self.context));
        lowered.unwrap_or(Workload { pods, ..workload })
    }

    /// The findings where the tenant's other objects use `used`, and the mutated object.
    pub fn judge(&self, case: Case<'_>, used: &Usage) -> Judgement {
        let findings = self.findings(&case, used, None);
        let secret_places = match findings.as_slice() {
            [] => Vec::new(),
            _ => self.secrets(&case).places().to_vec(),
        };
        let tenant = case.tenant().map(|tenant| tenant.name.clone());
        Judgement { tenant, findings, mutated: case.into_stored(), secret_places }
    }

    /// The object as the cluster would store it.
    pub fn mutated(&self, resource: &Resource) -> Value {
        self.case(resource, false)
            .and_then(Case::into_stored)
            .unwrap_or_else(|| resource.object.clone())
    }

    fn findings(&self, case: &Case<'_>, used: &Usage, until: Option<Instant>) -> Vec<Finding> {
        let mut findings = self.all_findings(case, used, until);
        rules::abridge(&mut findings);
        findings
    }

    /// The findings, however many and long they are.
    pub(super) fn all_findings(
        &self,
        case: &Case<'_>,
        used: &Usage,
        until: Option<Instant>,
    ) -> Vec<Finding> {
        let mut findings = self.with_subject(case, &case.workload, used, |subject| {
            let mut findings = rules::check(subject);
            if subject.excess.is_some() {
                return findings;
            }
            findings.extend(self.policy_findings(case, subject, until));
            findings
        });
        for other in &case.workload.also_read {
            findings.extend(self.with_subject(case, other, used, rules::check));
        }
        let findings = self.without_secrets(case, findings);
        enforced(findings, case.tenant(), case.resource)
    }

    /// The findings without the secrets of the object and of its tenant's options.
    fn without_secrets(&self, case: &Case<'_>, mut findings: Vec<Finding>) -> Vec<Finding> {
        // A finding about a limit shows no value.
        if !findings.is_empty() && case.excess.is_none() {
            let secrets = self.secrets(case);
            findings.iter_mut().for_each(|finding| finding.hide(&secrets));
        }
        findings
    }

    fn secrets(&self, case: &Case<'_>) -> Secrets {
        let options = case.tenant().map(|tenant| &tenant.spec.flink.configuration);
        let given = options
            .into_iter()
            .flat_map(|options| options.enforced.iter().chain(&options.defaults))
            .map(|(key, value)| (key.as_str(), value.text()));
        Secrets::of(&case.object, case.resource.old_object.as_ref(), &case.workload, given)
    }

    /// The prepared tenant of an object.
    fn prepared(&self, case: &Case<'_>) -> Option<&Arc<TenantState>> {
        self.prepared.get(&case.tenant()?.name)
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
        case: &Case<'_>,
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
            let mut exceeded = limits.exceeded(&requested, used, before, clusters);
            // The limits of one cluster need only the object. The limits of the tenant need the
            // ledger, which knows what others use.
            exceeded.retain(|exceeded| !self.by_ledger || exceeded.scope == Scope::Cluster);
            exceeded
        };
        let mut exceeded = exceeded_since(&Usage::default());
        // The old object matters only where the new one would be refused.
        if let Some(old) = case.resource.old_object.as_ref().filter(|_| !exceeded.is_empty()) {
            let lowered = kinds::lower_with_context(case.resource, old, &self.context);
            let before =
                lowered.map(|lowered| measure::usage(case.resource, old, &lowered, case.tenant()));
            exceeded = exceeded_since(&before.unwrap_or_default());
        }
        // A LimitRange may set the requests of a template's pods when they are created.
        let is_pod = case.workload.pods.iter().all(|set| set.path().is_empty());
        let undeclared = if is_pod {
            undeclared::of_pod(&case.object, &case.workload, limits)
        } else {
            Vec::new()
        };
        Some(QuotaVerdict { limits, requested, used, exceeded, undeclared })
    }
}

fn is_refused(findings: &[Finding]) -> bool {
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
    findings
}

/// Reads the Flink operator's default configuration from a file.
///
/// # Errors
/// When the file cannot be read.
pub fn operator_defaults(path: &Path) -> Result<OperatorDefaults, GateError> {
    let text = std::fs::read_to_string(path)
        .map_err(|source| GateError::NoOperatorConfig { path: path.into(), source })?;
    OperatorDefaults::parse(&text)
        .map_err(|source| GateError::OperatorConfig { path: path.into(), source })
}
