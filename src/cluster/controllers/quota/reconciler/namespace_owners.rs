//! Which tenant owns each namespace, as the leader knows it.
//!
//! A ledger records how new the knowledge was that it was counted with, so that none is counted with
//! older knowledge. Who owns a namespace belongs to it: that follows from the Namespace's labels as
//! they were watched here, and from FlinkTenants that the gate knows as they were watched here.
//! Where the gate knows them otherwise, older or newer, nothing is reconciled until both agree.

use super::Reconciler;
use super::tenant_state::TenantState;
use crate::cluster::controllers::quota::object_cache::NamespaceChange;
use crate::pipeline::Gate;
use crate::quota::ledger::KnownLimits;
use crate::tenant::Tenant;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

impl Reconciler {
    /// Takes another gate: tenants come and go, limits change, namespaces move, and so does what
    /// objects use.
    pub fn set_gate(&mut self, gate: Arc<Gate>, now: Instant) {
        let before = std::mem::replace(&mut self.gate, Arc::clone(&gate));
        let mut old = std::mem::take(&mut self.tenants);
        let other_context = before.context() != gate.context();
        let mut recount: BTreeSet<String> = BTreeSet::new();
        for tenant in gate.tenants().iter() {
            let limits = gate.limits_of(&tenant.name).cloned();
            let state = match old.remove(&tenant.name) {
                Some(mut state) => {
                    let same_spec =
                        Arc::ptr_eq(&state.tenant, tenant) || state.tenant.spec == tenant.spec;
                    if !same_spec || other_context {
                        recount.extend(state.namespaces.iter().cloned());
                    }
                    let of = |known: &Option<Arc<KnownLimits>>| {
                        known.as_ref().map(|known| known.limits.clone())
                    };
                    if of(&state.limits) != of(&limits) {
                        state.mark_changed(now);
                    }
                    (state.tenant, state.limits) = (Arc::clone(tenant), limits);
                    state
                }
                None => TenantState::new(Arc::clone(tenant), limits, now),
            };
            self.tenants.insert(tenant.name.clone(), state);
        }
        let namespaces: Vec<String> = self.objects.namespaces().map(str::to_owned).collect();
        recount.extend(namespaces.into_iter().filter(|namespace| self.assign(namespace, now)));
        // The owner of an empty namespace is found when an object comes.
        self.namespace_owners.retain(|namespace, _| self.objects.has_namespace(namespace));
        for (name, state) in &mut self.tenants {
            state.namespaces.retain(|namespace| {
                self.namespace_owners.get(namespace).and_then(Option::as_ref) == Some(name)
            });
        }
        for namespace in recount {
            self.recount(&namespace, now);
        }
        if !same(before.tenants().stored(), gate.tenants().stored()) {
            self.compare_all();
        }
    }

    /// A Namespace has changed or was deleted.
    pub(super) fn reassign(&mut self, namespace: &str, now: Instant) {
        if self.namespace_owners.contains_key(namespace) && self.assign(namespace, now) {
            self.recount(namespace, now);
        }
    }

    /// Finds the owner of a namespace, and lists it with that tenant; whether it is another owner
    /// than before.
    pub(super) fn assign(&mut self, namespace: &str, now: Instant) -> bool {
        let owner = self.owner_of(namespace);
        let known = self.namespace_owners.insert(namespace.to_owned(), owner.clone());
        if known.as_ref() == Some(&owner) {
            return false;
        }
        let moves = known.is_some();
        if let Some(state) = known.flatten().and_then(|tenant| self.tenants.get_mut(&tenant)) {
            state.namespaces.remove(namespace);
            state.mark_changed(now);
        }
        if let Some(state) = owner.and_then(|tenant| self.tenants.get_mut(&tenant)) {
            state.namespaces.insert(namespace.to_owned());
            if moves {
                state.mark_changed(now);
            }
        }
        true
    }

    /// The owner of a namespace by its labels as they were watched; `None` while it was not
    /// reported.
    fn owner_of(&self, namespace: &str) -> Option<String> {
        let labels = self.namespaces.known().get(namespace)?;
        let tenants = self.gate.tenants();
        let owner = tenants
            .owner_with_labels(namespace, labels)
            .unwrap_or_else(|| tenants.owner(namespace));
        owner.tenant().map(|tenant| tenant.name.clone())
    }

    /// The tenant that owns the objects of a namespace.
    pub(super) fn tenant_of(&self, namespace: &str) -> Option<Arc<Tenant>> {
        let owner = self.namespace_owners.get(namespace)?.as_ref();
        let state = owner.and_then(|tenant| self.tenants.get(tenant))?;
        Some(Arc::clone(&state.tenant))
    }

    /// Counts the objects of a namespace again.
    pub(super) fn recount(&mut self, namespace: &str, now: Instant) {
        let tenant = self.tenant_of(namespace);
        if self.objects.recount(namespace, &self.gate, tenant.as_deref()) {
            let namespace = namespace.to_owned();
            self.handle_change(NamespaceChange { namespace, counts: true, deleted: None }, now);
        }
    }

    /// Notes whether the gate knows a FlinkTenant as it was watched.
    pub(super) fn compare(&mut self, tenant: &str) {
        // Those from files are not watched.
        let of_gate = self
            .gate
            .tenants()
            .stored()
            .map(|told| told.get(tenant).map(|(created, spec)| (*created, spec)));
        let watched = self.flink_tenants.known().get(tenant);
        let watched = watched.map(|record| (record.created, &record.spec));
        if of_gate.is_none_or(|of_gate| of_gate == watched) {
            self.differing.remove(tenant);
        } else {
            self.differing.insert(tenant.to_owned());
        }
    }

    /// [`Self::compare`] for all.
    pub(super) fn compare_all(&mut self) {
        let of_gate = self.gate.tenants().stored().into_iter().flat_map(|told| told.keys());
        let names: BTreeSet<String> = of_gate
            .chain(self.flink_tenants.known().keys())
            .cloned()
            .chain(std::mem::take(&mut self.differing))
            .collect();
        names.iter().for_each(|name| self.compare(name));
    }
}

fn same<T>(one: Option<&Arc<T>>, other: Option<&Arc<T>>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => Arc::ptr_eq(one, other),
        (one, other) => one.is_none() && other.is_none(),
    }
}
