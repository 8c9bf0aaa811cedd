//! What tenants and configuration may try, by topic: each case is refused, and its honest look-alike
//! is admitted.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "../cases/mod.rs"]
mod cases;
#[path = "../manifests/mod.rs"]
mod manifests;

mod doors;
mod exposures;
mod secrets;
