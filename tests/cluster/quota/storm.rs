//! Everything at once: many clients at two API servers and a tenant of many namespaces, names that
//! are taken, another webhook that refuses later, evictions, scalings, dry runs, the leading
//! replica killed, and an etcd that hangs for longer than Flinkgate may wait for it, so that it
//! cannot know what became of its writes. At every revision the tenant is within its limits, and
//! all that lives is in its ledger; no client sees a conflict that is none; and when all is quiet
//! the ledger is what is there.

pub mod client;
mod rival;

use super::history::{History, Replayed};
use super::scene::{Amounts, Scene, charged, uses};
use crate::support::Options;
use crate::support::flinkgate::Flinkgate;
use crate::support::wait::{until, within};
use client::{Client, Seen, Tally};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

const TENANT: &str = "storm";
const NAMESPACES: usize = 8;
const CLIENTS: usize = 32;
/// Each client's own, dry runs not counted.
const CREATES: usize = 48;
/// As [`super::scene::RESOURCES`]: reached about halfway.
const HARD: Amounts = [280, 250, 60, 14];
/// What never came to be is free again after the horizon of 90 s, a settling, and, the leader
/// having died, another's Lease.
const REST: Duration = Duration::from_secs(240);
/// Longer than an answer may take (4 s of the webhook's 5), shorter than a Lease.
const HANGS: Duration = Duration::from_secs(6);

#[test]
fn a_tenant_is_within_its_limits_at_every_revision_of_a_storm_and_its_ledger_is_what_is_there_when_it_is_over()
 {
    let begin = Instant::now();
    let say = |what: &str| println!("after {:.0?}: {what}", begin.elapsed());
    let mut scene = Scene::new(Options { api_servers: 2, nodes: 0, ..Options::default() }, 2);
    let namespaces: Vec<String> =
        (0..NAMESPACES).map(|number| format!("{TENANT}-{number}")).collect();
    let names: Vec<&str> = namespaces.iter().map(String::as_str).collect();
    let [cpu, pods, task_managers, clusters] = HARD;
    let hard = json!({"cpu": cpu.to_string(), "pods": pods, "taskManagers": task_managers, "clusters": clusters});
    scene.tenant_over(TENANT, &names, json!({"quota": {"hard": hard}}));
    scene.settled(TENANT, 0);
    let rival = rival::start(&scene, TENANT);
    let history = History::start(scene.admin(1), TENANT, TENANT);
    say("the storm begins");

    let created = Arc::new(AtomicUsize::new(0));
    let (tally, connections) = storm(&mut scene, &namespaces, &created);
    say(&format!(
        "the storm is over, {} admissions were asked about, {}",
        created.load(Ordering::Relaxed),
        tally.summary()
    ));
    println!("the other webhook: {}", rival.summary());
    assert!(created.load(Ordering::Relaxed) >= 1_000);
    assert_eq!(tally.wrong, Vec::<String>::new());
    // Only what the killed replica was just asked is lost: at most one question on each connection
    // to it.
    assert!(
        tally.unanswered.len() <= connections,
        "{connections} connections, {:#?}",
        tally.unanswered
    );
    assert!(tally.waits > 0, "nobody was told to wait while etcd hung");
    // All of it has happened.
    for seen in Seen::ALL {
        assert!(tally.count(seen) > 0, "never {seen:?}: {}", tally.summary());
    }
    assert!(rival.refused() > 0 && rival.taken() > 0, "{}", rival.summary());

    let version = within(REST, "the ledger is what is there, and nothing is on its way", || {
        is_at_rest(&scene)
    });
    say("all is quiet");
    let (ledger, _) = scene.ledger(TENANT).unwrap();
    let charged = charged(&ledger);
    drop(rival);
    let replayed = history.replay(scene.admin(1), &version, HARD);
    let Replayed { revisions, of_ledger, most, charged: reached, .. } = &replayed;
    say(&format!(
        "{revisions} revisions, {of_ledger} of the ledger; at most {most:?} lived and {reached:?} were charged of {HARD:?}"
    ));
    assert_eq!(replayed.living, charged, "what the watches told is what the ledger says");
    for name in &tally.existing {
        assert!(replayed.lived.contains(name), "{name} was said to exist, and never did");
    }
    until("the tenant's status shows it", || {
        let status = scene.get(&["flinktenant", TENANT])["status"].take();
        let shown = status["used"]["cpu"].as_str() == Some(charged[0].to_string().as_str())
            && status["clusters"] == charged[3];
        if shown { Ok(()) } else { Err(format!("{charged:?} {status}")) }
    });
}

/// Lets the clients loose; kills the leader when a third is done and puts another replica in its
/// place; has etcd hang when two thirds are done. Gives what the clients saw, and how many
/// connections the killed replica had.
fn storm(scene: &mut Scene, namespaces: &[String], created: &Arc<AtomicUsize>) -> (Tally, usize) {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let clients: Vec<_> = (0..CLIENTS)
        .map(|number| {
            let access = scene.admin(number % 2).clone();
            let (namespaces, created) = (namespaces.to_vec(), Arc::clone(created));
            runtime.spawn(async move {
                Client::new(number, &access, namespaces, created).await.work(CREATES).await
            })
        })
        .collect();
    until_created(created, CLIENTS * CREATES / 3, "a third");
    let leader = scene.replicas.iter().position(leads).expect("a replica that leads");
    scene.installation.replicas[leader].process().kill();
    let connections = scene.service.connections(&scene.replicas[leader]);
    scene.installation.replace(leader);
    until_created(created, CLIENTS * CREATES * 2 / 3, "two thirds");
    scene.process("etcd").signal("STOP");
    std::thread::sleep(HANGS);
    scene.process("etcd").signal("CONT");
    let mut tally = Tally::default();
    runtime.block_on(async {
        for client in clients {
            tally.add(client.await.unwrap());
        }
    });
    (tally, connections)
}

fn until_created(created: &AtomicUsize, wanted: usize, part: &str) {
    until(&format!("{part} of it is done"), || match created.load(Ordering::Relaxed) {
        enough if enough >= wanted => Ok(()),
        created => Err(format!("{created} of {wanted}")),
    });
}

/// Whether a replica thinks that it leads.
pub fn leads(replica: &Flinkgate) -> bool {
    let log = replica.log();
    let last = log
        .iter()
        .filter_map(|line| line["message"].as_str())
        .rfind(|message| message.ends_with("holds the Lease"));
    last.is_some_and(|message| message.starts_with("this replica holds"))
}

/// The ledger's resource version, once nothing is on its way and its total is what a list of all
/// objects sums up to.
fn is_at_rest(scene: &Scene) -> Result<String, String> {
    let (ledger, version) = scene.ledger(TENANT)?;
    let mut sum: Amounts = [0; 4];
    let lists: Value = scene.get(&["pods,flinkdeployments", "--all-namespaces"]);
    for object in lists["items"].as_array().unwrap() {
        if object["metadata"]["namespace"].as_str().unwrap().starts_with(TENANT) {
            uses(object).iter().zip(&mut sum).for_each(|(amount, sum)| *sum += amount);
        }
    }
    if ledger.reservations() == 0 && charged(&ledger) == sum {
        return Ok(version);
    }
    Err(format!(
        "{sum:?} live, {:?} are charged, {} reservations",
        charged(&ledger),
        ledger.reservations()
    ))
}
