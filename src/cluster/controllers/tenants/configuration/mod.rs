//! From the objects of the cluster to the gate in force, incrementally: a change of a Namespace
//! compiles no policy and checks no tenant.
//!
//! An object that cannot be understood never counts as absent. What is [in force](InForce) in its
//! place is the last valid version that this process has seen, or else its readable parts.

mod in_force;
mod policies;
mod tenants;

pub use in_force::InForce;
pub use tenants::CheckedTenant;

use super::operator_config::{OperatorConfig, UnreadConfig};
use crate::cluster::watch::records::{NamespaceRecord, Record};
use crate::flink::FlinkContext;
use crate::flink::config_file::Unreadable;
use crate::flink::operator::version::OperatorVersion;
use crate::flink::requester::OperatorUsers;
use crate::pipeline::{Gate, Unassigned};
use crate::rego::{PolicyError, PolicyProblem, PolicySource, flink_policy};
use crate::tenant::Tenants;
use policies::Policies;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use tenants::CheckedTenants;

/// What has changed since the last gate.
#[derive(Debug, Default)]
pub struct Changes {
    /// FlinkTenants came, changed or went.
    pub tenants: bool,
    /// FlinkPolicies did.
    pub policies: bool,
    /// The rules of files did.
    pub base: bool,
    /// These Namespaces did.
    pub namespaces: BTreeSet<String>,
}

/// The gate in force, and the result for each object.
#[derive(Debug)]
pub struct Configuration {
    unassigned: Unassigned,
    operator_users: OperatorUsers,
    operator_version: Option<OperatorVersion>,
    gate: Option<Arc<Gate>>,
    context: Arc<FlinkContext>,
    /// What is in force of the Flink operator's ConfigMap.
    operator: InForce,
    tenants: CheckedTenants,
    /// The namespaces that each tenant lists although an older one does.
    doubles: BTreeMap<String, Vec<String>>,
    policies: Policies,
}

impl Configuration {
    /// Nothing yet.
    pub fn new(unassigned: Unassigned) -> Self {
        Self {
            unassigned,
            operator_users: OperatorUsers::default(),
            operator_version: None,
            gate: None,
            context: Arc::default(),
            operator: InForce::Nothing,
            tenants: CheckedTenants::default(),
            doubles: BTreeMap::new(),
            policies: Policies::default(),
        }
    }

    /// The same, where these users are the operators.
    pub fn with_operator_users(self, operator_users: OperatorUsers) -> Self {
        let context = FlinkContext::default().with_operator_users(operator_users.clone());
        Self { operator_users, context: Arc::new(context), ..self }
    }

    /// Takes the release of the operator; `None` if it is unknown.
    pub fn take_operator_version(&mut self, version: Option<OperatorVersion>) {
        if self.operator_version != version {
            self.operator_version = version;
            let context = FlinkContext::clone(&self.context).with_operator_version(version);
            self.context = Arc::new(context);
        }
    }

    /// The gate in force; `None` before the first.
    pub fn gate(&self) -> Option<&Arc<Gate>> {
        self.gate.as_ref()
    }

    /// The tenants, checked.
    pub fn tenants(&self) -> &BTreeMap<String, CheckedTenant> {
        self.tenants.all()
    }

    /// The namespaces that a tenant lists although an older one does.
    pub fn doubles_of(&self, tenant: &str) -> &[String] {
        self.doubles.get(tenant).map(Vec::as_slice).unwrap_or_default()
    }

    /// What is wrong with a FlinkPolicy; empty if it is in force as it is stored.
    pub fn problems_of(&self, policy: &str) -> &[PolicyProblem] {
        self.policies.problems_of(&flink_policy::path(policy))
    }

    /// What is in force of the FlinkPolicies with problems, by name.
    pub fn faulty_policies(&self) -> impl Iterator<Item = (&str, InForce)> {
        self.policies.faulty()
    }

    /// What is in force of a FlinkPolicy.
    pub fn policy_in_force(&self, policy: &str) -> InForce {
        self.policies.in_force(policy)
    }

    /// What is in force of the Flink operator's ConfigMap.
    pub fn operator_in_force(&self) -> InForce {
        self.operator
    }

    /// Takes the Flink operator's configuration; without one its defaults are Flink's.
    ///
    /// # Errors
    /// It cannot be read. The last one that could be stays, or else what can be read applies.
    pub fn take_operator(&mut self, read: Option<&OperatorConfig>) -> Result<(), Unreadable> {
        let context = FlinkContext::default()
            .with_operator_users(self.operator_users.clone())
            .with_operator_version(self.operator_version);
        match read {
            Some(Err(UnreadConfig { error, parts })) => {
                if matches!(self.operator, InForce::AsStored | InForce::LastValid) {
                    self.operator = InForce::LastValid;
                } else {
                    self.context = Arc::new(context.with_operator(parts.clone()));
                    self.operator = InForce::ReadableParts;
                }
                return Err(error.clone());
            }
            Some(Ok(defaults)) => {
                self.context = Arc::new(context.with_operator(defaults.clone()));
                self.operator = InForce::AsStored;
            }
            None => (self.context, self.operator) = (Arc::new(context), InForce::Nothing),
        }
        Ok(())
    }

    /// Puts changes into force.
    ///
    /// # Errors
    /// When the policies of the files do not compile: the rules in force stay, all else is taken.
    pub fn take(
        &mut self,
        changes: &Changes,
        base: &[PolicySource],
        tenants: &BTreeMap<String, Record>,
        policies: &BTreeMap<String, Record>,
        namespaces: &BTreeMap<String, NamespaceRecord>,
    ) -> Result<(), PolicyError> {
        let before = self.gate.as_ref().map(|gate| Arc::clone(gate.policies()));
        let unchanged = !changes.base && !changes.policies;
        let (set, outcome) = match before {
            Some(set) if unchanged => (set, Ok(())),
            before => match self.policies.compile(changes.base, base, policies, before.as_ref()) {
                Ok(set) => (set, Ok(())),
                Err(error) => match before {
                    Some(set) => (set, Err(error)),
                    None => return Err(error),
                },
            },
        };
        let other_rules =
            self.gate.as_ref().is_none_or(|gate| gate.policies().generation() != set.generation());
        let other_tenants = other_rules || (changes.tenants && self.tenants.differ(tenants));
        match &self.gate {
            Some(gate) if !other_tenants => {
                let changed = changes.namespaces.iter().map(|name| {
                    (name.clone(), namespaces.get(name).map(NamespaceRecord::all_labels))
                });
                self.gate = Some(Arc::new(gate.with_namespace_changes(changed)));
            }
            _ => {
                self.tenants.check(&set, other_rules, tenants);
                let labels = namespaces
                    .iter()
                    .map(|(name, record)| (name.clone(), record.all_labels()))
                    .collect();
                let by_age = Tenants::by_age(self.tenants.by_age(), labels)
                    .with_stored(self.tenants.stored());
                self.gate = Some(Arc::new(match &self.gate {
                    Some(gate) => gate.renewed(by_age, set),
                    None => Gate::new(by_age, set, self.unassigned).with_ledgers(),
                }));
            }
        }
        if let Some(gate) = self.gate.as_ref().filter(|gate| gate.context() != self.context) {
            self.gate = Some(Arc::new(gate.with_context(Arc::clone(&self.context))));
        }
        self.find_doubles(changes, other_tenants);
        outcome
    }

    /// Looks for namespaces with several owners where these may have changed.
    fn find_doubles(&mut self, changes: &Changes, other_tenants: bool) {
        let Some(gate) = &self.gate else { return };
        let tenants = gate.tenants();
        let concerned = other_tenants
            || !self.doubles.is_empty() && !changes.namespaces.is_empty()
            || changes.namespaces.iter().any(|namespace| tenants.is_contested(namespace));
        if concerned {
            let doubles = tenants.iter().enumerate().map(|(index, tenant)| {
                let messages = tenants
                    .conflicts_at(index)
                    .into_iter()
                    .map(|double| double.message(&tenant.name))
                    .collect::<Vec<_>>();
                (tenant.name.clone(), messages)
            });
            self.doubles = doubles.filter(|(_, messages)| !messages.is_empty()).collect();
        }
    }
}

#[cfg(test)]
mod tests;
