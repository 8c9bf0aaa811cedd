//! What is due, and by what it is to be done.

use super::Bookkeeper;
use super::task::Task;
use crate::cluster::quota::kinds::Kind;
use crate::cluster::quota::live::Doubt;
use crate::cluster::quota::standing::Standing;
use crate::quota::ledger::{HORIZON, View};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Under this name the Lease's version stands among a view's positions.
const LEASE_KIND: &str = "Lease";
/// How often it is looked for ledgers that nobody needs.
const CLOSING: Duration = Duration::from_secs(1);

impl Bookkeeper {
    /// Up to so many tasks that are due; each is to be [done](Self::settled) before another of its
    /// tenant comes.
    pub fn due(&mut self, now: Instant, most: usize) -> Vec<Task> {
        if !self.is_ready() {
            return Vec::new();
        }
        let mut tasks = Vec::new();
        let mut due: Vec<(Instant, &String)> = self
            .accounts
            .iter()
            .filter_map(|(name, account)| Some((account.due(now, &self.timings)?, name)))
            .collect();
        due.sort();
        let due: Vec<String> = due.into_iter().take(most).map(|(_, name)| name.clone()).collect();
        for tenant in due {
            tasks.extend(self.look(&tenant, now));
        }
        for (tenant, account) in &mut self.accounts {
            if tasks.len() >= most {
                break;
            }
            if !account.is_to_tell(now, &self.timings) {
                continue;
            }
            let Some(stored) = self.tenants.get(tenant).map(|record| &record.status) else {
                continue;
            };
            account.told = true;
            let limits = account.limits.as_ref().map(|known| &known.limits);
            let status = account
                .standing
                .as_ref()
                .and_then(|standing| standing.due(limits, stored, jiff::Timestamp::now()));
            if let Some(status) = status {
                account.telling = true;
                tasks.push(Task::Tell { tenant: tenant.clone(), status });
            }
        }
        if tasks.len() < most
            && self.closed.is_none_or(|closed| now.saturating_duration_since(closed) >= CLOSING)
        {
            self.closed = Some(now);
            tasks.extend(self.unneeded(now));
        }
        tasks
    }

    /// A look at a tenant. Which requests are over is asked first: what is looked at afterwards
    /// shows what became of them.
    fn look(&mut self, tenant: &str, now: Instant) -> Option<Task> {
        let account = self.accounts.get_mut(tenant)?;
        account.changed = None;
        let over = account.sightings.finished_below(now);
        // First what has gone: another one of its name may be there.
        let mut objects = account.hand_over();
        objects.extend(self.census.living(&account.namespaces, &account.open));
        objects.retain(|living| living.is_deleted() || !self.departed.has(&living.uid));
        let positions = self
            .watches
            .iter()
            .filter(|(_, watch)| watch.listed)
            .map(|(kind, watch)| ((*kind).to_owned(), watch.position));
        let tells = |kind: &str| Kind::named(kind).is_some_and(Kind::makes_views);
        let mut positions: BTreeMap<String, u64> =
            positions.filter(|(kind, _)| tells(kind)).collect();
        positions.insert(LEASE_KIND.to_owned(), self.lease);
        let Some(known) = account.limits.clone() else {
            account.open.clear();
            account.stand(Standing::of(&View { objects, positions, finished_below: over }), now);
            return None;
        };
        account.busy = true;
        let doubts = account.open.iter().filter(|open| open.stamp < over).filter_map(|open| {
            let watch = self.watches.get(open.object.kind.as_str());
            let seen = self.census.version(&open.object, &open.uid);
            let position = watch.filter(|watch| watch.listed).map(|watch| watch.position);
            let resource = watch.and_then(|watch| watch.resource.clone());
            (!open.has_known_outcome(seen, position)).then(|| Doubt {
                open: open.clone(),
                seen,
                resource,
            })
        });
        let doubts = doubts.collect();
        Some(Task::Settle {
            tenant: tenant.to_owned(),
            view: View { objects, positions, finished_below: over },
            doubts,
            known,
        })
    }

    /// Ledgers that have been of no use for as long as a request may take.
    fn unneeded(&mut self, now: Instant) -> Vec<Task> {
        let mut tasks = Vec::new();
        for (tenant, ledger) in self.ledgers.iter_mut() {
            if self.gate.limits_of(tenant).is_some() {
                ledger.unneeded = None;
                continue;
            }
            let since = *ledger.unneeded.get_or_insert(now);
            if now.saturating_duration_since(since) >= HORIZON {
                // Should it fail, it is tried again after as long.
                ledger.unneeded = Some(now);
                tasks.push(Task::Close {
                    tenant: tenant.clone(),
                    uid: ledger.uid.clone(),
                    version: ledger.version.clone(),
                });
            }
        }
        tasks
    }
}
