//! What watches bring.

use super::{Bookkeeper, LedgerFile, Watch};
use crate::cluster::quota::census::Change;
use crate::cluster::quota::follow::Seen;
use crate::cluster::quota::kinds::{Kind, Part};
use crate::cluster::records::Record;
use kube::core::DynamicObject;
use std::sync::Arc;
use std::time::Instant;

impl Bookkeeper {
    /// Takes what a watch brings.
    pub fn take(&mut self, kind: &'static Kind, seen: Seen, now: Instant) {
        let Some(watch) = self.watches.get_mut(kind.kind) else { return };
        let mut changes = Vec::new();
        match seen {
            Seen::Began(resource) => {
                (watch.resource, watch.listed, watch.unserved) = (Some(resource), false, false);
                match kind.part {
                    Part::Counts | Part::Owns => self.census.began(kind),
                    Part::Namespaces => self.labels.began(),
                    Part::Tenants => self.tenants.began(),
                    Part::Ledgers => self.ledgers.began(),
                }
            }
            Seen::Listed(position) => {
                (watch.position, watch.listed, watch.broken) = (position, true, false);
                match kind.part {
                    Part::Counts | Part::Owns => changes = self.census.listed(kind),
                    Part::Namespaces => self
                        .labels
                        .listed()
                        .iter()
                        .for_each(|namespace| self.rehome(namespace, now)),
                    Part::Tenants => {
                        self.tenants.listed().iter().for_each(|tenant| self.compare(tenant))
                    }
                    Part::Ledgers => {
                        self.ledgers.listed().iter().for_each(|tenant| self.touch(tenant, now))
                    }
                }
            }
            Seen::Position(position) => watch.position = position,
            Seen::Broke => watch.broken = true,
            Seen::Resumed => watch.broken = false,
            Seen::Unserved => {
                *watch = Watch { unserved: true, ..Watch::default() };
                changes = self.census.unserved(kind);
            }
            Seen::Object(object) => match kind.part {
                Part::Counts | Part::Owns => changes.extend(self.take_object(kind, *object, now)),
                Part::Namespaces => self.take_namespace(*object, now),
                Part::Tenants => self.take_tenant(*object),
                Part::Ledgers => self.take_ledger(*object, now),
            },
            Seen::Gone(object) => match kind.part {
                Part::Counts | Part::Owns => changes.extend(self.census.gone(kind, &object)),
                Part::Namespaces => {
                    let namespace = object.metadata.name.unwrap_or_default();
                    self.labels.remove(&namespace);
                    self.rehome(&namespace, now);
                }
                Part::Tenants => {
                    let tenant = object.metadata.name.unwrap_or_default();
                    self.tenants.remove(&tenant);
                    self.compare(&tenant);
                }
                Part::Ledgers => {
                    let tenant = object.metadata.name.unwrap_or_default();
                    self.ledgers.remove(&tenant);
                    self.touch(&tenant, now);
                }
            },
        }
        for change in changes {
            self.take_change(change, now);
        }
    }

    fn take_object(
        &mut self,
        kind: &'static Kind,
        object: DynamicObject,
        now: Instant,
    ) -> Option<Change> {
        let namespace = object.metadata.namespace.as_ref()?;
        if !self.homes.contains_key(namespace) {
            self.move_in(namespace, now);
        }
        let tenant = self.tenant_of(namespace);
        self.census.take(kind, object, &self.gate, tenant.as_deref())
    }

    pub(super) fn take_change(&mut self, change: Change, now: Instant) {
        let home = self.homes.get(&change.namespace).cloned().flatten();
        if let Some(account) = home.and_then(|tenant| self.accounts.get_mut(&tenant)) {
            // A version alone matters only to what waits for one.
            if change.counts || account.waits() {
                account.touch(now);
            }
            account.goes(change.gone);
        }
    }

    fn take_tenant(&mut self, object: DynamicObject) {
        let (name, mut record) = Record::of(object);
        // Where the gate has the very same spec, one is enough for both.
        let told = self.gate.tenants().stored().and_then(|told| told.get(&name));
        if let Some((_, spec)) = told.filter(|(_, spec)| *spec == record.spec) {
            record.spec = Arc::clone(spec);
        }
        if let Some(account) = self.accounts.get_mut(&name) {
            account.told = false;
        }
        self.tenants.put(name.clone(), record);
        self.compare(&name);
    }

    fn take_ledger(&mut self, object: DynamicObject, now: Instant) {
        let metadata = object.metadata;
        let (Some(tenant), Some(uid), Some(version)) =
            (metadata.name, metadata.uid, metadata.resource_version)
        else {
            return;
        };
        let known = self.ledgers.get(&tenant);
        // What this leader wrote comes back to it, and a list tells what is known.
        let same = known.is_some_and(|known| known.version == version);
        let unneeded = known.and_then(|known| known.unneeded);
        self.ledgers.put(tenant.clone(), LedgerFile { uid, version, unneeded });
        if !same {
            self.touch(&tenant, now);
        }
    }

    fn touch(&mut self, tenant: &str, now: Instant) {
        if let Some(account) = self.accounts.get_mut(tenant) {
            account.touch(now);
        }
    }
}
