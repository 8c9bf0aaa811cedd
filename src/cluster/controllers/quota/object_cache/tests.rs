#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use super::*;
use crate::flink::FlinkContext;
use crate::flink::context::OperatorDefaults;
use crate::pipeline::Unassigned;
use crate::quota::ledger::{KnownLimits, Ledger, View};
use crate::rego::PolicySet;
use crate::tenant::{Tenant, Tenants};
use serde_json::json;
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
    kinds::named(name).unwrap()
}

fn cache(objects: Vec<(&str, DynamicObject)>) -> ObjectCache {
    let mut cache = ObjectCache::default();
    for (of, object) in objects {
        cache.apply(kind(of), object, &GATE, tenant());
    }
    cache
}

fn living(cache: &ObjectCache) -> Vec<LiveObject> {
    cache.living(&["prod".to_owned()], &[], Timestamp::now())
}

fn cores(cache: &ObjectCache) -> u64 {
    let mut ledger = Ledger::default();
    ledger
        .reconcile(&View { objects: living(cache), ..View::default() }, &KnownLimits::default())
        .unwrap();
    ledger.total().get("cpu").units_ceil()
}

#[test]
fn a_pod_draws_on_what_its_owners_owners_declare() {
    let session = json!({"spec": {"flinkVersion": "v1_20", "jobManager": {"resource": {"cpu": 4, "memory": "2048m"}}, "taskManager": {"resource": {"cpu": 2, "memory": "2048m"}}}});
    let mut made = deployment("jm", 1, &["etl"]);
    made.metadata.owner_references.as_mut().unwrap()[0].api_version =
        "flink.apache.org/v1beta1".into();
    let cache = cache(vec![
        ("FlinkDeployment", object("etl", "etl", 3, &[], session)),
        ("Deployment", made),
        ("ReplicaSet", object("set", "set", 3, &["jm"], json!({}))),
        ("Pod", pod("a", 4, &["set"])),
        ("Pod", pod("alone", 4, &[])),
    ]);
    let owners: Vec<(String, Vec<String>)> = living(&cache)
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
            known("Pod/prod/alone", &[]),
            // It uses nothing now, and may after its next update.
            known("ReplicaSet/prod/set", &["jm", "etl"]),
        ]
    );
    assert_eq!(cores(&cache), 4 + 2);
}

#[test]
fn a_workload_counts_unless_its_owner_exists_and_counts() {
    let claims = |uid: &str, kind: &str| {
        let mut made = deployment("web", 3, &[uid]);
        let owner = &mut made.metadata.owner_references.as_mut().unwrap()[0];
        owner.api_version = "flink.apache.org/v1beta1".into();
        owner.kind = kind.into();
        made
    };
    let session = || {
        let spec = json!({"spec": {"flinkVersion": "v1_20", "jobManager": {"resource": {"cpu": 1, "memory": "2048m"}}}});
        object("etl", "etl", 3, &[], spec)
    };
    let job = || object("job", "job", 3, &[], json!({"spec": {"deploymentName": "etl"}}));
    let count = |made: DynamicObject, others: Vec<(&str, DynamicObject)>| {
        let before = cores(&cache(others.clone()));
        let all = others.into_iter().chain([("Deployment", made)]).collect();
        cores(&cache(all)) - before
    };
    let others = || vec![("FlinkDeployment", session()), ("FlinkSessionJob", job())];
    assert_eq!(count(claims("etl", "FlinkDeployment"), others()), 0);
    // The kind in the reference is the user's to write, and the UID of another object too.
    assert_eq!(count(claims("gone", "FlinkDeployment"), others()), 6);
    assert_eq!(count(claims("job", "FlinkDeployment"), others()), 6);
    assert_eq!(count(claims("snapshot", "FlinkStateSnapshot"), others()), 6);
    assert_eq!(count(deployment("web", 3, &["gone"]), others()), 6);
    // It counts as soon as its owner is gone.
    let mut cache = cache(vec![
        ("FlinkDeployment", session()),
        ("Deployment", claims("etl", "FlinkDeployment")),
    ]);
    cache.remove(kind("FlinkDeployment"), &session()).unwrap();
    assert_eq!(cores(&cache), 6);
}

#[test]
fn owners_of_a_deleted_owner_are_remembered() {
    let set = || object("set", "set", 3, &["jm"], json!({}));
    let mut cache = cache(vec![
        ("Deployment", deployment("jm", 2, &[])),
        ("ReplicaSet", set()),
        ("Pod", pod("a", 4, &["set"])),
    ]);
    cache.remove(kind("ReplicaSet"), &set()).unwrap();
    assert_eq!(cores(&cache), 4);
    let deleted = cache.remove(kind("Deployment"), &deployment("jm", 2, &[])).unwrap();
    assert!(deleted.namespace == "prod" && deleted.counts);
    assert_eq!(cores(&cache), 2);
}

#[test]
fn a_claim_belongs_to_the_stateful_set_in_its_name() {
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
    let cache = cache(vec![
        ("StatefulSet", set),
        ("PersistentVolumeClaim", claim("my-data-tm-a-0")),
        ("PersistentVolumeClaim", claim("data-tm-b-0")),
        ("PersistentVolumeClaim", claim("data-tm-a-x")),
    ]);
    let mut ledger = Ledger::default();
    ledger
        .reconcile(&View { objects: living(&cache), ..View::default() }, &KnownLimits::default())
        .unwrap();
    assert_eq!(ledger.total().get("persistentVolumeClaims").units_ceil(), 3);
    // One that a StatefulSet of its name may declare is kept by itself.
    assert_eq!(ledger.others().get("persistentVolumeClaims").units_ceil(), 1);
}

#[test]
fn only_a_complete_list_removes_objects() {
    let mut cache = cache(vec![
        ("Pod", pod("a", 4, &[])),
        ("Pod", pod("b", 4, &[])),
        ("Deployment", deployment("jm", 1, &[])),
    ]);
    cache.list_started(kind("Pod"));
    let same = cache.apply(kind("Pod"), pod("a", 4, &[]), &GATE, tenant()).unwrap();
    assert!(!same.counts);
    // The list was interrupted, and starts again.
    cache.list_started(kind("Pod"));
    cache.apply(kind("Pod"), pod("a", 9, &[]), &GATE, tenant());
    assert_eq!(cores(&cache), 6);
    assert_eq!(
        cache.list_completed(kind("Pod")),
        [NamespaceChange { namespace: "prod".into(), counts: true, deleted: None }]
    );
    assert_eq!(cores(&cache), 4);
    cache.remove_kind(kind("Deployment"));
    cache.remove_kind(kind("Pod"));
    assert_eq!(cache.namespaces().count(), 0);
}

#[test]
fn only_a_difference_in_usage_or_owners_counts() {
    let mut cache = cache(vec![("Pod", pod("a", 4, &["set"]))]);
    let mut take =
        |of: &str, object| cache.apply(kind(of), object, &GATE, tenant()).unwrap().counts;
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
fn objects_without_usage_are_listed_where_they_may_use_something() {
    let ended = object(
        "ended",
        "ended",
        7,
        &[],
        json!({"spec": template("2"), "status": {"phase": "Failed"}}),
    );
    let cache = cache(vec![("Deployment", deployment("idle", 0, &[])), ("Pod", ended)]);
    let listed = |open: &[OpenReservation]| {
        cache
            .living(&["prod".to_owned()], open, Timestamp::now())
            .into_iter()
            .map(|living| (living.object.name, living.version))
            .collect::<Vec<_>>()
    };
    assert_eq!(listed(&[]), [("idle".to_owned(), 3)]);
    let open = OpenReservation { uid: "ended".into(), ..OpenReservation::default() };
    assert_eq!(listed(&[open]), [("idle".to_owned(), 3), ("ended".to_owned(), 7)]);
    assert_eq!(cache.version(&ObjectRef::new("Pod", "prod", "ended"), "ended"), Some(7));
    assert_eq!(cache.version(&ObjectRef::new("Pod", "prod", "ended"), "another"), None);
    assert_eq!(cache.version(&ObjectRef::new("Pod", "prod", "ended"), "Pod/prod/ended"), Some(7));
}

#[test]
fn usage_from_operator_defaults_is_counted_again() {
    let session = json!({"spec": {"flinkVersion": "v1_20", "flinkConfiguration": {}, "job": {"jarURI": "local:///a.jar", "parallelism": 4},
        "jobManager": {"resource": {"cpu": 1, "memory": "2048m"}}, "taskManager": {"resource": {"cpu": 1, "memory": "2048m"}}}, "status": {"x": 1}});
    let mut cache = cache(vec![
        ("FlinkDeployment", object("etl", "etl", 3, &[], session)),
        ("Pod", pod("a", 4, &[])),
    ]);
    assert_eq!(cores(&cache), 5 + 2);
    assert!(!cache.recount("prod", &GATE, tenant()));
    let two = OperatorDefaults::parse("taskmanager.numberOfTaskSlots: 2").unwrap();
    let within = GATE.with_context(Arc::new(FlinkContext::default().with_operator(two)));
    assert!(cache.recount("prod", &within, tenant()));
    assert_eq!(cores(&cache), 3 + 2);
}

#[test]
fn equal_pods_share_one_usage() {
    let mut cache = ObjectCache::default();
    for index in 0..500 {
        cache.apply(
            kind("Pod"),
            pod(&format!("etl-taskmanager-{index}"), 4, &["set"]),
            &GATE,
            tenant(),
        );
    }
    assert_eq!(cache.usages.len(), 1);
    assert_eq!(living(&cache).len(), 500);
}

#[test]
fn a_deleted_object_is_reported_once() {
    let mut cache = cache(vec![("Pod", pod("a", 4, &[])), ("Pod", pod("b", 4, &[]))]);
    let deleted = |name: &str| {
        let object = ObjectRef::new("Pod", "prod", name);
        Some(LiveObject { object, uid: name.into(), version: u64::MAX, ..LiveObject::default() })
    };
    let mut another = pod("a", 6, &[]);
    another.metadata.uid = Some("another".into());
    assert_eq!(cache.apply(kind("Pod"), another, &GATE, tenant()).unwrap().deleted, deleted("a"));
    assert_eq!(cache.remove(kind("Pod"), &pod("b", 7, &[])).unwrap().deleted, deleted("b"));
    assert_eq!(cache.remove(kind("Pod"), &pod("b", 7, &[])), None);
}

/// A pod that is being deleted since a time, with a grace period of 30 s.
fn deleted_pod(name: &str, deletion: &str, owners: &[&str]) -> DynamicObject {
    let mut pod = pod(name, 5, owners);
    pod.metadata.deletion_timestamp = serde_json::from_value(json!(deletion)).unwrap();
    pod.metadata.deletion_grace_period_seconds = Some(30);
    pod
}

#[test]
fn a_deleted_pod_counts_until_its_grace_period_is_over() {
    let mut cache = cache(vec![
        ("Pod", pod("a", 4, &[])),
        ("Pod", deleted_pod("b", "2026-11-27T10:00:00Z", &[])),
    ]);
    let at = |time: &str| -> Timestamp { format!("2026-11-27T{time}Z").parse().unwrap() };
    let living = |cache: &ObjectCache, time: &str| {
        let living = cache.living(&["prod".to_owned()], &[], at(time));
        living
            .iter()
            .map(|live| {
                (live.object.name.clone(), live.usage.get("cpu").units_ceil(), live.leaving)
            })
            .collect::<Vec<_>>()
    };
    let pods = |cores, leaving| vec![("a".to_owned(), 2, false), ("b".to_owned(), cores, leaving)];
    assert_eq!(living(&cache, "10:00:29"), pods(2, true));
    assert_eq!(cache.departed(at("10:00:29")).len(), 0);
    assert_eq!(living(&cache, "10:00:30"), pods(2, true)[..1]);
    assert_eq!(cache.departed(at("10:00:30")), BTreeSet::from(["prod".to_owned()]));
    assert_eq!(cache.departed(at("11:00:00")).len(), 0, "once");
}

#[test]
fn a_resting_cluster_counts_as_long_as_anything_of_it_exists() {
    let etl = |state: &str| {
        let resource = json!({"cpu": 2, "memory": "2048m"});
        let mut etl = object(
            "etl",
            "etl",
            3,
            &[],
            json!({
            "spec": {"flinkVersion": "v1_20", "jobManager": {"resource": resource}, "taskManager": {"resource": resource},
                "job": {"jarURI": "local:///a.jar", "parallelism": 1}},
            "status": {"jobStatus": {"state": state}}}),
        );
        etl.metadata.generation = Some(1);
        etl
    };
    let made = || {
        let mut made = deployment("jm", 1, &["etl"]);
        made.metadata.owner_references.as_mut().unwrap()[0].api_version =
            "flink.apache.org/v1beta1".into();
        made
    };
    let cores_of = |state: &str, rest: Vec<(&str, DynamicObject)>| {
        cores(&cache([vec![("FlinkDeployment", etl(state))], rest].concat()))
    };
    assert_eq!(cores_of("RUNNING", vec![]), 4);
    assert_eq!(cores_of("FINISHED", vec![]), 0);
    assert_eq!(cores_of("FAILED", vec![("Pod", pod("alone", 4, &[]))]), 2);
    assert_eq!(cores_of("FINISHED", vec![("Pod", pod("a", 4, &["etl"]))]), 4);
    let chain = || {
        vec![
            ("Deployment", made()),
            ("ReplicaSet", object("set", "set", 3, &["jm"], json!({}))),
            ("Pod", pod("a", 4, &["set"])),
        ]
    };
    assert_eq!(cores_of("FINISHED", chain()), 4);
    assert_eq!(cores_of("FINISHED", vec![("Deployment", made())]), 4, "it makes its pods again");
    // A claim that is kept runs nothing.
    let claim = object(
        "etl-state",
        "c",
        4,
        &["etl"],
        json!({"spec": {"resources": {"requests": {"storage": "10Gi"}}}}),
    );
    assert_eq!(cores_of("FINISHED", vec![("PersistentVolumeClaim", claim)]), 0);
    // The pods of one that was lost with its node.
    let lost = deleted_pod("a", "2026-01-27T10:00:00Z", &["etl"]);
    assert_eq!(cores_of("FINISHED", vec![("Pod", lost)]), 0);
}

/// A status that its operator writes at `status`, of an object that its user wrote at `user`.
fn written(mut object: DynamicObject, user: &str, status: &str) -> DynamicObject {
    let entry = |manager: &str, sub: Option<&str>, time: &str| {
        json!({"manager": manager, "operation": "Update", "subresource": sub,
            "time": format!("2026-11-27T10:00:{time}Z")})
    };
    let entries = json!([entry("kubectl", None, user), entry("operator", Some("status"), status)]);
    object.metadata.managed_fields = Some(serde_json::from_value(entries).unwrap());
    object
}

#[test]
fn a_stopped_flink_cluster_rests_until_its_user_starts_it() {
    let etl = |state: &str| {
        let resources = json!({"requests": {"cpu": "2", "memory": "2Gi"}, "limits": {"cpu": "2", "memory": "2Gi"}});
        object(
            "etl",
            "etl",
            3,
            &[],
            json!({
            "spec": {"flinkVersion": "1.20", "image": {"name": "flink:1.20"}, "jobManager": {"resources": resources},
                "taskManager": {"replicas": 1, "resources": resources}, "job": {"mode": "Application", "restartPolicy": "Never"}},
            "status": {"state": state, "components": {"job": {"state": "Succeeded"}}}}),
        )
    };
    let cores_of = |etl: DynamicObject, rest: Vec<(&str, DynamicObject)>| {
        cores(&cache([vec![("FlinkCluster", etl)], rest].concat()))
    };
    assert_eq!(cores_of(written(etl("Running"), "01", "05"), vec![]), 4);
    assert_eq!(cores_of(written(etl("Stopped"), "01", "05"), vec![]), 0);
    assert_eq!(
        cores_of(written(etl("Stopped"), "01", "05"), vec![("Pod", pod("a", 4, &["etl"]))]),
        4
    );
    // The operator has not seen the change yet, or may not have.
    assert_eq!(cores_of(written(etl("Stopped"), "07", "05"), vec![]), 4);
    assert_eq!(cores_of(written(etl("Stopped"), "05", "05"), vec![]), 4);
    assert_eq!(cores_of(etl("Stopped"), vec![]), 4);
}

#[test]
fn a_blue_green_deployment_rests_with_its_children() {
    let resource = json!({"cpu": 2, "memory": "2048m"});
    let template = json!({"flinkVersion": "v1_20", "jobManager": {"resource": resource}, "taskManager": {"resource": resource},
        "job": {"jarURI": "local:///a.jar", "parallelism": 1}});
    let spec = json!({"template": {"spec": template}});
    let parent = |state: &str| {
        let reconciled = json!({"spec": spec}).to_string();
        object(
            "etl",
            "etl",
            3,
            &[],
            json!({"spec": spec,
            "status": {"blueGreenState": state, "lastReconciledSpec": reconciled, "jobStatus": {"state": "RUNNING"}}}),
        )
    };
    let child = |colour: &str, state: &str| {
        let mut child = object(
            colour,
            colour,
            3,
            &["etl"],
            json!({"spec": template, "status": {"jobStatus": {"state": state}}}),
        );
        child.metadata.generation = Some(1);
        child.metadata.owner_references.as_mut().unwrap()[0].api_version =
            "flink.apache.org/v1beta1".into();
        ("FlinkDeployment", child)
    };
    let cores_of = |state: &str, rest: Vec<(&str, DynamicObject)>| {
        cores(&cache([vec![("FlinkBlueGreenDeployment", parent(state))], rest].concat()))
    };
    assert_eq!(cores_of("ACTIVE_BLUE", vec![child("blue", "RUNNING")]), 8);
    assert_eq!(cores_of("ACTIVE_BLUE", vec![child("blue", "FINISHED")]), 0);
    assert_eq!(cores_of("TRANSITIONING_TO_GREEN", vec![child("blue", "FINISHED")]), 8);
    assert_eq!(
        cores_of("ACTIVE_BLUE", vec![child("blue", "FINISHED"), child("green", "RUNNING")]),
        8
    );
    assert_eq!(cores_of("ACTIVE_BLUE", vec![]), 8, "its child may be made at any time");
    assert_eq!(
        cores_of("ACTIVE_BLUE", vec![child("blue", "FINISHED"), ("Pod", pod("a", 4, &["blue"]))]),
        8
    );
}

#[test]
fn an_application_counts_as_long_as_its_pods_exist() {
    let etl = |state: &str| {
        let resources = json!({"requests": {"cpu": "2", "memory": "2Gi"}});
        let etl = object(
            "etl",
            "etl",
            3,
            &[],
            json!({
            "spec": {"image": "flink:1.11", "parallelism": 1, "jobManagerConfig": {"resources": resources, "replicas": 1},
                "taskManagerConfig": {"resources": resources, "taskSlots": 1}},
            "status": {"phase": "Running", "jobStatus": {"state": state}}}),
        );
        written(etl, "01", "05")
    };
    let cores_of = |state: &str, rest: Vec<(&str, DynamicObject)>| {
        cores(&cache([vec![("FlinkApplication", etl(state))], rest].concat()))
    };
    let all = cores_of("RUNNING", vec![]);
    assert!(all >= 4, "{all}");
    assert_eq!(cores_of("FINISHED", vec![]), 0);
    let kept = vec![("Deployment", deployment("jm", 1, &["etl"]))];
    assert_eq!(cores_of("FINISHED", kept), all);
}

/// A gate whose tenant is limited, with these LimitRanges.
fn limited_gate(limit_ranges: &[Value]) -> Gate {
    let spec = json!({"namespaces": {"names": ["prod"]}, "quota": {"hard": {"cpu": "100", "memory": "100Gi"}}});
    let tenant = Tenant {
        name: "payments".into(),
        spec: serde_json::from_value(spec).unwrap(),
        ..Tenant::default()
    };
    let mut context = FlinkContext::default();
    limit_ranges.iter().for_each(|one| context.add_limit_range("prod", one));
    let tenants = Tenants::new(vec![tenant], BTreeMap::new());
    Gate::new(tenants, Arc::new(PolicySet::built_in().unwrap()), Unassigned::Warn)
        .with_ledgers()
        .with_context(Arc::new(context))
}

#[test]
fn a_stored_object_counts_what_it_was_charged_with_limit_ranges() {
    let given = |map: &str, cpu: &str| json!({"spec": {"limits": [{"type": "Container", map: {"cpu": cpu, "memory": "1Gi"}}]}});
    let limits = [given("defaultRequest", "250m"), given("default", "500m")];
    let container = |name: &str, resources: Value| json!({"name": name, "image": "x:1", "args": ["taskmanager"], "resources": resources});
    let pods = |containers: &[Value]| json!({"metadata": {"labels": {"app": "a"}}, "spec": {"containers": containers}});
    let bare =
        pods(&[container("a", json!({})), container("b", json!({"requests": {"cpu": "1"}}))]);
    let main = pods(&[container("flink-main-container", json!({}))]);
    let resource = json!({"cpu": 1, "memory": "1024m"});
    let cluster = |pod: &Value| {
        json!({"image": "x:1", "flinkVersion": "v1_20", "podTemplate": pod, "jobManager": {"resource": resource},
            "taskManager": {"resource": resource}, "job": {"jarURI": "local:///a.jar", "parallelism": 2}})
    };
    let spotify = json!({"flinkVersion": "1.9", "image": {"name": "x:1"}, "jobManager": {"sidecars": [container("s", json!({}))]},
        "taskManager": {"replicas": 2}, "job": {"jarFile": "a.jar"}});
    let job = json!({"template": {"spec": {"template": bare}}});
    for (api_version, of, spec, is_given) in [
        ("flink.apache.org/v1beta1", "FlinkDeployment", cluster(&bare), true),
        ("flink.apache.org/v1beta1", "FlinkDeployment", cluster(&main), false),
        (
            "flink.apache.org/v1beta1",
            "FlinkBlueGreenDeployment",
            json!({"template": {"spec": cluster(&bare)}}),
            true,
        ),
        ("flinkoperator.k8s.io/v1beta1", "FlinkCluster", spotify, true),
        ("apps/v1", "Deployment", json!({"replicas": 3, "template": bare}), true),
        ("apps/v1", "Deployment", json!({"replicas": 3, "template": main}), true),
        ("apps/v1", "StatefulSet", json!({"replicas": 2, "template": bare}), true),
        ("batch/v1", "CronJob", json!({"jobTemplate": job["template"]}), true),
        // The API server has given a pod its requests, or there was no LimitRange yet.
        ("v1", "Pod", bare["spec"].clone(), false),
    ] {
        let manifest = json!({"apiVersion": api_version, "kind": of, "spec": spec,
            "metadata": {"name": "a", "namespace": "prod", "uid": "a", "resourceVersion": "3"}});
        let resource = Resource::from_manifest(manifest.clone()).unwrap();
        let charged = |limits: &[Value]| {
            let gate = limited_gate(limits);
            let case = gate.lower_admitted(&resource).unwrap();
            gate.charge(&case).map(|charge| charge.request.usage).unwrap_or_default()
        };
        let gate = limited_gate(&[]);
        let tenant = gate.tenants().iter().next().cloned();
        let counted = |cache: &ObjectCache| {
            let found = living(cache);
            found.first().map(|living| living.usage.clone()).unwrap_or_default()
        };
        let mut cache = ObjectCache::default();
        cache.apply(kind(of), serde_json::from_value(manifest).unwrap(), &gate, tenant.as_deref());
        assert_eq!(counted(&cache), charged(&[]), "{resource:?}");
        // The LimitRanges are reported later, and change.
        for some in [&limits[..1], &limits[..], &[]] {
            let mut defaults = ContainerDefaults::default();
            some.iter().for_each(|one| defaults.add(one));
            cache.set_container_defaults("prod", defaults);
            let differs = cache.recount("prod", &gate, tenant.as_deref());
            assert_eq!(differs, is_given, "{resource:?}");
            let expected = if is_given { charged(some) } else { charged(&[]) };
            assert_eq!(counted(&cache), expected, "{resource:?} {some:?}");
            assert_eq!(charged(some) != charged(&[]), is_given && !some.is_empty(), "{resource:?}");
        }
    }
}
