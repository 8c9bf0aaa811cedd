//! A model of the quota protocol: it explores all orders of what replicas, leaders, API servers and
//! the store do, with the functions that decide in production. README.md has the scope and results.
//!
//! `FLINKGATE_MODEL=large` explores more.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod broken;
mod invariants;
mod leader;
mod owners;
mod protocol;
mod replica;
mod scenario;
mod state;
mod taken_over;
mod tenants;
mod transition;

use invariants::INVARIANTS;
use scenario::{Plan, Scenario};
use stateright::{Checker, HasDiscoveries, Model};
use std::time::{Duration, Instant};

/// The time limit for one scenario in the large run.
const TIME_LIMIT: Duration = Duration::from_secs(180);

fn create(name: &'static str, cores: u64) -> Plan {
    Plan::Create { kind: "FlinkDeployment", namespace: "n", name, owner: None, cores }
}

fn pod(name: &'static str, owner: Option<&'static str>, cores: u64) -> Plan {
    Plan::Create { kind: "Pod", namespace: "n", name, owner, cores }
}

fn update(name: &'static str, cores: u64) -> Plan {
    Plan::Update { name, cores }
}

fn delete(name: &'static str) -> Plan {
    Plan::Delete { name }
}

fn is_large() -> bool {
    std::env::var("FLINKGATE_MODEL").is_ok_and(|size| size == "large")
}

/// A scenario without faults; in the large run, with one fault of each kind.
fn scenario(hard: u64, plans: Vec<Plan>) -> Scenario {
    let more = u8::from(is_large());
    Scenario {
        hard,
        plans,
        tenants: 1,
        replicas: 1 + usize::from(more),
        leaders: 1 + usize::from(more),
        losses: more,
        timeouts: more,
        elections: more,
        stale: more,
        retries: more,
        ..Scenario::default()
    }
}

/// Explores a scenario: all invariants hold, and the expected events occur.
fn holds(name: &str, scenario: Scenario, expected: &[&str]) {
    let start = Instant::now();
    // Depth first, so that few states wait.
    let mut builder =
        scenario.clone().checker().threads(2).finish_when(HasDiscoveries::AnyFailures);
    if is_large() {
        builder = builder.timeout(TIME_LIMIT);
    }
    let checker = builder.spawn_dfs().join();
    let all = if is_large() && start.elapsed() >= TIME_LIMIT { "not all" } else { "all" };
    let seconds = start.elapsed().as_secs_f64();
    println!(
        "{name}: explored {all}, {} states, {} unique, depth {}, {seconds:.1} s",
        checker.state_count(),
        checker.unique_state_count(),
        checker.max_depth()
    );
    for invariant in INVARIANTS {
        if let Some(path) = checker.discovery(invariant) {
            panic!("{name}: {invariant:?} is violated after {:#?}", path.into_actions());
        }
    }
    for event in expected {
        assert!(scenario.has_occurred(event), "{name}: never occurred: {event}");
    }
}

#[test]
fn concurrent_creates_share_the_quota() {
    let plans = vec![create("a", 3), create("b", 3)];
    let expected = [
        "a request is refused",
        "a write conflicts",
        "a reservation is dropped",
        "an abandoned write succeeds",
    ];
    holds(
        "creates",
        Scenario { replicas: 2, crashes: 1, losses: 1, timeouts: 1, ..scenario(5, plans) },
        &expected,
    );
}

#[test]
fn updates_are_charged_with_the_largest_usage() {
    let plans = vec![create("a", 2), update("a", 4), update("a", 1), delete("a")];
    let expected = [
        "a write conflicts",
        "a reservation is dropped",
        "all requests but one are stored",
        "an existence check keeps a reservation",
    ];
    holds("updates", Scenario { stale: 1, retries: 1, ..scenario(4, plans) }, &expected);
}

#[test]
fn pods_draw_on_their_cluster_or_extend_it() {
    let plans = vec![create("etl", 2), pod("p", Some("etl"), 2), pod("q", Some("etl"), 2)];
    let expected = ["a request is refused", "a reservation is dropped"];
    holds("pods", Scenario { replicas: 2, timeouts: 1, ..scenario(3, plans) }, &expected);
}

#[test]
fn a_resized_pod_is_counted_once() {
    let mut plans = vec![pod("p", None, 1), update("p", 3), pod("q", None, 1)];
    plans.extend(is_large().then(|| update("p", 2)));
    let expected = [
        "a request is refused",
        "a write conflicts",
        "a reservation is dropped",
        "all requests but one are stored",
    ];
    holds("resizes", scenario(3, plans), &expected);
}

#[test]
fn a_reused_name_is_charged_once() {
    let plans = vec![create("a", 3), create("a", 2), delete("a")];
    let expected =
        ["a write conflicts", "a reservation is dropped", "all requests but one are stored"];
    holds("names", Scenario { replicas: 2, timeouts: 1, ..scenario(3, plans) }, &expected);
}

#[test]
fn a_former_leader_does_no_harm_to_creates() {
    let plans = vec![create("a", 3), create("b", 3)];
    let expected =
        ["a write conflicts", "a reservation is dropped", "a former leader's view is refused"];
    holds(
        "leaders",
        Scenario { replicas: 2, leaders: 2, elections: 1, losses: 1, ..scenario(5, plans) },
        &expected,
    );
}

#[test]
fn a_former_leader_does_no_harm_to_updates() {
    let plans = vec![create("a", 2), update("a", 4), delete("a")];
    let expected =
        ["a write conflicts", "a reservation is dropped", "a former leader's view is refused"];
    holds(
        "leaders and updates",
        Scenario { leaders: 2, elections: 1, ..scenario(4, plans) },
        &expected,
    );
}
