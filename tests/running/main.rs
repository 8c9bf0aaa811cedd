//! A tenant changes while its clusters live: what runs keeps running, and nothing becomes less secure.
//!
//! A small [`world`] plays the API server and the operator; requests go through the reviewer of
//! two replicas that share the ledger of admitted specs. [`matrix`] changes every field of a tenant in
//! every way, [`hostile`] tries to get what only an earlier spec allowed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod clients;
mod hostile;
#[path = "../manifests/mod.rs"]
mod manifests;
mod matrix;
mod objects;
mod places;
#[allow(dead_code)]
#[path = "../convergence/pods.rs"]
mod pods;
mod rollout;
mod table;
#[path = "../tenant_schema/mod.rs"]
mod tenant_schema;
mod workloads;
mod world;
