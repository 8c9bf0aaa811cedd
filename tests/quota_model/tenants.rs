//! Scenarios with lowered limits and with a namespace that moves to another tenant.

use super::broken::is_violated;
use super::scenario::{Fault, Plan, Scenario};
use super::{create, holds, is_large, scenario, update};

const RAISES_TOTAL: &str = "a reconciliation raises a total";

/// A namespace moves to the second tenant, which owns another one already.
fn moves(first: Option<u64>, second: Option<u64>) -> Scenario {
    let pod =
        |namespace, name, cores| Plan::Create { kind: "Pod", namespace, name, owner: None, cores };
    let moved = [("first", first), ("second", second)]
        .into_iter()
        .filter_map(|(name, cores)| Some(pod("moves", name, cores?)));
    let plans = [Plan::MoveNamespace { to: 1 }, pod("stays", "there", 2)]
        .into_iter()
        .chain(moved)
        .collect();
    Scenario { tenants: 2, ..scenario(3, plans) }
}

#[test]
fn a_lowered_limit_refuses_only_increases() {
    let plans = vec![create("a", 3), Plan::SetLimit { hard: 1 }, update("a", 4), update("a", 2)];
    let expected =
        ["a request is refused", "a ledger gets lower limits", "a reservation is dropped"];
    holds("limits", scenario(4, plans), &expected);
}

#[test]
fn a_lowered_limit_applies_at_all_replicas() {
    let plans = vec![create("a", 2), Plan::SetLimit { hard: 3 }, create("b", 2)];
    holds(
        "limits, two replicas",
        Scenario { replicas: 2, ..scenario(4, plans) },
        &["a request is refused", "a ledger gets lower limits"],
    );
}

#[test]
fn a_moved_namespace_brings_its_usage() {
    holds(
        "a namespace moves",
        Scenario { replicas: 2, ..moves(Some(2), None) },
        &["a reservation is dropped", RAISES_TOTAL],
    );
}

#[test]
fn a_moved_namespace_stays_within_the_new_limit() {
    holds(
        "a namespace moves, then grows",
        moves(Some(2), Some(2)).without("there"),
        &["a request is refused", RAISES_TOTAL],
    );
}

#[test]
fn a_new_leader_waits_until_it_sees_a_move() {
    // All states take minutes.
    let plans =
        if is_large() { moves(None, Some(2)) } else { moves(Some(2), None).without("there") };
    holds(
        "a namespace moves, two leaders",
        Scenario { leaders: 2, elections: 1, ..plans },
        &[RAISES_TOTAL],
    );
}

#[test]
fn views_without_the_ownership_position_lose_charges() {
    is_violated(
        "no ownership position",
        Some(Fault::NoOwnershipPosition),
        Scenario { leaders: 2, elections: 1, ..moves(None, Some(2)) },
    );
}

#[test]
fn a_leader_that_misses_a_move_loses_charges() {
    is_violated("leader misses moves", Some(Fault::LeaderMissesMoves), moves(None, Some(2)));
}
