//! Clusters: what is declared and what is drawn.

use super::*;

#[test]
fn a_clusters_pods_draw_on_its_charge_and_further_ones_extend_it() {
    let mut ledger = ledger(10);
    let deployment = Request { owners: vec!["etl".into()], ..creates("Deployment", "jm", cpu(3)) };
    admits(&mut ledger, &creates("FlinkDeployment", "etl", cluster(6)));
    admits(&mut ledger, &deployment);
    for name in ["a", "b", "c"] {
        admits(&mut ledger, &pod(name, "jm", 2));
    }
    assert_eq!(cores(&ledger), 6);
    let etl = [
        living("FlinkDeployment", "etl", 3, &[], cluster(6)),
        living("Deployment", "jm", 4, &["etl"], cpu(3)),
        living("Pod", "a", 5, &["replicas", "jm", "etl"], cpu(2)),
        living("Pod", "b", 6, &["jm", "etl"], cpu(2)),
    ];
    let settled = settles(&mut ledger, &view(6, 0, &etl));
    assert_eq!((settled.bound, ledger.reservations(), cores(&ledger)), (4, 1, 6));
    admits(&mut ledger, &pod("d", "jm", 4));
    assert_eq!(cores(&ledger), 10);
    refuses(&mut ledger, &pod("e", "jm", 1));
}

#[test]
fn the_pods_of_a_cluster_that_is_gone_count_until_they_are_gone() {
    let mut ledger = ledger(10);
    admits(&mut ledger, &creates("FlinkDeployment", "etl", cluster(6)));
    admits(&mut ledger, &pod("a", "etl", 4));
    settles(
        &mut ledger,
        &view(
            6,
            0,
            &[
                living("FlinkDeployment", "etl", 5, &[], cluster(6)),
                living("Pod", "a", 6, &["etl"], cpu(4)),
            ],
        ),
    );
    settles(&mut ledger, &view(8, 0, &[living("Pod", "a", 6, &["etl"], cpu(4))]));
    assert_eq!(cores(&ledger), 4);
    settles(&mut ledger, &view(9, 0, &[]));
    assert_eq!(ledger.total(), &Usage::default());
}

#[test]
fn both_colours_draw_on_what_a_blue_green_deployment_declares() {
    let mut ledger = Ledger {
        known: limited(&[("cpu", 12), ("clusters", 2)], &[("cpu", 6)]),
        ..Ledger::empty()
    };
    admits(
        &mut ledger,
        &creates("FlinkBlueGreenDeployment", "etl", usage(&[("cpu", 12), ("clusters", 2)])),
    );
    for colour in ["etl-blue", "etl-green"] {
        admits(
            &mut ledger,
            &Request {
                owners: vec!["etl".into()],
                ..creates("FlinkDeployment", colour, cluster(6))
            },
        );
    }
    assert_eq!(ledger.total(), &usage(&[("cpu", 12), ("clusters", 2)]));
    refuses(
        &mut ledger,
        &Request {
            owners: vec!["etl".into()],
            ..creates("FlinkDeployment", "etl-red", cluster(6))
        },
    );
}

#[test]
fn owner_references_are_no_way_to_have_two_clusters_for_one() {
    let mut ledger = Ledger { known: limited(&[("clusters", 1)], &[]), ..Ledger::empty() };
    admits(&mut ledger, &creates("FlinkDeployment", "etl", cluster(1)));
    refuses(
        &mut ledger,
        &Request { owners: vec!["etl".into()], ..creates("FlinkDeployment", "more", cluster(1)) },
    );
}

#[test]
fn claims_that_a_pod_declared_draw_on_it() {
    let mut ledger = Ledger { known: limited(&[("storage", 10)], &[]), ..Ledger::empty() };
    let claims = usage(&[("storage", 10), ("persistentVolumeClaims", 1)]);
    admits(&mut ledger, &creates("Pod", "a", claims.clone()));
    settles(&mut ledger, &view(4, 0, &[living("Pod", "a", 4, &[], claims.clone())]));
    admits(
        &mut ledger,
        &Request {
            owners: vec!["a".into()],
            ..creates("PersistentVolumeClaim", "a-data", claims.clone())
        },
    );
    settles(
        &mut ledger,
        &view(
            6,
            0,
            &[
                living("Pod", "a", 4, &[], claims.clone()),
                living("PersistentVolumeClaim", "a-data", 6, &["a"], claims.clone()),
            ],
        ),
    );
    assert_eq!(ledger.total(), &claims);
}

#[test]
fn a_cluster_is_held_to_the_limit_of_one_cluster_with_all_that_draws_on_it() {
    let mut ledger = Ledger { known: limited(&[], &[("cpu", 6)]), ..Ledger::empty() };
    refuses(&mut ledger, &creates("FlinkDeployment", "big", cluster(7)));
    admits(&mut ledger, &creates("FlinkDeployment", "etl", cluster(4)));
    admits(&mut ledger, &pod("a", "etl", 6));
    insta::assert_snapshot!(refuses(&mut ledger, &pod("b", "etl", 1)), @"Pod/prod/b is more than is left: FlinkDeployment/prod/etl would use 7 cpu, and one cluster may use 6. Ask for less (cpu), let something else of the tenant's go first, or have the limit raised");
    admits(&mut ledger, &creates("Pod", "alone", cpu(99)));
}

#[test]
fn what_only_a_name_ties_to_its_owner_draws_on_it_and_a_uid_goes_first() {
    let mut ledger = Ledger { known: limited(&[("storage", 10)], &[]), ..Ledger::empty() };
    let storage = |amount| usage(&[("storage", amount), ("persistentVolumeClaims", 1)]);
    let set = living("StatefulSet", "tm", 3, &[], storage(10));
    let claim =
        |owners: &[&str]| living("PersistentVolumeClaim", "data-tm-0", 4, owners, storage(10));
    let by_name = claim(&["unknown", "StatefulSet/prod/other", "StatefulSet/prod/tm"]);
    admits(&mut ledger, &creates("StatefulSet", "tm", storage(10)));
    admits(
        &mut ledger,
        &Request {
            owners: by_name.owners.clone(),
            ..creates("PersistentVolumeClaim", "data-tm-0", storage(10))
        },
    );
    settles(&mut ledger, &view(4, 0, &[set.clone(), by_name]));
    assert_eq!(
        (ledger.total().get("storage").units_ceil(), ledger.others()),
        (10, &Usage::default())
    );
    // A UID that says otherwise.
    let other = living("StatefulSet", "other", 3, &[], storage(1));
    settles(&mut ledger, &view(5, 0, &[set, other, claim(&["other", "StatefulSet/prod/tm"])]));
    assert_eq!(ledger.total().get("storage").units_ceil(), 20);
    // Nor does a name lead into another namespace.
    settles(&mut ledger, &view(6, 0, &[claim(&["StatefulSet/test/tm"])]));
    assert_eq!(ledger.others().get("storage").units_ceil(), 10);
}

#[test]
fn of_two_of_one_name_with_different_owners_either_may_live() {
    let mut ledger = ledger(12);
    admits(&mut ledger, &creates("FlinkDeployment", "etl", cluster(6)));
    admits(&mut ledger, &Request { uid: "first".into(), ..pod("a", "etl", 6) });
    // The first never came to be; the second draws on nobody.
    let second = Request { uid: "second".into(), ..creates("Pod", "a", cpu(7)) };
    refuses(&mut ledger, &second);
    admits(&mut ledger, &Request { usage: cpu(6), ..second });
    assert_eq!(cores(&ledger), 6 + 6);
}

#[test]
fn one_that_goes_leaves_what_was_promised_to_another_of_its_name_where_it_was() {
    let mut ledger = ledger(12);
    let etl = living("FlinkDeployment", "etl", 3, &[], cluster(6));
    let first = LiveObject { uid: "first".into(), ..living("Pod", "a", 4, &["etl"], cpu(6)) };
    admits(&mut ledger, &creates("FlinkDeployment", "etl", cluster(6)));
    settles(&mut ledger, &view(4, 0, &[etl.clone(), first.clone()]));
    admits(&mut ledger, &Request { uid: "second".into(), ..creates("Pod", "a", cpu(6)) });
    // The first is there yet, and what it drew must not be free for others.
    settles(&mut ledger, &view(5, 0, &[etl.clone(), first]));
    assert_eq!(cores(&ledger), 12);
    refuses(&mut ledger, &creates("Pod", "b", cpu(1)));
    settles(
        &mut ledger,
        &view(
            6,
            0,
            &[etl, LiveObject { uid: "second".into(), ..living("Pod", "a", 6, &[], cpu(6)) }],
        ),
    );
    assert_eq!((cores(&ledger), ledger.reservations()), (12, 0));
}
