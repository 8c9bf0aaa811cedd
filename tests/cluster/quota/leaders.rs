//! Who leads may hang, and wake up when another one leads: what it has half done then does no harm.

use super::history::History;
use super::scene::{Scene, pod};
use super::storm::client::{Client, Tally};
use super::storm::leads;
use crate::support::Options;
use crate::support::wait::until;
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;

const TENANT: &str = "hung";
const CLIENTS: usize = 8;
const CREATES: usize = 40;

/// Clients that create and delete, started again and again.
struct Load {
    runtime: Runtime,
    created: Arc<AtomicUsize>,
    clients: Vec<JoinHandle<Tally>>,
    started: usize,
}

impl Load {
    fn start(&mut self, scene: &Scene, namespaces: &[String]) {
        for _ in 0..CLIENTS {
            self.started += 1;
            let (number, access) = (1_000 + self.started, scene.admin(self.started % 2).clone());
            let (namespaces, created) = (namespaces.to_vec(), Arc::clone(&self.created));
            let client = async move {
                Client::new(number, &access, namespaces, created).await.work(CREATES).await
            };
            self.clients.push(self.runtime.spawn(client));
        }
    }

    /// Waits until so many more were asked for.
    fn wait(&self, more: usize) {
        let wanted = self.created.load(Ordering::Relaxed) + more;
        until("clients go on", || match self.created.load(Ordering::Relaxed) {
            enough if enough >= wanted => Ok(()),
            created => Err(format!("{created} of {wanted}")),
        });
    }

    fn end(&mut self, tally: &mut Tally) {
        for client in self.clients.drain(..) {
            tally.add(self.runtime.block_on(client).unwrap());
        }
    }
}

#[test]
fn a_leader_that_hangs_and_wakes_up_when_another_one_leads_breaks_nothing() {
    let mut scene = Scene::new(Options { api_servers: 2, nodes: 0, ..Options::default() }, 2);
    let namespaces = [0, 1].map(|number| format!("{TENANT}-{number}"));
    let hard = [70, 60, 20, 6];
    let [cpu, pods, task_managers, clusters] = hard;
    let limits = json!({"cpu": cpu.to_string(), "pods": pods, "taskManagers": task_managers, "clusters": clusters});
    scene.tenant_over(
        TENANT,
        &namespaces.each_ref().map(String::as_str),
        json!({"quota": {"hard": limits}}),
    );
    scene.settled(TENANT, 0);
    let history = History::start(scene.admin(1), TENANT, TENANT);
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let mut load = Load { runtime, created: Arc::default(), clients: Vec::new(), started: 0 };
    let mut tally = Tally::default();

    load.start(&scene, &namespaces);
    load.wait(CLIENTS * CREATES / 2);
    let leader = scene.replicas.iter().position(leads).expect("a replica that leads");
    let other = 1 - leader;
    scene.installation.replicas[leader].process().signal("STOP");
    scene.service.lead_to([&scene.replicas[other]]);
    let connections = scene.service.connections(&scene.replicas[leader]);
    load.end(&mut tally);
    until("the other one leads", || {
        if leads(&scene.replicas[other]) { Ok(()) } else { Err("it does not yet".to_owned()) }
    });

    load.start(&scene, &namespaces);
    load.wait(CLIENTS * CREATES / 4);
    scene.installation.replicas[leader].process().signal("CONT");
    scene.service.lead_to(&scene.replicas);
    until("the former leader knows", || {
        if leads(&scene.replicas[leader]) { Err("it leads".to_owned()) } else { Ok(()) }
    });
    load.end(&mut tally);

    assert_eq!(tally.wrong, Vec::<String>::new());
    // What it was just asked is answered by nobody, at most one question on each connection.
    assert!(
        tally.unanswered.len() <= connections,
        "{connections} connections, {:#?}",
        tally.unanswered
    );
    // The new leader settles.
    scene.kubectl(&["delete", "pods,flinkdeployments", "--all", "--namespace", &namespaces[0]]);
    until("what has gone is free", || scene.ask(&pod(&namespaces[0], "after", 1)));
    let (_, version) = scene.ledger(TENANT).unwrap();
    let replayed = history.replay(scene.admin(1), &version, hard);
    println!(
        "{}; {} revisions, {} of the ledger, at most {:?} lived",
        tally.summary(),
        replayed.revisions,
        replayed.of_ledger,
        replayed.most
    );
}
