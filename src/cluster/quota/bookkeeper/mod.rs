//! What the leader knows and has to do: which tenant is to be looked at, by what, and what its
//! status should say.
//!
//! It is told what watches bring and what became of its tasks, and does nothing itself, so that all
//! of it can be tried without a cluster. Time is an argument for the same reason.

mod account;
mod agenda;
mod departed;
mod homes;
mod intake;
mod table;
pub mod task;
mod timings;

use super::census::Census;
use super::kinds::KINDS;
use crate::cluster::records::Record;
use crate::pipeline::Gate;
use crate::quota::commit::ReconcileError;
use crate::quota::ledger::Reconciliation;
use account::Account;
use departed::Departed;
use kube::api::ApiResource;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};
use table::Table;
pub use timings::Timings;

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

    /// Whether everything is known, and whose it is: until then nothing is settled.
    pub fn is_ready(&self) -> bool {
        self.known_otherwise.is_empty() && self.watches.values().all(Watch::is_known)
    }

    /// Objects were asked for whose requests are over, and were not there.
    pub fn departed(&mut self, uids: impl IntoIterator<Item = String>) {
        uids.into_iter().for_each(|uid| self.departed.note(uid));
    }

    /// A settling has ended.
    pub fn settled(
        &mut self,
        tenant: &str,
        outcome: Result<Reconciliation, ReconcileError>,
        now: Instant,
    ) {
        match outcome {
            Ok(settled) => {
                if let Some(account) = self.accounts.get_mut(tenant) {
                    account.settled(settled, now);
                }
            }
            Err(error) => {
                tracing::warn!(tenant, %error, "what a tenant uses was not settled; it is looked at again");
                self.put_off(
                    tenant,
                    now,
                    if matches!(error, ReconcileError::Stale(_)) {
                        self.timings.longest
                    } else {
                        self.timings.failed
                    },
                );
            }
        }
    }

    /// A settling came to no end.
    pub fn failed(&mut self, tenant: &str, now: Instant) {
        tracing::error!(
            tenant,
            "Flinkgate failed internally while it settled what a tenant uses; it is tried again"
        );
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
