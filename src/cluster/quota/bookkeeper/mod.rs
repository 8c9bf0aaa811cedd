//! What the leader knows and has to do: which tenant is to be looked at, by what, and what its status should say.
//!
//! It is told what watches bring and what became of its tasks, and does nothing itself, so that all of it can be tried without a
//! cluster. Time is an argument for the same reason.

mod account;
mod departed;
mod homes;
mod table;

use super::census::{Census, Change};
use super::follow::Seen;
use super::kinds::{KINDS, Kind, Part};
use super::live::Doubt;
use super::standing::Standing;
use crate::cluster::records::Record;
use crate::pipeline::Gate;
use crate::quota::commit::Unsettled;
use crate::quota::ledger::{HORIZON, KnownLimits, Settled, View};
use account::Account;
use departed::Departed;
use kube::api::ApiResource;
use kube::core::DynamicObject;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};
use table::Table;

/// How often what happens without a change is done.
#[derive(Clone, Copy, Debug)]
pub struct Timings {
    /// A tenant is looked at when nothing has changed in it for so long.
    pub pause: Duration,
    /// And when its first change was so long ago.
    pub longest: Duration,
    /// Between looks at a tenant of which something is on its way.
    pub again: Duration,
    /// Before a tenant is looked at again whose look came to nothing.
    pub failed: Duration,
    /// Between writes of a tenant's status.
    pub status: Duration,
}

impl Default for Timings {
    fn default() -> Self {
        Self {
            pause: Duration::from_millis(250),
            longest: Duration::from_secs(1),
            again: Duration::from_secs(15),
            failed: Duration::from_secs(2),
            status: Duration::from_secs(2),
        }
    }
}

/// Something to do.
#[derive(Clone, Debug)]
pub enum Task {
    /// A tenant's ledger is to be settled.
    Settle {
        /// The tenant.
        tenant: String,
        /// By what; it may release up to the stamp in it but for what is doubtful.
        view: View,
        /// What is to be asked for before.
        doubts: Vec<Doubt>,
        /// The tenant's limits.
        known: Arc<KnownLimits>,
    },
    /// A tenant's status is to be written.
    Tell {
        /// The tenant.
        tenant: String,
        /// Its part of the status.
        status: Value,
    },
    /// A ledger that nobody needs any more is to be deleted.
    Close {
        /// Its tenant.
        tenant: String,
        /// Its UID.
        uid: String,
        /// Its resource version.
        version: String,
    },
}

impl Task {
    /// Whose it is.
    pub fn tenant(&self) -> &str {
        match self {
            Self::Settle { tenant, .. } | Self::Tell { tenant, .. } | Self::Close { tenant, .. } => tenant,
        }
    }

    /// What is to be done.
    pub fn what(&self) -> What {
        match self {
            Self::Settle { .. } => What::Settle,
            Self::Tell { .. } => What::Tell,
            Self::Close { .. } => What::Close,
        }
    }
}

/// What a task does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// Settles a ledger.
    Settle,
    /// Writes a status.
    Tell,
    /// Deletes a ledger.
    Close,
}

/// Everything the leader knows.
#[derive(Debug)]
pub struct Bookkeeper {
    timings: Timings,
    /// The Lease's version when this replica began to lead.
    lease: u64,
    gate: Arc<Gate>,
    census: Census,
    watches: BTreeMap<&'static str, Watch>,
    accounts: BTreeMap<String, Account>,
    /// The tenants of namespaces.
    homes: HashMap<String, Option<String>>,
    /// The labels of Namespaces.
    labels: Table<BTreeMap<String, String>>,
    /// The FlinkTenants.
    tenants: Table<Record>,
    /// FlinkTenants that the gate knows otherwise.
    known_otherwise: BTreeSet<String>,
    ledgers: Table<LedgerFile>,
    departed: Departed,
    closed: Option<Instant>,
}

/// How far a kind is known.
#[derive(Debug, Default)]
struct Watch {
    resource: Option<ApiResource>,
    /// Whether the cluster does not serve it.
    unserved: bool,
    listed: bool,
    broken: bool,
    position: u64,
}

impl Watch {
    fn is_known(&self) -> bool {
        self.unserved || (self.listed && !self.broken)
    }
}

/// A stored ledger.
#[derive(Clone, Debug, Default, PartialEq)]
struct LedgerFile {
    uid: String,
    version: String,
    /// Since when nobody needs it.
    unneeded: Option<Instant>,
}

/// Under this name the Lease's version stands among a view's positions.
const LEASE_KIND: &str = "Lease";
/// How often it is looked for ledgers that nobody needs.
const CLOSING: Duration = Duration::from_secs(1);

impl Bookkeeper {
    /// Nothing is known yet but whose namespaces are.
    pub fn new(lease: u64, gate: Arc<Gate>, timings: Timings, now: Instant) -> Self {
        let mut new = Self {
            timings,
            lease,
            gate: Arc::clone(&gate),
            census: Census::default(),
            watches: KINDS.iter().map(|kind| (kind.kind, Watch::default())).collect(),
            accounts: BTreeMap::new(),
            homes: HashMap::new(),
            labels: Table::default(),
            tenants: Table::default(),
            known_otherwise: BTreeSet::new(),
            ledgers: Table::default(),
            departed: Departed::default(),
            closed: None,
        };
        new.take_gate(gate, now);
        new.compare_all();
        new
    }

    /// The gate it works with.
    pub fn gate(&self) -> &Arc<Gate> {
        &self.gate
    }

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
                    Part::Namespaces => self.labels.listed().iter().for_each(|namespace| self.rehome(namespace, now)),
                    Part::Tenants => self.tenants.listed().iter().for_each(|tenant| self.compare(tenant)),
                    Part::Ledgers => self.ledgers.listed().iter().for_each(|tenant| self.touch(tenant, now)),
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

    fn take_object(&mut self, kind: &'static Kind, object: DynamicObject, now: Instant) -> Option<Change> {
        let namespace = object.metadata.namespace.as_ref()?;
        if !self.homes.contains_key(namespace) {
            self.move_in(namespace, now);
        }
        let tenant = self.tenant_of(namespace);
        self.census.take(kind, object, &self.gate, tenant.as_deref())
    }

    fn take_change(&mut self, change: Change, now: Instant) {
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
        let told = self.gate.tenants().told().and_then(|told| told.get(&name));
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
        let (Some(tenant), Some(uid), Some(version)) = (metadata.name, metadata.uid, metadata.resource_version) else { return };
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

    /// Whether everything is known, and whose it is: until then nothing is settled.
    pub fn is_ready(&self) -> bool {
        self.known_otherwise.is_empty() && self.watches.values().all(Watch::is_known)
    }

    /// Up to so many tasks that are due; each is to be [done](Self::settled) before another of its tenant comes.
    pub fn due(&mut self, now: Instant, most: usize) -> Vec<Task> {
        if !self.is_ready() {
            return Vec::new();
        }
        let mut tasks = Vec::new();
        let mut due: Vec<(Instant, &String)> =
            self.accounts.iter().filter_map(|(name, account)| Some((account.due(now, &self.timings)?, name))).collect();
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
            let Some(stored) = self.tenants.get(tenant).map(|record| &record.status) else { continue };
            account.told = true;
            let limits = account.limits.as_ref().map(|known| &known.limits);
            let status = account.standing.as_ref().and_then(|standing| standing.due(limits, stored, jiff::Timestamp::now()));
            if let Some(status) = status {
                account.telling = true;
                tasks.push(Task::Tell { tenant: tenant.clone(), status });
            }
        }
        if tasks.len() < most && self.closed.is_none_or(|closed| now.saturating_duration_since(closed) >= CLOSING) {
            self.closed = Some(now);
            tasks.extend(self.unneeded(now));
        }
        tasks
    }

    /// A look at a tenant. Which requests are over is asked first: what is looked at afterwards shows what became of them.
    fn look(&mut self, tenant: &str, now: Instant) -> Option<Task> {
        let account = self.accounts.get_mut(tenant)?;
        account.changed = None;
        let over = account.sightings.over(now);
        // First what has gone: another one of its name may be there.
        let mut objects = account.hand_over();
        objects.extend(self.census.living(&account.namespaces, &account.open));
        objects.retain(|living| living.version == u64::MAX || !self.departed.has(&living.uid));
        let positions = self.watches.iter().filter(|(_, watch)| watch.listed).map(|(kind, watch)| ((*kind).to_owned(), watch.position));
        let tells = |kind: &str| Kind::named(kind).is_some_and(Kind::makes_views);
        let mut positions: BTreeMap<String, u64> = positions.filter(|(kind, _)| tells(kind)).collect();
        positions.insert(LEASE_KIND.to_owned(), self.lease);
        let Some(known) = account.limits.clone() else {
            account.open.clear();
            account.stand(Standing::of(&View { objects, positions, over }), now);
            return None;
        };
        account.busy = true;
        let doubts = account.open.iter().filter(|open| open.stamp < over).filter_map(|open| {
            let watch = self.watches.get(open.object.kind.as_str());
            let seen = self.census.version(&open.object, &open.uid);
            let position = watch.filter(|watch| watch.listed).map(|watch| watch.position);
            let resource = watch.and_then(|watch| watch.resource.clone());
            (!open.is_shown(seen, position)).then(|| Doubt { open: open.clone(), seen, resource })
        });
        let doubts = doubts.collect();
        Some(Task::Settle { tenant: tenant.to_owned(), view: View { objects, positions, over }, doubts, known })
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
                tasks.push(Task::Close { tenant: tenant.clone(), uid: ledger.uid.clone(), version: ledger.version.clone() });
            }
        }
        tasks
    }

    /// Objects were asked for whose requests are over, and were not there.
    pub fn departed(&mut self, uids: impl IntoIterator<Item = String>) {
        uids.into_iter().for_each(|uid| self.departed.note(uid));
    }

    /// A settling has ended.
    pub fn settled(&mut self, tenant: &str, outcome: Result<Settled, Unsettled>, now: Instant) {
        match outcome {
            Ok(settled) => {
                if let Some(account) = self.accounts.get_mut(tenant) {
                    account.settled(settled, now);
                }
            }
            Err(error) => {
                tracing::warn!(tenant, %error, "what a tenant uses was not settled; it is looked at again");
                self.put_off(tenant, now, if matches!(error, Unsettled::Stale(_)) { self.timings.longest } else { self.timings.failed });
            }
        }
    }

    /// A settling came to no end.
    pub fn failed(&mut self, tenant: &str, now: Instant) {
        tracing::error!(tenant, "Flinkgate failed internally while it settled what a tenant uses; it is tried again");
        self.put_off(tenant, now, self.timings.failed);
    }

    fn put_off(&mut self, tenant: &str, now: Instant, pause: Duration) {
        if let Some(account) = self.accounts.get_mut(tenant) {
            account.busy = false;
            account.touch(now);
            account.not_before = Some(now + pause);
        }
    }

    /// A status was written, or could not be.
    pub fn told(&mut self, tenant: &str, written: bool, now: Instant) {
        if let Some(account) = self.accounts.get_mut(tenant) {
            (account.telling, account.last_told) = (false, Some(now));
            // What was written comes back by the watch; until then it is not written again.
            account.told = written;
        }
    }
}

#[cfg(test)]
mod tests;
