//! Which tasks are due.

use super::Reconciler;
use super::task::Task;
use crate::cluster::controllers::quota::existence::Unconfirmed;
use crate::cluster::controllers::quota::kinds;
use crate::cluster::controllers::quota::object_cache::NamespaceChange;
use crate::cluster::controllers::quota::status::QuotaStatus;
use crate::quota::ledger::{HORIZON, View, admitted};
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// The name of the Lease's version among the positions of a view.
const LEASE_KIND: &str = "Lease";
/// How often ledgers that are no longer needed are looked for.
const UNNEEDED: Duration = Duration::from_secs(1);

impl Reconciler {
    /// Up to `most` tasks that are due; each has to be reported as done before there is another one
    /// for its tenant.
    pub fn due(&mut self, now: Instant, most: usize) -> Vec<Task> {
        if !self.is_ready() {
            return Vec::new();
        }
        self.recount_ranges(now);
        for namespace in self.objects.departed(Timestamp::now()) {
            self.handle_change(NamespaceChange { namespace, counts: true, deleted: None }, now);
        }
        let mut tasks = Vec::new();
        let mut due: Vec<(Instant, &String)> = self
            .tenants
            .iter()
            .filter_map(|(name, state)| Some((state.due_since(now, &self.timings)?, name)))
            .collect();
        due.sort();
        let due: Vec<String> = due.into_iter().take(most).map(|(_, name)| name.clone()).collect();
        for tenant in due {
            tasks.extend(self.reconcile(&tenant, now));
        }
        for (tenant, state) in &mut self.tenants {
            if tasks.len() >= most {
                break;
            }
            if !state.is_status_due(now, &self.timings) {
                continue;
            }
            let Some(stored) =
                self.flink_tenants.known().get(tenant).map(|record| record.status.value())
            else {
                continue;
            };
            state.status_written = true;
            let limits = state.limits.as_ref().map(|known| &known.limits);
            let status = state
                .status
                .as_ref()
                .and_then(|status| status.update(limits, &stored, jiff::Timestamp::now()));
            if let Some(status) = status {
                state.writing_status = true;
                tasks.push(Task::WriteStatus { tenant: tenant.clone(), status });
            }
        }
        if tasks.len() < most
            && self
                .checked_ledgers
                .is_none_or(|checked| now.saturating_duration_since(checked) >= UNNEEDED)
        {
            self.checked_ledgers = Some(now);
            tasks.extend(self.unneeded_ledgers(now));
        }
        tasks
    }

    /// The reconciliation of a tenant. Which requests have ended is determined first: what is read
    /// afterwards shows their results.
    fn reconcile(&mut self, tenant: &str, now: Instant) -> Option<Task> {
        let state = self.tenants.get_mut(tenant)?;
        state.changed = None;
        let over = state.sightings.finished_below(now);
        // Deleted objects first: another one of the same name may exist.
        let mut objects = state.hand_over_deleted();
        objects.extend(self.objects.living(&state.namespaces, &state.open, Timestamp::now()));
        objects.retain(|living| living.is_deleted() || !self.tombstones.contains(&living.uid));
        state.admitted.see(&objects);
        let positions = self
            .watches
            .iter()
            .filter(|(kind, watch)| {
                watch.listed && kinds::named(kind).is_some_and(kinds::is_in_views)
            })
            .map(|(kind, watch)| ((*kind).to_owned(), watch.position));
        let mut positions: BTreeMap<String, u64> = positions.collect();
        positions.insert(LEASE_KIND.to_owned(), self.lease_version);
        let Some(known) = state.limits.clone() else {
            state.open.clear();
            state.set_status(
                QuotaStatus::of(&View { objects, positions, finished_below: over }),
                now,
            );
            return None;
        };
        state.reconciling = true;
        let history = state.take_history(|open| self.objects.contains(&open.object));
        let asking = self.objects.running_pods(state.asking(), Timestamp::now());
        let orphans = state.orphans(
            now,
            |owner| self.objects.contains(owner),
            |open| asking.contains(open.asked_by.as_str()),
        );
        let orphans = orphans.into_iter().map(|open| {
            let seen = self.objects.version(&open.object, &open.uid);
            Unconfirmed { open, seen, resource: None }
        });
        let orphans = orphans.collect();
        let unconfirmed = state.open.iter().filter(|open| open.stamp < over).filter_map(|open| {
            let watch = self.watches.get(open.object.kind.as_str());
            let seen = self.objects.version(&open.object, &open.uid);
            let position = watch.filter(|watch| watch.listed).map(|watch| watch.position);
            let resource = watch.and_then(|watch| watch.resource.clone());
            (!open.has_known_outcome(seen, position)).then(|| Unconfirmed {
                open: open.clone(),
                seen,
                resource,
            })
        });
        let unconfirmed = unconfirmed.collect();
        Some(Task::Reconcile {
            tenant: tenant.to_owned(),
            view: View { objects, positions, finished_below: over },
            unconfirmed,
            orphans,
            history,
            known,
        })
    }

    /// Ledgers that were not needed for as long as a request may take.
    fn unneeded_ledgers(&mut self, now: Instant) -> Vec<Task> {
        let (gate, ledgers) = (&self.gate, self.ledgers.known());
        let is_unneeded = |ledger: &String| {
            ledgers.contains_key(ledger)
                && match admitted::tenant_of(ledger) {
                    Some(tenant) => !self.tenants.contains_key(tenant),
                    None => gate.limits_of(ledger).is_none(),
                }
        };
        self.unneeded_since.retain(|tenant, _| is_unneeded(tenant));
        let mut tasks = Vec::new();
        for (tenant, ledger) in ledgers.iter().filter(|(tenant, _)| is_unneeded(tenant)) {
            let since = self.unneeded_since.entry(tenant.clone()).or_insert(now);
            if now.saturating_duration_since(*since) >= HORIZON {
                // A deletion that fails is retried after as long.
                *since = now;
                tasks.push(Task::DeleteLedger {
                    tenant: tenant.clone(),
                    uid: ledger.uid.clone(),
                    version: ledger.version.clone(),
                });
            }
        }
        tasks
    }
}
