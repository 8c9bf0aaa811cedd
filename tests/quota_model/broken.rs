//! Defective protocols: the model finds a violation of the first invariant for each.

use super::invariants::WITHIN_LIMIT;
use super::scenario::{Fault, Plan, Scenario};
use super::{create, delete, is_large, scenario, update};
use stateright::{Checker, HasDiscoveries, Model};

/// Explores breadth first until the invariant is violated.
pub fn is_violated(name: &str, fault: Option<Fault>, scenario: Scenario) {
    let violated = HasDiscoveries::AllOf([WITHIN_LIMIT].into());
    let checker = Scenario { fault, ..scenario }
        .checker()
        .threads(2)
        .finish_when(violated)
        .spawn_bfs()
        .join();
    let path = checker.assert_any_discovery(WITHIN_LIMIT);
    println!(
        "{name}: violated after {} states: {:?}",
        checker.unique_state_count(),
        path.into_actions()
    );
}

/// Explores depth first, for violations that need many steps.
pub fn is_violated_depth_first(name: &str, fault: Fault, scenario: Scenario) {
    let violated = HasDiscoveries::AllOf([WITHIN_LIMIT].into());
    let checker = Scenario { fault: Some(fault), ..scenario }
        .checker()
        .threads(2)
        .finish_when(violated)
        .spawn_dfs()
        .join();
    let path = checker.assert_any_discovery(WITHIN_LIMIT);
    println!(
        "{name}: violated after {} states: {:?}",
        checker.unique_state_count(),
        path.into_actions()
    );
}

fn two(more: Vec<Plan>) -> Scenario {
    let plans = [create("a", 3), create("b", 3)].into_iter().chain(more).collect();
    Scenario { replicas: 2, ..scenario(5, plans) }
}

#[test]
fn writes_without_compare_and_swap_exceed_the_limit() {
    is_violated("no compare-and-swap", Some(Fault::NoCompareAndSwap), two(Vec::new()));
}

#[test]
fn releasing_at_a_delete_review_exceeds_the_limit() {
    is_violated("release on DELETE", Some(Fault::ReleaseOnDelete), two(vec![delete("a")]));
}

#[test]
fn releasing_before_requests_finish_exceeds_the_limit() {
    is_violated("time to live", Some(Fault::TimeToLive), two(Vec::new()));
}

#[test]
fn views_without_positions_exceed_the_limit() {
    is_violated(
        "stale view",
        Some(Fault::StaleView),
        Scenario { leaders: 2, elections: 1, ..two(Vec::new()) },
    );
}

#[test]
fn releasing_without_a_lookup_exceeds_the_limit() {
    is_violated("no existence check", Some(Fault::NoExistenceCheck), two(Vec::new()));
}

#[test]
fn comparing_the_base_version_alone_exceeds_the_limit() {
    let plans = vec![create("a", 2), update("a", 4), update("a", 5), create("b", 3)];
    is_violated("compare base only", Some(Fault::ComparesBaseOnly), scenario(5, plans));
}

#[test]
fn views_without_the_lease_version_exceed_the_limit() {
    if !is_large() {
        return;
    }
    let plans = vec![create("a", 3), delete("a"), create("b", 3), create("a", 3)];
    is_violated(
        "no fencing",
        Some(Fault::NoFencing),
        Scenario { leaders: 2, elections: 1, ..scenario(5, plans) },
    );
}
