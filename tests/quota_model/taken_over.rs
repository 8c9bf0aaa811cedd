//! Scenarios of what a request takes over: places of leaving pods, claims that exist, and the charge
//! of clusters that have ended.

use super::broken::{is_violated, is_violated_depth_first};
use super::scenario::{Fault, Plan, Scenario};
use super::{create, delete, holds, is_large, pod, scenario, update};

const TAKES_PLACE: &str = "a pod takes the place of another";

fn replace(name: &'static str, cores: u64) -> Plan {
    Plan::Replace { name, owner: "etl", cores }
}

fn leave(name: &'static str) -> Plan {
    Plan::Leave { name }
}

/// A full cluster of one pod that leaves, and two pods that want its place.
fn replaced() -> Scenario {
    scenario(
        1,
        vec![
            create("etl", 1),
            pod("p", Some("etl"), 1),
            leave("p"),
            replace("q", 1),
            replace("r", 1),
        ],
    )
}

#[test]
fn a_leaving_pod_has_one_replacement() {
    holds("replacements", replaced(), &["a request is refused", TAKES_PLACE]);
}

#[test]
fn a_replacement_that_leaves_waits_for_its_predecessor() {
    let plans = vec![
        create("etl", 1),
        pod("p", Some("etl"), 1),
        leave("p"),
        replace("q", 1),
        leave("q"),
        delete("p"),
        replace("r", 1),
    ];
    if is_large() {
        holds("chain of replacements", scenario(1, plans), &[TAKES_PLACE]);
    } else {
        // All states take minutes.
        let first = plans.into_iter().filter(|plan| !matches!(plan, Plan::Delete { .. })).collect();
        holds("chain of replacements", scenario(1, first), &[TAKES_PLACE]);
    }
}

#[test]
fn replacements_survive_a_change_of_the_leader() {
    if !is_large() {
        return;
    }
    let plans =
        vec![create("etl", 1), pod("p", Some("etl"), 1), leave("p"), replace("q", 1), delete("p")];
    holds(
        "replacements, two leaders",
        Scenario { leaders: 2, elections: 1, ..scenario(1, plans) },
        &[TAKES_PLACE],
    );
}

#[test]
fn a_recreated_cluster_draws_on_the_claim_it_left() {
    let plans = vec![
        create("etl", 2),
        Plan::Claim { name: "etl-state", cluster: "etl", cores: 1 },
        delete("etl"),
        create("etl", 2),
    ];
    holds(
        "claims",
        scenario(2, plans),
        &["a request is refused", "a cluster draws on a claim that was there"],
    );
}

/// A cluster that ends, and another one.
fn rested() -> Scenario {
    scenario(
        2,
        vec![create("etl", 2), Plan::Rest { name: "etl" }, create("b", 2), update("etl", 2)],
    )
}

#[test]
fn a_cluster_that_has_ended_frees_its_charge() {
    holds(
        "ended",
        rested(),
        &[
            "a request is refused",
            "a cluster that rests counts nothing",
            "a reservation is dropped",
        ],
    );
}

#[test]
fn a_cluster_that_has_ended_counts_again_with_an_update_alone() {
    let plans = vec![
        create("etl", 2),
        Plan::Rest { name: "etl" },
        pod("p", Some("etl"), 1),
        create("b", 1),
        delete("p"),
    ];
    holds(
        "ended, with a pod",
        scenario(2, plans),
        &["a request is refused", "a cluster that rests counts nothing"],
    );
}

#[test]
fn pods_that_are_free_once_they_leave_exceed_the_limit() {
    let plans = vec![pod("p", None, 1), leave("p"), pod("q", None, 1)];
    is_violated("leaving pods are free", Some(Fault::LeavingPodsAreFree), scenario(1, plans));
}

#[test]
fn a_ledger_that_forgets_replacements_exceeds_the_limit() {
    is_violated_depth_first("replacements are forgotten", Fault::ForgetsReplacements, replaced());
}

#[test]
fn starting_again_without_a_reservation_exceeds_the_limit() {
    is_violated("starts again freely", Some(Fault::StartsAgainFreely), rested());
}
