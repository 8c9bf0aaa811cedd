#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use super::*;
use crate::flink::Surroundings;
use crate::flink::surroundings::OperatorDefaults;
use crate::pipeline::Unassigned;
use crate::quota::ledger::{KnownLimits, Ledger, View};
use crate::rego::PolicySet;
use crate::tenant::{Tenant, Tenants};
use std::sync::LazyLock;

static GATE: LazyLock<Gate> = LazyLock::new(|| {
    let spec = json!({"namespaces": {"names": ["prod"]}});
    let tenant = Tenant {
        name: "payments".into(),
        spec: serde_json::from_value(spec).unwrap(),
        ..Tenant::default()
    };
    Gate::new(
        Tenants::new(vec![tenant], BTreeMap::new()),
        Arc::new(PolicySet::built_in().unwrap()),
        Unassigned::Warn,
    )
});

fn tenant() -> Option<&'static Tenant> {
    GATE.tenants().iter().next().map(|tenant| &**tenant)
}

fn object(name: &str, uid: &str, version: u64, owners: &[&str], rest: Value) -> DynamicObject {
    let owners: Vec<Value> = owners
        .iter()
        .map(|uid| json!({"apiVersion": "v1", "kind": "X", "name": uid, "uid": uid}))
        .collect();
    let mut object = json!({"metadata": {"name": name, "namespace": "prod", "uid": uid, "resourceVersion": version.to_string(),
        "ownerReferences": owners, "managedFields": [{"manager": "kubectl"}]}});
    object.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
    serde_json::from_value(object).unwrap()
}

fn template(cpu: &str) -> Value {
    json!({"containers": [{"name": "c", "resources": {"requests": {"cpu": cpu}}}]})
}

fn pod(name: &str, version: u64, owners: &[&str]) -> DynamicObject {
    object(name, name, version, owners, json!({"spec": template("2")}))
}

fn deployment(name: &str, replicas: u64, owners: &[&str]) -> DynamicObject {
    object(
        name,
        name,
        3,
        owners,
        json!({"spec": {"replicas": replicas, "template": {"spec": template("2")}}, "status": {"replicas": 1}}),
    )
}

fn kind(name: &str) -> &'static Kind {
    Kind::named(name).unwrap()
}

fn census(objects: Vec<(&str, DynamicObject)>) -> Census {
    let mut census = Census::default();
    for (of, object) in objects {
        census.take(kind(of), object, &GATE, tenant());
    }
    census
}

fn living(census: &Census) -> Vec<LiveObject> {
    census.living(&["prod".to_owned()], &[])
}

fn cores(census: &Census) -> u64 {
    let mut ledger = Ledger::default();
    ledger
        .reconcile(&View { objects: living(census), ..View::default() }, &KnownLimits::default())
        .unwrap();
    ledger.total().get("cpu").units_ceil()
}

#[test]
fn a_pod_draws_on_what_its_owners_owners_declare() {
    let session = json!({"spec": {"flinkVersion": "v1_20", "jobManager": {"resource": {"cpu": 4, "memory": "2048m"}}, "taskManager": {"resource": {"cpu": 2, "memory": "2048m"}}}});
    let mut made = deployment("jm", 1, &["etl"]);
    made.metadata.owner_references.as_mut().unwrap()[0].api_version =
        "flink.apache.org/v1beta1".into();
    let census = census(vec![
        ("FlinkDeployment", object("etl", "etl", 3, &[], session)),
        ("Deployment", made),
        ("ReplicaSet", object("set", "set", 3, &["jm"], json!({}))),
        ("Pod", pod("a", 4, &["set"])),
        ("Pod", pod("alone", 4, &[])),
    ]);
    let owners: Vec<(String, Vec<String>)> = living(&census)
        .into_iter()
        .map(|living| (living.object.to_string(), living.owners))
        .collect();
    let known = |name: &str, owners: &[&str]| {
        (name.to_owned(), owners.iter().map(ToString::to_string).collect::<Vec<_>>())
    };
    assert_eq!(
        owners,
        [
            known("FlinkDeployment/prod/etl", &[]),
            known("Pod/prod/a", &["set", "jm", "etl"]),
            known("Pod/prod/alone", &[])
        ]
    );
    assert_eq!(cores(&census), 4 + 2);
}

#[test]
fn what_a_deleted_owner_said_is_remembered_for_the_pods_that_outlive_it() {
    let set = || object("set", "set", 3, &["jm"], json!({}));
    let mut census = census(vec![
        ("Deployment", deployment("jm", 2, &[])),
        ("ReplicaSet", set()),
        ("Pod", pod("a", 4, &["set"])),
    ]);
    census.gone(kind("ReplicaSet"), &set()).unwrap();
    assert_eq!(cores(&census), 4);
    let gone = census.gone(kind("Deployment"), &deployment("jm", 2, &[])).unwrap();
    assert!(gone.namespace == "prod" && gone.counts);
    assert_eq!(cores(&census), 2);
}

#[test]
fn a_claim_without_owners_is_that_of_the_stateful_set_in_its_name() {
    let claim = |name: &str| {
        object(
            name,
            name,
            4,
            &[],
            json!({"spec": {"resources": {"requests": {"storage": "10Gi"}}}}),
        )
    };
    let set = object(
        "tm-a",
        "s",
        3,
        &[],
        json!({"spec": {"replicas": 1, "template": {"spec": template("1")},
        "volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": {"resources": {"requests": {"storage": "10Gi"}}}}]}}),
    );
    let census = census(vec![
        ("StatefulSet", set),
        ("PersistentVolumeClaim", claim("my-data-tm-a-0")),
        ("PersistentVolumeClaim", claim("data-tm-b-0")),
        ("PersistentVolumeClaim", claim("data-tm-a-x")),
    ]);
    let mut ledger = Ledger::default();
    ledger
        .reconcile(&View { objects: living(&census), ..View::default() }, &KnownLimits::default())
        .unwrap();
    assert_eq!(ledger.total().get("persistentVolumeClaims").units_ceil(), 3);
    assert_eq!(ledger.others().get("persistentVolumeClaims").units_ceil(), 2);
}

#[test]
fn a_list_that_is_complete_shows_what_is_gone_and_not_before() {
    let mut census = census(vec![
        ("Pod", pod("a", 4, &[])),
        ("Pod", pod("b", 4, &[])),
        ("Deployment", deployment("jm", 1, &[])),
    ]);
    census.began(kind("Pod"));
    let same = census.take(kind("Pod"), pod("a", 4, &[]), &GATE, tenant()).unwrap();
    assert!(!same.counts);
    // The list broke, and is told anew.
    census.began(kind("Pod"));
    census.take(kind("Pod"), pod("a", 9, &[]), &GATE, tenant());
    assert_eq!(cores(&census), 6);
    assert_eq!(
        census.listed(kind("Pod")),
        [Change { namespace: "prod".into(), counts: true, gone: None }]
    );
    assert_eq!(cores(&census), 4);
    census.unserved(kind("Deployment"));
    census.unserved(kind("Pod"));
    assert_eq!(census.namespaces().count(), 0);
}

#[test]
fn only_what_makes_a_difference_counts_as_a_change() {
    let mut census = census(vec![("Pod", pod("a", 4, &["set"]))]);
    let mut take =
        |of: &str, object| census.take(kind(of), object, &GATE, tenant()).unwrap().counts;
    assert!(!take("Pod", pod("a", 5, &["set"])));
    assert!(take("Pod", pod("a", 6, &["other"])));
    assert!(take("Pod", object("a", "again", 7, &["other"], json!({"spec": template("2")}))));
    assert!(take(
        "Pod",
        object(
            "a",
            "again",
            8,
            &["other"],
            json!({"spec": template("2"), "status": {"phase": "Succeeded"}})
        )
    ));
    assert!(!take(
        "Pod",
        object(
            "a",
            "again",
            9,
            &["other"],
            json!({"spec": template("2"), "status": {"phase": "Succeeded"}})
        )
    ));
    assert!(take("ReplicaSet", object("set", "set", 3, &["jm"], json!({}))));
    assert!(!take("ReplicaSet", object("set", "set", 4, &["jm"], json!({}))));
}

#[test]
fn what_uses_nothing_is_told_where_it_may_yet_use_something() {
    let ended = object(
        "ended",
        "ended",
        7,
        &[],
        json!({"spec": template("2"), "status": {"phase": "Failed"}}),
    );
    let census = census(vec![("Deployment", deployment("idle", 0, &[])), ("Pod", ended)]);
    let told = |open: &[OpenReservation]| {
        census
            .living(&["prod".to_owned()], open)
            .into_iter()
            .map(|living| (living.object.name, living.version))
            .collect::<Vec<_>>()
    };
    assert_eq!(told(&[]), [("idle".to_owned(), 3)]);
    let open = OpenReservation { uid: "ended".into(), ..OpenReservation::default() };
    assert_eq!(told(&[open]), [("idle".to_owned(), 3), ("ended".to_owned(), 7)]);
    assert_eq!(census.version(&ObjectRef::new("Pod", "prod", "ended"), "ended"), Some(7));
    assert_eq!(census.version(&ObjectRef::new("Pod", "prod", "ended"), "another"), None);
    assert_eq!(census.version(&ObjectRef::new("Pod", "prod", "ended"), "Pod/prod/ended"), Some(7));
}

#[test]
fn what_follows_from_more_than_the_object_is_counted_again() {
    let session = json!({"spec": {"flinkVersion": "v1_20", "flinkConfiguration": {}, "job": {"jarURI": "local:///a.jar", "parallelism": 4},
        "jobManager": {"resource": {"cpu": 1, "memory": "2048m"}}, "taskManager": {"resource": {"cpu": 1, "memory": "2048m"}}}, "status": {"x": 1}});
    let mut census = census(vec![
        ("FlinkDeployment", object("etl", "etl", 3, &[], session)),
        ("Pod", pod("a", 4, &[])),
    ]);
    assert_eq!(cores(&census), 5 + 2);
    assert!(!census.recount("prod", &GATE, tenant()));
    let two = OperatorDefaults::parse("taskmanager.numberOfTaskSlots: 2").unwrap();
    let within = GATE.within(Arc::new(Surroundings::default().with_operator(two)));
    assert!(census.recount("prod", &within, tenant()));
    assert_eq!(cores(&census), 3 + 2);
}

#[test]
fn pods_that_are_alike_share_what_they_use() {
    let mut census = Census::default();
    for index in 0..500 {
        census.take(
            kind("Pod"),
            pod(&format!("etl-taskmanager-{index}"), 4, &["set"]),
            &GATE,
            tenant(),
        );
    }
    assert_eq!(census.usages.len(), 1);
    assert_eq!(living(&census).len(), 500);
}

#[test]
fn of_what_goes_its_uid_is_told_once_and_that_it_uses_nothing() {
    let mut census = census(vec![("Pod", pod("a", 4, &[])), ("Pod", pod("b", 4, &[]))]);
    let gone = |name: &str| {
        let object = ObjectRef::new("Pod", "prod", name);
        Some(LiveObject { object, uid: name.into(), version: u64::MAX, ..LiveObject::default() })
    };
    let mut another = pod("a", 6, &[]);
    another.metadata.uid = Some("another".into());
    assert_eq!(census.take(kind("Pod"), another, &GATE, tenant()).unwrap().gone, gone("a"));
    assert_eq!(census.gone(kind("Pod"), &pod("b", 7, &[])).unwrap().gone, gone("b"));
    assert_eq!(census.gone(kind("Pod"), &pod("b", 7, &[])), None);
}
