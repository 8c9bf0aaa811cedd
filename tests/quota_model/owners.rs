//! Pods that lose their cluster.

use super::broken::is_caught_deep;
use super::scenario::{Fault, Plan, Scenario};
use super::{create, delete, holds, is_large, pod, scenario};

fn anew() -> Scenario {
    scenario(3, vec![create("etl", 2), pod("p", Some("etl"), 2), delete("etl"), create("etl", 2)])
}

fn taken_off() -> Scenario {
    scenario(
        4,
        vec![
            create("etl", 2),
            pod("p", Some("etl"), 2),
            Plan::Leave { name: "p" },
            pod("q", None, 1),
        ],
    )
}

#[test]
fn pods_whose_cluster_went_first_count_by_themselves() {
    let plans =
        vec![create("etl", 2), pod("p", Some("etl"), 2), pod("q", Some("etl"), 1), delete("etl")];
    holds("cluster gone first", scenario(4, plans), &["a reservation is settled"]);
}

#[test]
fn what_the_garbage_collector_takes_off_a_cluster_that_goes_is_not_counted_twice() {
    let plans = vec![
        create("etl", 2),
        pod("p", Some("etl"), 2),
        Plan::Doom { name: "etl" },
        Plan::Orphan { name: "p" },
    ];
    holds("orphaned", scenario(3, plans), &["a reservation is settled"]);
}

#[test]
fn a_cluster_made_anew_does_not_stand_for_the_pods_of_the_former_one() {
    holds("cluster anew", anew(), &["something is refused"]);
}

#[test]
fn a_cluster_made_anew_while_the_leader_changes_does_not_either() {
    if !is_large() {
        return;
    }
    holds(
        "cluster anew, two leaders",
        Scenario { leaders: 2, elections: 1, ..anew() },
        &["something is refused"],
    );
}

#[test]
fn a_former_leader_that_gives_back_what_a_later_one_saw_passes_the_limit() {
    if !is_large() {
        return;
    }
    // Depth first: the way is long.
    is_caught_deep(
        "former leader",
        Fault::FormerLeaderReleases,
        Scenario { leaders: 2, elections: 1, ..anew() },
    );
}

#[test]
fn a_pod_that_a_user_takes_from_its_cluster_counts_by_itself() {
    holds("taken off", taken_off(), &["something is refused"]);
}
