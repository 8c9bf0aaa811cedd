//! Tests of reconciliations.

use super::*;

#[test]
fn creating_an_existing_object_costs_nothing_more() {
    let mut ledger = ledger(10);
    admits(&mut ledger, &creates("FlinkDeployment", "etl", cluster(6)));
    reconciles(&mut ledger, &view(5, 0, &[live("FlinkDeployment", "etl", 5, &[], cluster(6))]));
    for uid in ["again", "and-again"] {
        let create = creates("FlinkDeployment", "etl", cluster(7));
        admits(&mut ledger, &Request { uid: uid.into(), ..create });
    }
    assert_eq!(cores(&ledger), 7);
    let finished = ledger.next_stamp();
    reconciles(
        &mut ledger,
        &view(9, finished, &[live("FlinkDeployment", "etl", 5, &[], cluster(6))]),
    );
    assert_eq!((cores(&ledger), ledger.reservations()), (6, 0));
}

#[test]
fn an_update_reserves_the_larger_usage() {
    let mut ledger = ledger(10);
    admits(&mut ledger, &creates("FlinkDeployment", "etl", cluster(4)));
    reconciles(&mut ledger, &view(5, 0, &[live("FlinkDeployment", "etl", 5, &[], cluster(4))]));
    admits(&mut ledger, &updates("FlinkDeployment", "etl", 5, cluster(4), cluster(9)));
    // At the update's base version: the update may still be stored.
    reconciles(&mut ledger, &view(8, 0, &[live("FlinkDeployment", "etl", 5, &[], cluster(4))]));
    assert_eq!(cores(&ledger), 9);
    // Past the base version: this update or another one was stored.
    reconciles(&mut ledger, &view(9, 0, &[live("FlinkDeployment", "etl", 9, &[], cluster(5))]));
    assert_eq!(cores(&ledger), 5);
}

#[test]
fn an_update_of_a_live_pod_adds_its_increase() {
    let mut ledger = ledger(10);
    admits(&mut ledger, &creates("Pod", "a", cpu(4)));
    let pods = |version, cores| {
        [live("Pod", "a", version, &[], cpu(cores)), live("Pod", "b", 3, &[], cpu(2))]
    };
    reconciles(&mut ledger, &view(5, 0, &pods(5, 4)));
    assert_eq!(ledger.slots.len(), 0);
    refuses(&mut ledger, &updates("Pod", "a", 5, cpu(4), cpu(9)));
    admits(&mut ledger, &updates("Pod", "a", 5, cpu(4), cpu(8)));
    assert_eq!(cores(&ledger), 10);
    reconciles(&mut ledger, &view(6, 0, &pods(5, 4)));
    assert_eq!(cores(&ledger), 10);
    reconciles(&mut ledger, &view(7, 0, &pods(7, 8)));
    assert_eq!((cores(&ledger), ledger.slots.len()), (10, 0));
}

#[test]
fn a_release_passes_dependents_to_the_owner() {
    let mut ledger = ledger(20);
    let deployment = Request { owners: vec!["etl".into()], ..creates("Deployment", "jm", cpu(8)) };
    admits(&mut ledger, &creates("FlinkDeployment", "etl", cluster(6)));
    admits(&mut ledger, &deployment);
    admits(&mut ledger, &pod("a", "jm", 7));
    for (kind, deleted, left) in
        [("Deployment", "jm", 7), ("FlinkDeployment", "etl", 7), ("Pod", "a", 0)]
    {
        ledger.release(&object(kind, deleted));
        consistent(&ledger);
        assert_eq!(cores(&ledger), left, "after {deleted}");
    }
}

#[test]
fn a_failed_create_is_released_after_its_request() {
    let mut ledger = ledger(10);
    admits(&mut ledger, &creates("Pod", "a", cpu(10)));
    let finished = ledger.next_stamp();
    let early = reconciles(&mut ledger, &view(100, 0, &[]));
    assert_eq!((early.bound, early.released, early.changed, early.next), (0, 0, false, finished));
    assert_eq!(
        early.open,
        [OpenReservation { object: object("Pod", "a"), uid: "a".into(), ..Default::default() }]
    );
    assert_eq!(cores(&ledger), 10);
    assert_eq!(reconciles(&mut ledger, &view(100, finished, &[])).released, 1);
    assert_eq!(cores(&ledger), 0);
}

#[test]
fn a_repeated_request_extends_its_reservation() {
    let mut ledger = ledger(10);
    admits(&mut ledger, &creates("Pod", "a", cpu(10)));
    let finished = ledger.next_stamp();
    admits(&mut ledger, &creates("Pod", "a", cpu(10)));
    reconciles(&mut ledger, &view(100, finished, &[]));
    assert_eq!(cores(&ledger), 10);
}

#[test]
fn an_update_of_a_deleted_object_is_released() {
    let mut ledger = ledger(10);
    admits(&mut ledger, &creates("Pod", "a", cpu(4)));
    admits(&mut ledger, &updates("Pod", "a", 20, cpu(4), cpu(8)));
    // The view is older than the pod.
    reconciles(&mut ledger, &view(19, 0, &[]));
    assert_eq!(cores(&ledger), 8);
    reconciles(&mut ledger, &view(20, 0, &[]));
    assert_eq!(cores(&ledger), 0);
}

#[test]
fn a_view_older_than_the_ledger_is_refused() {
    let mut ledger = ledger(10);
    admits(&mut ledger, &creates("Pod", "a", cpu(10)));
    reconciles(&mut ledger, &view(7, 0, &[live("Pod", "a", 7, &[], cpu(10))]));
    let known = ledger.known.clone();
    let stale = ledger.reconcile(&view(6, u64::MAX, &[]), &known).unwrap_err();
    assert_eq!(
        stale.to_string(),
        "the view of `Deployment` is stale: resource version 6, while the ledger counted version 7"
    );
    assert_eq!(cores(&ledger), 10);
}

#[test]
fn a_moved_namespace_counts_for_its_new_tenant() {
    let (mut from, mut to) = (ledger(10), ledger(10));
    admits(&mut from, &creates("FlinkDeployment", "etl", cluster(8)));
    let etl = [live("FlinkDeployment", "etl", 5, &[], cluster(8))];
    reconciles(&mut from, &view(5, 0, &etl));
    admits(&mut to, &creates("Pod", "own", cpu(6)));
    // Reserved while the namespace moves: the old tenant keeps the reservation until its request
    // is over.
    admits(&mut from, &creates("Pod", "late", cpu(1)));
    reconciles(&mut from, &view(7, 0, &[]));
    reconciles(&mut to, &view(7, 0, &etl));
    assert_eq!((cores(&from), cores(&to)), (1, 14));
    refuses(&mut to, &creates("Pod", "more", cpu(1)));
    let finished = from.next_stamp();
    reconciles(&mut from, &view(9, finished, &[]));
    assert_eq!(cores(&from), 0);
}

#[test]
fn a_recreated_tenant_has_its_new_limits() {
    let mut ledger = ledger(10);
    let recreated = KnownLimits { version: 900, ..limited(&[("cpu", 2)], &[]) };
    assert!(ledger.reconcile(&view(5, 0, &[]), &recreated).unwrap().changed);
    refuses(&mut ledger, &creates("Pod", "a", cpu(3)));
}

#[test]
fn a_newer_version_alone_changes_nothing() {
    let mut ledger = ledger(10);
    assert!(!ledger.learn_limits(&KnownLimits { version: 7, ..limited(&[("cpu", 10)], &[]) }));
    assert_eq!(ledger.known_limits().version, 1);
    let same = KnownLimits { version: 9, ..limited(&[("cpu", 10)], &[]) };
    assert!(!ledger.reconcile(&view(5, 0, &[]), &same).unwrap().changed);
    assert!(ledger.learn_limits(&KnownLimits { version: 8, ..limited(&[("cpu", 4)], &[]) }));
}

#[test]
fn a_former_leaders_view_is_stale() {
    let mut ledger = ledger(10);
    let led_since = |version, objects: &[LiveObject]| {
        let mut view = view(7, 0, objects);
        view.positions.insert("Lease".into(), version);
        view
    };
    reconciles(&mut ledger, &led_since(30, &[live("Pod", "a", 7, &[], cpu(1))]));
    let known = ledger.known.clone();
    assert_eq!(ledger.reconcile(&led_since(20, &[]), &known).unwrap_err().kind, "Lease");
    assert_eq!(cores(&ledger), 1);
}

#[test]
fn a_reconciliation_returns_the_largest_charges() {
    let mut ledger = Ledger::default();
    let objects: Vec<LiveObject> =
        (1..30).map(|n| live("FlinkDeployment", &format!("c{n}"), 5, &[], cluster(n))).collect();
    let result = reconciles(&mut ledger, &view(5, 0, &objects));
    assert!(result.first && result.open.is_empty());
    let largest: Vec<u64> =
        result.largest.iter().map(|(_, usage)| usage.get("cpu").units_ceil()).collect();
    assert_eq!(largest, (10..30).rev().collect::<Vec<u64>>());
    assert_eq!(result.total.get("clusters").units_ceil(), 29);
    assert!(!reconciles(&mut ledger, &view(5, 0, &objects)).first);
}

#[test]
fn an_object_without_usage_keeps_its_reservation() {
    let mut ledger = ledger(10);
    admits(&mut ledger, &updates("Deployment", "jm", 5, cpu(0), cpu(8)));
    let idle = live("Deployment", "jm", 5, &[], Usage::default());
    reconciles(&mut ledger, &view(9, 0, std::slice::from_ref(&idle)));
    assert_eq!(cores(&ledger), 8);
    reconciles(&mut ledger, &view(10, 0, &[LiveObject { version: 10, usage: cpu(8), ..idle }]));
    assert_eq!((cores(&ledger), ledger.reservations()), (8, 0));
}

#[test]
fn a_deletion_releases_only_its_own_reservation() {
    let mut ledger = ledger(10);
    admits(&mut ledger, &creates("Pod", "a", cpu(2)));
    admits(&mut ledger, &Request { uid: "another".into(), ..creates("Pod", "a", cpu(3)) });
    let deleted = |uid: &str| LiveObject {
        uid: uid.into(),
        version: u64::MAX,
        ..live("Pod", "a", 0, &[], Usage::default())
    };
    reconciles(&mut ledger, &view(5, 0, &[deleted("a")]));
    assert_eq!((cores(&ledger), ledger.reservations()), (3, 1));
    let stored = LiveObject { uid: "another".into(), ..live("Pod", "a", 6, &[], cpu(3)) };
    reconciles(&mut ledger, &view(6, 0, &[deleted("a"), stored]));
    assert_eq!((cores(&ledger), ledger.reservations()), (3, 0));
}
