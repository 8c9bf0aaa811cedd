#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod clusters;
mod line;
mod reconcile;
mod taken_over;

use super::*;
use crate::resource::quantity::Quantity;

fn usage(amounts: &[(&str, u64)]) -> Usage {
    amounts
        .iter()
        .map(|(name, amount)| ((*name).to_owned(), Quantity::from_units(*amount)))
        .collect()
}

fn cpu(cores: u64) -> Usage {
    usage(&[("cpu", cores)])
}

/// A cluster that declares cpu.
fn cluster(cores: u64) -> Usage {
    usage(&[("cpu", cores), ("clusters", 1)])
}

fn object(kind: &str, name: &str) -> ObjectRef {
    ObjectRef::new(kind, "prod", name)
}

/// Creates an object whose UID is its name.
fn creates(kind: &str, name: &str, usage: Usage) -> Request {
    Request { object: object(kind, name), uid: name.into(), usage, ..Request::default() }
}

fn pod(name: &str, owner: &str, cores: u64) -> Request {
    Request { owners: vec![owner.into()], ..creates("Pod", name, cpu(cores)) }
}

fn updates(kind: &str, name: &str, version: u64, before: Usage, usage: Usage) -> Request {
    Request { before, version, ..creates(kind, name, usage) }
}

fn live(kind: &str, name: &str, version: u64, owners: &[&str], usage: Usage) -> LiveObject {
    LiveObject {
        object: object(kind, name),
        uid: name.into(),
        version,
        owners: owners.iter().map(ToString::to_string).collect(),
        usage,
        ..LiveObject::default()
    }
}

fn view(position: u64, finished_below: u64, objects: &[LiveObject]) -> View {
    let kinds = [
        "FlinkBlueGreenDeployment",
        "FlinkDeployment",
        "Deployment",
        "Pod",
        "PersistentVolumeClaim",
    ];
    View {
        objects: objects.to_vec(),
        positions: kinds.map(|kind| (kind.to_owned(), position)).into(),
        finished_below,
    }
}

fn limited(hard: &[(&str, u64)], per_cluster: &[(&str, u64)]) -> KnownLimits {
    let amounts = |of: &[(&str, u64)]| {
        of.iter()
            .map(|(name, amount)| ((*name).to_owned(), Quantity::from_units(*amount)))
            .collect()
    };
    KnownLimits {
        version: 1,
        limits: Limits { hard: amounts(hard), per_cluster: amounts(per_cluster) },
    }
}

fn ledger(cores: u64) -> Ledger {
    Ledger { known: limited(&[("cpu", cores)], &[]), ..Ledger::empty() }
}

#[track_caller]
fn admits(ledger: &mut Ledger, request: &Request) {
    let decision = ledger.admit(request);
    assert_eq!(decision, Decision::Reserved, "{decision:?}");
    consistent(ledger);
}

#[track_caller]
fn refuses(ledger: &mut Ledger, request: &Request) -> String {
    let before = ledger.clone();
    let Decision::Refused(shortage) = ledger.admit(request) else {
        panic!("admitted: {ledger:#?}")
    };
    assert_eq!(*ledger, before, "a refusal changed the ledger");
    consistent(ledger);
    let tenant = shortage.tenant_message("payments").map(|text| (text, shortage.tenant_help()));
    let cluster = shortage.cluster_message().map(|text| (text, shortage.cluster_help()));
    let findings = tenant.into_iter().chain(cluster);
    findings
        .map(|(message, help)| format!("{message}; help: {help}"))
        .collect::<Vec<_>>()
        .join("\n")
}

/// Derived values equal those of a rebuilt ledger, and a stored ledger is read back equal.
#[track_caller]
fn consistent(ledger: &Ledger) {
    let read = Ledger::read(&ledger.stored()).unwrap();
    assert_eq!(read, *ledger);
    assert_eq!(
        (read.total, read.stored_size, read.uids),
        (ledger.total.clone(), ledger.stored_size, ledger.uids.clone())
    );
}

#[track_caller]
fn reconciles(ledger: &mut Ledger, view: &View) -> Reconciliation {
    let known = ledger.known.clone();
    let result = ledger.reconcile(view, &known).unwrap();
    consistent(ledger);
    result
}

fn cores(ledger: &Ledger) -> u64 {
    ledger.total().get("cpu").units_ceil()
}

#[test]
fn requests_are_reserved_until_the_limit() {
    let mut ledger = ledger(10);
    admits(&mut ledger, &creates("Pod", "a", cpu(6)));
    refuses(&mut ledger, &creates("Pod", "b", cpu(5)));
    admits(&mut ledger, &creates("Pod", "b", cpu(4)));
    assert_eq!(cores(&ledger), 10);
}

#[test]
fn a_repeated_request_costs_nothing() {
    let mut ledger = ledger(10);
    for _ in 0..3 {
        admits(&mut ledger, &creates("FlinkDeployment", "etl", cluster(10)));
    }
    assert_eq!(cores(&ledger), 10);
}

#[test]
fn a_lowered_limit_refuses_only_increases() {
    let mut ledger = ledger(10);
    admits(&mut ledger, &creates("FlinkDeployment", "etl", cluster(10)));
    reconciles(&mut ledger, &view(5, 0, &[live("FlinkDeployment", "etl", 5, &[], cluster(10))]));
    assert!(ledger.learn_limits(&KnownLimits { version: 2, ..limited(&[("cpu", 4)], &[]) }));
    assert!(!ledger.learn_limits(&limited(&[("cpu", 99)], &[])), "older limits are ignored");
    // Its pods draw on its charge, and it may shrink.
    admits(&mut ledger, &pod("a", "etl", 5));
    assert_eq!(
        ledger.admit(&updates("FlinkDeployment", "etl", 5, cluster(10), cluster(9))),
        Decision::Unchanged
    );
    refuses(&mut ledger, &updates("FlinkDeployment", "etl", 5, cluster(10), cluster(11)));
    refuses(&mut ledger, &pod("b", "etl", 6));
    refuses(&mut ledger, &creates("Pod", "c", cpu(1)));
    admits(&mut ledger, &creates("Pod", "d", usage(&[("memory", 1)])));
}

#[test]
fn nothing_is_admitted_before_the_first_count() {
    let mut ledger = Ledger { known: limited(&[("cpu", 10)], &[]), ..Ledger::default() };
    assert_eq!(ledger.admit(&creates("Pod", "a", cpu(1))), Decision::NotCounted);
    assert_eq!(ledger.admit(&updates("Pod", "a", 3, cpu(2), cpu(1))), Decision::Unchanged);
    reconciles(&mut ledger, &view(5, 0, &[live("Pod", "before", 2, &[], cpu(10))]));
    refuses(&mut ledger, &creates("Pod", "a", cpu(1)));
}

#[test]
fn would_admit_decides_the_same_without_a_change() {
    let mut ledger = ledger(10);
    admits(&mut ledger, &creates("FlinkDeployment", "etl", cluster(6)));
    let before = ledger.clone();
    assert_eq!(ledger.would_admit(&pod("a", "etl", 8)), Decision::Reserved);
    assert!(matches!(ledger.would_admit(&pod("a", "etl", 11)), Decision::Refused(_)));
    assert_eq!(ledger, before);
    consistent(&ledger);
}

#[test]
fn a_refusal_names_users_and_what_fits() {
    let mut ledger =
        Ledger { known: limited(&[("cpu", 64), ("memory", 256 << 30)], &[]), ..Ledger::empty() };
    for (name, cores) in [("a", 4), ("fraud", 24), ("b", 6), ("scoring", 16), ("c", 2)] {
        admits(&mut ledger, &creates("FlinkDeployment", name, cluster(cores)));
    }
    let requests = |count: u64| Request {
        task_managers: Some(TaskManagers {
            count,
            each: usage(&[("cpu", 2), ("memory", 8 << 30)]),
        }),
        ..creates(
            "FlinkDeployment",
            "etl",
            usage(&[("cpu", 1 + 2 * count), ("memory", (8 * count) << 30)]),
        )
    };
    insta::assert_snapshot!(refuses(&mut ledger, &requests(8)), @"tenant `payments`: this object requests 17 more cpu (52 used, the quota is 64); largest users of cpu: `FlinkDeployment/prod/fraud` (24), `FlinkDeployment/prod/scoring` (16), `FlinkDeployment/prod/b` (6) and 2 more; help: 5 of the 8 TaskManagers would fit");
    insta::assert_snapshot!(refuses(&mut ledger, &requests(40)), @"tenant `payments`: this object requests 81 more cpu (52 used, the quota is 64) and 320Gi more memory (0 used, the quota is 256Gi); largest users of cpu: `FlinkDeployment/prod/fraud` (24), `FlinkDeployment/prod/scoring` (16), `FlinkDeployment/prod/b` (6) and 2 more; help: 5 of the 40 TaskManagers would fit");
    insta::assert_snapshot!(refuses(&mut ledger, &creates("Pod", "p", usage(&[("cpu", 20), ("memory", 300 << 30)]))), @"tenant `payments`: this object requests 20 more cpu (52 used, the quota is 64) and 300Gi more memory (0 used, the quota is 256Gi); largest users of cpu: `FlinkDeployment/prod/fraud` (24), `FlinkDeployment/prod/scoring` (16), `FlinkDeployment/prod/b` (6) and 2 more; help: request at most 12 more cpu and 256Gi more memory, or ask the platform team for a higher quota");
    admits(&mut ledger, &creates("Pod", "rest", cpu(12)));
    let refusal = refuses(&mut ledger, &creates("Pod", "p", cpu(1)));
    let help = "delete or shrink other objects of the tenant by 1 cpu, or ask the platform team for a higher quota";
    assert!(refusal.ends_with(&format!("; help: {help}")), "{refusal}");
}

#[test]
fn ten_thousand_objects_fit_and_capacity_is_limited() {
    let long =
        |name: &str, index: u64| format!("{name}-{index:05}-0d9b1a34-5a52-4d4e-9f0e-3d2f6c5b8a77");
    let all = usage(&[
        ("cpu", 37),
        ("memory", 74 << 30),
        ("pods", 19),
        ("taskManagers", 18),
        ("taskSlots", 36),
        ("clusters", 1),
        ("jobs", 1),
    ]);
    let one = usage(&[
        ("cpu", 2),
        ("memory", 4 << 30),
        ("pods", 1),
        ("taskManagers", 1),
        ("taskSlots", 2),
    ]);
    let mut objects = Vec::new();
    for index in 0..500 {
        let (etl, jm) = (long("etl", index), long("jm", index));
        objects.push(live("FlinkDeployment", &etl, 5, &[], all.clone()));
        objects.push(live("Deployment", &jm, 5, &[&etl], all.clone()));
        objects.extend(
            (0..18).map(|pod| live("Pod", &long("tm", index * 18 + pod), 5, &[&jm], one.clone())),
        );
    }
    assert_eq!(objects.len(), 10_000);
    let mut ledger = Ledger::empty();
    reconciles(&mut ledger, &view(5, 0, &objects));
    let size = |ledger: &Ledger| serde_json::to_vec(&ledger.stored()).unwrap().len();
    println!("10,000 objects: {} bytes, estimated {}", size(&ledger), ledger.stored_size);
    assert!(size(&ledger) < 500_000);

    let mut flood = Ledger::empty();
    let mut count = 0;
    while flood.admit(&creates("Pod", &long("tm", count), one.clone())) == Decision::Reserved {
        count += 1;
    }
    println!("{count} reservations: {} bytes, estimated {}", size(&flood), flood.stored_size);
    assert_eq!(flood.admit(&creates("Pod", &long("tm", count), one.clone())), Decision::Full);
    assert!(count > 2_000 && size(&flood) < 1_200_000);
}
