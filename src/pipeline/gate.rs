//! The gate itself: one object in, patch and findings out.

use super::case::Case;
use super::exemptions::is_exempt;
use super::measure;
use super::usage::InputUsage;
use crate::flink::context::OperatorDefaults;
use crate::flink::{self, FlinkContext, PodSet, Workload};
use crate::kinds;
use crate::mutate::{self, Mutation, PredictedPods};
use crate::quota::ledger::KnownLimits;
use crate::quota::limits::{Limits, QuotaVerdict, Scope};
use crate::quota::{Usage, undeclared};
use crate::rego::input::{Input, TenantInput};
use crate::rego::{Needs, PolicyError, PolicySet, Target};
use crate::resource::Resource;
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

/// Tenants and policies, ready to judge with.
#[derive(Clone, Debug)]
pub struct Gate {
    tenants: Arc<Tenants>,
    policies: Arc<PolicySet>,
    unassigned: Unassigned,
    prepared: Arc<BTreeMap<String, Arc<Prepared>>>,
    context: Arc<FlinkContext>,
    /// Whether limits are held by ledgers, which know what others use.
    by_ledger: bool,
}

/// What is made of a tenant once, when it is loaded.
#[derive(Debug)]
struct Prepared {
    /// What policies see of the tenant; made when one applies for the first time.
    input: OnceLock<TenantInput>,
    rules: PreparedTenant,
    known: Arc<KnownLimits>,
}

impl Prepared {
    fn of(tenant: &Tenant) -> Self {
        let known =
            KnownLimits { version: tenant.version, limits: Limits::new(&tenant.spec.quota) };
        Self { input: OnceLock::new(), rules: PreparedTenant::new(tenant), known: Arc::new(known) }
    }
}

/// What the gate answers for one object.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answer {
    /// Name of the tenant the object belongs to.
    pub tenant: Option<String>,
    /// Everything there is to say, gravest first.
    pub findings: Vec<Finding>,
    /// What to change; `None` for nothing.
    pub patch: Option<json_patch::Patch>,
    /// Nothing could be decided, as the findings say why: after so many seconds the client shall
    /// ask again.
    pub retry_after: Option<u32>,
}

/// What `lint` and `render` learn of one object.
#[derive(Clone, Debug, Default)]
pub struct Judgement {
    /// Name of the tenant the object belongs to.
    pub tenant: Option<String>,
    /// Everything there is to say.
    pub findings: Vec<Finding>,
    /// The object as the cluster would store it; `None` where nothing changes.
    pub mutated: Option<Value>,
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
    /// The file with the operator's configuration is not there.
    #[error("cannot read the operator's configuration {path}")]
    NoOperatorConfig {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The operator's configuration cannot be understood.
    #[error("the operator's configuration {path} cannot be used")]
    OperatorConfig {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: flink::config_file::Unreadable,
    },
    /// No tenant has the name that was asked for.
    #[error("there is no tenant {name:?}: known are {known}")]
    NoSuchTenant {
        /// The name asked for.
        name: String,
        /// The names there are.
        known: String,
    },
}

impl Gate {
    /// A gate over these tenants and policies.
    pub fn new(tenants: Tenants, policies: Arc<PolicySet>, unassigned: Unassigned) -> Self {
        let prepared = Arc::new(
            tenants
                .iter()
                .map(|tenant| (tenant.name.clone(), Arc::new(Prepared::of(tenant))))
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

    /// Loads policies and tenants from files; what is worth a warning comes beside the gate.
    ///
    /// # Errors
    /// When a policy or tenant is not right.
    pub fn load(
        tenants: &[PathBuf],
        policies: &[PathBuf],
        unassigned: Unassigned,
    ) -> Result<(Self, Vec<TenantProblem>), GateError> {
        let policies = PolicySet::load(policies)?;
        Self::load_tenants(tenants, Arc::new(policies), unassigned)
    }

    /// Loads tenants from files, to judge with policies that are loaded already.
    ///
    /// # Errors
    /// When a tenant is not right.
    pub fn load_tenants(
        tenants: &[PathBuf],
        policies: Arc<PolicySet>,
        unassigned: Unassigned,
    ) -> Result<(Self, Vec<TenantProblem>), GateError> {
        let rules: Vec<&str> = policies.catalog().iter().map(|rule| rule.id.as_str()).collect();
        let loaded = load::load(tenants, &rules, enforcement::today())?;
        Ok((Self::new(loaded.tenants, policies, unassigned), loaded.warnings))
    }

    /// The same gate, which leaves it to [ledgers](crate::quota::ledger) to say what is too much:
    /// see [`Gate::charge`].
    pub fn with_ledgers(self) -> Self {
        Self { by_ledger: true, ..self }
    }

    /// The same gate, where everything belongs to the tenant of this name.
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

    /// What is known beside the objects.
    pub fn context(&self) -> Arc<FlinkContext> {
        Arc::clone(&self.context)
    }

    /// The same gate, where this file is the Flink operator's configuration; none changes nothing.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn with_operator_config(self, path: Option<&Path>) -> Result<Self, GateError> {
        let Some(path) = path else { return Ok(self) };
        Ok(self.with_context(Arc::new(
            FlinkContext::default().with_operator(operator_defaults(path)?),
        )))
    }

    /// The same gate, knowing what objects mean beyond what they say.
    pub fn with_context(&self, context: Arc<FlinkContext>) -> Self {
        Self { context, ..self.clone() }
    }

    /// The same gate, knowing the labels of more Namespaces.
    pub fn with_namespaces(&self, more: BTreeMap<String, BTreeMap<String, String>>) -> Self {
        Self { tenants: Arc::new(self.tenants.with_namespaces(more)), ..self.clone() }
    }

    /// The same gate after some Namespaces got these labels or, at `None`, went away.
    pub fn with_changes(
        &self,
        changes: impl IntoIterator<Item = (String, Option<BTreeMap<String, String>>)>,
    ) -> Self {
        Self { tenants: Arc::new(self.tenants.with_changes(changes)), ..self.clone() }
    }

    /// A gate over other tenants and policies; what was prepared for tenants that are the same is
    /// kept.
    pub fn renewed(&self, tenants: Tenants, policies: Arc<PolicySet>) -> Self {
        let before: BTreeMap<&str, &Arc<Tenant>> =
            self.tenants.iter().map(|tenant| (tenant.name.as_str(), tenant)).collect();
        let prepare = |tenant: &Arc<Tenant>| {
            let same =
                before.get(tenant.name.as_str()).is_some_and(|before| Arc::ptr_eq(before, tenant));
            let kept = same.then(|| self.prepared.get(&tenant.name)).flatten().cloned();
            (tenant.name.clone(), kept.unwrap_or_else(|| Arc::new(Prepared::of(tenant))))
        };
        let prepared = Arc::new(tenants.iter().map(prepare).collect());
        Self { tenants: Arc::new(tenants), policies, prepared, ..self.clone() }
    }

    /// The tenants of which objects must be judged by what all use together: those that use more
    /// than they may, and wherever a rule reads what is used, all that have limits.
    pub fn over(&self, usage: &InputUsage) -> BTreeSet<String> {
        let always = self.policies.mentions().used;
        let over = |(tenant, usage): &(&str, &Usage)| {
            self.prepared.get(*tenant).is_some_and(|prepared| {
                prepared.known.limits.is_passed_by(usage)
                    || (always && !prepared.known.limits.is_empty())
            })
        };
        usage.iter().filter(over).map(|(tenant, _)| tenant.to_owned()).collect()
    }

    /// A tenant's limits; `None` where it has none, or is not known.
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

    /// What is worth a warning: about the policies, and about the tenants it was loaded with.
    pub fn warnings(&self, tenants: &[TenantProblem]) -> Vec<String> {
        self.policies
            .warnings()
            .iter()
            .map(ToString::to_string)
            .chain(tenants.iter().map(ToString::to_string))
            .collect()
    }

    /// The tenants this gate knows.
    pub fn tenants(&self) -> &Tenants {
        &self.tenants
    }

    /// The policies this gate judges with.
    pub fn policies(&self) -> &Arc<PolicySet> {
        &self.policies
    }

    /// The answer of the mutating webhook: the patch, and findings only where the object and what
    /// its tenant gives every object disagree.
    pub fn mutate(&self, resource: &Resource) -> Answer {
        if is_exempt(resource) {
            return Answer::default();
        }
        let Some(mut case) = self.lower(resource, false) else { return Answer::default() };
        let Some(tenant) = case.tenant().map(|tenant| tenant.name.clone()) else {
            return Answer::default();
        };
        let mut answer = Answer { tenant: Some(tenant), ..Answer::default() };
        if !case.is_stored {
            return answer;
        }
        if !case.conflicts.is_empty() {
            answer.findings = self.conflict_findings(&case);
            if answer.findings.iter().any(|finding| finding.level == Level::Error) {
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
        if is_exempt(resource) {
            return Answer::default();
        }
        let case = self.lower(resource, true);
        case.map(|case| self.check(&case, None)).unwrap_or_default()
    }

    /// What rules and users' policies report about an object. Policies stop at `until`.
    pub fn check(&self, case: &Case<'_>, until: Option<Instant>) -> Answer {
        let findings = self.findings(case, &Usage::default(), until);
        let tenant = case.tenant().map(|tenant| tenant.name.clone());
        Answer { tenant, findings, ..Answer::default() }
    }

    /// What the rules about conflicts with the tenant report, which mutation alone can see.
    fn conflict_findings(&self, case: &Case<'_>) -> Vec<Finding> {
        let prepared = case.tenant().and_then(|tenant| self.prepared.get(&tenant.name));
        let Some(prepared) = prepared else { return Vec::new() };
        let mut subject =
            Subject::new(case.resource, &case.object, &case.workload, &prepared.rules);
        subject.conflicts = &case.conflicts;
        enforced(rules::check_conflicts(&subject), case.tenant(), case.resource)
    }

    /// The answer to the deletion of a claim that these running Flink pods use. No other rule
    /// checks deletions.
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

    /// [`Self::lower`], or `None` for a request that is exempt from all rules.
    pub fn case<'a>(&self, resource: &'a Resource, as_is: bool) -> Option<Case<'a>> {
        if is_exempt(resource) { None } else { self.lower(resource, as_is) }
    }

    /// An object with what it runs, lowered and completed once: after mutation, or with `as_is` as
    /// it came and with what mutation would change. `None` for kinds without rules, and for what
    /// is not Flink in a namespace without tenant. A Deployment, StatefulSet or Job is always
    /// completed as its pods will be when they are created.
    pub fn lower<'a>(&self, resource: &'a Resource, as_is: bool) -> Option<Case<'a>> {
        let owner = self.tenants.owner(&resource.namespace);
        let workload = kinds::lower_with_context(resource, &resource.object, &self.context)?;
        let as_it_came = |owner, workload| {
            let object = Cow::Borrowed(&resource.object);
            Case { resource, owner, object, is_stored: true, workload, conflicts: Vec::new() }
        };
        let tenant = match &owner {
            Owner::Tenant(tenant) => tenant,
            Owner::Unassigned if !workload.is_flink() => return None,
            Owner::Unassigned | Owner::Ambiguous(_) => return Some(as_it_came(owner, workload)),
        };
        let predicted = mutate::predict_pods(resource, &resource.object, &workload, &tenant.spec);
        if let Some(PredictedPods { object, pods, conflicts }) = predicted {
            let workload = self.predicted_workload(resource, workload, object.as_ref(), pods);
            let object = object.map_or(Cow::Borrowed(&resource.object), Cow::Owned);
            return Some(Case { resource, owner, object, is_stored: false, workload, conflicts });
        }
        let Mutation { object, conflicts } =
            mutate::mutate(resource, &resource.object, &workload, &tenant.spec);
        Some(match object.filter(|_| !as_is) {
            Some(object) => {
                let workload =
                    kinds::lower_with_context(resource, &object, &self.context).unwrap_or(workload);
                Case {
                    resource,
                    owner,
                    object: Cow::Owned(object),
                    is_stored: true,
                    workload,
                    conflicts,
                }
            }
            None => Case { conflicts, ..as_it_came(owner, workload) },
        })
    }

    /// What an object runs, whose pods mutation will complete to these; `object` is it with
    /// completed templates, where one that stands in it changes.
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

    /// Everything there is to report where the tenant's other objects use `used`.
    pub fn judge(&self, case: Case<'_>, used: &Usage) -> Judgement {
        let findings = self.findings(&case, used, None);
        let tenant = case.tenant().map(|tenant| tenant.name.clone());
        Judgement { tenant, findings, mutated: case.into_stored() }
    }

    /// The object as the cluster would store it.
    pub fn mutated(&self, resource: &Resource) -> Value {
        self.case(resource, false)
            .and_then(Case::into_stored)
            .unwrap_or_else(|| resource.object.clone())
    }

    fn findings(&self, case: &Case<'_>, used: &Usage, until: Option<Instant>) -> Vec<Finding> {
        let findings = self.with_subject(case, used, |subject| {
            let mut findings = rules::check(subject);
            findings.extend(self.policy_findings(case, subject, until));
            findings
        });
        enforced(findings, case.tenant(), case.resource)
    }

    /// What was prepared for the tenant that owns the object's namespace.
    fn prepared(&self, case: &Case<'_>) -> Option<&Arc<Prepared>> {
        self.prepared.get(&case.tenant()?.name)
    }

    /// Calls a function with everything that rules and policies know of an object.
    fn with_subject<T>(
        &self,
        case: &Case<'_>,
        used: &Usage,
        run: impl FnOnce(&Subject<'_>) -> T,
    ) -> T {
        let prepared = self.prepared(case);
        let quota = self.quota(case, prepared.map(|prepared| &prepared.known.limits), used);
        let nobody = PreparedTenant::default();
        let tenant = prepared.map_or(&nobody, |prepared| &prepared.rules);
        let mut subject = Subject::new(case.resource, &case.object, &case.workload, tenant);
        subject.owner = match &case.owner {
            Owner::Tenant(_) => NamespaceOwner::Tenant,
            Owner::Unassigned => NamespaceOwner::Unassigned(self.unassigned),
            Owner::Ambiguous(names) => NamespaceOwner::Ambiguous(names),
        };
        subject.conflicts = &case.conflicts;
        subject.quota = quota.as_ref();
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

    /// Calls a function with what policies see of an object, all parts included.
    pub fn input<T>(&self, case: &Case<'_>, used: &Usage, read: impl FnOnce(&Input<'_>) -> T) -> T {
        let needs = Needs { object: true, old_object: true, used: true };
        self.with_subject(case, used, |subject| {
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
        let clusters = case.workload.clusters();
        let exceeded_since = |before: &Usage| {
            let mut exceeded = limits.exceeded(&requested, used, before, clusters);
            // What one object asks for is enough to hold it to the limits of one cluster; what
            // others use, a ledger knows.
            exceeded.retain(|exceeded| !self.by_ledger || exceeded.scope == Scope::Cluster);
            exceeded
        };
        let mut exceeded = exceeded_since(&Usage::default());
        // What the object asked for until now matters only to what would be refused.
        if let Some(old) = case.resource.old_object.as_ref().filter(|_| !exceeded.is_empty()) {
            let lowered = kinds::lower_with_context(case.resource, old, &self.context);
            let before =
                lowered.map(|lowered| measure::usage(case.resource, old, &lowered, case.tenant()));
            exceeded = exceeded_since(&before.unwrap_or_default());
        }
        // Of a template nothing can be said yet: a LimitRange may declare it for the pods as they
        // are created.
        let is_pod = case.workload.pods.iter().all(|set| set.path().is_empty());
        let undeclared = if is_pod {
            undeclared::of_pod(&case.object, &case.workload, limits)
        } else {
            Vec::new()
        };
        Some(QuotaVerdict { limits, requested, used, exceeded, undeclared })
    }
}

/// Applies a tenant's overrides and exemptions as of today; sorts, and removes duplicates.
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

/// Reads the defaults that a file gives all clusters of the Flink operator.
///
/// # Errors
/// When the file cannot be read.
pub fn operator_defaults(path: &Path) -> Result<OperatorDefaults, GateError> {
    let text = std::fs::read_to_string(path)
        .map_err(|source| GateError::NoOperatorConfig { path: path.into(), source })?;
    OperatorDefaults::parse(&text)
        .map_err(|source| GateError::OperatorConfig { path: path.into(), source })
}
