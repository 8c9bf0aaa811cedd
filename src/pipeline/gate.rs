//! The gate itself: one object in, patch and findings out.

use super::case::Case;
use super::measure;
use super::passes::passes_always;
use super::usage::InputUsage;
use crate::flink::surroundings::OperatorDefaults;
use crate::flink::{self, PodSet, Surroundings, Workload};
use crate::kinds;
use crate::mutate::{self, Foresight, Mutation};
use crate::quota::ledger::KnownLimits;
use crate::quota::limits::{Limits, QuotaVerdict, Scope};
use crate::quota::{Usage, undeclared};
use crate::rego::facts::convert::convert;
use crate::rego::input::{self, Draft, InputParts};
use crate::rego::{PolicyError, PolicySet};
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

/// Tenants and policies, ready to judge with.
#[derive(Clone, Debug)]
pub struct Gate {
    tenants: Arc<Tenants>,
    policies: Arc<PolicySet>,
    unassigned: Unassigned,
    prepared: Arc<BTreeMap<String, Arc<Prepared>>>,
    surroundings: Arc<Surroundings>,
    /// Whether limits are held by ledgers, which know what others use.
    by_ledger: bool,
}

/// What is made of a tenant once, when it is loaded.
#[derive(Debug)]
struct Prepared {
    /// The spec as rules see it; made when the first object of the tenant is judged.
    spec: OnceLock<regorus::Value>,
    rules: PreparedTenant,
    known: Arc<KnownLimits>,
}

impl Prepared {
    fn of(tenant: &Tenant) -> Self {
        let known =
            KnownLimits { version: tenant.version, limits: Limits::new(&tenant.spec.quota) };
        Self { spec: OnceLock::new(), rules: PreparedTenant::new(tenant), known: Arc::new(known) }
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
            surroundings: Arc::default(),
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
    pub fn surroundings(&self) -> Arc<Surroundings> {
        Arc::clone(&self.surroundings)
    }

    /// The same gate, where this file is the Flink operator's configuration; none changes nothing.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn with_operator_config(self, path: Option<&Path>) -> Result<Self, GateError> {
        let Some(path) = path else { return Ok(self) };
        Ok(self.within(Arc::new(Surroundings::default().with_operator(operator_defaults(path)?))))
    }

    /// The same gate, knowing what objects mean beyond what they say.
    pub fn within(&self, surroundings: Arc<Surroundings>) -> Self {
        Self { surroundings, ..self.clone() }
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

    /// The mutating webhook's answer: the patch; findings only where the user's words and the
    /// tenant's disagree.
    pub fn mutate(&self, resource: &Resource) -> Answer {
        let Some((owner, workload)) = self.lowered(resource) else { return Answer::default() };
        let Owner::Tenant(tenant) = owner else { return Answer::default() };
        let Mutation { object, conflicts } =
            mutate::mutate(resource, &resource.object, &workload, &tenant.spec);
        let mut patch = object
            .as_ref()
            .map(|after| mutate::patch(&resource.object, after))
            .filter(|patch| !patch.0.is_empty());
        let mut findings = Vec::new();
        let name = tenant.name.clone();
        if !conflicts.is_empty() {
            let object = object.map_or(Cow::Borrowed(&resource.object), Cow::Owned);
            let case = Case {
                resource,
                owner: Owner::Tenant(tenant),
                object,
                is_stored: true,
                workload,
                conflicts,
            };
            findings = self.findings(&case, &Usage::default());
            findings.retain(|finding| {
                case.conflicts.iter().any(|conflict| conflict.rule == finding.rule)
            });
            if findings.iter().any(|finding| finding.level == Level::Error) {
                patch = None;
            }
        }
        Answer { tenant: Some(name), findings, patch, ..Answer::default() }
    }

    /// The validating webhook's answer: the object as it is.
    pub fn validate(&self, resource: &Resource) -> Answer {
        let Some(case) = self.case(resource, true) else { return Answer::default() };
        let judgement = self.judge(case, &Usage::default());
        Answer { tenant: judgement.tenant, findings: judgement.findings, ..Answer::default() }
    }

    /// The answer where something is to be said against a deletion, which no rule about objects is
    /// asked of.
    pub fn protest(&self, resource: &Resource, conflict: mutate::Conflict) -> Answer {
        let object = Cow::Borrowed(resource.old_object.as_ref().unwrap_or(&resource.object));
        let owner = self.tenants.owner(&resource.namespace);
        let case = Case {
            resource,
            owner,
            object,
            is_stored: false,
            workload: Workload::default(),
            conflicts: vec![conflict],
        };
        let Judgement { tenant, findings, .. } = self.judge(case, &Usage::default());
        Answer { tenant, findings, ..Answer::default() }
    }

    /// The object after mutation (unless `as_is`); `None` for what is never judged. A Deployment,
    /// StatefulSet or Job is judged with its pods as they will be created, always.
    pub fn case<'a>(&self, resource: &'a Resource, as_is: bool) -> Option<Case<'a>> {
        let (owner, workload) = self.lowered(resource)?;
        let as_it_came = |owner, workload| {
            let object = Cow::Borrowed(&resource.object);
            Case { resource, owner, object, is_stored: true, workload, conflicts: Vec::new() }
        };
        let tenant = match &owner {
            Owner::Tenant(tenant) => tenant,
            Owner::Unassigned if !workload.is_flink() => return None,
            Owner::Unassigned | Owner::Ambiguous(_) => return Some(as_it_came(owner, workload)),
        };
        let foreseen = mutate::foresee(resource, &resource.object, &workload, &tenant.spec);
        if let Some(Foresight { object, pods, conflicts }) = foreseen {
            let workload = self.foreseen_workload(resource, workload, object.as_ref(), pods);
            let object = object.map_or(Cow::Borrowed(&resource.object), Cow::Owned);
            return Some(Case { resource, owner, object, is_stored: false, workload, conflicts });
        }
        let Mutation { object, conflicts } =
            mutate::mutate(resource, &resource.object, &workload, &tenant.spec);
        Some(match object.filter(|_| !as_is) {
            Some(object) => {
                let workload = kinds::lower_with_context(resource, &object, &self.surroundings)
                    .unwrap_or(workload);
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
    pub(super) fn foreseen_workload(
        &self,
        resource: &Resource,
        workload: Workload,
        object: Option<&Value>,
        pods: Vec<PodSet>,
    ) -> Workload {
        let lowered = object
            .and_then(|object| kinds::lower_with_context(resource, object, &self.surroundings));
        lowered.unwrap_or(Workload { pods, ..workload })
    }

    /// Everything there is to say, where the tenant's other objects use `used`.
    pub fn judge(&self, case: Case<'_>, used: &Usage) -> Judgement {
        let mut findings = self.findings(&case, used);
        match &case.owner {
            Owner::Tenant(_) => {}
            // The one rule that holds in a namespace of no tenant, or of several.
            Owner::Unassigned => findings.retain(|finding| finding.rule == UNASSIGNED_RULE),
            Owner::Ambiguous(_) => findings.retain(|finding| finding.rule == AMBIGUOUS_RULE),
        }
        let tenant = case.tenant().map(|tenant| tenant.name.clone());
        Judgement { tenant, findings, mutated: case.into_stored() }
    }

    /// The object as the cluster would store it.
    pub fn mutated(&self, resource: &Resource) -> Value {
        self.case(resource, false)
            .and_then(Case::into_stored)
            .unwrap_or_else(|| resource.object.clone())
    }

    /// Whose an object is and what it runs; `None` for what is never judged.
    fn lowered(&self, resource: &Resource) -> Option<(Owner, Workload)> {
        if passes_always(resource) {
            return None;
        }
        let owner = self.tenants.owner(&resource.namespace);
        Some((owner, kinds::lower_with_context(resource, &resource.object, &self.surroundings)?))
    }

    fn findings(&self, case: &Case<'_>, used: &Usage) -> Vec<Finding> {
        let prepared = case.tenant().and_then(|tenant| self.prepared.get(&tenant.name));
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
        let mut findings = rules::check(&subject);
        findings.extend(self.policy_findings(case, prepared, quota.as_ref()));
        if let Some(tenant) = case.tenant() {
            rules::enforce(&mut findings, &tenant.spec, case.resource, enforcement::today());
        }
        findings.sort_by(Finding::order);
        findings.dedup();
        findings
    }

    fn policy_findings(
        &self,
        case: &Case<'_>,
        prepared: Option<&Arc<Prepared>>,
        quota: Option<&QuotaVerdict<'_>>,
    ) -> Vec<Finding> {
        let needs = self.policies.mentions();
        let told = || quota.map_or(regorus::Value::Null, |quota| convert(&quota.input()));
        let draft = Draft::of(InputParts {
            resource: case.resource,
            object: &case.object,
            workload: Some(&case.workload),
            tenant: case.tenant().zip(prepared).map(|(tenant, prepared)| {
                let spec = prepared.spec.get_or_init(|| input::tenant_value(&tenant.spec));
                (tenant.name.as_str(), spec)
            }),
            conflicts: &case.conflicts,
            quota: regorus::Value::Null,
            unassigned: self.unassigned.as_str(),
            claimants: case.claimants(),
            need_object: needs.object,
            need_old_object: needs.old_object,
        });
        if !self.policies.may_speak(&draft) {
            return Vec::new();
        }
        let findings = self.policies.evaluate(draft.with_quota(told()).finish());
        let located = |finding| rules::located(&case.object, &case.workload, finding);
        findings.into_iter().map(located).collect()
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
            let lowered = kinds::lower_with_context(case.resource, old, &self.surroundings);
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

/// The rule about namespaces that no tenant claims; the one rule that holds there.
const UNASSIGNED_RULE: &str = "tenancy/unassigned-namespace";

/// The rule about namespaces that several tenants claim; the one rule that holds there.
const AMBIGUOUS_RULE: &str = "tenancy/ambiguous-namespace";

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
