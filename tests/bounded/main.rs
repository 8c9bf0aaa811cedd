//! One request takes time and memory in proportion to its size, and has a short answer. Allocations
//! and steps are counted, never seconds: doubling an input at most doubles them plus a tenth.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod families;
mod families_pods;
mod families_schema;
mod families_yaml;
mod growth;
mod hidden;
mod inputs;
mod logs;
mod measure;
mod overload;
#[path = "../serve_support/mod.rs"]
#[allow(unused_imports)]
mod serve_support;
mod yaml;
