//! Exact quota on a real control plane, beside what there is otherwise, in one run on one machine.
//!
//! `cargo bench --bench quota` starts the tests' control plane (etcd, kube-apiserver; see
//! `tests/cluster`) with one replica of Flinkgate as it is installed. [`creates`] creates
//! TaskManager pods in namespaces of one tenant and of a hundred, by what counts them: nothing, a
//! ResourceQuota, Flinkgate's ledgers. [`contention`] holds requests against one tenant's ledger in
//! the API server, as Flinkgate does it and with one compare-and-swap a request. `-- creates` or
//! `-- contention` runs one of them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

// This benchmark uses a part.
#[allow(unused_imports)]
#[path = "../../tests/cluster/support/mod.rs"]
mod cluster;
#[path = "../support/mod.rs"]
mod support;

mod contention;
mod creates;
mod fronts;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    rustls::crypto::aws_lc_rs::default_provider().install_default().ok();
    let asked: Vec<String> =
        std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let wanted = |part: &str| asked.is_empty() || asked.iter().any(|asked| asked == part);
    if wanted("contention") {
        contention::run();
    }
    if wanted("creates") {
        creates::run();
    }
}
