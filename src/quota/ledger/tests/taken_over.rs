//! Tests of what a request takes over: the place of a leaving pod, and claims that exist.

use super::*;

fn leaves(live: LiveObject) -> LiveObject {
    LiveObject { leaving: true, ..live }
}

fn replacement(name: &str, cores: u64) -> Request {
    Request { replaces: true, ..pod(name, "etl", cores) }
}

/// A cluster of 3 cpu with three pods, of which one or more are leaving, in a full tenant.
fn cluster_with_leaving(leaving: &[&str]) -> (Ledger, Vec<LiveObject>) {
    let mut ledger = ledger(3);
    let mut objects = vec![live("FlinkDeployment", "etl", 5, &[], cluster(3))];
    objects.extend(["a", "b", "c"].map(|name| {
        let pod = live("Pod", name, 5, &["etl"], cpu(1));
        if leaving.contains(&name) { leaves(pod) } else { pod }
    }));
    reconciles(&mut ledger, &view(6, 0, &objects));
    assert_eq!(cores(&ledger), 3);
    (ledger, objects)
}

#[test]
fn a_replacement_takes_the_place_of_a_leaving_pod() {
    let (mut ledger, mut objects) = cluster_with_leaving(&["a"]);
    // No other pod does, and no second one.
    refuses(&mut ledger, &pod("d", "etl", 1));
    refuses(&mut ledger, &creates("Pod", "stranger", cpu(1)));
    admits(&mut ledger, &replacement("d", 1));
    refuses(&mut ledger, &replacement("e", 1));
    assert_eq!(cores(&ledger), 3);
    // Asked again, it costs nothing.
    admits(&mut ledger, &replacement("d", 1));

    objects.push(live("Pod", "d", 7, &["etl"], cpu(1)));
    reconciles(&mut ledger, &view(7, 0, &objects));
    assert_eq!((cores(&ledger), ledger.reservations()), (3, 0));
    refuses(&mut ledger, &replacement("e", 1));
    objects.retain(|live| live.object.name != "a");
    reconciles(&mut ledger, &view(8, 0, &objects));
    assert_eq!(cores(&ledger), 3);
    refuses(&mut ledger, &replacement("e", 1));
}

#[test]
fn each_leaving_pod_has_one_replacement() {
    let (mut ledger, _) = cluster_with_leaving(&["a", "b", "c"]);
    for name in ["d", "e", "f"] {
        admits(&mut ledger, &replacement(name, 1));
    }
    refuses(&mut ledger, &replacement("g", 1));
    assert_eq!(cores(&ledger), 3);
}

#[test]
fn a_replacement_is_not_replaced_before_its_place_is_free() {
    let (mut ledger, mut objects) = cluster_with_leaving(&["a"]);
    admits(&mut ledger, &replacement("d", 1));
    objects.push(leaves(live("Pod", "d", 7, &["etl"], cpu(1))));
    reconciles(&mut ledger, &view(7, 0, &objects));
    assert_eq!(cores(&ledger), 3, "a deletion raises nothing");
    refuses(&mut ledger, &replacement("e", 1));
    objects.retain(|live| live.object.name != "a");
    reconciles(&mut ledger, &view(8, 0, &objects));
    admits(&mut ledger, &replacement("e", 1));
}

#[test]
fn a_replacement_that_never_came_frees_the_place() {
    let (mut ledger, objects) = cluster_with_leaving(&["a"]);
    admits(&mut ledger, &replacement("d", 1));
    let result = reconciles(&mut ledger, &view(7, u64::MAX, &objects));
    assert_eq!((result.released, cores(&ledger)), (1, 3));
    admits(&mut ledger, &replacement("e", 1));
}

#[test]
fn a_larger_replacement_counts_with_what_is_more() {
    let (mut ledger, _) = cluster_with_leaving(&["a"]);
    refuses(&mut ledger, &replacement("d", 2));
    ledger.learn_limits(&KnownLimits { version: 2, ..limited(&[("cpu", 4)], &[]) });
    admits(&mut ledger, &replacement("d", 2));
    assert_eq!(cores(&ledger), 4);
}

#[test]
fn a_task_manager_does_not_replace_a_job_manager() {
    let mut ledger = ledger(3);
    let task_manager = usage(&[("cpu", 1), ("taskManagers", 1)]);
    let objects = [
        live("FlinkDeployment", "etl", 5, &[], cluster(3)),
        leaves(live("Pod", "jm", 5, &["etl"], cpu(1))),
        live("Pod", "a", 5, &["etl"], task_manager.clone()),
        live("Pod", "b", 5, &["etl"], task_manager.clone()),
    ];
    reconciles(&mut ledger, &view(6, 0, &objects));
    refuses(&mut ledger, &Request { usage: task_manager, ..replacement("c", 1) });
    admits(&mut ledger, &replacement("jm-2", 1));
}

#[test]
fn another_pod_of_the_leaving_pods_name_counts() {
    let (mut ledger, _) = cluster_with_leaving(&["a"]);
    admits(&mut ledger, &replacement("d", 1));
    // Once the first is gone, both replacements may exist.
    refuses(&mut ledger, &Request { uid: "again".into(), ..replacement("a", 1) });
}

#[test]
fn thousands_of_leaving_pods_do_not_fill_the_ledger() {
    let mut ledger = ledger(5_000);
    let mut objects = vec![live("FlinkDeployment", "etl", 5, &[], cluster(5_000))];
    objects.extend(
        (0..5_000).map(|pod| leaves(live("Pod", &format!("etl-{pod}"), 5, &["etl"], cpu(1)))),
    );
    reconciles(&mut ledger, &view(6, 0, &objects));
    assert_eq!(cores(&ledger), 5_000);
    assert!(ledger.stored_size < 50_000, "{}", ledger.stored_size);
    for pod in 0..200 {
        admits(&mut ledger, &replacement(&format!("new-{pod}"), 1));
    }
    // Those whose place was taken keep their slots, wherever they are in the view.
    objects.reverse();
    reconciles(&mut ledger, &view(7, 0, &objects));
    assert_eq!(cores(&ledger), 5_000);
}

#[test]
fn a_cluster_draws_on_the_claim_that_it_left() {
    let of = |cores, storage| {
        usage(&[
            ("cpu", cores),
            ("storage", storage),
            ("persistentVolumeClaims", u64::from(storage > 0)),
        ])
    };
    let mut ledger = Ledger {
        known: limited(&[("cpu", 3), ("storage", 10), ("persistentVolumeClaims", 1)], &[]),
        ..Ledger::empty()
    };
    let owners = ["FlinkBlueGreenDeployment/prod/etl", "FlinkDeployment/prod/etl"];
    let claim = live("PersistentVolumeClaim", "etl-state", 5, &owners, of(0, 10));
    reconciles(&mut ledger, &view(6, 0, std::slice::from_ref(&claim)));
    assert_eq!(ledger.total().get("storage").units_ceil(), 10);
    let claims = |name: &str| vec![ClaimNames::One(format!("{name}-state"))];
    let create = |name: &str| Request {
        claims: claims(name),
        ..creates("FlinkDeployment", name, of(3, 10))
    };
    refuses(&mut ledger, &create("other"));
    let before = ledger.clone();
    assert_eq!(ledger.would_admit(&create("etl")), Decision::Reserved);
    assert_eq!(ledger, before);
    consistent(&ledger);
    admits(&mut ledger, &create("etl"));
    assert_eq!(ledger.total(), &of(3, 10));
    // It stays one claim, whether the cluster comes to exist or not.
    let etl = live("FlinkDeployment", "etl", 7, &[], of(3, 10));
    let mut other = ledger.clone();
    reconciles(&mut other, &view(7, 0, &[etl, claim.clone()]));
    assert_eq!(other.total(), &of(3, 10));
    reconciles(&mut ledger, &view(7, u64::MAX, &[claim]));
    assert_eq!(ledger.total(), &of(0, 10));
}

#[test]
fn claims_of_a_stateful_set_are_found_by_number() {
    let storage = |amount| usage(&[("storage", amount), ("persistentVolumeClaims", 1)]);
    let mut ledger = Ledger { known: limited(&[("storage", 20)], &[]), ..Ledger::empty() };
    let claim =
        |name: &str| live("PersistentVolumeClaim", name, 5, &["StatefulSet/prod/tm"], storage(10));
    reconciles(&mut ledger, &view(6, 0, &[claim("data-tm-0"), claim("data-tm-x")]));
    let set = Request {
        claims: vec![ClaimNames::Numbered("data-tm-".into())],
        ..creates("StatefulSet", "tm", storage(10))
    };
    admits(&mut ledger, &set);
    assert_eq!(ledger.total().get("storage").units_ceil(), 20);
}

#[test]
fn what_had_stopped_to_count_does_not_count_again_by_its_pods() {
    let mut ledger = ledger(3);
    let etl = live("FlinkDeployment", "etl", 5, &[], cluster(3));
    let resting = LiveObject { resting: true, ..etl.clone() };
    let pod = live("Pod", "forged", 8, &["etl"], cpu(1));
    reconciles(&mut ledger, &view(5, 0, std::slice::from_ref(&etl)));
    // Its pods are still there: it counts whole.
    reconciles(&mut ledger, &view(5, 0, std::slice::from_ref(&resting)));
    assert_eq!(cores(&ledger), 3);
    // They are gone.
    let none = LiveObject { usage: Usage::default(), ..resting.clone() };
    reconciles(&mut ledger, &view(6, 0, std::slice::from_ref(&none)));
    assert_eq!(cores(&ledger), 0);
    admits(&mut ledger, &creates("Pod", "other", cpu(2)));
    admits(&mut ledger, &Request { uid: "forged".into(), ..creates("Pod", "forged", cpu(1)) });
    let other = live("Pod", "other", 7, &[], cpu(2));
    reconciles(&mut ledger, &view(8, 0, &[resting, other, pod]));
    assert_eq!(cores(&ledger), 3, "only the pod counts");
    // Its next update asks for all of it.
    refuses(&mut ledger, &updates("FlinkDeployment", "etl", 8, Usage::default(), cluster(3)));
}

/// Whether a refused request would wait for the next reconciliation.
fn waits(ledger: &mut Ledger, request: &Request) -> bool {
    match ledger.admit(request) {
        Decision::Refused(shortage) => shortage.may_shrink,
        decision => panic!("{decision:?}"),
    }
}

#[test]
fn a_cluster_waits_for_the_last_pods_of_another() {
    let again = creates("FlinkDeployment", "etl", cluster(3));
    let task_manager = |name: &str| {
        live("Pod", name, 5, &["jm"], usage(&[("cpu", 1), ("pods", 1), ("taskManagers", 1)]))
    };
    let job_manager = live("Pod", "jm-0", 5, &["jm"], usage(&[("cpu", 1), ("clusters", 1)]));
    let alone = [live("Pod", "web", 5, &["rs"], cpu(3))];
    let cases: [(&str, &[LiveObject], bool); 4] = [
        ("its pods leave", &["a", "b"].map(|name| leaves(task_manager(name))), true),
        ("the view is behind its TaskManagers", &["a", "b"].map(task_manager), true),
        ("the view is behind its JobManager", &[job_manager], true),
        ("other pods stay", &alone, false),
    ];
    for (case, objects, expected) in cases {
        let mut ledger = ledger(3);
        reconciles(&mut ledger, &view(6, 0, objects));
        assert_eq!(waits(&mut ledger, &again), expected, "{case}");
        reconciles(&mut ledger, &view(7, 0, &[]));
        admits(&mut ledger, &again);
    }
}

/// The answer names them, so that the caller can ask whether one of them is deleted already.
#[test]
fn a_refused_cluster_names_those_that_use_what_is_missing() {
    let named = |ledger: &mut Ledger, request: &Request| match ledger.admit(request) {
        Decision::Refused(shortage) => {
            let named = shortage.counted.iter();
            named.map(|(object, uid)| format!("{} {uid}", object.name)).collect::<Vec<_>>()
        }
        decision => panic!("{decision:?}"),
    };
    let mut ledger = ledger(5);
    let etl = live("FlinkDeployment", "etl", 5, &[], cluster(3));
    let idle = live("FlinkDeployment", "idle", 5, &[], usage(&[("clusters", 1)]));
    let pod = live("Pod", "web", 5, &["rs"], cpu(1));
    reconciles(&mut ledger, &view(6, 0, &[etl, idle, pod]));
    let next = creates("FlinkDeployment", "next", cluster(3));
    assert_eq!(named(&mut ledger, &next), ["etl etl"]);
    assert_eq!(named(&mut ledger, &creates("Pod", "next", cpu(3))), [""; 0]);
    let update = updates("FlinkDeployment", "etl", 5, cluster(3), cluster(5));
    assert_eq!(named(&mut ledger, &update), [""; 0]);
    // Of its own name there is another one, for which it waits in any case.
    let again = Request { uid: "v".into(), ..creates("FlinkDeployment", "etl", cluster(6)) };
    assert!(waits(&mut ledger, &again) && named(&mut ledger, &again).is_empty());
}

#[test]
fn nothing_waits_for_clusters_that_run() {
    let (mut ledger, _) = cluster_with_leaving(&[]);
    assert!(!waits(&mut ledger, &creates("FlinkDeployment", "other", cluster(3))));
    let (mut ledger, _) = cluster_with_leaving(&["a"]);
    assert!(!waits(&mut ledger, &creates("Pod", "stranger", cpu(1))));
}
