#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use super::task::{Task, What};
use super::*;
use crate::cluster::quota::follow::Seen;
use crate::cluster::quota::kinds::Kind;
use crate::cluster::quota::live::Doubt;
use crate::pipeline::Unassigned;
use crate::quota::commit::BusyReason;
use crate::quota::ledger::reconcile::StaleView;
use crate::quota::ledger::{ObjectRef, OpenReservation, View};
use crate::rego::PolicySet;
use crate::tenant::{Tenant, Tenants};
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
    Kind::named(name).unwrap()
}

fn list(books: &mut Bookkeeper, kind: &'static Kind, position: u64) {
    books.take(kind, Seen::Began(kind.resource()), at(0));
    books.take(kind, Seen::Listed(position), at(0));
}

/// Everything is listed, and nothing is there but Namespaces.
fn listed(gate: Arc<Gate>) -> Bookkeeper {
    let mut books = Bookkeeper::new(40, gate, Timings::default(), at(0));
    KINDS.iter().for_each(|kind| list(&mut books, kind, 5));
    for name in ["prod", "lab", "detect", "elsewhere"] {
        books.take(kind("Namespace"), namespace(name, json!({})), at(0));
    }
    books
}

fn namespace(name: &str, labels: Value) -> Seen {
    Seen::Object(Box::new(
        serde_json::from_value(json!({"metadata": {"name": name, "uid": name, "resourceVersion": "5", "labels": labels}})).unwrap(),
    ))
}

/// The same, and everybody has been looked at.
fn looked(gate: Arc<Gate>) -> Bookkeeper {
    let mut books = listed(gate);
    for task in books.due(at(0), 9) {
        books.settled(
            task.tenant(),
            Ok(Reconciliation { first: true, ..Reconciliation::default() }),
            at(0),
        );
    }
    books
}

fn pod(namespace: &str, name: &str, version: u64) -> Seen {
    let pod = json!({"metadata": {"name": name, "namespace": namespace, "uid": name, "resourceVersion": version.to_string()},
        "spec": {"containers": [{"name": "c", "resources": {"requests": {"cpu": "2"}}}]}});
    Seen::Object(Box::new(serde_json::from_value(pod).unwrap()))
}

fn global(name: &str, version: u64, status: Value) -> Seen {
    let object = json!({"metadata": {"name": name, "uid": name, "resourceVersion": version.to_string()}, "status": status});
    Seen::Object(Box::new(serde_json::from_value(object).unwrap()))
}

fn names(tasks: &[Task]) -> Vec<String> {
    tasks.iter().map(|task| format!("{:?} {}", task.what(), task.tenant())).collect()
}

fn view(tasks: &[Task]) -> (&View, &[Doubt]) {
    let Some(Task::Settle { view, doubts, .. }) = tasks.first() else { panic!("{tasks:?}") };
    (view, doubts)
}

fn promised(stamp: u64, base: u64, name: &str) -> OpenReservation {
    OpenReservation { object: ObjectRef::new("Pod", "prod", name), uid: name.into(), base, stamp }
}

#[test]
fn nothing_is_settled_before_every_kind_that_is_served_was_listed() {
    let mut books = Bookkeeper::new(40, both(), Timings::default(), at(0));
    for (index, kind) in KINDS.iter().enumerate() {
        assert!(books.due(at(9_000), 9).is_empty());
        match index {
            7 => books.take(kind, Seen::Unserved, at(0)),
            _ => list(&mut books, kind, 5),
        }
    }
    let tasks = books.due(at(9_000), 9);
    assert_eq!(names(&tasks), ["Settle payments"]);
    let positions = &view(&tasks).0.positions;
    assert_eq!(
        (
            positions.len(),
            positions.get("Lease"),
            positions.get("Pod"),
            positions.get("FlinkDeployment")
        ),
        (13, Some(&40), Some(&5), None)
    );
}

#[test]
fn nothing_is_settled_while_a_watch_is_broken() {
    let mut books = looked(both());
    books.take(kind("Pod"), pod("prod", "a", 6), at(0));
    books.take(kind("Job"), Seen::Broke, at(0));
    assert!(books.due(at(500), 9).is_empty());
    books.take(kind("Job"), Seen::Resumed, at(600));
    assert_eq!(names(&books.due(at(600), 9)), ["Settle payments"]);
}

#[test]
fn changes_are_gathered_and_a_tenant_is_settled_once_at_a_time() {
    let mut books = looked(both());
    assert!(books.due(at(60_000), 9).is_empty(), "idle");
    books.take(kind("Pod"), pod("prod", "a", 6), at(60_000));
    books.take(kind("Pod"), pod("elsewhere", "a", 6), at(60_000));
    assert!(books.due(at(60_200), 9).is_empty());
    for (index, time) in (60_200..61_000).step_by(200).enumerate() {
        books.take(kind("Pod"), pod("prod", &format!("b{index}"), 7), at(time));
    }
    assert!(books.due(at(60_999), 9).is_empty());
    let tasks = books.due(at(61_000), 9);
    assert_eq!(
        (names(&tasks), view(&tasks).0.objects.len()),
        (vec!["Settle payments".to_owned()], 5)
    );
    books.take(kind("Pod"), pod("prod", "late", 8), at(61_100));
    assert!(books.due(at(65_000), 9).is_empty(), "it is being settled");
    books.settled("payments", Ok(Reconciliation::default()), at(65_000));
    assert_eq!(names(&books.due(at(65_000), 9)), ["Settle payments"]);
}

#[test]
fn a_version_alone_matters_only_to_a_tenant_that_waits_for_one() {
    let mut books = looked(both());
    books.take(kind("Pod"), pod("prod", "a", 6), at(0));
    assert_eq!(books.due(at(500), 9).len(), 1);
    books.settled("payments", Ok(Reconciliation::default()), at(500));
    books.take(kind("Pod"), pod("prod", "a", 7), at(600));
    assert!(books.due(at(2_000), 9).is_empty());
    books.take(kind("FlinkTenantLedger"), global("payments", 8, Value::Null), at(2_000));
    assert_eq!(books.due(at(2_300), 9).len(), 1);
    books.settled(
        "payments",
        Ok(Reconciliation {
            next: 4,
            open: vec![promised(3, 7, "a")],
            ..Reconciliation::default()
        }),
        at(2_300),
    );
    books.take(kind("Pod"), pod("prod", "a", 9), at(2_400));
    assert_eq!(books.due(at(2_700), 9).len(), 1);
    // The same ledger, as a list tells it again.
    books.settled("payments", Ok(Reconciliation::default()), at(2_700));
    books.take(kind("FlinkTenantLedger"), global("payments", 8, Value::Null), at(2_800));
    assert!(books.due(at(9_000), 9).is_empty());
}

#[test]
fn what_is_on_its_way_is_looked_at_every_fifteen_seconds_and_asked_for_when_its_request_is_over() {
    let mut books = looked(both());
    let open = vec![
        promised(3, 0, "never"),
        promised(4, 0, "there"),
        promised(5, 6, "changing"),
        promised(9, 0, "later"),
    ];
    let settled = |next| Reconciliation { next, open: open.clone(), ..Reconciliation::default() };
    books.take(kind("FlinkTenantLedger"), global("payments", 8, Value::Null), at(0));
    books.take(kind("Pod"), pod("prod", "there", 6), at(0));
    books.take(kind("Pod"), pod("prod", "changing", 6), at(0));
    assert_eq!(view(&books.due(at(300), 9)).0.finished_below, 0);
    books.settled("payments", Ok(settled(9)), at(300));
    for round in 1..=5 {
        let time = 300 + 15_000 * round;
        assert!(books.due(at(time - 1), 9).is_empty());
        let tasks = books.due(at(time), 9);
        let (view, doubts) = view(&tasks);
        assert_eq!((view.finished_below, doubts.len()), (0, 0));
        books.settled("payments", Ok(settled(10)), at(time));
    }
    let tasks = books.due(at(300 + 90_000), 9);
    let (view, doubts) = view(&tasks);
    let doubtful: Vec<(&str, Option<u64>)> =
        doubts.iter().map(|doubt| (doubt.open.uid.as_str(), doubt.seen)).collect();
    assert_eq!((view.finished_below, doubtful), (9, vec![("never", None), ("changing", Some(6))]));
    assert_eq!(doubts[0].resource.as_ref().unwrap().plural, "pods");
}

#[test]
fn stamps_of_a_ledger_that_was_made_anew_are_measured_anew() {
    let mut books = looked(both());
    let open = |stamp| vec![promised(stamp, 0, "a")];
    books.settled(
        "payments",
        Ok(Reconciliation { next: 9, open: open(8), ..Reconciliation::default() }),
        at(0),
    );
    let tasks = books.due(at(95_000), 9);
    assert_eq!(view(&tasks).0.finished_below, 9);
    books.settled(
        "payments",
        Ok(Reconciliation { first: true, next: 0, ..Reconciliation::default() }),
        at(95_000),
    );
    books.settled(
        "payments",
        Ok(Reconciliation { next: 1, open: open(0), ..Reconciliation::default() }),
        at(95_100),
    );
    assert_eq!(view(&books.due(at(120_000), 9)).0.finished_below, 0);
    // That it was the first count may not be known: a reply got lost.
    books.settled(
        "payments",
        Ok(Reconciliation { next: 0, ..Reconciliation::default() }),
        at(120_000),
    );
    books.settled(
        "payments",
        Ok(Reconciliation { next: 1, open: open(0), ..Reconciliation::default() }),
        at(200_000),
    );
    assert_eq!(view(&books.due(at(230_000), 9)).0.finished_below, 0);
}

#[test]
fn a_look_that_came_to_nothing_is_made_again_soon() {
    for (outcome, pause) in [
        (ReconcileError::Stale(StaleView { kind: "Pod".into(), seen: 5, known: 6 }), 1_000),
        (ReconcileError::Busy(BusyReason::Contention("payments".into())), 2_000),
    ] {
        let mut books = listed(both());
        assert_eq!(books.due(at(0), 9).len(), 1);
        books.settled("payments", Err(outcome), at(0));
        assert!(books.due(at(pause - 1), 9).is_empty());
        assert_eq!(books.due(at(pause), 9).len(), 1);
        books.failed("payments", at(5_000));
        assert!(books.due(at(6_999), 9).is_empty());
        assert_eq!(books.due(at(7_000), 9).len(), 1);
    }
}

#[test]
fn another_gate_settles_those_whom_it_concerns() {
    let two = |first: &[&str], second: &[&str], cpu: &str| {
        gate(&[("payments", limited(first, cpu)), ("fraud", limited(second, "4"))])
    };
    let mut books = looked(two(&["prod"], &["detect"], "10"));
    books.take(kind("Pod"), pod("prod", "a", 6), at(0));
    books.take(kind("Pod"), pod("detect", "b", 6), at(0));
    let settle = |books: &mut Bookkeeper, time| {
        let tasks = books.due(at(time), 9);
        tasks
            .iter()
            .for_each(|task| books.settled(task.tenant(), Ok(Reconciliation::default()), at(time)));
        let of = |task: &Task| match task {
            Task::Settle { tenant, view, .. } => {
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
    assert_eq!(settle(&mut books, 1_000), [of("fraud", &["b"]), of("payments", &["a"])].into());
    // The same again, as a status that was written makes it.
    books.take_gate(two(&["prod"], &["detect"], "10"), at(1_000));
    assert_eq!(settle(&mut books, 2_000), [].into());
    books.take_gate(two(&["prod"], &["detect"], "12"), at(2_000));
    assert_eq!(settle(&mut books, 3_000), [of("payments", &["a"])].into());
    books.take_gate(two(&["prod", "detect"], &[], "12"), at(3_000));
    assert_eq!(settle(&mut books, 4_000), [of("fraud", &[]), of("payments", &["b", "a"])].into());
    // A namespace that was empty while it moved.
    books.take(kind("Pod"), gone(pod("detect", "b", 7)), at(4_000));
    books.take_gate(two(&["prod"], &["detect"], "12"), at(4_000));
    books.take(kind("Pod"), pod("detect", "c", 8), at(4_000));
    assert_eq!(settle(&mut books, 5_000), [of("fraud", &["c"]), of("payments", &["a"])].into());
    books.take_gate(
        gate(&[("fraud", limited(&["detect", "prod"], "4")), ("new", limited(&["other"], "1"))]),
        at(5_000),
    );
    assert_eq!(settle(&mut books, 6_000), [of("fraud", &["c", "a"]), of("new", &[])].into());
}

fn gone(seen: Seen) -> Seen {
    let Seen::Object(object) = seen else { panic!("{seen:?}") };
    Seen::Gone(object)
}

#[test]
fn a_ledger_that_nobody_needs_is_deleted_when_no_request_can_be_on_its_way_any_more() {
    let mut books = looked(both());
    let ledger = kind("FlinkTenantLedger");
    for tenant in ["payments", "lab", "former"] {
        books.take(ledger, global(tenant, 8, Value::Null), at(0));
    }
    let close = |tasks: Vec<Task>| {
        tasks.into_iter().filter(|task| task.what() == What::Close).collect::<Vec<_>>()
    };
    assert!(close(books.due(at(1_000), 9)).is_empty());
    // One got limits in the meantime, and they were taken away again.
    books.take_gate(
        gate(&[("payments", limited(&["prod"], "10")), ("lab", limited(&["lab"], "1"))]),
        at(50_000),
    );
    assert!(close(books.due(at(60_000), 9)).is_empty());
    books.take_gate(both(), at(70_000));
    books.take(ledger, global("former", 9, Value::Null), at(70_000));
    assert!(close(books.due(at(90_999), 9)).is_empty());
    let closed = close(books.due(at(92_000), 9));
    let [Task::Close { tenant, uid, version }] = closed.as_slice() else { panic!("{closed:?}") };
    assert_eq!([tenant.as_str(), uid, version], ["former", "former", "9"]);
    books.take(ledger, gone(global("former", 9, Value::Null)), at(92_500));
    assert_eq!(names(&close(books.due(at(190_000), 9))), ["Close lab"]);
}

#[test]
fn a_status_is_told_when_it_is_another_and_not_too_often() {
    let mut books = listed(both());
    let tenants = kind("FlinkTenant");
    books.take(kind("Pod"), pod("lab", "a", 6), at(0));
    books.take(tenants, global("payments", 6, json!({"hard": {"cpu": "10"}})), at(0));
    books.take(tenants, global("lab", 6, Value::Null), at(0));
    let tasks = books.due(at(0), 9);
    // A tenant without limits has no ledger.
    assert_eq!(names(&tasks), ["Settle payments", "Tell lab"]);
    let Task::Tell { status, .. } = &tasks[1] else { panic!("{tasks:?}") };
    assert_eq!(
        (&status["used"], &status["conditions"][0]["reason"]),
        (&json!({"cpu": "2", "pods": "1"}), &json!("NoLimits"))
    );
    books.settled(
        "payments",
        Ok(Reconciliation { first: true, ..Reconciliation::default() }),
        at(100),
    );
    assert_eq!(names(&books.due(at(100), 9)), ["Tell payments"]);
    books.told("lab", true, at(100));
    books.told("payments", false, at(100));
    assert!(books.due(at(2_099), 9).is_empty());
    assert_eq!(names(&books.due(at(2_100), 9)), ["Tell payments"]);
    books.told("payments", true, at(2_200));
    // It comes back by the watch.
    books.take(tenants, global("lab", 7, status.clone()), at(2_300));
    assert!(books.due(at(9_000), 9).is_empty());
    // Somebody else takes it away.
    books.take(tenants, global("lab", 8, Value::Null), at(9_000));
    assert_eq!(names(&books.due(at(9_000), 9)), ["Tell lab"]);
}

#[test]
fn what_came_and_went_between_two_settlings_is_told_until_one_has_settled() {
    let mut books = looked(both());
    books.take(kind("Pod"), pod("prod", "short-lived", 6), at(0));
    books.take(kind("Pod"), gone(pod("prod", "short-lived", 7)), at(10));
    let told = |tasks: &[Task]| {
        view(tasks)
            .0
            .objects
            .iter()
            .map(|living| (living.uid.clone(), living.version))
            .collect::<Vec<_>>()
    };
    let short_lived = [("short-lived".to_owned(), u64::MAX)];
    assert_eq!(told(&books.due(at(1_000), 9)), short_lived);
    books.settled(
        "payments",
        Err(ReconcileError::Busy(BusyReason::Contention("payments".into()))),
        at(1_100),
    );
    books.take(kind("Pod"), pod("prod", "later", 8), at(1_200));
    books.take(kind("Pod"), gone(pod("prod", "later", 9)), at(1_300));
    let tasks = books.due(at(9_000), 9);
    assert_eq!(told(&tasks), [short_lived[0].clone(), ("later".to_owned(), u64::MAX)]);
    books.take(kind("Pod"), pod("prod", "last", 10), at(9_100));
    books.settled("payments", Ok(Reconciliation::default()), at(9_200));
    assert_eq!(told(&books.due(at(10_500), 9)), [("last".to_owned(), 10)]);
}

#[test]
fn what_was_not_there_when_it_was_asked_for_is_in_no_view_however_late_a_watch_brings_it() {
    let mut books = looked(both());
    books.departed(["late".to_owned()]);
    books.take(kind("Pod"), pod("prod", "late", 6), at(0));
    books.take(kind("Pod"), pod("prod", "there", 7), at(0));
    let tasks = books.due(at(1_000), 9);
    let objects: Vec<&str> =
        view(&tasks).0.objects.iter().map(|living| living.uid.as_str()).collect();
    assert_eq!(objects, ["there"]);
}

#[test]
fn a_namespace_is_whose_its_labels_say_as_they_were_followed() {
    let by_label = |team: &str| json!({"namespaces": {"selector": {"matchLabels": {"team": team}}}, "quota": {"hard": {"cpu": "10"}}});
    let mut books = looked(gate(&[("payments", by_label("pay")), ("fraud", by_label("hunt"))]));
    let told = |books: &mut Bookkeeper, time| {
        let tasks = books.due(at(time), 9);
        tasks
            .iter()
            .for_each(|task| books.settled(task.tenant(), Ok(Reconciliation::default()), at(time)));
        let of = |task: &Task| match task {
            Task::Settle { tenant, view, .. } => {
                (tenant.clone(), view.objects.len(), view.positions["Namespace"])
            }
            other => panic!("{other:?}"),
        };
        tasks.iter().map(of).collect::<BTreeSet<_>>()
    };
    let of = |tenant: &str, objects: usize, position: u64| (tenant.to_owned(), objects, position);
    // The pod comes before its namespace is known to be anybody's.
    books.take(kind("Pod"), pod("new", "a", 6), at(0));
    assert_eq!(told(&mut books, 1_000), [].into());
    books.take(kind("Namespace"), namespace("new", json!({"team": "pay"})), at(1_000));
    books.take(kind("Namespace"), Seen::Position(8), at(1_000));
    assert_eq!(told(&mut books, 2_000), [of("payments", 1, 8)].into());
    // Flinkgate's own label says nothing.
    books.take(
        kind("Namespace"),
        namespace("new", json!({"team": "pay", "flinkgate.dev/tenant": "fraud"})),
        at(2_000),
    );
    assert_eq!(told(&mut books, 3_000), [].into());
    books.take(kind("Namespace"), namespace("new", json!({"team": "hunt"})), at(3_000));
    books.take(kind("Namespace"), Seen::Position(9), at(3_000));
    assert_eq!(told(&mut books, 4_000), [of("fraud", 1, 9), of("payments", 0, 9)].into());
    books.take(kind("Namespace"), gone(namespace("new", json!({}))), at(4_000));
    assert_eq!(told(&mut books, 5_000), [of("fraud", 0, 9)].into());
    // A list that does not name it any more says the same.
    books.take(kind("Namespace"), namespace("new", json!({"team": "hunt"})), at(5_000));
    assert_eq!(told(&mut books, 6_000), [of("fraud", 1, 9)].into());
    list(&mut books, kind("Namespace"), 12);
    assert_eq!(told(&mut books, 7_000), [of("fraud", 0, 12)].into());
}

#[test]
fn nothing_is_settled_while_the_gate_knows_a_tenant_otherwise_than_it_was_followed() {
    let spec = |cpu: &str| limited(&["prod"], cpu);
    let told = |tenants: &[(&str, &str)]| {
        let of = |(name, cpu): &(&str, &str)| ((*name).to_owned(), (0, Arc::new(spec(cpu))));
        let tenants_of: Vec<(&str, Value)> =
            tenants.iter().map(|(name, cpu)| (*name, spec(cpu))).collect();
        let gate = gate(&tenants_of);
        Arc::new(gate.renewed(
            gate.tenants().clone().from_told(tenants.iter().map(of).collect()),
            Arc::clone(&POLICIES),
        ))
    };
    let tenant = |cpu: &str| {
        let object = json!({"metadata": {"name": "payments", "uid": "t", "resourceVersion": "6"}, "spec": spec(cpu)});
        Seen::Object(Box::new(serde_json::from_value(object).unwrap()))
    };
    let tenants = kind("FlinkTenant");
    let mut books = listed(told(&[("payments", "10")]));
    assert!(!books.is_ready(), "it was not followed yet");
    books.take(tenants, tenant("10"), at(0));
    assert!(books.is_ready());
    books.take(tenants, tenant("12"), at(0));
    assert!(!books.is_ready(), "the gate is older");
    books.take_gate(told(&[("payments", "12")]), at(0));
    assert!(books.is_ready());
    books.take_gate(told(&[("payments", "12"), ("broken", "1")]), at(0));
    assert!(!books.is_ready(), "the gate is newer");
    books.take_gate(told(&[("payments", "12")]), at(0));
    books.take(tenants, gone(tenant("12")), at(0));
    assert!(!books.is_ready(), "it is gone");
    books.take_gate(told(&[]), at(0));
    assert!(books.is_ready());
}
