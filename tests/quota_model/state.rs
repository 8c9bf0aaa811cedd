//! Everything there is at one moment of the model.

use flinkgate::quota::Usage;
use flinkgate::quota::ledger::{Ledger, Living, Request};
use flinkgate::resource::quantity::Quantity;
use std::collections::BTreeMap;

pub fn cpu(cores: u64) -> Usage {
    std::iter::once(("cpu".to_owned(), Quantity::from_units(cores))).collect()
}

pub fn cores(usage: &Usage) -> u64 {
    usage.get("cpu").units_ceil()
}

pub const KINDS: [&str; 2] = ["FlinkDeployment", "Pod"];

/// Everything there is at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct State {
    /// The objects at every revision that somebody may still see; the last is now.
    pub history: Vec<(u64, Vec<Living>)>,
    /// The stored ledger and its version.
    pub store: (u64, Ledger),
    /// Objects as they were before their last change, by name.
    pub previous: BTreeMap<String, Living>,
    pub calls: Vec<Call>,
    pub replicas: Vec<Replica>,
    pub leaders: Vec<Leader>,
    /// Writes of which the sender knows nothing any more.
    pub orphans: Vec<Write>,
    pub left: Left,
    pub seen: Seen,
}

/// What may still go wrong.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Left {
    pub crashes: u8,
    pub losses: u8,
    pub timeouts: u8,
    pub elections: u8,
    pub stale: u8,
}

/// What has happened, to know that it can.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Seen {
    pub refused: bool,
    pub conflict: bool,
    pub released: bool,
    pub late_write: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Call {
    Idle { retries: u8 },
    Asked { retries: u8, replica: usize, since: u64, request: Request },
    Admitted { retries: u8, since: u64, request: Request },
    Over { stored: bool },
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Replica {
    pub kept: Option<(u64, Ledger)>,
    pub write: Option<Write>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Leader {
    /// The revision up to which it has seen everything.
    pub position: u64,
    pub over: u64,
    pub write: Option<Write>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Write {
    pub expected: u64,
    pub ledger: Ledger,
    /// Calls that will be admitted, and those that will be refused.
    pub admitted: Vec<usize>,
    pub refused: Vec<usize>,
}

impl State {
    pub fn at(&self, revision: u64) -> &[Living] {
        &self.history.iter().rfind(|(at, _)| *at <= revision).unwrap().1
    }

    pub fn now(&self) -> (u64, &[Living]) {
        let (revision, objects) = self.history.last().unwrap();
        (*revision, objects)
    }

    pub fn living(&self, name: &str) -> Option<&Living> {
        self.now().1.iter().find(|living| living.object.name == name)
    }

    /// Stores an object, or removes it: a new revision.
    pub fn store(&mut self, name: &str, object: Option<Living>) {
        let (revision, objects) = self.now();
        let (revision, mut objects) = (revision + 1, objects.to_vec());
        if let Some(index) = objects.iter().position(|living| living.object.name == name) {
            self.previous.insert(name.to_owned(), objects.remove(index));
        }
        objects.extend(object.map(|object| Living { version: revision, ..object }));
        objects.sort_by(|a, b| a.object.cmp(&b.object));
        self.history.push((revision, objects));
    }

    /// Requests below this stamp are over: those that are not got later ones, or will.
    pub fn stamps_over(&self) -> u64 {
        let since = self.calls.iter().filter_map(|call| match call {
            Call::Asked { since, .. } | Call::Admitted { since, .. } => Some(*since),
            _ => None,
        });
        since.min().unwrap_or(u64::MAX).min(self.store.1.next_stamp())
    }

    /// What really lives: every cluster the larger of what it declares and what its pods use, and pods by themselves.
    pub fn used(&self) -> u64 {
        let (_, objects) = self.now();
        let of = |owner: Option<&String>| {
            let own = move |living: &&Living| living.object.kind == "Pod" && living.owners.first() == owner;
            objects.iter().filter(own).map(|living| cores(&living.usage)).sum::<u64>()
        };
        let clusters = objects.iter().filter(|living| living.object.kind == "FlinkDeployment");
        let is_there = |uid: &String| objects.iter().any(|living| living.uid == *uid);
        let orphaned = objects.iter().filter(|living| living.owners.first().is_some_and(|owner| !is_there(owner)));
        clusters.map(|cluster| cores(&cluster.usage).max(of(Some(&cluster.uid)))).sum::<u64>()
            + of(None)
            + orphaned.map(|living| cores(&living.usage)).sum::<u64>()
    }

    pub fn forget_what_nobody_sees(&mut self) {
        let oldest = self.leaders.iter().map(|leader| leader.position).min().unwrap_or(u64::MAX);
        while self.history.len() > 1 && self.history[1].0 <= oldest {
            self.history.remove(0);
        }
    }

    pub fn answer(&mut self, write: &Write) {
        for call in &write.admitted {
            if let Call::Asked { retries, since, request, .. } = self.calls[*call].clone() {
                self.calls[*call] = Call::Admitted { retries, since, request };
            }
        }
        for call in &write.refused {
            self.calls[*call] = Call::Over { stored: false };
            self.seen.refused = true;
        }
    }
}

impl State {
    pub fn is_settled(&self) -> bool {
        // Who never got to ask (the owner never came, or what was to be changed) waits for nobody.
        let waits = |call: &Call| matches!(call, Call::Asked { .. } | Call::Admitted { .. });
        let ledger = &self.store.1;
        !self.calls.iter().any(waits) && ledger.reservations() == 0 && cores(ledger.total()) == self.used()
    }
}
