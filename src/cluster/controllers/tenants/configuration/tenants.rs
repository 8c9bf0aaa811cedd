//! FlinkTenants, checked: each with what is in force of it.

use super::InForce;
use crate::cluster::watch::records::Record;
use crate::pipeline::tenant_check;
use crate::rego::PolicySet;
use crate::rules::enforcement;
use crate::tenant::check::FieldProblem;
use crate::tenant::ownership::StoredTenants;
use crate::tenant::readable::{self, ReadableParts};
use crate::tenant::{FlinkTenantSpec, Tenant};
use jiff::civil::Date;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A FlinkTenant, read.
#[derive(Debug)]
pub struct CheckedTenant {
    spec: Arc<Value>,
    created: i64,
    /// The tenant in force.
    pub tenant: Arc<Tenant>,
    /// What it was made from.
    pub in_force: InForce,
    /// Errors and warnings about the FlinkTenant as it is stored.
    pub remarks: Vec<FieldProblem>,
    /// The last valid version that was seen.
    valid: Option<Arc<Tenant>>,
}

/// All FlinkTenants.
#[derive(Debug, Default)]
pub(super) struct CheckedTenants(BTreeMap<String, CheckedTenant>);

impl CheckedTenants {
    pub(super) fn all(&self) -> &BTreeMap<String, CheckedTenant> {
        &self.0
    }

    /// Whether these differ from those that were checked last in more than their status.
    pub(super) fn differ(&self, tenants: &BTreeMap<String, Record>) -> bool {
        let same = |name: &String, record: &Record| {
            self.0.get(name).is_some_and(|checked| checked.is_of(record))
        };
        self.0.len() != tenants.len() || !tenants.iter().all(|(name, record)| same(name, record))
    }

    /// Checks the tenants that changed; all of them against other rules.
    pub(super) fn check(
        &mut self,
        set: &PolicySet,
        other_rules: bool,
        tenants: &BTreeMap<String, Record>,
    ) {
        let rules = set.rule_ids();
        let today = enforcement::today();
        let mut before = std::mem::take(&mut self.0);
        for (name, record) in tenants {
            let checked = match before.remove(name) {
                Some(known) if !other_rules && known.is_of(record) => known,
                known => CheckedTenant::new(name, record, known, &rules, today),
            };
            self.0.insert(name.clone(), checked);
        }
    }

    /// The tenants in force, the oldest first.
    pub(super) fn by_age(&self) -> Vec<Arc<Tenant>> {
        let mut all: Vec<(i64, &Arc<Tenant>)> =
            self.0.values().map(|checked| (checked.created, &checked.tenant)).collect();
        all.sort_by(|(a, one), (b, other)| a.cmp(b).then_with(|| one.name.cmp(&other.name)));
        all.into_iter().map(|(_, tenant)| Arc::clone(tenant)).collect()
    }

    /// The FlinkTenants as they are stored.
    pub(super) fn stored(&self) -> StoredTenants {
        let stored = |checked: &CheckedTenant| (checked.created, Arc::clone(&checked.spec));
        self.0.iter().map(|(name, checked)| (name.clone(), stored(checked))).collect()
    }
}

impl CheckedTenant {
    /// Checks a FlinkTenant; `known` is what was known of one of this name.
    fn new(name: &str, record: &Record, known: Option<Self>, rules: &[&str], today: Date) -> Self {
        let object = json!({"metadata": {"name": name}, "spec": *record.spec});
        let (spec, remarks) = tenant_check::check(&object, rules, today);
        let tenant = |spec: FlinkTenantSpec| Tenant {
            name: name.to_owned(),
            spec,
            version: record.version,
            ..Tenant::default()
        };
        // One that was created again is another tenant.
        let known = known.filter(|known| known.created == record.created);
        let valid = known.and_then(|known| known.valid);
        let (tenant, in_force) = match (spec, &valid) {
            (Some(spec), _) => (tenant(spec), InForce::AsStored),
            (None, Some(valid)) => {
                let readable = readable::read(&record.spec, rules, today);
                (with_namespaces(valid, &readable), InForce::LastValid)
            }
            (None, None) => {
                let ReadableParts { spec, unread, is_nothing } =
                    readable::read(&record.spec, rules, today);
                let in_force = if is_nothing { InForce::Nothing } else { InForce::ReadableParts };
                (Tenant { unread, ..tenant(spec) }, in_force)
            }
        };
        if let Some(wrong) = remarks.iter().find(|remark| !remark.is_usable()) {
            tracing::error!(
                tenant = name,
                pointer = wrong.pointer,
                problem = wrong.message,
                in_force = in_force.as_str(),
                "tenant not in force as it is stored"
            );
        }
        let tenant = Arc::new(tenant);
        let valid = if in_force == InForce::AsStored { Some(Arc::clone(&tenant)) } else { valid };
        let (spec, created) = (Arc::clone(&record.spec), record.created);
        Self { spec, created, tenant, in_force, remarks, valid }
    }

    /// Whether it was made from this record, which may have another status.
    fn is_of(&self, record: &Record) -> bool {
        self.spec == record.spec && self.created == record.created
    }
}

/// A valid tenant that also owns the namespaces that can be read in the stored version: a namespace
/// without an owner would have no rules.
fn with_namespaces(valid: &Tenant, stored: &ReadableParts) -> Tenant {
    let mut tenant = valid.clone();
    let names = &mut tenant.spec.namespaces.names;
    for name in &stored.spec.namespaces.names {
        if !names.contains(name) {
            names.push(name.clone());
        }
    }
    let selector = &mut tenant.spec.namespaces.selector;
    if selector.is_none() {
        selector.clone_from(&stored.spec.namespaces.selector);
    }
    tenant
}
