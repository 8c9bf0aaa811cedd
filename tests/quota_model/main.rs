//! The quota protocol, explored: everything that replicas, leaders, API servers and the store may do, in every order, on the
//! very functions that decide in production. README.md beside this file says how far.
//!
//! `FLINKGATE_MODEL=large` explores more.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod protocol;
mod scenario;
mod state;

use scenario::{Fault, Plan, Scenario};
use stateright::{Checker, HasDiscoveries, Model};
use std::time::{Duration, Instant};

/// The large run looks no longer at one scenario.
const LONGEST: Duration = Duration::from_secs(180);

const PROMISES: [&str; 4] = [
    "never over",
    "the ledger never passes the limit",
    "what lives is in the ledger",
    "at rest everybody has an answer and the ledger is the recount",
];

fn create(name: &'static str, cores: u64) -> Plan {
    Plan::Create { kind: "FlinkDeployment", name, owner: None, cores }
}

fn pod(name: &'static str, owner: &'static str, cores: u64) -> Plan {
    Plan::Create { kind: "Pod", name, owner: Some(owner), cores }
}

fn is_large() -> bool {
    std::env::var("FLINKGATE_MODEL").is_ok_and(|size| size == "large")
}

/// Two replicas, a leader, and something that goes wrong; two leaders and one of everything in the large run.
fn scenario(hard: u64, plans: Vec<Plan>) -> Scenario {
    let more = u8::from(is_large());
    Scenario {
        hard,
        plans,
        replicas: 2,
        leaders: 1 + usize::from(is_large()),
        crashes: 0,
        losses: 1,
        timeouts: 1,
        elections: more,
        stale: more,
        retries: 1,
        fault: None,
    }
}

/// Explores everything; all promises hold, and whatever is named can happen.
fn holds(name: &str, scenario: Scenario, happens: &[&'static str]) {
    let start = Instant::now();
    // Depth first: what is to be looked at yet stays few.
    let mut builder = scenario.checker().threads(2);
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
        checker.assert_no_discovery(promise);
    }
    for event in happens {
        checker.assert_any_discovery(event);
    }
}

/// Explores until the promise is broken.
fn is_caught(name: &str, promise: &'static str, scenario: Scenario) {
    let broken = HasDiscoveries::AllOf([promise].into());
    let checker = scenario.checker().threads(2).finish_when(broken).spawn_bfs().join();
    let path = checker.assert_any_discovery(promise);
    println!("{name}: caught after {} states: {:?}", checker.unique_state_count(), path.into_actions());
}

#[test]
fn clusters_that_are_created_at_the_same_time_share_what_is_left() {
    let plans = vec![create("a", 3), create("b", 3)];
    let happens = ["something is refused", "a write conflicts", "a reservation is settled", "a write lands that nobody waits for"];
    holds("creates", Scenario { crashes: 1, ..scenario(5, plans) }, &happens);
}

#[test]
fn an_object_that_grows_shrinks_and_goes_is_charged_with_what_it_may_be() {
    let update = |cores| Plan::Update { name: "a", cores };
    let plans = vec![create("a", 2), update(4), update(1), Plan::Delete { name: "a" }];
    let few = Scenario { replicas: 1, losses: u8::from(is_large()), timeouts: 0, stale: 1, ..scenario(4, plans) };
    holds("updates", few, &["a write conflicts", "a reservation is settled", "all that fits comes to be"]);
}

#[test]
fn pods_draw_on_their_cluster_and_further_ones_extend_it() {
    let plans = vec![create("etl", 2), pod("p", "etl", 2), pod("q", "etl", 2)];
    let few = Scenario { losses: u8::from(is_large()), ..scenario(3, plans) };
    holds("pods", few, &["something is refused", "a reservation is settled"]);
}

#[test]
fn a_pod_that_is_resized_is_counted_once_whether_it_has_settled_or_not() {
    let update = |cores| Plan::Update { name: "p", cores };
    let alone = |name, cores| Plan::Create { kind: "Pod", name, owner: None, cores };
    let mut plans = vec![alone("p", 1), update(3), alone("q", 1)];
    plans.extend(is_large().then(|| update(2)));
    let few = Scenario { replicas: 1, losses: 0, timeouts: 0, retries: u8::from(is_large()), ..scenario(3, plans) };
    holds("resizes", few, &["something is refused", "a write conflicts", "a reservation is settled", "all that fits comes to be"]);
}

#[test]
fn a_name_that_is_used_again_is_charged_once() {
    let plans = vec![create("a", 3), create("a", 2), Plan::Delete { name: "a" }];
    let few = Scenario { losses: u8::from(is_large()), ..scenario(3, plans) };
    holds("names", few, &["a write conflicts", "a reservation is settled", "all that fits comes to be"]);
}

#[test]
fn two_leaders_at_the_same_time_do_no_harm() {
    let plans = vec![create("a", 3), create("b", 3)];
    let many = Scenario { leaders: 2, elections: 1, timeouts: u8::from(is_large()), ..scenario(5, plans) };
    holds("leaders", many, &["a write conflicts", "a reservation is settled"]);
}

#[test]
fn without_compare_and_swap_the_limit_is_passed() {
    let plans = vec![create("a", 3), create("b", 3)];
    is_caught("no compare-and-swap", "never over", Scenario { fault: Some(Fault::NoCompareAndSwap), ..scenario(5, plans) });
}

#[test]
fn giving_back_at_a_delete_review_passes_the_limit() {
    let plans = vec![create("a", 3), Plan::Delete { name: "a" }, create("b", 3)];
    is_caught("release on DELETE", "never over", Scenario { fault: Some(Fault::ReleaseOnDelete), ..scenario(5, plans) });
}

#[test]
fn giving_back_after_a_time_alone_passes_the_limit() {
    let plans = vec![create("a", 3), create("b", 3)];
    is_caught("time to live", "never over", Scenario { fault: Some(Fault::TimeToLive), ..scenario(5, plans) });
}

#[test]
fn a_leader_that_does_not_know_how_old_its_view_is_passes_the_limit() {
    let plans = vec![create("a", 3), create("b", 3)];
    is_caught("stale view", "never over", Scenario { fault: Some(Fault::StaleView), leaders: 2, ..scenario(5, plans) });
}
