//! One test for each known failure of other quotas, named after where it was told.

use super::scene::{Scene, cluster, deployment, pod, scene};
use crate::support::access::Access;
use crate::support::asking::create_at_once;
use crate::support::flinkgate::Flinkgate;
use crate::support::wait::until;
use ::flinkgate::quota::ledger::crd::FlinkTenantLedger;
use k8s_openapi::api::apps::v1::Deployment;
use kube::api::{Api, Patch, PatchParams, PostParams};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;

/// Somebody who writes a tenant's ledger all the time, as another replica would, so that all who
/// write it meet conflicts.
struct Meddler {
    stop: Arc<AtomicBool>,
    written: Arc<AtomicUsize>,
    thread: Option<JoinHandle<()>>,
}

impl Meddler {
    fn start(access: &Access, tenant: &str) -> Self {
        let (stop, written) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let (access, tenant, ended, count) =
            (access.clone(), tenant.to_owned(), Arc::clone(&stop), Arc::clone(&written));
        let meddle = async move {
            let ledgers = Api::<FlinkTenantLedger>::all(access.frank_client().await);
            while !ended.load(Ordering::Relaxed) {
                let Ok(mut ledger) = ledgers.get(&tenant).await else { continue };
                // A stamp that nobody gets changes nothing but the version.
                ledger.status.as_mut().unwrap().next += 1;
                if ledgers.replace_status(&tenant, &PostParams::default(), &ledger).await.is_ok() {
                    count.fetch_add(1, Ordering::Relaxed);
                }
            }
        };
        let thread = std::thread::spawn(|| {
            tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap()
                .block_on(meddle)
        });
        let meddler = Self { stop, written, thread: Some(thread) };
        until("the ledger is written all the time", || {
            if meddler.written() > 3 { Ok(()) } else { Err("not yet".to_owned()) }
        });
        meddler
    }

    fn written(&self) -> usize {
        self.written.load(Ordering::Relaxed)
    }
}

impl Drop for Meddler {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

/// How often replicas wrote a ledger too late so far.
fn conflicts(scene: &Scene) -> u64 {
    let count = |replica: &Flinkgate| {
        let (_, metrics) = replica.health("/metrics").unwrap();
        let line =
            metrics.lines().find_map(|line| line.strip_prefix("flinkgate_ledger_conflicts_total "));
        line.unwrap_or_else(|| panic!("{metrics}")).parse::<u64>().unwrap()
    };
    scene.replicas.iter().map(count).sum()
}

/// kubernetes/kubernetes#141904: requests of one batch are held against several quotas, one of them
/// is in conflict, the batch is tried again against that one alone, and who was over another quota
/// passes.
#[test]
fn kubernetes_141904_who_is_over_one_limit_is_not_admitted_because_something_else_is_in_conflict() {
    const BURSTS: usize = 20;
    let scene = scene();
    let [one, two] = ["conflict-one", "conflict-two"];
    scene.tenant_over(
        "conflict",
        &[one, two],
        json!({"quota": {"hard": {"cpu": "10", "pods": 1000}}}),
    );
    scene.settled("conflict", 0);
    let meddler =
        Meddler::start(&scene.as_service_account("flinkgate-system", "flinkgate"), "conflict");
    let before = conflicts(scene);
    let mut admitted = 0;
    // One burst may be in conflict with nobody: there is another one then.
    for round in 0..BURSTS {
        // Pods that fit in number and not in cpu, those that fit as long as there is cpu, and those
        // that ask for none.
        let cpu = |number: usize| [11, 1, 0][number % 3];
        let name = |number: usize| format!("pod-{round}-{number}");
        let objects: Vec<Value> = (0..60)
            .map(|number| pod([one, two][number / 2 % 2], &name(number), cpu(number)))
            .collect();
        let answers = create_at_once(&scene.servers(), &objects);
        for (number, answer) in answers.answers.iter().enumerate() {
            match (cpu(number), answer) {
                (11, Ok(_)) => panic!("11 cpu were admitted"),
                (0, Err(refusal)) => panic!("{refusal:?}"),
                (_, Err(refusal)) => assert!(
                    refusal.code == 403 && refusal.message.contains("quota/exceeded"),
                    "{refusal:?}"
                ),
                (cpu, Ok(_)) => admitted += cpu,
            }
        }
        assert_eq!(admitted, 10, "{} were told to wait", answers.waits);
        if conflicts(scene) > before {
            drop(meddler);
            scene.settled("conflict", 10);
            return;
        }
    }
    panic!(
        "nobody was in conflict in {BURSTS} bursts, while the ledger was written {} times",
        meddler.written()
    );
}

/// kubernetes/kubernetes#61530, #70563, #76787: creating what is there already is charged, and
/// nothing comes of it. That a pod's name costs no more than once, and is free again after the
/// horizon, is in `vanished`.
#[test]
fn kubernetes_61530_70563_76787_creating_what_exists_costs_nothing() {
    let scene = scene();
    let namespace = scene.tenant_with("exists", json!({"cpu": "5", "clusters": 2}));
    scene.ask(&cluster(&namespace, "etl", 2)).unwrap();
    scene.settled("exists", 3);
    // All at once, and larger ones too as long as there is room for one of them.
    let again: Vec<Value> =
        (0..20).map(|number| cluster(&namespace, "etl", 2 + number % 3)).collect();
    let answers = create_at_once(&scene.servers(), &again);
    assert!(
        answers.refusals().len() == 20
            && answers.refusals().iter().all(|refusal| refusal.is_already_exists()),
        "{answers:?}"
    );
    let [cpu, _, _, clusters] = scene.charged("exists");
    assert!((3..=5).contains(&cpu) && clusters == 1, "{cpu} cpu, {clusters} clusters");

    let same: Vec<Value> = (0..20).map(|_| cluster(&namespace, "small", 1)).collect();
    let full = scene.tenant_with("exists-full", json!({"cpu": "3"}));
    scene.ask(&cluster(&full, "etl", 2)).unwrap();
    // Of those that create one and the same, one succeeds and none is told that there is too little
    // left.
    let answers = create_at_once(
        &scene.servers(),
        &same.iter().map(|object| in_namespace(object, &full, "etl", 2)).collect::<Vec<_>>(),
    );
    assert!(answers.refusals().iter().all(|refusal| refusal.is_already_exists()), "{answers:?}");
    assert_eq!(answers.refusals().len(), 20);
    assert_eq!(scene.charged("exists-full")[0], 3);
}

fn in_namespace(object: &Value, namespace: &str, name: &str, task_managers: u64) -> Value {
    let mut object = object.clone();
    object["metadata"] = json!({"name": name, "namespace": namespace});
    object["spec"]["taskManager"]["replicas"] = json!(task_managers);
    object
}

/// kubernetes/kubernetes#67761: under a burst users are told "the object has been modified; please
/// apply your changes to the latest version", of a quota that they did not touch.
#[test]
fn kubernetes_67761_nobody_in_a_burst_is_told_of_a_conflict() {
    const BURST: usize = 100;
    let scene = scene();
    let namespaces = ["burst-0", "burst-1", "burst-2", "burst-3"];
    scene.tenant_over("burst", &namespaces, json!({"quota": {"hard": {"cpu": BURST.to_string()}}}));
    scene.settled("burst", 0);
    let objects: Vec<Value> = (0..BURST)
        .map(|number| pod(namespaces[number / 2 % 4], &format!("pod-{number}"), 1))
        .collect();
    let answers = create_at_once(&scene.servers(), &objects);
    println!("{} were told to wait", answers.waits);
    assert_eq!(answers.refusals(), Vec::<&kube::core::Status>::new());
    scene.over_quota(&pod(namespaces[0], "one-more", 1));
    scene.settled("burst", 100);
}

/// projectcapsule/capsule#49: two Deployments are scaled up at the same time, each fits alone, both
/// are let through.
#[test]
fn capsule_49_of_two_scale_ups_at_once_that_fit_alone_one_is_refused() {
    let scene = scene();
    let namespaces = ["twice-0", "twice-1"];
    scene.tenant_over("twice", &namespaces, json!({"quota": {"hard": {"cpu": "6"}}}));
    for namespace in namespaces {
        scene.ask(&deployment(namespace, "web", 1)).unwrap();
    }
    for round in 0..6 {
        scene.settled("twice", 2);
        let answers = scale_at_once(&scene.servers(), &namespaces, 4);
        let refused: Vec<&String> =
            answers.iter().filter_map(|answer| answer.as_ref().err()).collect();
        assert_eq!(refused.len(), 1, "round {round}: {answers:?}");
        assert!(refused[0].contains("quota/exceeded"), "round {round}: {answers:?}");
        scene.settled("twice", 5);
        for answer in scale_at_once(&scene.servers(), &namespaces, 1) {
            answer.unwrap();
        }
    }
    scene.settled("twice", 2);
    // The pods are what was promised to the Deployments, and cost nothing more.
    let pods = until("as many pods as are asked for", || {
        let count = namespaces.map(|namespace| {
            scene.get(&["pods", "--namespace", namespace])["items"].as_array().unwrap().len()
        });
        if count == [1, 1] { Ok(count) } else { Err(format!("{count:?}")) }
    });
    assert_eq!((pods, scene.charged("twice")[0]), ([1, 1], 2));
}

/// Scales the Deployment `web` of each namespace, each at another API server, at the same time.
fn scale_at_once(
    servers: &[&Access],
    namespaces: &[&str],
    replicas: u64,
) -> Vec<Result<(), String>> {
    let waits = AtomicUsize::new(0);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let patch = Patch::Merge(json!({"spec": {"replicas": replicas}}));
    runtime.block_on(futures::future::join_all(servers.iter().zip(namespaces).map(
        async |(server, namespace)| {
            let deployments = Api::<Deployment>::namespaced(server.frank_client().await, namespace);
            let params = PatchParams::default();
            let scaled = crate::support::asking::patiently(&waits, || {
                deployments.patch_scale("web", &params, &patch)
            })
            .await;
            scaled.map(drop).map_err(|refusal| refusal.message)
        },
    )))
}
