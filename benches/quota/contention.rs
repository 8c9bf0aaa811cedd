//! Many concurrent requests to one tenant's ledger: with group commit, or one compare-and-swap per
//! request.

use super::cluster::access::Access;
use super::cluster::{ControlPlane, Options};
use super::support::{Measured, ledgers};
use flinkgate::cluster::ledger_store::ClusterStore;
use flinkgate::quota::commit::{Ledgers, QuotaAnswer};
use flinkgate::quota::ledger::crd::{self, FlinkTenantLedger};
use flinkgate::quota::ledger::{Decision, KnownLimits, Ledger};
use flinkgate::quota::store::{Store, StoreError, VersionedLedger};
use kube::api::{Api, DeleteParams};
use prometheus_client::metrics::counter::Counter;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

const ROUNDS: usize = 5;
const TASKS: u64 = 64;
/// The most creates of each task in a round, and the longest time of a round.
const EACH: u64 = 8;
const ROUND: Duration = Duration::from_secs(4);
const TENANT: &str = "payments";
/// The tenant's existing clusters.
const CLUSTERS: [u64; 2] = [0, 500];

/// How requests reach the ledger.
#[derive(Clone, Copy)]
enum Strategy {
    /// Group commit in this number of replicas.
    GroupCommit(usize),
    /// Each reads, admits and swaps, and tries again after a conflict, with or without a pause.
    CompareAndSwap { pauses: bool },
    /// One after the other in one replica, which caches the ledger: one write each, without reads
    /// or conflicts.
    Sequential,
}

const STRATEGIES: [(Strategy, &str); 5] = [
    (Strategy::GroupCommit(1), "group commit, one replica"),
    (Strategy::GroupCommit(2), "group commit, two replicas"),
    (Strategy::CompareAndSwap { pauses: false }, "compare-and-swap, no pause"),
    (Strategy::CompareAndSwap { pauses: true }, "compare-and-swap, pauses"),
    (Strategy::Sequential, "one after the other, cached"),
];

/// A store that counts its calls.
struct CountingStore {
    store: ClusterStore,
    counts: Arc<Counts>,
}

#[derive(Default)]
struct Counts {
    reads: AtomicU64,
    writes: AtomicU64,
    conflicts: AtomicU64,
}

impl Store for CountingStore {
    async fn read(&self, tenant: &str) -> Result<VersionedLedger, StoreError> {
        self.counts.reads.fetch_add(1, Ordering::Relaxed);
        self.store.read(tenant).await
    }

    async fn swap(
        &self,
        tenant: &str,
        version: &str,
        ledger: &Ledger,
    ) -> Result<String, StoreError> {
        self.counts.writes.fetch_add(1, Ordering::Relaxed);
        let swapped = self.store.swap(tenant, version, ledger).await;
        self.counts.conflicts.fetch_add(
            u64::from(matches!(swapped, Err(StoreError::Conflict(_)))),
            Ordering::Relaxed,
        );
        swapped
    }
}

pub fn run() {
    let control_plane = ControlPlane::start(Options { nodes: 0, ..Options::default() });
    control_plane.apply(&serde_json::to_string(&crd::definition()).unwrap());
    control_plane.kubectl(&[
        "wait",
        "--for=condition=Established",
        "--timeout=60s",
        "crd/flinktenantledgers.flinkgate.dev",
    ]);
    for name in ["kube-controller-manager", "kube-scheduler", "kwok"] {
        control_plane.process(name).signal("STOP");
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let known = Arc::new(ledgers::limits(1_000_000));
    for clusters in CLUSTERS {
        let mut measured = vec![Measured::default(); STRATEGIES.len()];
        let counts: Vec<_> = STRATEGIES.iter().map(|_| Arc::new(Counts::default())).collect();
        for round in 0..=ROUNDS {
            eprintln!("contention: {clusters} clusters, round {round} of {ROUNDS}");
            for (index, (strategy, _)) in STRATEGIES.iter().enumerate() {
                // The first round warms up.
                let counts = if round == 0 { Arc::default() } else { Arc::clone(&counts[index]) };
                let (latencies, wall) = runtime.block_on(async {
                    fill(&control_plane, &ledgers::ledger(clusters, &known)).await;
                    requests(&control_plane, *strategy, &known, &counts).await
                });
                if round > 0 {
                    measured[index].add(latencies, wall);
                }
            }
        }
        print(clusters, &measured, &counts);
    }
}

/// Stores the tenant's initial ledger.
async fn fill(access: &Access, ledger: &Ledger) {
    let client = access.client().await;
    let _ = Api::<FlinkTenantLedger>::all(client.clone())
        .delete(TENANT, &DeleteParams::default())
        .await;
    ClusterStore::new(client, Counter::default()).swap(TENANT, "", ledger).await.unwrap();
}

/// Lets every task create pods one after the other; returns the latencies and the total time.
async fn requests(
    access: &Access,
    strategy: Strategy,
    known: &Arc<KnownLimits>,
    counts: &Arc<Counts>,
) -> (Vec<Duration>, Duration) {
    let replicas = if let Strategy::GroupCommit(replicas) = strategy { replicas } else { 1 };
    let mut stores = Vec::new();
    for _ in 0..replicas {
        let store = CountingStore {
            store: ClusterStore::new(access.client().await, Counter::default()),
            counts: Arc::clone(counts),
        };
        store.store.read(TENANT).await.unwrap();
        stores.push(Arc::new(store));
    }
    let ledgers_by_replica: Vec<_> =
        stores.iter().map(|store| Arc::new(Ledgers::new(Arc::clone(store)))).collect();
    let cached = Arc::new(tokio::sync::Mutex::new(stores[0].store.read(TENANT).await.unwrap()));
    let begin = Instant::now();
    let task = |task: u64| {
        let replica = usize::try_from(task).unwrap() % replicas;
        let (store, queue, known) = (
            Arc::clone(&stores[replica]),
            Arc::clone(&ledgers_by_replica[replica]),
            Arc::clone(known),
        );
        let cached = Arc::clone(&cached);
        tokio::spawn(async move {
            let mut latencies = Vec::new();
            let work = async {
                for turn in 0..EACH {
                    let request = ledgers::lone_pod(task * EACH + turn);
                    let begin = Instant::now();
                    match strategy {
                        Strategy::GroupCommit(_) => {
                            let deadline = begin + Duration::from_secs(60);
                            assert_eq!(
                                queue
                                    .admit(TENANT, request, Arc::clone(&known), deadline, false)
                                    .await,
                                QuotaAnswer::Admitted
                            );
                        }
                        Strategy::CompareAndSwap { pauses } => {
                            compare_and_swap(&*store, &request, pauses).await
                        }
                        Strategy::Sequential => {
                            let mut cached = cached.lock().await;
                            assert_eq!(cached.ledger.admit(&request), Decision::Reserved);
                            cached.version =
                                store.swap(TENANT, &cached.version, &cached.ledger).await.unwrap();
                        }
                    }
                    latencies.push(begin.elapsed());
                }
            };
            // Requests that are not done by then are not counted.
            let _ = tokio::time::timeout_at((begin + ROUND).into(), work).await;
            latencies
        })
    };
    let tasks: Vec<_> = (0..TASKS).map(task).collect();
    let mut latencies = Vec::new();
    for task in tasks {
        latencies.extend(task.await.unwrap());
    }
    let wall = begin.elapsed();
    let stored = stores[0].store.read(TENANT).await.unwrap();
    assert!(stored.ledger.reservations() >= latencies.len(), "every create is in the ledger");
    (latencies, wall)
}

/// One compare-and-swap for one request. Pauses grow like those of Flinkgate.
async fn compare_and_swap(
    store: &impl Store,
    request: &flinkgate::quota::ledger::Request,
    pauses: bool,
) {
    let mut pause = Duration::from_millis(2);
    loop {
        let VersionedLedger { mut ledger, version } = store.read(TENANT).await.unwrap();
        assert_eq!(ledger.admit(request), Decision::Reserved);
        match store.swap(TENANT, &version, &ledger).await {
            Ok(_) => return,
            Err(StoreError::Conflict(_)) => {}
            Err(error) => panic!("{error}"),
        }
        if pauses {
            tokio::time::sleep(pause.mul_f64(1.0 + jitter())).await;
            pause = (pause * 2).min(Duration::from_millis(250));
        }
    }
}

/// A random number between 0 and 1.
fn jitter() -> f64 {
    RandomState::new().hash_one(()) as f64 / u64::MAX as f64
}

fn print(clusters: u64, measured: &[Measured], counts: &[Arc<Counts>]) {
    println!("\n{TASKS} requests at once to a ledger of {clusters} clusters");
    println!(
        "{:28} {:>8} {:>8} {:>10} {:>12} {:>12} {:>12}",
        "", "p50 ms", "p99 ms", "creates/s", "reads each", "writes each", "conflicts"
    );
    for (((_, title), measured), counts) in STRATEGIES.iter().zip(measured).zip(counts) {
        let each =
            |count: &AtomicU64| count.load(Ordering::Relaxed) as f64 / measured.count() as f64;
        let (middle, slow) = (measured.at(0.5), measured.at(0.99));
        print!("{title:28} {middle:8.1} {slow:8.1} {:10.0}", measured.rate());
        println!(
            " {:12.3} {:12.3} {:12.3}",
            each(&counts.reads),
            each(&counts.writes),
            each(&counts.conflicts)
        );
    }
    for (title, together) in
        [("one replica creates", &measured[0]), ("two replicas create", &measured[1])]
    {
        let times: Vec<String> = measured
            .iter()
            .skip(2)
            .map(|other| format!("{:.1}", together.relative_to(other)))
            .collect();
        println!("{title} {} times as many as the other ways", times.join(", "));
    }
}
