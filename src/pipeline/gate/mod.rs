//! The gate: one object in, patch and findings out. [`lowering`] prepares the object, [`findings`]
//! judges it.

mod error;
mod findings;
mod kept;
mod lowering;
mod meets;
mod place;

pub use error::GateError;
pub use kept::{KeptAnswer, Rights, kept_state};

use super::tenant_check;
use super::usage::InputUsage;
use crate::flink::FlinkContext;
use crate::flink::context::OperatorDefaults;
use crate::flink::operator::version::OperatorVersion;
use crate::flink::requester::OperatorUsers;
use crate::quota::Usage;
use crate::quota::ledger::KnownLimits;
use crate::quota::limits::Limits;
use crate::rego::PolicySet;
use crate::rego::input::TenantInput;
use crate::resource::{UserInfo, users};
pub use crate::rules::Unassigned;
use crate::rules::{Finding, enforcement};
use crate::tenant::load::TenantProblem;
use crate::tenant::{Owner, PreparedTenant, Tenant, Tenants, load};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

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
    /// A tenant that is judged by another spec than the one in force.
    kept: Option<Arc<kept::KeptTenant>>,
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
    fn of(tenant: &Arc<Tenant>) -> Self {
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
    /// Whether a refused creation is of an object that exists: clients expect to learn that.
    pub already_exists: bool,
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
            kept: None,
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
        let (rules, today) = (policies.rule_ids(), enforcement::today());
        let loaded = load::load(tenants, &|tenant| tenant_check::check(tenant, &rules, today))?;
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

    /// The same gate with the release of the Flink operator, if it is known.
    pub fn with_operator_version(self, version: Option<OperatorVersion>) -> Self {
        let Some(version) = version else { return self };
        let context = FlinkContext::clone(&self.context).with_operator_version(Some(version));
        self.with_context(Arc::new(context))
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
