//! Everything there is at one moment of the model.

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

/// The kinds that count; each has revisions of its own, for those of different kinds are never
/// compared.
pub const KINDS: [&str; 2] = ["FlinkDeployment", "Pod"];

pub fn kind_index(living: &LiveObject) -> usize {
    KINDS.iter().position(|kind| *kind == living.object.kind).unwrap()
}

/// Everything there is at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct State {
    /// By kind, the objects at every revision that somebody may still see; the last is now.
    pub kinds: [Vec<(u64, Vec<LiveObject>)>; 2],
    /// Whose the namespace that moves was and is.
    pub owners: Vec<usize>,
    /// The tenants' limit as it was and is.
    pub limits: Vec<u64>,
    /// By tenant, the stored ledger and its version.
    pub stores: Vec<(u64, Ledger)>,
    /// By tenant, what it may use at most: its limit, or less and less of what it had when that was
    /// lowered.
    pub ceilings: Vec<u64>,
    /// By UID, which tenant was charged; kept where namespaces move.
    pub charged: BTreeMap<String, usize>,
    /// Objects as they were before their last change, by name.
    pub previous: BTreeMap<String, LiveObject>,
    pub calls: Vec<Call>,
    pub replicas: Vec<Replica>,
    pub leaders: Vec<Leader>,
    /// The Lease's resource version.
    pub lease: u64,
    /// Writes of which the sender knows nothing any more.
    pub orphans: Vec<Write>,
    pub left: Left,
    /// Whether an admission made a ledger pass its limit.
    pub passed: bool,
}

/// What may still go wrong.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Left {
    pub crashes: u8,
    pub losses: u8,
    pub timeouts: u8,
    pub elections: u8,
    pub stale: u8,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Call {
    Idle { retries: u8 },
    Asked { retries: u8, replica: usize, tenant: usize, since: u64, request: Request },
    Admitted { retries: u8, tenant: usize, since: u64, request: Request },
    Over { stored: bool },
}

/// Which of the limits and of the namespace's owners one has heard of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Heard {
    pub limits: usize,
    pub owners: usize,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Replica {
    pub heard: Heard,
    /// By tenant.
    pub desks: Vec<Desk>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Desk {
    pub kept: Option<(u64, Ledger)>,
    pub write: Option<Write>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Leader {
    /// The Lease's resource version when it became the leader; 0 before.
    pub lease: u64,
    pub heard: Heard,
    /// By kind, the revision up to which it has seen everything.
    pub positions: [u64; 2],
    /// By tenant, the stamp below which requests are over, and what became of them is known.
    pub overs: Vec<u64>,
    /// UIDs that it asked for and that were not there: they never will be, whatever its watches
    /// show yet.
    pub gone: BTreeSet<String>,
    /// By tenant.
    pub writes: Vec<Option<Write>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Write {
    pub tenant: usize,
    pub expected: u64,
    pub ledger: Ledger,
    /// Calls that will be admitted, and those that will be refused.
    pub admitted: Vec<usize>,
    pub refused: Vec<usize>,
}

impl State {
    /// The objects of a kind at a revision.
    pub fn at(&self, kind: usize, revision: u64) -> &[LiveObject] {
        &self.kinds[kind].iter().rfind(|(at, _)| *at <= revision).unwrap().1
    }

    /// The revision of a kind that comes after another.
    pub fn after(&self, kind: usize, revision: u64) -> Option<u64> {
        self.kinds[kind].iter().map(|(at, _)| *at).find(|at| *at > revision)
    }

    /// The revision at which a kind stands.
    pub fn last(&self, kind: usize) -> u64 {
        self.kinds[kind].last().unwrap().0
    }

    pub fn now(&self) -> impl Iterator<Item = &LiveObject> {
        self.kinds.iter().flat_map(|history| &history.last().unwrap().1)
    }

    pub fn living(&self, name: &str) -> Option<&LiveObject> {
        self.now().find(|living| living.object.name == name)
    }

    /// Stores an object, or removes it: a new revision of its kind.
    pub fn store(&mut self, kind: usize, name: &str, object: Option<LiveObject>) {
        let (revision, objects) = self.kinds[kind].last().unwrap();
        let (revision, mut objects) = (revision + 1, objects.clone());
        if let Some(index) = objects.iter().position(|living| living.object.name == name) {
            let before = objects.remove(index);
            if self.left.stale > 0 {
                self.previous.insert(name.to_owned(), before);
            }
        }
        objects.extend(object.map(|object| LiveObject { version: revision, ..object }));
        objects.sort_by(|a, b| a.object.cmp(&b.object));
        self.kinds[kind].push((revision, objects));
    }

    /// Whose an object is, for one who has heard of so many owners of the namespace that moves.
    pub fn tenant_of(&self, living: &LiveObject, owners: usize) -> usize {
        if living.object.namespace == "moves" { self.owners[owners] } else { self.stores.len() - 1 }
    }

    /// Whose it really is.
    pub fn true_tenant(&self, living: &LiveObject) -> usize {
        self.tenant_of(living, self.owners.len() - 1)
    }

    /// Requests to a ledger below this stamp are over: those that are not got later ones, or will.
    pub fn stamps_over(&self, of: usize) -> u64 {
        let since = self.calls.iter().filter_map(|call| match call {
            Call::Asked { since, tenant, .. } | Call::Admitted { since, tenant, .. }
                if *tenant == of =>
            {
                Some(*since)
            }
            _ => None,
        });
        since.min().unwrap_or(u64::MAX).min(self.stores[of].1.next_stamp())
    }

    pub fn forget_what_nobody_sees(&mut self) {
        if self.left.stale == 0 {
            self.previous.clear();
        }
        for kind in 0..KINDS.len() {
            // Who does not lead yet will list what there is then.
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
