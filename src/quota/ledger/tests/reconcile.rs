//! What a settling makes of reservations.

use super::*;

#[test]
fn creating_what_exists_costs_nothing_more() {
    let mut ledger = ledger(10);
    admits(&mut ledger, &creates("FlinkDeployment", "etl", cluster(6)));
    settles(&mut ledger, &view(5, 0, &[living("FlinkDeployment", "etl", 5, &[], cluster(6))]));
    for uid in ["again", "and-again"] {
        admits(
            &mut ledger,
            &Request { uid: uid.into(), ..creates("FlinkDeployment", "etl", cluster(7)) },
        );
    }
    assert_eq!(cores(&ledger), 7);
    let over = ledger.next_stamp();
    settles(&mut ledger, &view(9, over, &[living("FlinkDeployment", "etl", 5, &[], cluster(6))]));
    assert_eq!((cores(&ledger), ledger.reservations()), (6, 0));
}

#[test]
fn an_update_is_charged_with_the_larger_until_it_is_seen() {
    let mut ledger = ledger(10);
    admits(&mut ledger, &creates("FlinkDeployment", "etl", cluster(4)));
    settles(&mut ledger, &view(5, 0, &[living("FlinkDeployment", "etl", 5, &[], cluster(4))]));
    admits(&mut ledger, &updates("FlinkDeployment", "etl", 5, cluster(4), cluster(9)));
    // Seen at the version that the update was about: it may yet be stored.
    settles(&mut ledger, &view(8, 0, &[living("FlinkDeployment", "etl", 5, &[], cluster(4))]));
    assert_eq!(cores(&ledger), 9);
    // Past it: the update was stored, or another one was and it never will be.
    settles(&mut ledger, &view(9, 0, &[living("FlinkDeployment", "etl", 9, &[], cluster(5))]));
    assert_eq!(cores(&ledger), 5);
}

#[test]
fn an_update_of_a_settled_pod_adds_only_what_it_asks_for_more() {
    let mut ledger = ledger(10);
    admits(&mut ledger, &creates("Pod", "a", cpu(4)));
    let pods = |version, cores| {
        [living("Pod", "a", version, &[], cpu(cores)), living("Pod", "b", 3, &[], cpu(2))]
    };
    settles(&mut ledger, &view(5, 0, &pods(5, 4)));
    assert_eq!(ledger.slots.len(), 0);
    refuses(&mut ledger, &updates("Pod", "a", 5, cpu(4), cpu(9)));
    admits(&mut ledger, &updates("Pod", "a", 5, cpu(4), cpu(8)));
    assert_eq!(cores(&ledger), 10);
    settles(&mut ledger, &view(6, 0, &pods(5, 4)));
    assert_eq!(cores(&ledger), 10);
    settles(&mut ledger, &view(7, 0, &pods(7, 8)));
    assert_eq!((cores(&ledger), ledger.slots.len()), (10, 0));
}

#[test]
fn what_is_forgotten_is_free_and_what_drew_on_it_draws_on_its_owner() {
    let mut ledger = ledger(20);
    let deployment = Request { owners: vec!["etl".into()], ..creates("Deployment", "jm", cpu(8)) };
    admits(&mut ledger, &creates("FlinkDeployment", "etl", cluster(6)));
    admits(&mut ledger, &deployment);
    admits(&mut ledger, &pod("a", "jm", 7));
    for (kind, gone, left) in
        [("Deployment", "jm", 7), ("FlinkDeployment", "etl", 7), ("Pod", "a", 0)]
    {
        ledger.release(&object(kind, gone));
        consistent(&ledger);
        assert_eq!(cores(&ledger), left, "after {gone}");
    }
}

#[test]
fn what_never_came_is_free_when_its_request_is_over_and_not_before() {
    let mut ledger = ledger(10);
    admits(&mut ledger, &creates("Pod", "a", cpu(10)));
    let over = ledger.next_stamp();
    let early = settles(&mut ledger, &view(100, 0, &[]));
    assert_eq!((early.bound, early.released, early.changed, early.next), (0, 0, false, over));
    assert_eq!(
        early.open,
        [OpenReservation { object: object("Pod", "a"), uid: "a".into(), base: 0, stamp: 0 }]
    );
    assert_eq!(cores(&ledger), 10);
    assert_eq!(settles(&mut ledger, &view(100, over, &[])).released, 1);
    assert_eq!(cores(&ledger), 0);
}

#[test]
fn asking_again_keeps_a_reservation_that_would_have_been_over() {
    let mut ledger = ledger(10);
    admits(&mut ledger, &creates("Pod", "a", cpu(10)));
    let over = ledger.next_stamp();
    admits(&mut ledger, &creates("Pod", "a", cpu(10)));
    settles(&mut ledger, &view(100, over, &[]));
    assert_eq!(cores(&ledger), 10);
}

#[test]
fn an_update_of_what_has_gone_is_free_at_once() {
    let mut ledger = ledger(10);
    admits(&mut ledger, &creates("Pod", "a", cpu(4)));
    admits(&mut ledger, &updates("Pod", "a", 20, cpu(4), cpu(8)));
    // A view from before the pod was there says nothing.
    settles(&mut ledger, &view(19, 0, &[]));
    assert_eq!(cores(&ledger), 8);
    settles(&mut ledger, &view(20, 0, &[]));
    assert_eq!(cores(&ledger), 0);
}

#[test]
fn a_view_older_than_what_was_counted_is_refused() {
    let mut ledger = ledger(10);
    admits(&mut ledger, &creates("Pod", "a", cpu(10)));
    settles(&mut ledger, &view(7, 0, &[living("Pod", "a", 7, &[], cpu(10))]));
    let known = ledger.known.clone();
    let stale = ledger.reconcile(&view(6, u64::MAX, &[]), &known).unwrap_err();
    assert_eq!(
        stale.to_string(),
        "the Deployment objects were seen at resource version 6, and the ledger has counted them at 7: look again"
    );
    assert_eq!(cores(&ledger), 10);
}

#[test]
fn a_namespace_that_moves_is_counted_where_it_came_and_no_longer_where_it_was() {
    let (mut from, mut to) = (ledger(10), ledger(10));
    admits(&mut from, &creates("FlinkDeployment", "etl", cluster(8)));
    let etl = [living("FlinkDeployment", "etl", 5, &[], cluster(8))];
    settles(&mut from, &view(5, 0, &etl));
    admits(&mut to, &creates("Pod", "own", cpu(6)));
    // On its way while the namespace moves: it stays with the tenant that it was promised by until
    // it is over.
    admits(&mut from, &creates("Pod", "late", cpu(1)));
    settles(&mut from, &view(7, 0, &[]));
    settles(&mut to, &view(7, 0, &etl));
    assert_eq!((cores(&from), cores(&to)), (1, 14));
    refuses(&mut to, &creates("Pod", "more", cpu(1)));
    let over = from.next_stamp();
    settles(&mut from, &view(9, over, &[]));
    assert_eq!(cores(&from), 0);
}

#[test]
fn a_tenant_that_is_made_again_has_its_new_limits() {
    let mut ledger = ledger(10);
    let made_again = KnownLimits { version: 900, ..limited(&[("cpu", 2)], &[]) };
    assert!(ledger.reconcile(&view(5, 0, &[]), &made_again).unwrap().changed);
    refuses(&mut ledger, &creates("Pod", "a", cpu(3)));
}

#[test]
fn a_version_that_moves_without_the_limits_changes_nothing() {
    let mut ledger = ledger(10);
    assert!(!ledger.learn_limits(&KnownLimits { version: 7, ..limited(&[("cpu", 10)], &[]) }));
    assert_eq!(ledger.known_limits().version, 1);
    let same = KnownLimits { version: 9, ..limited(&[("cpu", 10)], &[]) };
    assert!(!ledger.reconcile(&view(5, 0, &[]), &same).unwrap().changed);
    assert!(ledger.learn_limits(&KnownLimits { version: 8, ..limited(&[("cpu", 4)], &[]) }));
}

#[test]
fn a_former_leader_is_known_by_the_lease() {
    let mut ledger = ledger(10);
    let led_since = |version, objects: &[LiveObject]| {
        let mut view = view(7, 0, objects);
        view.positions.insert("Lease".into(), version);
        view
    };
    settles(&mut ledger, &led_since(30, &[living("Pod", "a", 7, &[], cpu(1))]));
    let known = ledger.known.clone();
    assert_eq!(ledger.reconcile(&led_since(20, &[]), &known).unwrap_err().kind, "Lease");
    assert_eq!(cores(&ledger), 1);
}

#[test]
fn a_settling_tells_who_is_charged_most_and_what_is_on_its_way() {
    let mut ledger = Ledger::default();
    let objects: Vec<LiveObject> =
        (1..30).map(|n| living("FlinkDeployment", &format!("c{n}"), 5, &[], cluster(n))).collect();
    let settled = settles(&mut ledger, &view(5, 0, &objects));
    assert!(settled.first && settled.open.is_empty());
    let largest: Vec<u64> =
        settled.largest.iter().map(|(_, usage)| usage.get("cpu").units_ceil()).collect();
    assert_eq!(largest, (10..30).rev().collect::<Vec<u64>>());
    assert_eq!(settled.total.get("clusters").units_ceil(), 29);
    assert!(!settles(&mut ledger, &view(5, 0, &objects)).first);
}

#[test]
fn what_uses_nothing_yet_is_not_taken_for_gone() {
    let mut ledger = ledger(10);
    admits(&mut ledger, &updates("Deployment", "jm", 5, cpu(0), cpu(8)));
    let idle = living("Deployment", "jm", 5, &[], Usage::default());
    settles(&mut ledger, &view(9, 0, std::slice::from_ref(&idle)));
    assert_eq!(cores(&ledger), 8);
    settles(&mut ledger, &view(10, 0, &[LiveObject { version: 10, usage: cpu(8), ..idle }]));
    assert_eq!((cores(&ledger), ledger.reservations()), (8, 0));
}

#[test]
fn what_was_seen_to_go_gives_back_at_once_what_was_promised_to_it_and_to_nobody_else() {
    let mut ledger = ledger(10);
    admits(&mut ledger, &creates("Pod", "a", cpu(2)));
    admits(&mut ledger, &Request { uid: "another".into(), ..creates("Pod", "a", cpu(3)) });
    let gone = |uid: &str| LiveObject {
        uid: uid.into(),
        version: u64::MAX,
        ..living("Pod", "a", 0, &[], Usage::default())
    };
    settles(&mut ledger, &view(5, 0, &[gone("a")]));
    assert_eq!((cores(&ledger), ledger.reservations()), (3, 1));
    let stored = LiveObject { uid: "another".into(), ..living("Pod", "a", 6, &[], cpu(3)) };
    settles(&mut ledger, &view(6, 0, &[gone("a"), stored]));
    assert_eq!((cores(&ledger), ledger.reservations()), (3, 0));
}
