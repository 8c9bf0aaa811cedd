//! What tenants and configuration may try, by topic: each case is refused, and its honest look-alike
//! is admitted.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod configuration;
mod statuses;

#[path = "../manifests/mod.rs"]
mod manifests;
#[path = "../rule_examples/mod.rs"]
mod rule_examples;
