//! Limits that are lowered, and a namespace that moves from one tenant to another.

use super::broken::is_caught;
use super::scenario::{Fault, Plan, Scenario};
use super::{create, holds, is_large, scenario, update};

const CHARGED: &str = "a tenant is charged for what another one has";

/// A namespace becomes the second tenant's, which has another one already.
fn moves(first: Option<u64>, second: Option<u64>) -> Scenario {
    let pod =
        |namespace, name, cores| Plan::Create { kind: "Pod", namespace, name, owner: None, cores };
    let moved = [("first", first), ("second", second)]
        .into_iter()
        .filter_map(|(name, cores)| Some(pod("moves", name, cores?)));
    let plans = [Plan::Move { to: 1 }, pod("stays", "there", 2)].into_iter().chain(moved).collect();
    Scenario { tenants: 2, ..scenario(3, plans) }
}

#[test]
fn a_limit_that_is_lowered_below_what_is_used_refuses_increases_and_nothing_else() {
    let plans = vec![create("a", 3), Plan::Limit { hard: 1 }, update("a", 4), update("a", 2)];
    let happens =
        ["something is refused", "a ledger learns lower limits", "a reservation is settled"];
    holds("limits", scenario(4, plans), &happens);
}

#[test]
fn a_replica_that_has_not_heard_of_a_lowered_limit_holds_to_it_once_another_one_has_written_it() {
    let plans = vec![create("a", 2), Plan::Limit { hard: 3 }, create("b", 2)];
    holds(
        "limits, two replicas",
        Scenario { replicas: 2, ..scenario(4, plans) },
        &["something is refused", "a ledger learns lower limits"],
    );
}

#[test]
fn a_namespace_that_moves_brings_what_it_has_and_each_ledger_is_the_recount_afterwards() {
    holds(
        "a namespace moves",
        Scenario { replicas: 2, ..moves(Some(2), None) },
        &["a reservation is settled", CHARGED],
    );
}

#[test]
fn what_was_charged_to_the_new_tenant_of_a_namespace_stays_within_its_limit() {
    holds(
        "a namespace moves, then grows",
        moves(Some(2), Some(2)).without("there"),
        &["something is refused", CHARGED],
    );
}

#[test]
fn a_new_leader_that_has_heard_less_of_a_move_waits_until_it_has_heard() {
    // All of it takes minutes.
    let plans =
        if is_large() { moves(None, Some(2)) } else { moves(Some(2), None).without("there") };
    holds(
        "a namespace moves, two leaders",
        Scenario { leaders: 2, elections: 1, ..plans },
        &[CHARGED],
    );
}

#[test]
fn views_that_do_not_say_what_they_heard_of_moves_lose_what_was_charged() {
    is_caught(
        "no namespaces",
        Some(Fault::NoNamespaces),
        Scenario { leaders: 2, elections: 1, ..moves(None, Some(2)) },
    );
}

#[test]
fn a_leader_that_hears_of_a_move_only_after_requests_are_over_loses_what_was_charged() {
    is_caught("deaf leader", Some(Fault::DeafLeader), moves(None, Some(2)));
}
