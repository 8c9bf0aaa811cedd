//! A tenant's ledger without a store: the cost of an admission, a write, a read and a reconciliation
//! on one core, with 500 clusters of 10,000 objects, and with none.
//!
//! `cargo bench --bench ledger`
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

// This benchmark uses a part of it.
#[allow(dead_code)]
#[path = "support/ledgers.rs"]
mod ledgers;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use flinkgate::quota::ledger::crd::FlinkTenantLedgerStatus;
use flinkgate::quota::ledger::{Decision, Ledger};
use std::hint::black_box;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn ledger(criterion: &mut Criterion) {
    for clusters in [0, 500] {
        let known = ledgers::limits(1_000_000);
        let ledger = ledgers::ledger(clusters, &known);
        let mut bench = |name: &str, routine: &mut dyn FnMut(&mut Ledger)| {
            criterion.bench_function(&format!("{clusters}-clusters/{name}"), |bencher| {
                bencher.iter_batched_ref(|| ledger.clone(), &mut *routine, BatchSize::LargeInput);
            });
        };
        let (lone, owned) = (ledgers::lone_pod(1), ledgers::pod_of(clusters / 2, 2));
        bench("admit-lone-pod", &mut |ledger| assert_eq!(ledger.admit(&lone), Decision::Reserved));
        bench("admit-pod-of-a-cluster", &mut |ledger| {
            assert_eq!(ledger.admit(&owned), Decision::Reserved)
        });
        let batch: Vec<_> = (0..64).map(ledgers::lone_pod).collect();
        bench("admit-64-pods", &mut |ledger| {
            batch.iter().for_each(|one| assert_eq!(ledger.admit(one), Decision::Reserved))
        });
        let view = ledgers::view(clusters);
        bench("reconcile", &mut |ledger| _ = black_box(ledger.reconcile(&view, &known).unwrap()));

        let stored = ledger.stored();
        let bytes = serde_json::to_vec(&stored).unwrap();
        println!("{clusters} clusters: {} bytes", bytes.len());
        bench("stored", &mut |ledger| drop(black_box(ledger.stored())));
        bench("serialise", &mut |_| drop(serde_json::to_vec(black_box(&stored)).unwrap()));
        bench("parse", &mut |_| {
            drop(serde_json::from_slice::<FlinkTenantLedgerStatus>(black_box(&bytes)).unwrap())
        });
        bench("read", &mut |_| drop(Ledger::read(black_box(&stored)).unwrap()));
        bench("clone", &mut |ledger| drop(black_box(ledger.clone())));

        // The quota is exceeded, and the refusal names the largest users.
        let mut full = ledger.clone();
        full.learn_limits(&flinkgate::quota::ledger::KnownLimits {
            version: 2,
            ..ledgers::limits(1)
        });
        criterion.bench_function(&format!("{clusters}-clusters/refuse"), |bencher| {
            bencher.iter(|| {
                assert!(matches!(full.would_admit(black_box(&lone)), Decision::Refused(_)))
            });
        });
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20).measurement_time(std::time::Duration::from_secs(2)).warm_up_time(std::time::Duration::from_millis(300));
    targets = ledger
}
criterion_main!(benches);
