//! What a cluster stands on goes away for a moment: the replica that leads, or the API server.

use crate::operator;
use crate::support::Flinkgate;
use crate::support::installation::Installation;
use crate::world::World;
use serde_json::Value;
use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock};

/// What goes away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outage {
    /// The replica of Flinkgate that leads is killed.
    KillLeader,
    /// The API server stops and starts again.
    RestartApiServer,
}

impl Outage {
    /// Ends when all is there again.
    pub fn happen(self, world: &World) {
        match self {
            Self::KillLeader => world.kill_leader(),
            Self::RestartApiServer => world.restart_api_server(),
        }
    }
}

/// How many replicas run.
const RUNNING: usize = 2;

/// What Flinkgate is started with.
pub const ARGUMENTS: [&str; 2] = ["--operator-config-map", operator::CONFIG_MAP_PATH];

/// The replicas of Flinkgate.
pub struct Replicas {
    running: Vec<Flinkgate>,
    /// Their logs are still read.
    killed: Vec<Flinkgate>,
}

impl Replicas {
    /// Takes over those of a new installation.
    pub fn of(installation: &mut Installation) -> Mutex<Self> {
        let running = std::mem::take(&mut installation.replicas);
        Mutex::new(Self { running, killed: Vec::new() })
    }

    /// The lines of all logs, also of replicas that are no more.
    pub fn log(&self) -> impl Iterator<Item = Value> {
        self.running.iter().chain(&self.killed).flat_map(Flinkgate::log)
    }
}

/// Whether a replica said last that it holds the Lease.
fn leads(replica: &Flinkgate) -> bool {
    let log = replica.log();
    let mut messages = log.iter().rev().filter_map(|line| line["message"].as_str());
    messages
        .find(|message| message.ends_with("holds the Lease"))
        .is_some_and(|message| message.starts_with("this replica"))
}

/// Whether the test may ask the API server. Flink, the operator and Flinkgate ask it at any time.
#[derive(Default)]
pub struct Presence(RwLock<()>);

impl Presence {
    /// Asks while the API server is there.
    pub fn during<T>(&self, ask: impl FnOnce() -> T) -> T {
        let _present = self.0.read().unwrap_or_else(PoisonError::into_inner);
        ask()
    }
}

impl World {
    /// The replicas of Flinkgate.
    pub fn replicas(&self) -> MutexGuard<'_, Replicas> {
        self.replicas.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Kills the replica that leads. Another one leads from now on, and a new one starts.
    fn kill_leader(&self) {
        let mut replicas = self.replicas();
        let service = &self.installation.service;
        let leader = replicas.running.iter().position(leads).expect("a replica that leads");
        let leader = replicas.running.remove(leader);
        service.lead_to(&replicas.running);
        let killed = Command::new("kill").args(["-s", "KILL", &leader.id().to_string()]).status();
        assert!(killed.unwrap().success());
        replicas.killed.push(leader);
        crate::support::wait::until("another replica leads", || {
            if replicas.running.iter().any(leads) { Ok(()) } else { Err(String::new()) }
        });
        while replicas.running.len() < RUNNING {
            let replica = self.presence.during(|| self.installation.start_replica(0, &ARGUMENTS));
            replica.wait_ready();
            replicas.running.push(replica);
        }
        service.lead_to(&replicas.running);
    }

    /// The API server is away for a moment.
    fn restart_api_server(&self) {
        let _away = self.presence.0.write().unwrap_or_else(PoisonError::into_inner);
        let control_plane = &self.installation.control_plane;
        control_plane.process("kube-apiserver-0").restart().unwrap();
        control_plane.wait_ready(0).unwrap();
    }
}
