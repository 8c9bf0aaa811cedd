//! Scenarios with pods that lose their cluster.

use super::broken::is_violated_depth_first;
use super::scenario::{Fault, Plan, Scenario};
use super::{create, delete, holds, is_large, pod, scenario};

fn recreated() -> Scenario {
    scenario(3, vec![create("etl", 2), pod("p", Some("etl"), 2), delete("etl"), create("etl", 2)])
}

fn owner_removed() -> Scenario {
    scenario(
        4,
        vec![
            create("etl", 2),
            pod("p", Some("etl"), 2),
            Plan::RemoveOwner { name: "p" },
            pod("q", None, 1),
        ],
    )
}

#[test]
fn pods_of_a_deleted_cluster_count_by_themselves() {
    let plans =
        vec![create("etl", 2), pod("p", Some("etl"), 2), pod("q", Some("etl"), 1), delete("etl")];
    holds("cluster deleted first", scenario(4, plans), &["a reservation is dropped"]);
}

#[test]
fn orphaned_pods_are_not_counted_twice() {
    let plans = vec![
        create("etl", 2),
        pod("p", Some("etl"), 2),
        Plan::BeginDeletion { name: "etl" },
        Plan::Orphan { name: "p" },
    ];
    holds("orphaned", scenario(3, plans), &["a reservation is dropped"]);
}

#[test]
fn a_recreated_cluster_does_not_cover_former_pods() {
    holds("cluster recreated", recreated(), &["a request is refused"]);
}

#[test]
fn a_recreated_cluster_with_two_leaders() {
    if !is_large() {
        return;
    }
    holds(
        "cluster recreated, two leaders",
        Scenario { leaders: 2, elections: 1, ..recreated() },
        &["a request is refused"],
    );
}

#[test]
fn releases_by_a_former_leader_exceed_the_limit() {
    if !is_large() {
        return;
    }
    // Depth first, because the path is long.
    is_violated_depth_first(
        "former leader",
        Fault::FormerLeaderReleases,
        Scenario { leaders: 2, elections: 1, ..recreated() },
    );
}

#[test]
fn a_pod_without_its_owner_counts_by_itself() {
    holds("owner removed", owner_removed(), &["a request is refused"]);
}
