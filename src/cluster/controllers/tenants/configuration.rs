//! From the objects of the cluster to the gate in force, incrementally: a change of a Namespace
//! compiles no policy and checks no tenant.

use super::operator_config::OperatorConfig;
use crate::cluster::watch::records::{NamespaceRecord, Record};
use crate::flink::FlinkContext;
use crate::flink::requester::OperatorUsers;
use crate::pipeline::{Gate, Unassigned};
use crate::rego::{PolicyProblem, PolicySet, PolicySource, Scope, assemble, flink_policy};
use crate::rules::enforcement;
use crate::tenant::check::{self, FieldProblem};
use crate::tenant::ownership::StoredTenants;
use crate::tenant::{Tenant, Tenants};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

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
    gate: Option<Arc<Gate>>,
    context: Arc<FlinkContext>,
    tenants: BTreeMap<String, CheckedTenant>,
    /// The namespaces that each tenant lists although an older one does.
    doubles: BTreeMap<String, Vec<String>>,
    /// The specs of the FlinkPolicies when they were last compiled, oldest first.
    compiled: Vec<(i64, String, Arc<serde_json::Value>)>,
    refused_policies: BTreeMap<String, Vec<PolicyProblem>>,
}

/// A FlinkTenant, read.
#[derive(Debug)]
pub struct CheckedTenant {
    spec: Arc<serde_json::Value>,
    created: i64,
    /// The tenant, if it can be used.
    pub tenant: Option<Arc<Tenant>>,
    /// Errors and warnings about it.
    pub remarks: Vec<FieldProblem>,
}

impl Configuration {
    /// Nothing yet.
    pub fn new(unassigned: Unassigned) -> Self {
        Self {
            unassigned,
            operator_users: OperatorUsers::default(),
            gate: None,
            context: Arc::default(),
            tenants: BTreeMap::new(),
            doubles: BTreeMap::new(),
            compiled: Vec::new(),
            refused_policies: BTreeMap::new(),
        }
    }

    /// The same, where these users are the operators.
    pub fn with_operator_users(self, operator_users: OperatorUsers) -> Self {
        let context = FlinkContext::default().with_operator_users(operator_users.clone());
        Self { operator_users, context: Arc::new(context), ..self }
    }

    /// The gate in force; `None` before the first.
    pub fn gate(&self) -> Option<&Arc<Gate>> {
        self.gate.as_ref()
    }

    /// The tenants, checked.
    pub fn tenants(&self) -> &BTreeMap<String, CheckedTenant> {
        &self.tenants
    }

    /// The namespaces that a tenant lists although an older one does.
    pub fn doubles_of(&self, tenant: &str) -> &[String] {
        self.doubles.get(tenant).map(Vec::as_slice).unwrap_or_default()
    }

    /// What is wrong with a FlinkPolicy; empty if it is in force.
    pub fn problems_of(&self, policy: &str) -> &[PolicyProblem] {
        self.refused_policies
            .get(&flink_policy::path(policy))
            .map(Vec::as_slice)
            .unwrap_or_default()
    }

    /// Names of the FlinkPolicies that are left out.
    pub fn refused(&self) -> impl Iterator<Item = &str> {
        self.refused_policies.keys().filter_map(|path| path.strip_prefix(flink_policy::PREFIX))
    }

    /// Takes the Flink operator's configuration; returns the error where it cannot be read and the
    /// previous one stays.
    pub fn take_operator(&mut self, said: Option<&OperatorConfig>) -> Option<String> {
        let context = FlinkContext::default().with_operator_users(self.operator_users.clone());
        match said {
            Some(Err(error)) => {
                return Some(format!("cannot read the Flink operator's configuration: {error}"));
            }
            Some(Ok(defaults)) => {
                self.context = Arc::new(context.with_operator(defaults.clone()));
            }
            None => self.context = Arc::new(context),
        }
        None
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
    ) -> Result<(), String> {
        let (set, failed) = self.rules(changes, base, policies);
        let Some(set) = set else { return failed.map_or(Ok(()), Err) };
        let other_rules =
            self.gate.as_ref().is_none_or(|gate| gate.policies().generation() != set.generation());
        let other_tenants = other_rules || (changes.tenants && self.are_other(tenants));
        match &self.gate {
            Some(gate) if !other_tenants => {
                let changed = changes.namespaces.iter().map(|name| {
                    (name.clone(), namespaces.get(name).map(|record| record.labels.clone()))
                });
                self.gate = Some(Arc::new(gate.with_namespace_changes(changed)));
            }
            _ => {
                self.check_tenants(&set, other_rules, tenants);
                let labels = namespaces
                    .iter()
                    .map(|(name, record)| (name.clone(), record.labels.clone()))
                    .collect();
                let by_age = Tenants::by_age(self.usable(), labels).with_stored(self.told());
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
        failed.map_or(Ok(()), Err)
    }

    /// The rules to apply, and the error if they are not those of the cluster.
    fn rules(
        &mut self,
        changes: &Changes,
        base: &[PolicySource],
        policies: &BTreeMap<String, Record>,
    ) -> (Option<Arc<PolicySet>>, Option<String>) {
        let in_force = self.gate.as_ref().map(|gate| Arc::clone(gate.policies()));
        if in_force.is_some() && !changes.base && !changes.policies {
            return (in_force, None);
        }
        let mut said: Vec<_> = policies
            .iter()
            .map(|(name, record)| (record.created, name.clone(), record.spec.clone()))
            .collect();
        said.sort_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
        // Only a status has changed, probably one that Flinkgate wrote.
        if in_force.is_some() && !changes.base && self.compiled == said {
            return (in_force, None);
        }
        let mut refused: BTreeMap<String, Vec<PolicyProblem>> = BTreeMap::new();
        let (mut sources, mut scopes) = (Vec::new(), BTreeMap::<String, Scope>::new());
        for (_, name, spec) in &said {
            match flink_policy::read(serde_json::Value::clone(spec)) {
                Ok(spec) => {
                    scopes.insert(flink_policy::path(name), spec.scope());
                    sources.push(spec.source(name));
                }
                Err(error) => {
                    let problem = PolicyProblem {
                        file: flink_policy::path(name),
                        line: 1,
                        column: 1,
                        message: error.to_string(),
                    };
                    refused.insert(flink_policy::path(name), vec![problem]);
                }
            }
        }
        self.compiled = said;
        match assemble(base, sources) {
            Ok(assembled) => {
                refused.extend(assembled.refused);
                for (path, problems) in refused
                    .iter()
                    .filter(|(path, problems)| self.refused_policies.get(*path) != Some(*problems))
                {
                    tracing::error!(
                        policy = path,
                        problem = problems.first().map(ToString::to_string),
                        "policy not in force"
                    );
                }
                self.refused_policies = refused;
                (Some(Arc::new(assembled.set.with_scopes(&scopes))), None)
            }
            Err(error) => (in_force, Some(error.to_string())),
        }
    }

    /// Whether these differ from the tenants that were checked last in more than their status.
    fn are_other(&self, tenants: &BTreeMap<String, Record>) -> bool {
        let same = |name: &String, record: &Record| {
            self.tenants.get(name).is_some_and(|checked| {
                checked.spec == record.spec && checked.created == record.created
            })
        };
        self.tenants.len() != tenants.len()
            || !tenants.iter().all(|(name, record)| same(name, record))
    }

    fn check_tenants(
        &mut self,
        set: &PolicySet,
        other_rules: bool,
        tenants: &BTreeMap<String, Record>,
    ) {
        let rules: Vec<&str> = set.catalog().iter().map(|rule| rule.id.as_str()).collect();
        let today = enforcement::today();
        let mut before = std::mem::take(&mut self.tenants);
        for (name, record) in tenants {
            let kept = before.remove(name);
            if let Some(kept) = kept.filter(|kept| {
                !other_rules && kept.spec == record.spec && kept.created == record.created
            }) {
                self.tenants.insert(name.clone(), kept);
                continue;
            }
            let (spec, remarks) = check::check(
                &json!({"metadata": {"name": name}, "spec": *record.spec}),
                &rules,
                today,
            );
            if let Some(wrong) = remarks.iter().find(|remark| !remark.warning) {
                tracing::error!(
                    tenant = name,
                    pointer = wrong.pointer,
                    problem = wrong.message,
                    "tenant not in force"
                );
            }
            let tenant = spec.map(|spec| {
                Arc::new(Tenant {
                    name: name.clone(),
                    spec,
                    source: String::new(),
                    version: record.version,
                })
            });
            self.tenants.insert(
                name.clone(),
                CheckedTenant {
                    spec: record.spec.clone(),
                    created: record.created,
                    tenant,
                    remarks,
                },
            );
        }
    }

    /// Tenants that can be used, the oldest first.
    fn usable(&self) -> Vec<Arc<Tenant>> {
        let mut usable: Vec<(i64, &Arc<Tenant>)> = self
            .tenants
            .values()
            .filter_map(|checked| Some((checked.created, checked.tenant.as_ref()?)))
            .collect();
        usable.sort_by(|(a, one), (b, other)| a.cmp(b).then_with(|| one.name.cmp(&other.name)));
        usable.into_iter().map(|(_, tenant)| Arc::clone(tenant)).collect()
    }

    /// The FlinkTenants as they are stored, including those that cannot be used.
    fn told(&self) -> StoredTenants {
        self.tenants
            .iter()
            .map(|(name, checked)| (name.clone(), (checked.created, Arc::clone(&checked.spec))))
            .collect()
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
                let said = tenants
                    .conflicts_at(index)
                    .into_iter()
                    .map(|double| double.message(&tenant.name))
                    .collect::<Vec<_>>();
                (tenant.name.clone(), said)
            });
            self.doubles = doubles.filter(|(_, said)| !said.is_empty()).collect();
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use crate::tenant::Owner;
    use serde_json::Value;

    fn record(created: i64, spec: Value) -> Record {
        Record { created, version: 1, generation: 1, spec: spec.into(), status: Value::Null }
    }

    struct World {
        tenants: BTreeMap<String, Record>,
        policies: BTreeMap<String, Record>,
        namespaces: BTreeMap<String, NamespaceRecord>,
        configuration: Configuration,
    }

    impl World {
        fn new() -> Self {
            let claims = |names: &str| json!({"namespaces": {"names": [names]}});
            Self {
                tenants: BTreeMap::from([("payments".to_string(), record(2, claims("payments")))]),
                policies: BTreeMap::new(),
                namespaces: BTreeMap::new(),
                configuration: Configuration::new(Unassigned::Warn),
            }
        }

        fn take(&mut self, changes: Changes) {
            self.configuration
                .take(&changes, &[], &self.tenants, &self.policies, &self.namespaces)
                .unwrap();
        }

        fn gate(&self) -> Arc<Gate> {
            Arc::clone(self.configuration.gate().unwrap())
        }

        fn owner(&self, namespace: &str) -> String {
            match self.gate().tenants().owner(namespace) {
                Owner::Tenant(tenant) => tenant.name.clone(),
                _ => "nobody".into(),
            }
        }
    }

    fn tenants() -> Changes {
        Changes { tenants: true, ..Changes::default() }
    }

    #[test]
    fn a_namespaces_change_compiles_and_checks_nothing_anew() {
        let mut world = World::new();
        world.tenants.insert(
            "fraud".into(),
            record(1, json!({"namespaces": {"selector": {"matchLabels": {"team": "fraud"}}}})),
        );
        world.take(Changes { tenants: true, policies: true, ..Changes::default() });
        let before = world.gate();
        assert_eq!(
            (world.owner("payments").as_str(), world.owner("x").as_str()),
            ("payments", "nobody")
        );
        let labels = BTreeMap::from([("team".to_string(), "fraud".to_string())]);
        world
            .namespaces
            .insert("x".into(), NamespaceRecord { labels, ..NamespaceRecord::default() });
        world.take(Changes { namespaces: BTreeSet::from(["x".to_string()]), ..Changes::default() });
        assert_eq!(world.owner("x"), "fraud");
        assert!(Arc::ptr_eq(before.policies(), world.gate().policies()));
        world.namespaces.clear();
        world.take(Changes { namespaces: BTreeSet::from(["x".to_string()]), ..Changes::default() });
        assert_eq!(world.owner("x"), "nobody");
        // Neither does what only changes a status.
        world.policies.clear();
        world.take(Changes { policies: true, ..tenants() });
        assert!(Arc::ptr_eq(before.policies(), world.gate().policies()));
    }

    #[test]
    fn a_malformed_tenant_and_a_policy_that_does_not_compile_do_not_stop_the_others() {
        let mut world = World::new();
        world.tenants.insert("broken".into(), record(1, json!({"quota": {"hard": {"cpus": "1"}}})));
        world.tenants.insert(
            "user".into(),
            record(3, json!({"rules": [{"rule": "user/own", "enforcement": "Warn"}]})),
        );
        let rego = "# METADATA\n# custom: {id: user/own}\npackage own\nimport rego.v1\ndeny contains \"no\" if input.object.x\n";
        world.policies.insert("good".into(), record(1, json!({"rego": rego})));
        world.policies.insert("clash".into(), record(2, json!({"rego": rego})));
        world.policies.insert("bad".into(), record(1, json!({"rego": "package bad\nx := ]\n"})));
        world.policies.insert("odd".into(), record(1, json!({"rego": 1})));
        world.take(Changes { tenants: true, policies: true, ..Changes::default() });
        assert_eq!(world.owner("payments"), "payments");
        assert_eq!(world.configuration.refused().collect::<Vec<_>>(), ["bad", "clash", "odd"]);
        assert_eq!(
            (
                world.configuration.problems_of("bad")[0].line,
                world.configuration.problems_of("bad")[0].column
            ),
            (2, 6)
        );
        assert!(world.configuration.problems_of("good").is_empty());
        let usable = |name: &str| world.configuration.tenants()[name].tenant.is_some();
        assert_eq!((usable("broken"), usable("user"), usable("payments")), (false, true, true));
        // The rule goes, and with it the tenant that names it.
        world.policies.clear();
        world.take(Changes { policies: true, ..Changes::default() });
        assert!(world.configuration.tenants()["user"].tenant.is_none());
    }

    #[test]
    fn the_older_of_two_claimants_keeps_the_namespace_and_the_newer_is_told() {
        let mut world = World::new();
        world.tenants.insert(
            "a-newer".into(),
            record(3, json!({"namespaces": {"names": ["payments", "own"]}})),
        );
        world.take(Changes { tenants: true, policies: true, ..Changes::default() });
        assert_eq!(
            (world.owner("payments").as_str(), world.owner("own").as_str()),
            ("payments", "a-newer")
        );
        assert!(world.configuration.doubles_of("payments").is_empty());
        let told = "tenants `a-newer` and `payments` both select namespace `payments`; a namespace belongs to one tenant";
        assert_eq!(world.configuration.doubles_of("a-newer"), [told]);
        world.tenants.remove("payments");
        world.take(tenants());
        assert_eq!(world.owner("payments"), "a-newer");
        assert!(world.configuration.doubles_of("a-newer").is_empty());
    }
}
