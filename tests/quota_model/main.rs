//! The quota protocol, explored: everything that replicas, leaders, API servers and the store may
//! do, in every order, on the very functions that decide in production. README.md beside this file
//! says how far.
//!
//! `FLINKGATE_MODEL=large` explores more.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod broken;
mod leader;
mod owners;
mod promises;
mod protocol;
mod replica;
mod scenario;
mod state;
mod tenants;
mod transition;

use promises::PROMISES;
use scenario::{Plan, Scenario};
use stateright::{Checker, HasDiscoveries, Model};
use std::time::{Duration, Instant};

/// The large run looks no longer at one scenario.
const LONGEST: Duration = Duration::from_secs(180);

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

/// Nothing but what is named goes wrong; in the large run, one of everything does.
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

/// Explores everything; all promises hold, and whatever is named has happened.
fn holds(name: &str, scenario: Scenario, happens: &[&str]) {
    let start = Instant::now();
    // Depth first: what is to be looked at yet stays few.
    let mut builder =
        scenario.clone().checker().threads(2).finish_when(HasDiscoveries::AnyFailures);
    if is_large() {
        builder = builder.timeout(LONGEST);
    }
    let checker = builder.spawn_dfs().join();
    let all = if is_large() && start.elapsed() >= LONGEST { "not all" } else { "all" };
    let seconds = start.elapsed().as_secs_f64();
    println!(
        "{name}: {all} of them, {} states, {} unlike, depth {}, {seconds:.1} s",
        checker.state_count(),
        checker.unique_state_count(),
        checker.max_depth()
    );
    for promise in PROMISES {
        if let Some(path) = checker.discovery(promise) {
            panic!("{name}: {promise:?} does not hold after {:#?}", path.into_actions());
        }
    }
    for event in happens {
        assert!(scenario.has_happened(event), "{name}: it never happens that {event}");
    }
}

#[test]
fn clusters_that_are_created_at_the_same_time_share_what_is_left() {
    let plans = vec![create("a", 3), create("b", 3)];
    let happens = [
        "something is refused",
        "a write conflicts",
        "a reservation is settled",
        "a write lands that nobody waits for",
    ];
    holds(
        "creates",
        Scenario { replicas: 2, crashes: 1, losses: 1, timeouts: 1, ..scenario(5, plans) },
        &happens,
    );
}

#[test]
fn an_object_that_grows_shrinks_and_goes_is_charged_with_what_it_may_be() {
    let plans = vec![create("a", 2), update("a", 4), update("a", 1), delete("a")];
    let happens = [
        "a write conflicts",
        "a reservation is settled",
        "all that fits comes to be",
        "a look at an object keeps its reservation",
    ];
    holds("updates", Scenario { stale: 1, retries: 1, ..scenario(4, plans) }, &happens);
}

#[test]
fn pods_draw_on_their_cluster_and_further_ones_extend_it() {
    let plans = vec![create("etl", 2), pod("p", Some("etl"), 2), pod("q", Some("etl"), 2)];
    let happens = ["something is refused", "a reservation is settled"];
    holds("pods", Scenario { replicas: 2, timeouts: 1, ..scenario(3, plans) }, &happens);
}

#[test]
fn a_pod_that_is_resized_is_counted_once_whether_it_has_settled_or_not() {
    let mut plans = vec![pod("p", None, 1), update("p", 3), pod("q", None, 1)];
    plans.extend(is_large().then(|| update("p", 2)));
    let happens = [
        "something is refused",
        "a write conflicts",
        "a reservation is settled",
        "all that fits comes to be",
    ];
    holds("resizes", scenario(3, plans), &happens);
}

#[test]
fn a_name_that_is_used_again_is_charged_once() {
    let plans = vec![create("a", 3), create("a", 2), delete("a")];
    let happens = ["a write conflicts", "a reservation is settled", "all that fits comes to be"];
    holds("names", Scenario { replicas: 2, timeouts: 1, ..scenario(3, plans) }, &happens);
}

#[test]
fn a_former_leader_that_goes_on_for_a_while_does_no_harm() {
    let plans = vec![create("a", 3), create("b", 3)];
    let happens =
        ["a write conflicts", "a reservation is settled", "a former leader's view is refused"];
    holds(
        "leaders",
        Scenario { replicas: 2, leaders: 2, elections: 1, losses: 1, ..scenario(5, plans) },
        &happens,
    );
}

#[test]
fn a_former_leader_does_no_harm_to_what_grows_and_goes() {
    let plans = vec![create("a", 2), update("a", 4), delete("a")];
    let happens =
        ["a write conflicts", "a reservation is settled", "a former leader's view is refused"];
    holds(
        "leaders and updates",
        Scenario { leaders: 2, elections: 1, ..scenario(4, plans) },
        &happens,
    );
}
