//! Exact quota on a real control plane, compared with ResourceQuota and no quota.
//!
//! `cargo bench --bench quota` starts the tests' control plane (etcd, kube-apiserver; see
//! `tests/cluster`) with one installed replica of Flinkgate. [`creates`] creates TaskManager pods in
//! namespaces of one tenant and of a hundred, counted by nothing, a ResourceQuota or Flinkgate's
//! ledgers. [`contention`] sends requests to one tenant's ledger in the API server, with group
//! commit and with one compare-and-swap per request. `-- creates` or `-- contention` runs one.
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
    let arguments: Vec<String> =
        std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let wanted = |part: &str| arguments.is_empty() || arguments.iter().any(|name| name == part);
    if wanted("contention") {
        contention::run();
    }
    if wanted("creates") {
        creates::run();
    }
}
