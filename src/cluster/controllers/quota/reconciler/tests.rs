#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use super::task::{Task, TaskKind};
use super::*;
use crate::cluster::controllers::quota::existence::Unconfirmed;
use crate::cluster::controllers::quota::kinds;
use crate::cluster::watch::Event;
use crate::cluster::watch::target::api_resource;
use crate::kinds::Kind;
use crate::pipeline::Unassigned;
use crate::quota::commit::BusyReason;
use crate::quota::ledger::reconcile::StaleView;
use crate::quota::ledger::{ObjectRef, OpenReservation, View};
use crate::rego::PolicySet;
use crate::tenant::{Tenant, Tenants};
use kube::core::DynamicObject;
use serde_json::{Value, json};
use std::sync::LazyLock;

static POLICIES: LazyLock<Arc<PolicySet>> =
    LazyLock::new(|| Arc::new(PolicySet::built_in().unwrap()));
static START: LazyLock<Instant> = LazyLock::new(Instant::now);

fn at(milliseconds: u64) -> Instant {
    *START + Duration::from_millis(milliseconds)
}

fn gate(tenants: &[(&str, Value)]) -> Arc<Gate> {
    let tenant = |(name, spec): &(&str, Value)| Tenant {
        name: (*name).to_owned(),
        spec: serde_json::from_value(spec.clone()).unwrap(),
        version: 7,
        ..Tenant::default()
    };
    let tenants = Tenants::new(tenants.iter().map(tenant).collect(), BTreeMap::new());
    Arc::new(Gate::new(tenants, Arc::clone(&POLICIES), Unassigned::Warn))
}

fn limited(namespaces: &[&str], cpu: &str) -> Value {
    json!({"namespaces": {"names": namespaces}, "quota": {"hard": {"cpu": cpu}}})
}

/// Payments has limits, lab has none.
fn both() -> Arc<Gate> {
    gate(&[
        ("payments", limited(&["prod"], "10")),
        ("lab", json!({"namespaces": {"names": ["lab"]}})),
    ])
}

fn kind(name: &str) -> &'static Kind {
    kinds::named(name).unwrap()
}

fn list(reconciler: &mut Reconciler, kind: &'static Kind, position: u64) {
    reconciler.handle(kind, Event::ListStarted(api_resource(kind)), at(0));
    reconciler.handle(kind, Event::Listed(position), at(0));
}

/// Everything is listed, and nothing is there but Namespaces.
fn listed(gate: Arc<Gate>) -> Reconciler {
    let mut reconciler = Reconciler::new(40, gate, ReconcileTimings::default(), at(0));
    kinds::watched().for_each(|kind| list(&mut reconciler, kind, 5));
    for name in ["prod", "lab", "detect", "elsewhere"] {
        reconciler.handle(kind("Namespace"), namespace(name, json!({})), at(0));
    }
    reconciler
}

fn namespace(name: &str, labels: Value) -> Event {
    Event::Applied(Box::new(
        serde_json::from_value(json!({"metadata": {"name": name, "uid": name, "resourceVersion": "5", "labels": labels}})).unwrap(),
    ))
}

/// [`listed`], with every tenant reconciled.
fn reconciled(gate: Arc<Gate>) -> Reconciler {
    let mut reconciler = listed(gate);
    for task in reconciler.due(at(0), 9) {
        reconciler.reconciled(
            task.tenant(),
            Ok(Reconciliation { first: true, ..Reconciliation::default() }),
            at(0),
        );
    }
    reconciler
}

fn pod(namespace: &str, name: &str, version: u64) -> Event {
    let pod = json!({"metadata": {"name": name, "namespace": namespace, "uid": name, "resourceVersion": version.to_string()},
        "spec": {"containers": [{"name": "c", "resources": {"requests": {"cpu": "2"}}}]}});
    Event::Applied(Box::new(serde_json::from_value(pod).unwrap()))
}

fn global(name: &str, version: u64, status: Value) -> Event {
    let object = json!({"metadata": {"name": name, "uid": name, "resourceVersion": version.to_string()}, "status": status});
    Event::Applied(Box::new(serde_json::from_value(object).unwrap()))
}

fn names(tasks: &[Task]) -> Vec<String> {
    tasks.iter().map(|task| format!("{:?} {}", task.kind(), task.tenant())).collect()
}

fn view(tasks: &[Task]) -> (&View, &[Unconfirmed]) {
    let Some(Task::Reconcile { view, unconfirmed, .. }) = tasks.first() else {
        panic!("{tasks:?}")
    };
    (view, unconfirmed)
}

fn reserved(stamp: u64, base: u64, name: &str) -> OpenReservation {
    let object = ObjectRef::new("Pod", "prod", name);
    OpenReservation { object, uid: name.into(), base, stamp, ..OpenReservation::default() }
}

#[test]
fn nothing_is_reconciled_before_every_served_kind_is_listed() {
    let mut reconciler = Reconciler::new(40, both(), ReconcileTimings::default(), at(0));
    for kind in kinds::watched() {
        assert!(reconciler.due(at(9_000), 9).is_empty());
        match kind.kind {
            "FlinkDeployment" => reconciler.handle(kind, Event::Unserved, at(0)),
            _ => list(&mut reconciler, kind, 5),
        }
    }
    let tasks = reconciler.due(at(9_000), 9);
    assert_eq!(names(&tasks), ["Reconcile payments"]);
    let positions = &view(&tasks).0.positions;
    assert_eq!(
        (
            positions.len(),
            positions.get("Lease"),
            positions.get("Pod"),
            positions.get("FlinkDeployment")
        ),
        (17, Some(&40), Some(&5), None)
    );
}

#[test]
fn nothing_is_reconciled_while_a_watch_is_interrupted() {
    let mut reconciler = reconciled(both());
    reconciler.handle(kind("Pod"), pod("prod", "a", 6), at(0));
    reconciler.handle(kind("Job"), Event::Interrupted("gone".into()), at(0));
    assert!(reconciler.due(at(500), 9).is_empty());
    reconciler.handle(kind("Job"), Event::Resumed, at(600));
    assert_eq!(names(&reconciler.due(at(600), 9)), ["Reconcile payments"]);
}

#[test]
fn changes_are_gathered_for_one_reconciliation_at_a_time() {
    let mut reconciler = reconciled(both());
    assert!(reconciler.due(at(60_000), 9).is_empty(), "idle");
    reconciler.handle(kind("Pod"), pod("prod", "a", 6), at(60_000));
    reconciler.handle(kind("Pod"), pod("elsewhere", "a", 6), at(60_000));
    assert!(reconciler.due(at(60_200), 9).is_empty());
    for (index, time) in (60_200..61_000).step_by(200).enumerate() {
        reconciler.handle(kind("Pod"), pod("prod", &format!("b{index}"), 7), at(time));
    }
    assert!(reconciler.due(at(60_999), 9).is_empty());
    let tasks = reconciler.due(at(61_000), 9);
    assert_eq!(
        (names(&tasks), view(&tasks).0.objects.len()),
        (vec!["Reconcile payments".to_owned()], 5)
    );
    reconciler.handle(kind("Pod"), pod("prod", "late", 8), at(61_100));
    assert!(reconciler.due(at(65_000), 9).is_empty(), "it is being reconciled");
    reconciler.reconciled("payments", Ok(Reconciliation::default()), at(65_000));
    assert_eq!(names(&reconciler.due(at(65_000), 9)), ["Reconcile payments"]);
}

#[test]
fn a_version_alone_matters_only_with_open_reservations() {
    let mut reconciler = reconciled(both());
    reconciler.handle(kind("Pod"), pod("prod", "a", 6), at(0));
    assert_eq!(reconciler.due(at(500), 9).len(), 1);
    reconciler.reconciled("payments", Ok(Reconciliation::default()), at(500));
    reconciler.handle(kind("Pod"), pod("prod", "a", 7), at(600));
    assert!(reconciler.due(at(2_000), 9).is_empty());
    reconciler.handle(kind("FlinkTenantLedger"), global("payments", 8, Value::Null), at(2_000));
    assert_eq!(reconciler.due(at(2_300), 9).len(), 1);
    reconciler.reconciled(
        "payments",
        Ok(Reconciliation {
            next: 4,
            open: vec![reserved(3, 7, "a")],
            ..Reconciliation::default()
        }),
        at(2_300),
    );
    reconciler.handle(kind("Pod"), pod("prod", "a", 9), at(2_400));
    assert_eq!(reconciler.due(at(2_700), 9).len(), 1);
    // The same ledger, as a list tells it again.
    reconciler.reconciled("payments", Ok(Reconciliation::default()), at(2_700));
    reconciler.handle(kind("FlinkTenantLedger"), global("payments", 8, Value::Null), at(2_800));
    assert!(reconciler.due(at(9_000), 9).is_empty());
}

#[test]
fn open_reservations_are_confirmed_after_their_request_ended() {
    let mut reconciler = reconciled(both());
    let open = vec![
        reserved(3, 0, "never"),
        reserved(4, 0, "there"),
        reserved(5, 6, "changing"),
        reserved(9, 0, "later"),
    ];
    let settled = |next| Reconciliation { next, open: open.clone(), ..Reconciliation::default() };
    reconciler.handle(kind("FlinkTenantLedger"), global("payments", 8, Value::Null), at(0));
    reconciler.handle(kind("Pod"), pod("prod", "there", 6), at(0));
    reconciler.handle(kind("Pod"), pod("prod", "changing", 6), at(0));
    assert_eq!(view(&reconciler.due(at(300), 9)).0.finished_below, 0);
    reconciler.reconciled("payments", Ok(settled(9)), at(300));
    for round in 1..=5 {
        let time = 300 + 15_000 * round;
        assert!(reconciler.due(at(time - 1), 9).is_empty());
        let tasks = reconciler.due(at(time), 9);
        let (view, unconfirmed) = view(&tasks);
        assert_eq!((view.finished_below, unconfirmed.len()), (0, 0));
        reconciler.reconciled("payments", Ok(settled(10)), at(time));
    }
    let tasks = reconciler.due(at(300 + 90_000), 9);
    let (view, unconfirmed) = view(&tasks);
    let doubtful: Vec<(&str, Option<u64>)> =
        unconfirmed.iter().map(|one| (one.open.uid.as_str(), one.seen)).collect();
    assert_eq!((view.finished_below, doubtful), (9, vec![("never", None), ("changing", Some(6))]));
    assert_eq!(unconfirmed[0].resource.as_ref().unwrap().plural, "pods");
}

#[test]
fn stamps_of_a_new_ledger_are_measured_anew() {
    let mut reconciler = reconciled(both());
    let open = |stamp| vec![reserved(stamp, 0, "a")];
    reconciler.reconciled(
        "payments",
        Ok(Reconciliation { next: 9, open: open(8), ..Reconciliation::default() }),
        at(0),
    );
    let tasks = reconciler.due(at(95_000), 9);
    assert_eq!(view(&tasks).0.finished_below, 9);
    reconciler.reconciled(
        "payments",
        Ok(Reconciliation { first: true, next: 0, ..Reconciliation::default() }),
        at(95_000),
    );
    reconciler.reconciled(
        "payments",
        Ok(Reconciliation { next: 1, open: open(0), ..Reconciliation::default() }),
        at(95_100),
    );
    assert_eq!(view(&reconciler.due(at(120_000), 9)).0.finished_below, 0);
    // That it was the first count may not be known: a reply got lost.
    reconciler.reconciled(
        "payments",
        Ok(Reconciliation { next: 0, ..Reconciliation::default() }),
        at(120_000),
    );
    reconciler.reconciled(
        "payments",
        Ok(Reconciliation { next: 1, open: open(0), ..Reconciliation::default() }),
        at(200_000),
    );
    assert_eq!(view(&reconciler.due(at(230_000), 9)).0.finished_below, 0);
}

#[test]
fn a_failed_reconciliation_is_retried_soon() {
    for (outcome, pause) in [
        (ReconcileError::Stale(StaleView { kind: "Pod".into(), seen: 5, known: 6 }), 1_000),
        (ReconcileError::Busy(BusyReason::Contention("payments".into())), 2_000),
    ] {
        let mut reconciler = listed(both());
        assert_eq!(reconciler.due(at(0), 9).len(), 1);
        reconciler.reconciled("payments", Err(outcome), at(0));
        assert!(reconciler.due(at(pause - 1), 9).is_empty());
        assert_eq!(reconciler.due(at(pause), 9).len(), 1);
        reconciler.failed("payments", at(5_000));
        assert!(reconciler.due(at(6_999), 9).is_empty());
        assert_eq!(reconciler.due(at(7_000), 9).len(), 1);
    }
}

#[test]
fn another_gate_reconciles_the_tenants_it_changes() {
    let two = |first: &[&str], second: &[&str], cpu: &str| {
        gate(&[("payments", limited(first, cpu)), ("fraud", limited(second, "4"))])
    };
    let mut reconciler = reconciled(two(&["prod"], &["detect"], "10"));
    reconciler.handle(kind("Pod"), pod("prod", "a", 6), at(0));
    reconciler.handle(kind("Pod"), pod("detect", "b", 6), at(0));
    let settle = |reconciler: &mut Reconciler, time| {
        let tasks = reconciler.due(at(time), 9);
        tasks.iter().for_each(|task| {
            reconciler.reconciled(task.tenant(), Ok(Reconciliation::default()), at(time))
        });
        let of = |task: &Task| match task {
            Task::Reconcile { tenant, view, .. } => {
                let lives = view.objects.iter().filter(|living| living.version < u64::MAX);
                (tenant.clone(), lives.map(|living| living.object.name.clone()).collect::<Vec<_>>())
            }
            other => panic!("{other:?}"),
        };
        tasks.iter().map(of).collect::<BTreeMap<String, Vec<String>>>()
    };
    let of = |tenant: &str, pods: &[&str]| {
        (tenant.to_owned(), pods.iter().map(ToString::to_string).collect::<Vec<String>>())
    };
    assert_eq!(
        settle(&mut reconciler, 1_000),
        [of("fraud", &["b"]), of("payments", &["a"])].into()
    );
    // The same again, as a status that was written makes it.
    reconciler.set_gate(two(&["prod"], &["detect"], "10"), at(1_000));
    assert_eq!(settle(&mut reconciler, 2_000), [].into());
    reconciler.set_gate(two(&["prod"], &["detect"], "12"), at(2_000));
    assert_eq!(settle(&mut reconciler, 3_000), [of("payments", &["a"])].into());
    reconciler.set_gate(two(&["prod", "detect"], &[], "12"), at(3_000));
    assert_eq!(
        settle(&mut reconciler, 4_000),
        [of("fraud", &[]), of("payments", &["b", "a"])].into()
    );
    // A namespace that was empty while it moved.
    reconciler.handle(kind("Pod"), deleted(pod("detect", "b", 7)), at(4_000));
    reconciler.set_gate(two(&["prod"], &["detect"], "12"), at(4_000));
    reconciler.handle(kind("Pod"), pod("detect", "c", 8), at(4_000));
    assert_eq!(
        settle(&mut reconciler, 5_000),
        [of("fraud", &["c"]), of("payments", &["a"])].into()
    );
    reconciler.set_gate(
        gate(&[("fraud", limited(&["detect", "prod"], "4")), ("new", limited(&["other"], "1"))]),
        at(5_000),
    );
    assert_eq!(settle(&mut reconciler, 6_000), [of("fraud", &["c", "a"]), of("new", &[])].into());
}

fn deleted(event: Event) -> Event {
    let Event::Applied(object) = event else { panic!("{event:?}") };
    Event::Deleted(object)
}

#[test]
fn an_unneeded_ledger_is_deleted_after_the_horizon() {
    let mut reconciler = reconciled(both());
    let ledger = kind("FlinkTenantLedger");
    for tenant in ["payments", "lab", "former"] {
        reconciler.handle(ledger, global(tenant, 8, Value::Null), at(0));
    }
    let close = |tasks: Vec<Task>| {
        tasks.into_iter().filter(|task| task.kind() == TaskKind::DeleteLedger).collect::<Vec<_>>()
    };
    assert!(close(reconciler.due(at(1_000), 9)).is_empty());
    // One got limits in the meantime, and they were taken away again.
    reconciler.set_gate(
        gate(&[("payments", limited(&["prod"], "10")), ("lab", limited(&["lab"], "1"))]),
        at(50_000),
    );
    assert!(close(reconciler.due(at(60_000), 9)).is_empty());
    reconciler.set_gate(both(), at(70_000));
    reconciler.handle(ledger, global("former", 9, Value::Null), at(70_000));
    assert!(close(reconciler.due(at(90_999), 9)).is_empty());
    let closed = close(reconciler.due(at(92_000), 9));
    let [Task::DeleteLedger { tenant, uid, version }] = closed.as_slice() else {
        panic!("{closed:?}")
    };
    assert_eq!([tenant.as_str(), uid, version], ["former", "former", "9"]);
    reconciler.handle(ledger, deleted(global("former", 9, Value::Null)), at(92_500));
    assert_eq!(names(&close(reconciler.due(at(190_000), 9))), ["DeleteLedger lab"]);
}

#[test]
fn a_changed_status_is_written_not_too_often() {
    let mut reconciler = listed(both());
    let tenants = kind("FlinkTenant");
    reconciler.handle(kind("Pod"), pod("lab", "a", 6), at(0));
    reconciler.handle(tenants, global("payments", 6, json!({"hard": {"cpu": "10"}})), at(0));
    reconciler.handle(tenants, global("lab", 6, Value::Null), at(0));
    let tasks = reconciler.due(at(0), 9);
    // A tenant without limits has no ledger.
    assert_eq!(names(&tasks), ["Reconcile payments", "WriteStatus lab"]);
    let Task::WriteStatus { status, .. } = &tasks[1] else { panic!("{tasks:?}") };
    assert_eq!(
        (&status["used"], &status["conditions"][0]["reason"]),
        (&json!({"cpu": "2", "pods": "1"}), &json!("NoLimits"))
    );
    reconciler.reconciled(
        "payments",
        Ok(Reconciliation { first: true, ..Reconciliation::default() }),
        at(100),
    );
    assert_eq!(names(&reconciler.due(at(100), 9)), ["WriteStatus payments"]);
    reconciler.status_written("lab", true, at(100));
    reconciler.status_written("payments", false, at(100));
    assert!(reconciler.due(at(2_099), 9).is_empty());
    assert_eq!(names(&reconciler.due(at(2_100), 9)), ["WriteStatus payments"]);
    reconciler.status_written("payments", true, at(2_200));
    // It comes back by the watch.
    reconciler.handle(tenants, global("lab", 7, status.clone()), at(2_300));
    assert!(reconciler.due(at(9_000), 9).is_empty());
    // Somebody else takes it away.
    reconciler.handle(tenants, global("lab", 8, Value::Null), at(9_000));
    assert_eq!(names(&reconciler.due(at(9_000), 9)), ["WriteStatus lab"]);
}

#[test]
fn a_short_lived_object_is_in_views_until_reconciled() {
    let mut reconciler = reconciled(both());
    reconciler.handle(kind("Pod"), pod("prod", "short-lived", 6), at(0));
    reconciler.handle(kind("Pod"), deleted(pod("prod", "short-lived", 7)), at(10));
    let of_view = |tasks: &[Task]| {
        view(tasks)
            .0
            .objects
            .iter()
            .map(|living| (living.uid.clone(), living.version))
            .collect::<Vec<_>>()
    };
    let short_lived = [("short-lived".to_owned(), u64::MAX)];
    assert_eq!(of_view(&reconciler.due(at(1_000), 9)), short_lived);
    reconciler.reconciled(
        "payments",
        Err(ReconcileError::Busy(BusyReason::Contention("payments".into()))),
        at(1_100),
    );
    reconciler.handle(kind("Pod"), pod("prod", "later", 8), at(1_200));
    reconciler.handle(kind("Pod"), deleted(pod("prod", "later", 9)), at(1_300));
    let tasks = reconciler.due(at(9_000), 9);
    assert_eq!(of_view(&tasks), [short_lived[0].clone(), ("later".to_owned(), u64::MAX)]);
    reconciler.handle(kind("Pod"), pod("prod", "last", 10), at(9_100));
    reconciler.reconciled("payments", Ok(Reconciliation::default()), at(9_200));
    assert_eq!(of_view(&reconciler.due(at(10_500), 9)), [("last".to_owned(), 10)]);
}

#[test]
fn an_object_with_a_tombstone_is_in_no_view() {
    let mut reconciler = reconciled(both());
    reconciler.add_tombstones(["late".to_owned()]);
    reconciler.handle(kind("Pod"), pod("prod", "late", 6), at(0));
    reconciler.handle(kind("Pod"), pod("prod", "there", 7), at(0));
    let tasks = reconciler.due(at(1_000), 9);
    let objects: Vec<&str> =
        view(&tasks).0.objects.iter().map(|living| living.uid.as_str()).collect();
    assert_eq!(objects, ["there"]);
}

#[test]
fn namespace_owners_follow_from_watched_labels() {
    let by_label = |team: &str| json!({"namespaces": {"selector": {"matchLabels": {"team": team}}}, "quota": {"hard": {"cpu": "10"}}});
    let mut reconciler =
        reconciled(gate(&[("payments", by_label("pay")), ("fraud", by_label("hunt"))]));
    let due = |reconciler: &mut Reconciler, time| {
        let tasks = reconciler.due(at(time), 9);
        tasks.iter().for_each(|task| {
            reconciler.reconciled(task.tenant(), Ok(Reconciliation::default()), at(time))
        });
        let of = |task: &Task| match task {
            Task::Reconcile { tenant, view, .. } => {
                (tenant.clone(), view.objects.len(), view.positions["Namespace"])
            }
            other => panic!("{other:?}"),
        };
        tasks.iter().map(of).collect::<BTreeSet<_>>()
    };
    let of = |tenant: &str, objects: usize, position: u64| (tenant.to_owned(), objects, position);
    // The pod comes before its namespace is known to be anybody's.
    reconciler.handle(kind("Pod"), pod("new", "a", 6), at(0));
    assert_eq!(due(&mut reconciler, 1_000), [].into());
    reconciler.handle(kind("Namespace"), namespace("new", json!({"team": "pay"})), at(1_000));
    reconciler.handle(kind("Namespace"), Event::Position(8), at(1_000));
    assert_eq!(due(&mut reconciler, 2_000), [of("payments", 1, 8)].into());
    // Flinkgate's own label says nothing.
    reconciler.handle(
        kind("Namespace"),
        namespace("new", json!({"team": "pay", "flinkgate.dev/tenant": "fraud"})),
        at(2_000),
    );
    assert_eq!(due(&mut reconciler, 3_000), [].into());
    reconciler.handle(kind("Namespace"), namespace("new", json!({"team": "hunt"})), at(3_000));
    reconciler.handle(kind("Namespace"), Event::Position(9), at(3_000));
    assert_eq!(due(&mut reconciler, 4_000), [of("fraud", 1, 9), of("payments", 0, 9)].into());
    reconciler.handle(kind("Namespace"), deleted(namespace("new", json!({}))), at(4_000));
    assert_eq!(due(&mut reconciler, 5_000), [of("fraud", 0, 9)].into());
    // A list that does not name it any more says the same.
    reconciler.handle(kind("Namespace"), namespace("new", json!({"team": "hunt"})), at(5_000));
    assert_eq!(due(&mut reconciler, 6_000), [of("fraud", 1, 9)].into());
    list(&mut reconciler, kind("Namespace"), 12);
    assert_eq!(due(&mut reconciler, 7_000), [of("fraud", 0, 12)].into());
}

#[test]
fn nothing_is_reconciled_while_the_gate_differs() {
    let spec = |cpu: &str| limited(&["prod"], cpu);
    let with_tenants = |tenants: &[(&str, &str)]| {
        let of = |(name, cpu): &(&str, &str)| ((*name).to_owned(), (0, Arc::new(spec(cpu))));
        let tenants_of: Vec<(&str, Value)> =
            tenants.iter().map(|(name, cpu)| (*name, spec(cpu))).collect();
        let gate = gate(&tenants_of);
        Arc::new(gate.renewed(
            gate.tenants().clone().with_stored(tenants.iter().map(of).collect()),
            Arc::clone(&POLICIES),
        ))
    };
    let tenant = |cpu: &str| {
        let object = json!({"metadata": {"name": "payments", "uid": "t", "resourceVersion": "6"}, "spec": spec(cpu)});
        Event::Applied(Box::new(serde_json::from_value(object).unwrap()))
    };
    let tenants = kind("FlinkTenant");
    let mut reconciler = listed(with_tenants(&[("payments", "10")]));
    assert!(!reconciler.is_ready(), "it was not followed yet");
    reconciler.handle(tenants, tenant("10"), at(0));
    assert!(reconciler.is_ready());
    reconciler.handle(tenants, tenant("12"), at(0));
    assert!(!reconciler.is_ready(), "the gate is older");
    reconciler.set_gate(with_tenants(&[("payments", "12")]), at(0));
    assert!(reconciler.is_ready());
    reconciler.set_gate(with_tenants(&[("payments", "12"), ("broken", "1")]), at(0));
    assert!(!reconciler.is_ready(), "the gate is newer");
    reconciler.set_gate(with_tenants(&[("payments", "12")]), at(0));
    reconciler.handle(tenants, deleted(tenant("12")), at(0));
    assert!(!reconciler.is_ready(), "it is gone");
    reconciler.set_gate(with_tenants(&[]), at(0));
    assert!(reconciler.is_ready());
}

/// The reservations that a reconciliation may release because their cluster or JobManager is gone.
fn orphans(tasks: &[Task]) -> Vec<&str> {
    let Some(Task::Reconcile { orphans, .. }) = tasks.first() else { panic!("{tasks:?}") };
    orphans.iter().map(|one| one.open.uid.as_str()).collect()
}

#[test]
fn what_a_job_manager_that_is_gone_asked_for_is_released_early() {
    let mut reconciler = reconciled(both());
    for name in ["jm-1", "jm-2"] {
        reconciler.handle(kind("Pod"), pod("prod", name, 6), at(0));
    }
    let asked = |uid: &str, by: &str, base| OpenReservation {
        asked_by: by.into(),
        ..reserved(1, base, uid)
    };
    let open = || {
        vec![asked("a", "jm-1", 0), asked("b", "jm-2", 0), asked("c", "", 0), asked("d", "jm-1", 5)]
    };
    let again = |reconciler: &mut Reconciler, seconds: u64| {
        let tasks = reconciler.due(at(seconds * 1_000), 9);
        let found: Vec<String> = orphans(&tasks).into_iter().map(str::to_owned).collect();
        let settled = Reconciliation { next: 2, open: open(), ..Reconciliation::default() };
        reconciler.reconciled("payments", Ok(settled), at(seconds * 1_000));
        found
    };
    assert_eq!(again(&mut reconciler, 1), [""; 0]);
    let gone: DynamicObject = serde_json::from_value(
        json!({"metadata": {"name": "jm-1", "namespace": "prod", "uid": "jm-1"}}),
    )
    .unwrap();
    reconciler.handle(kind("Pod"), Event::Deleted(Box::new(gone)), at(2_000));
    // Its requests may still be under way.
    assert_eq!(again(&mut reconciler, 20), [""; 0]);
    assert_eq!(again(&mut reconciler, 43), ["a"]);
}

#[test]
fn a_new_leader_asks_what_became_of_reserved_pods() {
    let mut reconciler = listed(both());
    reconciler.handle(kind("Pod"), pod("prod", "a", 6), at(0));
    assert!(!reconciler.due(at(0), 9).is_empty());
    // A former leader's ledger has reservations.
    let settled = |open: Vec<OpenReservation>| {
        let counted_before = [("Pod".to_owned(), 3)].into();
        Ok(Reconciliation { next: 9, open, counted_before, ..Reconciliation::default() })
    };
    let open = || vec![reserved(3, 0, "a"), reserved(4, 0, "gone"), reserved(5, 2, "changed")];
    reconciler.reconciled("payments", settled(open()), at(100));
    let tasks = reconciler.due(at(400), 9);
    let Some(Task::Reconcile { history: Some(history), .. }) = tasks.first() else {
        panic!("{tasks:?}")
    };
    let asked: Vec<&str> = history.pods.iter().map(|open| open.uid.as_str()).collect();
    assert_eq!((history.since, asked), (3, vec!["gone"]));
    // It is asked once.
    reconciler.reconciled("payments", settled(open()), at(400));
    assert!(reconciler.due(at(2_000), 9).iter().all(|task| task.kind() != TaskKind::Reconcile));
    let tasks = reconciler.due(at(16_000), 9);
    assert!(matches!(tasks.first(), Some(Task::Reconcile { history: None, .. })), "{tasks:?}");
}

#[test]
fn limit_ranges_change_what_stored_objects_count() {
    let mut reconciler = reconciled(both());
    let deployment = json!({"metadata": {"name": "web", "namespace": "prod", "uid": "web", "resourceVersion": "6"},
        "spec": {"replicas": 2, "template": {"spec": {"containers": [{"name": "c"}]}}}});
    let applied = |object: Value| Event::Applied(Box::new(serde_json::from_value(object).unwrap()));
    let limit_range = |namespace: &str, name: &str, cpu: &str| {
        applied(
            json!({"metadata": {"name": name, "namespace": namespace, "uid": name, "resourceVersion": "7"},
            "spec": {"limits": [{"type": "Container", "defaultRequest": {"cpu": cpu}}]}}),
        )
    };
    let mut time = 0;
    let mut counted = |reconciler: &mut Reconciler, of: &str, event: Event| {
        time += 60_000;
        reconciler.handle(kind(of), event, at(time));
        // A LimitRange is only noted at first.
        assert!(reconciler.due(at(time), 9).is_empty());
        let tasks = reconciler.due(at(time + 1_000), 9);
        for task in &tasks {
            let outcome = Ok(Reconciliation::default());
            reconciler.reconciled(task.tenant(), outcome, at(time + 1_000));
        }
        (!tasks.is_empty()).then(|| view(&tasks).0.objects[0].usage.get("cpu").to_string())
    };
    let is = |cpu: &str| Some(cpu.to_owned());
    assert_eq!(counted(&mut reconciler, "Deployment", applied(deployment)), is("0"));
    let range = "LimitRange";
    assert_eq!(counted(&mut reconciler, range, limit_range("prod", "a", "1")), is("2"));
    assert_eq!(counted(&mut reconciler, range, limit_range("prod", "b", "500m")), None);
    assert_eq!(counted(&mut reconciler, range, limit_range("prod-b", "a", "9")), None);
    assert_eq!(counted(&mut reconciler, range, limit_range("prod", "b", "3")), is("6"));
    let gone =
        json!({"metadata": {"name": "b", "namespace": "prod", "uid": "b", "resourceVersion": "8"}});
    let gone = Event::Deleted(Box::new(serde_json::from_value(gone).unwrap()));
    assert_eq!(counted(&mut reconciler, range, gone), is("2"));
    // Who changes a LimitRange again and again costs the leader one count in a while.
    let end = 1_000_000;
    for step in 0..20 {
        let cpu = (step % 2 + 2).to_string();
        reconciler.handle(kind(range), limit_range("prod", "a", &cpu), at(end + step * 100));
        reconciler.due(at(end + step * 100), 0);
        assert_eq!(reconciler.changed_ranges.is_empty(), step == 0, "{step}");
    }
    reconciler.due(at(end + 60_000), 0);
    assert!(reconciler.changed_ranges.is_empty());
}
