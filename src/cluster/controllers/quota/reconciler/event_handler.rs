//! What the events of watches change.

use super::{Reconciler, StoredLedger, WatchState};
use crate::cluster::controllers::quota::object_cache::NamespaceChange;
use crate::cluster::watch::Event;
use crate::cluster::watch::records::Record;
use crate::flink::container_defaults::ContainerDefaults;
use crate::kinds::{Kind, Watched};
use crate::quota::ledger::admitted;
use kube::core::DynamicObject;
use std::sync::Arc;
use std::time::Instant;

impl Reconciler {
    /// Handles an event of a kind's watch.
    pub fn handle(&mut self, kind: &'static Kind, event: Event, now: Instant) {
        let Some(watch) = self.watches.get_mut(kind.kind) else { return };
        watch.take(&event);
        match kind.watched {
            Some(Watched::Namespaces) => self.handle_namespace(event, now),
            Some(Watched::LimitRanges) => self.handle_limit_range(event),
            Some(Watched::Tenants) => self.handle_tenant(event),
            Some(Watched::Ledgers) => self.handle_ledger(event, now),
            _ => self.handle_object(kind, event, now),
        }
    }

    fn handle_object(&mut self, kind: &'static Kind, event: Event, now: Instant) {
        let changes = match event {
            Event::ListStarted(_) => {
                self.objects.list_started(kind);
                Vec::new()
            }
            Event::Listed(_) => self.objects.list_completed(kind),
            Event::Unserved => self.objects.remove_kind(kind),
            Event::Applied(object) => self.apply_object(kind, *object, now).into_iter().collect(),
            Event::Deleted(object) => self.objects.remove(kind, &object).into_iter().collect(),
            Event::Position(_) | Event::Interrupted(_) | Event::Resumed => Vec::new(),
        };
        for change in changes {
            self.handle_change(change, now);
        }
    }

    fn apply_object(
        &mut self,
        kind: &'static Kind,
        object: DynamicObject,
        now: Instant,
    ) -> Option<NamespaceChange> {
        let namespace = object.metadata.namespace.as_ref()?;
        if !self.namespace_owners.contains_key(namespace) {
            self.assign(namespace, now);
        }
        let tenant = self.tenant_of(namespace);
        self.objects.apply(kind, object, &self.gate, tenant.as_deref())
    }

    pub(super) fn handle_change(&mut self, change: NamespaceChange, now: Instant) {
        let owner = self.namespace_owners.get(&change.namespace).cloned().flatten();
        if let Some(state) = owner.and_then(|tenant| self.tenants.get_mut(&tenant)) {
            // A version alone matters only to a tenant with open reservations.
            if change.counts || state.has_open_reservations() {
                state.mark_changed(now);
            }
            state.add_deleted(change.deleted);
        }
    }

    fn handle_namespace(&mut self, event: Event, now: Instant) {
        let labels = |object: DynamicObject| Some(object.metadata.labels.unwrap_or_default());
        let changed = self.namespaces.apply(event, labels);
        changed.iter().for_each(|namespace| self.reassign(namespace, now));
    }

    fn handle_limit_range(&mut self, event: Event) {
        let changed = self.limit_ranges.apply(event, |object| {
            let mut defaults = ContainerDefaults::default();
            defaults.add(&object.data);
            Some(defaults)
        });
        let namespaces = changed.iter().filter_map(|key| key.split_once('/'));
        self.changed_ranges.extend(namespaces.map(|(namespace, _)| namespace.to_owned()));
    }

    /// Counts objects again where LimitRanges have changed.
    pub(super) fn recount_ranges(&mut self, now: Instant) {
        if self.changed_ranges.is_empty() {
            return;
        }
        let pause = self.timings.ranges;
        self.recounted.retain(|_, at| now.saturating_duration_since(*at) < pause);
        let is_due = |namespace: &&String| !self.recounted.contains_key(*namespace);
        let due: Vec<String> = self.changed_ranges.iter().filter(is_due).cloned().collect();
        for namespace in due {
            self.changed_ranges.remove(&namespace);
            let first = format!("{namespace}/");
            let all = self.limit_ranges.known().range(first.clone()..);
            let all = all.take_while(|(key, _)| key.starts_with(&first)).map(|(_, given)| *given);
            if self.objects.set_container_defaults(&namespace, all.collect()) {
                self.recount(&namespace, now);
                self.recounted.insert(namespace, now);
            }
        }
    }

    fn handle_tenant(&mut self, event: Event) {
        let gate = &self.gate;
        let changed = self.flink_tenants.apply(event, |object| {
            let name = object.metadata.name.clone().unwrap_or_default();
            let mut record = Record::of(object);
            // Where the gate has the same spec, both share it.
            let of_gate = gate.tenants().stored().and_then(|told| told.get(&name));
            if let Some((_, spec)) = of_gate.filter(|(_, spec)| *spec == record.spec) {
                record.spec = Arc::clone(spec);
            }
            Some(record)
        });
        for tenant in changed {
            if let Some(state) = self.tenants.get_mut(&tenant) {
                state.status_written = false;
            }
            self.compare(&tenant);
        }
    }

    fn handle_ledger(&mut self, event: Event, now: Instant) {
        // What this leader wrote comes back with the version that is known.
        let changed = self.ledgers.apply(event, |object| {
            let metadata = object.metadata;
            Some(StoredLedger { uid: metadata.uid?, version: metadata.resource_version? })
        });
        for ledger in changed {
            if let Some(tenant) = admitted::tenant_of(&ledger) {
                if let Some(state) = self.tenants.get_mut(tenant) {
                    state.admitted.mark_changed();
                }
            } else if let Some(state) = self.tenants.get_mut(&ledger) {
                state.mark_changed(now);
            }
        }
    }
}

impl WatchState {
    fn take(&mut self, event: &Event) {
        match event {
            Event::ListStarted(resource) => {
                self.resource = Some(resource.clone());
                (self.listed, self.unserved) = (false, false);
            }
            Event::Listed(position) => {
                (self.position, self.listed, self.broken) = (*position, true, false);
            }
            Event::Position(position) => self.position = *position,
            Event::Interrupted(_) => self.broken = true,
            Event::Resumed => self.broken = false,
            Event::Unserved => *self = Self { unserved: true, ..Self::default() },
            Event::Applied(_) | Event::Deleted(_) => {}
        }
    }
}
