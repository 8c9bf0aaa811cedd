//! A state of the model.

use flinkgate::quota::Usage;
use flinkgate::quota::ledger::{Ledger, LiveObject, Request};
use flinkgate::resource::quantity::Quantity;
use std::collections::{BTreeMap, BTreeSet};

pub fn cpu(cores: u64) -> Usage {
    std::iter::once(("cpu".to_owned(), Quantity::from_units(cores))).collect()
}

pub fn cores(usage: &Usage) -> u64 {
    usage.get("cpu").units_ceil()
}

/// The kinds that count. Each has its own revisions, because the protocol never compares those of
/// different kinds.
pub const KINDS: [&str; 3] = ["FlinkDeployment", "Pod", "PersistentVolumeClaim"];

pub fn kind_index(live: &LiveObject) -> usize {
    KINDS.iter().position(|kind| *kind == live.object.kind).unwrap()
}

/// The whole system at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct State {
    /// By kind, the objects at each revision that a leader may still see; the last is current.
    pub kinds: [Vec<(u64, Vec<LiveObject>)>; KINDS.len()],
    /// The owners of the namespace that moves, in order; the last is current.
    pub owners: Vec<usize>,
    /// The tenants' limits, in order; the last is current.
    pub limits: Vec<u64>,
    /// By tenant, the stored ledger and its version.
    pub stores: Vec<(u64, Ledger)>,
    /// By tenant, the most that it may use: its limit, or after a lowered limit what it still uses.
    pub ceilings: Vec<u64>,
    /// By UID, the tenant that was charged; only if a namespace moves.
    pub charged: BTreeMap<String, usize>,
    /// By name, objects before their last change.
    pub previous: BTreeMap<String, LiveObject>,
    pub calls: Vec<Call>,
    pub replicas: Vec<Replica>,
    pub leaders: Vec<Leader>,
    /// The Lease's resource version.
    pub lease: u64,
    /// Writes whose sender is gone or no longer waits.
    pub orphans: Vec<Write>,
    pub budget: FaultBudget,
    /// Whether an admission raised a ledger above its limit.
    pub limit_exceeded: bool,
}

/// How many more faults may happen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct FaultBudget {
    pub crashes: u8,
    pub losses: u8,
    pub timeouts: u8,
    pub elections: u8,
    pub stale: u8,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Call {
    Idle { retries: u8 },
    Waiting { retries: u8, replica: usize, tenant: usize, since: u64, request: Request },
    Admitted { retries: u8, tenant: usize, since: u64, request: Request },
    Done { stored: bool },
}

/// Which limits and which owner of the namespace a replica has seen, by index.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct ConfigVersions {
    pub limits: usize,
    pub owners: usize,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Replica {
    pub config: ConfigVersions,
    /// By tenant.
    pub queues: Vec<ReplicaQueue>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct ReplicaQueue {
    pub cached: Option<(u64, Ledger)>,
    pub write: Option<Write>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Leader {
    /// The Lease's resource version when it became the leader; 0 before.
    pub lease: u64,
    pub config: ConfigVersions,
    /// By kind, the revision up to which it has watched.
    pub positions: [u64; KINDS.len()],
    /// By tenant, the stamp below which requests have finished with a known outcome.
    pub finished_below: Vec<u64>,
    /// UIDs that it looked up and did not find. They never return, even if its watches still show
    /// them.
    pub deleted: BTreeSet<String>,
    /// By tenant.
    pub writes: Vec<Option<Write>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Write {
    pub tenant: usize,
    pub expected: u64,
    pub ledger: Ledger,
    /// The calls to admit and to refuse once the write has landed.
    pub admitted: Vec<usize>,
    pub refused: Vec<usize>,
}

impl State {
    /// The objects of a kind at a revision.
    pub fn at(&self, kind: usize, revision: u64) -> &[LiveObject] {
        &self.kinds[kind].iter().rfind(|(at, _)| *at <= revision).unwrap().1
    }

    /// The next revision of a kind.
    pub fn next_revision(&self, kind: usize, revision: u64) -> Option<u64> {
        self.kinds[kind].iter().map(|(at, _)| *at).find(|at| *at > revision)
    }

    /// The current revision of a kind.
    pub fn revision(&self, kind: usize) -> u64 {
        self.kinds[kind].last().unwrap().0
    }

    pub fn live_objects(&self) -> impl Iterator<Item = &LiveObject> {
        self.kinds.iter().flat_map(|history| &history.last().unwrap().1)
    }

    pub fn live_object(&self, name: &str) -> Option<&LiveObject> {
        self.live_objects().find(|live| live.object.name == name)
    }

    /// Stores or removes an object, as a new revision of its kind.
    pub fn store(&mut self, kind: usize, name: &str, object: Option<LiveObject>) {
        let (revision, objects) = self.kinds[kind].last().unwrap();
        let (revision, mut objects) = (revision + 1, objects.clone());
        if let Some(index) = objects.iter().position(|live| live.object.name == name) {
            let before = objects.remove(index);
            if self.budget.stale > 0 {
                self.previous.insert(name.to_owned(), before);
            }
        }
        objects.extend(object.map(|object| LiveObject { version: revision, ..object }));
        objects.sort_by(|a, b| a.object.cmp(&b.object));
        self.kinds[kind].push((revision, objects));
    }

    /// The tenant of an object for a replica that has seen owners up to this index.
    pub fn tenant_of(&self, live: &LiveObject, owners: usize) -> usize {
        if live.object.namespace == "moves" { self.owners[owners] } else { self.stores.len() - 1 }
    }

    /// The current tenant of an object.
    pub fn true_tenant(&self, live: &LiveObject) -> usize {
        self.tenant_of(live, self.owners.len() - 1)
    }

    /// The stamp below which all requests to a ledger have finished. Others have a later stamp, or
    /// will get one.
    pub fn finished_below(&self, of: usize) -> u64 {
        let since = self.calls.iter().filter_map(|call| match call {
            Call::Waiting { since, tenant, .. } | Call::Admitted { since, tenant, .. }
                if *tenant == of =>
            {
                Some(*since)
            }
            _ => None,
        });
        since.min().unwrap_or(u64::MAX).min(self.stores[of].1.next_stamp())
    }

    pub fn drop_unobserved_revisions(&mut self) {
        if self.budget.stale == 0 {
            self.previous.clear();
        }
        for kind in 0..KINDS.len() {
            // A new leader lists the objects when it begins to lead.
            let leads = |leader: &&Leader| leader.lease > 0;
            let oldest = self
                .leaders
                .iter()
                .filter(leads)
                .map(|leader| leader.positions[kind])
                .min()
                .unwrap_or(u64::MAX);
            while self.kinds[kind].len() > 1 && self.kinds[kind][1].0 <= oldest {
                self.kinds[kind].remove(0);
            }
        }
    }
}
