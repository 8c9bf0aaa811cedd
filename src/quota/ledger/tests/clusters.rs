//! Tests of clusters: declared and drawn usage.

use super::*;

#[test]
fn pods_draw_on_their_cluster_or_extend_it() {
    let mut ledger = ledger(10);
    let deployment = Request { owners: vec!["etl".into()], ..creates("Deployment", "jm", cpu(3)) };
    admits(&mut ledger, &creates("FlinkDeployment", "etl", cluster(6)));
    admits(&mut ledger, &deployment);
    for name in ["a", "b", "c"] {
        admits(&mut ledger, &pod(name, "jm", 2));
    }
    assert_eq!(cores(&ledger), 6);
    let etl = [
        live("FlinkDeployment", "etl", 3, &[], cluster(6)),
        live("Deployment", "jm", 4, &["etl"], cpu(3)),
        live("Pod", "a", 5, &["replicas", "jm", "etl"], cpu(2)),
        live("Pod", "b", 6, &["jm", "etl"], cpu(2)),
    ];
    let result = reconciles(&mut ledger, &view(6, 0, &etl));
    assert_eq!((result.bound, ledger.reservations(), cores(&ledger)), (4, 1, 6));
    admits(&mut ledger, &pod("d", "jm", 4));
    assert_eq!(cores(&ledger), 10);
    refuses(&mut ledger, &pod("e", "jm", 1));
}

#[test]
fn pods_of_a_deleted_cluster_count_by_themselves() {
    let mut ledger = ledger(10);
    admits(&mut ledger, &creates("FlinkDeployment", "etl", cluster(6)));
    admits(&mut ledger, &pod("a", "etl", 4));
    let etl = live("FlinkDeployment", "etl", 5, &[], cluster(6));
    let pod = live("Pod", "a", 6, &["etl"], cpu(4));
    reconciles(&mut ledger, &view(6, 0, &[etl, pod.clone()]));
    reconciles(&mut ledger, &view(8, 0, &[pod]));
    assert_eq!(cores(&ledger), 4);
    reconciles(&mut ledger, &view(9, 0, &[]));
    assert_eq!(ledger.total(), &Usage::default());
}

#[test]
fn both_colours_draw_on_their_blue_green_deployment() {
    let mut ledger = Ledger {
        known: limited(&[("cpu", 12), ("clusters", 2)], &[("cpu", 6)]),
        ..Ledger::empty()
    };
    admits(
        &mut ledger,
        &creates("FlinkBlueGreenDeployment", "etl", usage(&[("cpu", 12), ("clusters", 2)])),
    );
    let colour = |name: &str| {
        let owners = vec!["etl".into()];
        Request { owners, ..creates("FlinkDeployment", name, cluster(6)) }
    };
    admits(&mut ledger, &colour("etl-blue"));
    admits(&mut ledger, &colour("etl-green"));
    assert_eq!(ledger.total(), &usage(&[("cpu", 12), ("clusters", 2)]));
    refuses(&mut ledger, &colour("etl-red"));
}

#[test]
fn a_cluster_does_not_draw_on_another() {
    let mut ledger = Ledger { known: limited(&[("clusters", 1)], &[]), ..Ledger::empty() };
    admits(&mut ledger, &creates("FlinkDeployment", "etl", cluster(1)));
    let second = creates("FlinkDeployment", "more", cluster(1));
    refuses(&mut ledger, &Request { owners: vec!["etl".into()], ..second });
}

#[test]
fn claims_draw_on_the_pod_that_declares_them() {
    let mut ledger = Ledger { known: limited(&[("storage", 10)], &[]), ..Ledger::empty() };
    let claims = usage(&[("storage", 10), ("persistentVolumeClaims", 1)]);
    admits(&mut ledger, &creates("Pod", "a", claims.clone()));
    let pod = live("Pod", "a", 4, &[], claims.clone());
    reconciles(&mut ledger, &view(4, 0, std::slice::from_ref(&pod)));
    let owners = vec!["a".into()];
    let create = creates("PersistentVolumeClaim", "a-data", claims.clone());
    admits(&mut ledger, &Request { owners, ..create });
    let claim = live("PersistentVolumeClaim", "a-data", 6, &["a"], claims.clone());
    reconciles(&mut ledger, &view(6, 0, &[pod, claim]));
    assert_eq!(ledger.total(), &claims);
}

#[test]
fn per_cluster_limits_include_what_draws_on_it() {
    let mut ledger = Ledger { known: limited(&[], &[("cpu", 6)]), ..Ledger::empty() };
    refuses(&mut ledger, &creates("FlinkDeployment", "big", cluster(7)));
    admits(&mut ledger, &creates("FlinkDeployment", "etl", cluster(4)));
    admits(&mut ledger, &pod("a", "etl", 6));
    insta::assert_snapshot!(refuses(&mut ledger, &pod("b", "etl", 1)), @"cluster `FlinkDeployment/prod/etl` would use 7 cpu, the limit is 6; help: use at most 6 cpu for one cluster, or ask the platform team for more");
    admits(&mut ledger, &creates("Pod", "alone", cpu(99)));
}

#[test]
fn owners_by_name_count_unless_a_uid_differs() {
    let mut ledger = Ledger { known: limited(&[("storage", 10)], &[]), ..Ledger::empty() };
    let storage = |amount| usage(&[("storage", amount), ("persistentVolumeClaims", 1)]);
    let set = live("StatefulSet", "tm", 3, &[], storage(10));
    let claim =
        |owners: &[&str]| live("PersistentVolumeClaim", "data-tm-0", 4, owners, storage(10));
    let by_name = claim(&["unknown", "StatefulSet/prod/other", "StatefulSet/prod/tm"]);
    admits(&mut ledger, &creates("StatefulSet", "tm", storage(10)));
    let create = creates("PersistentVolumeClaim", "data-tm-0", storage(10));
    admits(&mut ledger, &Request { owners: by_name.owners.clone(), ..create });
    reconciles(&mut ledger, &view(4, 0, &[set.clone(), by_name]));
    assert_eq!(
        (ledger.total().get("storage").units_ceil(), ledger.others()),
        (10, &Usage::default())
    );
    // A UID takes precedence over a name.
    let other = live("StatefulSet", "other", 3, &[], storage(1));
    reconciles(&mut ledger, &view(5, 0, &[set, other, claim(&["other", "StatefulSet/prod/tm"])]));
    assert_eq!(ledger.total().get("storage").units_ceil(), 20);
    // A name in another namespace is not an owner.
    reconciles(&mut ledger, &view(6, 0, &[claim(&["StatefulSet/test/tm"])]));
    assert_eq!(ledger.others().get("storage").units_ceil(), 10);
}

#[test]
fn a_name_with_two_owners_draws_on_neither() {
    let mut ledger = ledger(12);
    admits(&mut ledger, &creates("FlinkDeployment", "etl", cluster(6)));
    admits(&mut ledger, &Request { uid: "first".into(), ..pod("a", "etl", 6) });
    // The first was never stored; the second has no owner.
    let second = Request { uid: "second".into(), ..creates("Pod", "a", cpu(7)) };
    refuses(&mut ledger, &second);
    admits(&mut ledger, &Request { usage: cpu(6), ..second });
    assert_eq!(cores(&ledger), 6 + 6);
}

#[test]
fn a_deletion_keeps_another_reservation_of_the_name() {
    let mut ledger = ledger(12);
    let etl = live("FlinkDeployment", "etl", 3, &[], cluster(6));
    let first = LiveObject { uid: "first".into(), ..live("Pod", "a", 4, &["etl"], cpu(6)) };
    admits(&mut ledger, &creates("FlinkDeployment", "etl", cluster(6)));
    reconciles(&mut ledger, &view(4, 0, &[etl.clone(), first.clone()]));
    admits(&mut ledger, &Request { uid: "second".into(), ..creates("Pod", "a", cpu(6)) });
    // The first still exists, so its usage must not become free.
    reconciles(&mut ledger, &view(5, 0, &[etl.clone(), first]));
    assert_eq!(cores(&ledger), 12);
    refuses(&mut ledger, &creates("Pod", "b", cpu(1)));
    let second = LiveObject { uid: "second".into(), ..live("Pod", "a", 6, &[], cpu(6)) };
    reconciles(&mut ledger, &view(6, 0, &[etl, second]));
    assert_eq!((cores(&ledger), ledger.reservations()), (12, 0));
}
