//! Whose each namespace is, as the leader follows it.
//!
//! A ledger keeps how new the knowledge was that it was counted with, so that none is counted with
//! less. Whose a namespace is belongs to that knowledge: it follows from the Namespace's labels as
//! they were followed here, and from FlinkTenants that the gate knows just as they were followed
//! here. Where the gate knows them otherwise, older or newer, nothing is looked at until both
//! agree.

use super::Bookkeeper;
use super::account::Account;
use crate::cluster::quota::census::Change;
use crate::pipeline::Gate;
use crate::quota::ledger::KnownLimits;
use crate::tenant::{TENANT_LABEL, Tenant};
use kube::core::DynamicObject;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

impl Bookkeeper {
    /// Takes another gate: tenants come and go, limits change, namespaces move, and what objects
    /// use follows from it, too.
    pub fn take_gate(&mut self, gate: Arc<Gate>, now: Instant) {
        let before = std::mem::replace(&mut self.gate, Arc::clone(&gate));
        let mut old = std::mem::take(&mut self.accounts);
        let other_surroundings = before.context() != gate.context();
        let mut recount: BTreeSet<String> = BTreeSet::new();
        for tenant in gate.tenants().iter() {
            let limits = gate.limits_of(&tenant.name).cloned();
            let account = match old.remove(&tenant.name) {
                Some(mut account) => {
                    let same_spec =
                        Arc::ptr_eq(&account.tenant, tenant) || account.tenant.spec == tenant.spec;
                    if !same_spec || other_surroundings {
                        recount.extend(account.namespaces.iter().cloned());
                    }
                    let of = |known: &Option<Arc<KnownLimits>>| {
                        known.as_ref().map(|known| known.limits.clone())
                    };
                    if of(&account.limits) != of(&limits) {
                        account.touch(now);
                    }
                    (account.tenant, account.limits) = (Arc::clone(tenant), limits);
                    account
                }
                None => Account::new(Arc::clone(tenant), limits, now),
            };
            self.accounts.insert(tenant.name.clone(), account);
        }
        let namespaces: Vec<String> = self.census.namespaces().map(str::to_owned).collect();
        recount.extend(namespaces.into_iter().filter(|namespace| self.move_in(namespace, now)));
        // Where there is nothing any more, it is found anew when something comes.
        self.homes.retain(|namespace, _| self.census.knows(namespace));
        for (name, account) in &mut self.accounts {
            account.namespaces.retain(|namespace| {
                self.homes.get(namespace).and_then(Option::as_ref) == Some(name)
            });
        }
        for namespace in recount {
            self.recount(&namespace, now);
        }
        if !same(before.tenants().stored(), gate.tenants().stored()) {
            self.compare_all();
        }
    }

    /// Takes a Namespace as it is now.
    pub(super) fn take_namespace(&mut self, object: DynamicObject, now: Instant) {
        let Some(name) = object.metadata.name else { return };
        let mut labels = object.metadata.labels.unwrap_or_default();
        // That one says whose it is thought to be; whose it is follows from the others.
        labels.remove(TENANT_LABEL);
        self.labels.put(name.clone(), labels);
        self.rehome(&name, now);
    }

    /// A Namespace is another, or no more.
    pub(super) fn rehome(&mut self, namespace: &str, now: Instant) {
        if self.homes.contains_key(namespace) && self.move_in(namespace, now) {
            self.recount(namespace, now);
        }
    }

    /// Finds whose a namespace is, and puts it among that tenant's; says whether it was not there
    /// before.
    pub(super) fn move_in(&mut self, namespace: &str, now: Instant) -> bool {
        let home = self.home(namespace);
        let known = self.homes.insert(namespace.to_owned(), home.clone());
        if known.as_ref() == Some(&home) {
            return false;
        }
        let moves = known.is_some();
        if let Some(account) = known.flatten().and_then(|tenant| self.accounts.get_mut(&tenant)) {
            account.namespaces.remove(namespace);
            account.touch(now);
        }
        if let Some(account) = home.and_then(|tenant| self.accounts.get_mut(&tenant)) {
            account.namespaces.insert(namespace.to_owned());
            if moves {
                account.touch(now);
            }
        }
        true
    }

    /// Whose a namespace is by the labels that were followed; nobody's while it was not told of.
    fn home(&self, namespace: &str) -> Option<String> {
        let labels = self.labels.get(namespace)?;
        let tenants = self.gate.tenants();
        let owner = tenants
            .owner_with_labels(namespace, labels)
            .unwrap_or_else(|| tenants.owner(namespace));
        owner.tenant().map(|tenant| tenant.name.clone())
    }

    /// The tenant in whose hands the objects of a namespace are.
    pub(super) fn tenant_of(&self, namespace: &str) -> Option<Arc<Tenant>> {
        let account =
            self.homes.get(namespace)?.as_ref().and_then(|tenant| self.accounts.get(tenant))?;
        Some(Arc::clone(&account.tenant))
    }

    fn recount(&mut self, namespace: &str, now: Instant) {
        let tenant = self.tenant_of(namespace);
        if self.census.recount(namespace, &self.gate, tenant.as_deref()) {
            self.take_change(
                Change { namespace: namespace.to_owned(), counts: true, gone: None },
                now,
            );
        }
    }

    /// Notes whether the gate knows a FlinkTenant as it was followed.
    pub(super) fn compare(&mut self, tenant: &str) {
        // Those from files are not followed.
        let told = self
            .gate
            .tenants()
            .stored()
            .map(|told| told.get(tenant).map(|(created, spec)| (*created, spec)));
        let followed = self.tenants.get(tenant).map(|record| (record.created, &record.spec));
        if told.is_none_or(|told| told == followed) {
            self.known_otherwise.remove(tenant);
        } else {
            self.known_otherwise.insert(tenant.to_owned());
        }
    }

    /// Notes it of all.
    pub(super) fn compare_all(&mut self) {
        let told = self.gate.tenants().stored().into_iter().flat_map(|told| told.keys());
        let names: BTreeSet<String> = told
            .chain(self.tenants.names())
            .cloned()
            .chain(std::mem::take(&mut self.known_otherwise))
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
