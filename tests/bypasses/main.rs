//! What tenants and configuration may try, by topic: each case is refused, and its honest look-alike
//! is admitted.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "../cases/mod.rs"]
mod cases;
mod cel;
mod guarantees;
mod guarantees_generated;
mod label_keys;
mod leaving;
#[path = "../manifests/mod.rs"]
mod manifests;
mod metadata;
#[path = "../convergence/objects.rs"]
#[allow(dead_code)]
mod objects;
#[path = "../seeded/mod.rs"]
mod seeded;
#[path = "../convergence/tenants.rs"]
#[allow(dead_code)]
mod tenants;
mod webhook_rules;
