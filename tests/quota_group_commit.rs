//! Group commit with threads, two replicas and an unreliable store. No version of the ledger exceeds
//! the limit, and at rest the ledger equals a recount.
//!
//! `FLINKGATE_SEED` is the first seed of the random interleavings, `FLINKGATE_ROUNDS` their number
//! (12).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod seeded;

use flinkgate::quota::Usage;
use flinkgate::quota::commit::{BusyReason, Ledgers, QuotaAnswer};
use flinkgate::quota::ledger::{KnownLimits, Ledger, LiveObject, ObjectRef, Request, View};
use flinkgate::quota::limits::Limits;
use flinkgate::quota::store::{InMemoryStore, Store, StoreError, VersionedLedger};
use flinkgate::resource::quantity::Quantity;
use seeded::Seeded;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

const TENANT: &str = "payments";
const HARD: u64 = 60;
const KINDS: [&str; 2] = ["FlinkDeployment", "Pod"];

fn cpu(cores: u64) -> Usage {
    std::iter::once(("cpu".to_owned(), Quantity::from_units(cores))).collect()
}

fn cores(usage: &Usage) -> u64 {
    usage.get("cpu").units_ceil()
}

fn known(hard: u64) -> Arc<KnownLimits> {
    let hard = [("cpu".to_owned(), Quantity::from_units(hard))].into();
    Arc::new(KnownLimits { version: 1, limits: Limits { hard, ..Limits::default() } })
}

fn creates(kind: &str, name: &str, owner: Option<&str>, cores: u64) -> Request {
    let owners = owner.into_iter().map(str::to_owned).collect();
    Request {
        object: ObjectRef::new(kind, "prod", name),
        uid: name.into(),
        owners,
        usage: cpu(cores),
        ..Request::default()
    }
}

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(60)
}

/// A store that loses writes and replies, and checks each version.
#[derive(Default)]
struct UnreliableStore {
    store: InMemoryStore,
    writes: AtomicU64,
    reads: AtomicU64,
    /// Of a hundred writes, how many are lost before and how many after they are stored.
    lost: usize,
    chance: Mutex<Option<Seeded>>,
}

impl UnreliableStore {
    fn chance(&self, bound: usize) -> usize {
        self.chance.lock().unwrap().as_mut().map_or(bound - 1, |chance| chance.below(bound))
    }

    fn no_answer(&self) -> StoreError {
        StoreError::Unreachable { tenant: TENANT.into(), source: "no answer".into() }
    }
}

impl Store for UnreliableStore {
    async fn read(&self, tenant: &str) -> Result<VersionedLedger, StoreError> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        tokio::task::yield_now().await;
        self.store.read(tenant).await
    }

    async fn swap(
        &self,
        tenant: &str,
        version: &str,
        ledger: &Ledger,
    ) -> Result<String, StoreError> {
        tokio::time::sleep(Duration::from_micros(50)).await;
        let chance = self.chance(100);
        if chance < self.lost {
            return Err(self.no_answer());
        }
        // The cluster's stored form must read back to the same ledger.
        let ledger = Ledger::read(&ledger.stored()).unwrap();
        let written = self.store.swap(tenant, version, &ledger).await?;
        // Here the write has succeeded, so the decisions were made for the stored version.
        assert!(cores(ledger.total()) <= HARD, "limit exceeded at version {written}: {ledger:#?}");
        self.writes.fetch_add(1, Ordering::Relaxed);
        if chance < 2 * self.lost { Err(self.no_answer()) } else { Ok(written) }
    }
}

/// The objects of an API server.
#[derive(Default)]
struct Cluster {
    revision: u64,
    objects: BTreeMap<String, LiveObject>,
}

impl Cluster {
    fn store(&mut self, request: Request) {
        self.revision += 1;
        let Request { object, uid, owners, usage, .. } = request;
        self.objects.insert(
            object.name.clone(),
            LiveObject {
                object,
                uid,
                version: self.revision,
                owners,
                usage,
                ..LiveObject::default()
            },
        );
    }

    fn remove(&mut self, name: &str) {
        self.revision += 1;
        self.objects.remove(name);
    }

    fn view(&self, finished_below: u64) -> View {
        let positions = KINDS.map(|kind| (kind.to_owned(), self.revision)).into();
        View { objects: self.objects.values().cloned().collect(), positions, finished_below }
    }

    /// The usage of all objects, counted by a new ledger.
    fn used(&self) -> u64 {
        let mut ledger = Ledger::default();
        ledger.reconcile(&self.view(0), &KnownLimits::default()).unwrap();
        cores(ledger.total())
    }
}

/// An API server with its users: creates, updates and deletes its own objects, some with a shared
/// cluster as owner.
async fn client(
    index: usize,
    mut chance: Seeded,
    ledgers: Arc<Ledgers<UnreliableStore>>,
    cluster: Arc<Mutex<Cluster>>,
    refused: Arc<AtomicUsize>,
) {
    for step in 0..30 {
        let name = format!("c{index}-{}", chance.below(4));
        let old = cluster.lock().unwrap().objects.get(&name).cloned();
        let request = match &old {
            None => {
                let owner = [None, Some("shared")][chance.below(2)];
                let request = creates("Pod", &name, owner, 1 + chance.below(9) as u64);
                Request { uid: format!("{name}-{step}"), ..request }
            }
            Some(old) if chance.below(3) > 0 => {
                let LiveObject { object, uid, version, owners, usage, .. } = old.clone();
                Request {
                    object,
                    uid,
                    owners,
                    usage: cpu(1 + chance.below(9) as u64),
                    before: usage,
                    version,
                    ..Request::default()
                }
            }
            Some(_) => {
                cluster.lock().unwrap().remove(&name);
                continue;
            }
        };
        let dry_run = chance.below(10) == 0;
        let answer = ledgers.admit(TENANT, request.clone(), known(HARD), soon(), dry_run).await;
        refused
            .fetch_add(usize::from(matches!(answer, QuotaAnswer::Refused(_))), Ordering::Relaxed);
        // Other webhooks refuse some, and some are dry runs.
        if answer == QuotaAnswer::Admitted && !dry_run && chance.below(5) > 0 {
            let mut cluster = cluster.lock().unwrap();
            cluster.store(request);
            assert!(cluster.used() <= HARD, "{} of {HARD} cores are used", cluster.used());
        }
    }
}

fn round(seed: u64) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(4)
        .enable_time()
        .build()
        .unwrap();
    runtime.block_on(async {
        let chance = Mutex::new(Some(Seeded(seed)));
        let store = Arc::new(UnreliableStore { lost: 3, chance, ..UnreliableStore::default() });
        let replicas = [
            Arc::new(Ledgers::new(Arc::clone(&store))),
            Arc::new(Ledgers::new(Arc::clone(&store))),
        ];
        let cluster = Arc::new(Mutex::new(Cluster::default()));
        let refused = Arc::new(AtomicUsize::new(0));
        let shared = creates("FlinkDeployment", "shared", None, 10);
        assert_eq!(
            replicas[0].admit(TENANT, shared.clone(), known(HARD), soon(), false).await,
            QuotaAnswer::Admitted
        );
        cluster.lock().unwrap().store(shared);
        let clients: Vec<_> = (0..12)
            .map(|index| {
                let chance = Seeded(seed.wrapping_mul(1_000).wrapping_add(index as u64));
                let (ledgers, cluster) = (Arc::clone(&replicas[index % 2]), Arc::clone(&cluster));
                tokio::spawn(client(index, chance, ledgers, cluster, Arc::clone(&refused)))
            })
            .collect();
        // The leader reconciles all the time. It does not know yet which requests have finished.
        while clients.iter().any(|client| !client.is_finished()) {
            let view = Arc::new(cluster.lock().unwrap().view(0));
            let _ = replicas[0].reconcile(TENANT, view, known(HARD), soon()).await;
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        for client in clients {
            client.await.unwrap();
        }
        let (view, used) = {
            let cluster = cluster.lock().unwrap();
            (Arc::new(cluster.view(u64::MAX)), cluster.used())
        };
        replicas[1].reconcile(TENANT, view, known(HARD), soon()).await.unwrap();
        let ledger = store.read(TENANT).await.unwrap().ledger;
        assert_eq!(
            (cores(ledger.total()), ledger.reservations()),
            (used, 0),
            "at rest the ledger equals a recount"
        );
        assert!(refused.load(Ordering::Relaxed) > 0, "nothing was ever refused");
    });
}

#[test]
fn random_interleavings_stay_within_the_limit() {
    let number = |variable: &str, otherwise: u64| {
        std::env::var(variable).map_or(otherwise, |value| value.parse().unwrap())
    };
    let (first, rounds) = (number("FLINKGATE_SEED", 1), number("FLINKGATE_ROUNDS", 12));
    (first..first + rounds).for_each(round);
}

#[tokio::test]
async fn many_requests_become_few_writes() {
    let store = Arc::new(UnreliableStore::default());
    let ledgers = Arc::new(Ledgers::new(Arc::clone(&store)));
    let requests: Vec<_> = (0..200)
        .map(|index| {
            let (ledgers, request) =
                (Arc::clone(&ledgers), creates("Pod", &format!("p{index}"), None, 1));
            tokio::spawn(
                async move { ledgers.admit(TENANT, request, known(HARD), soon(), false).await },
            )
        })
        .collect();
    let mut admitted = 0;
    for answer in requests {
        match answer.await.unwrap() {
            QuotaAnswer::Admitted => admitted += 1,
            QuotaAnswer::Refused(shortage) => {
                assert_eq!(shortage.shortfalls[0].free(), Quantity::default())
            }
            QuotaAnswer::Busy(busy) => panic!("{busy}"),
        }
    }
    assert_eq!(admitted, HARD);
    let writes = store.writes.load(Ordering::Relaxed);
    assert!(writes <= 20, "{writes} writes for 200 requests");
}

#[tokio::test]
async fn a_dry_run_stores_nothing() {
    let store = Arc::new(UnreliableStore::default());
    let ledgers = Ledgers::new(Arc::clone(&store));
    let dry =
        |cores| ledgers.admit(TENANT, creates("Pod", "p", None, cores), known(HARD), soon(), true);
    assert_eq!(dry(HARD).await, QuotaAnswer::Admitted);
    assert!(matches!(dry(HARD + 1).await, QuotaAnswer::Refused(_)));
    assert_eq!(store.writes.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn a_decrease_does_not_need_the_store() {
    let store = Arc::new(UnreliableStore { lost: 100, ..UnreliableStore::default() });
    let ledgers = Ledgers::new(Arc::clone(&store));
    let shrinks = Request { before: cpu(900), version: 3, ..creates("Pod", "p", None, 800) };
    assert_eq!(
        ledgers.admit(TENANT, shrinks, known(HARD), Instant::now(), false).await,
        QuotaAnswer::Admitted
    );
    assert_eq!(store.reads.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn an_unreachable_store_makes_requests_busy() {
    let store = Arc::new(UnreliableStore { lost: 100, ..UnreliableStore::default() });
    let ledgers = Ledgers::new(Arc::clone(&store));
    let deadline = Instant::now() + Duration::from_millis(300);
    let answer =
        ledgers.admit(TENANT, creates("Pod", "p", None, 1), known(HARD), deadline, false).await;
    let QuotaAnswer::Busy(busy) = answer else { panic!("{answer:?}") };
    assert!(busy.retry_after_seconds() > 0 && busy.to_string().ends_with("try again"), "{busy}");
}

#[tokio::test]
async fn an_uncounted_tenant_waits_for_its_first_count() {
    /// A store without a ledger at first.
    #[derive(Default)]
    struct Uncounted(InMemoryStore);
    impl Store for Uncounted {
        async fn read(&self, tenant: &str) -> Result<VersionedLedger, StoreError> {
            let read = self.0.read(tenant).await?;
            Ok(if read.version.is_empty() { VersionedLedger::default() } else { read })
        }
        async fn swap(
            &self,
            tenant: &str,
            version: &str,
            ledger: &Ledger,
        ) -> Result<String, StoreError> {
            self.0.swap(tenant, version, ledger).await
        }
    }
    let ledgers = Ledgers::new(Arc::new(Uncounted::default()));
    let admit = || ledgers.admit(TENANT, creates("Pod", "p", None, 10), known(HARD), soon(), false);
    assert_eq!(admit().await, QuotaAnswer::Busy(BusyReason::NotCounted(TENANT.into())));
    let mut cluster = Cluster::default();
    cluster.store(creates("Pod", "before", None, HARD - 5));
    ledgers.reconcile(TENANT, Arc::new(cluster.view(0)), known(HARD), soon()).await.unwrap();
    assert!(matches!(admit().await, QuotaAnswer::Refused(_)));
}
