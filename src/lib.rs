//! Flinkgate: the admission gate for Apache Flink on Kubernetes.
//!
//! One pipeline with two entry points. An AdmissionReview over HTTPS and a folder of YAML take the
//! same path, so `lint` reports the same findings as the webhook:
//!
//! ```text
//! AdmissionReview (HTTPS)  ─┐                                     ┌─► AdmissionReview response + JSON Patch
//!                           ├─► Resource ─► Workload ─► Verdict ──┤
//! YAML/JSON files (lint)   ─┘      │           ▲          │       └─► diagnostics with file:line:column
//!                                  │           │          │
//!                              kinds::lower  Tenant    policies (Rego) + quota
//! ```
//!
//! Read the modules in this order: [`resource`] (the object as it came, and the positions of its
//! fields), [`flink`] (what it makes Kubernetes run), [`kinds`] (the table of kinds), [`tenant`]
//! (its owner), [`mutate`] (what Flinkgate adds), [`rules`] and [`rego`] (findings), [`quota`]
//! (usage and limits), [`pipeline`] (all of that in order). The entry points are [`admission`] and
//! [`cli`] with [`report`]; [`cluster`] reads the configuration in a cluster.

// Output goes through `cli::terminal`, because `println!` panics when the reader closes the pipe.
#![cfg_attr(not(test), warn(clippy::print_stdout, clippy::print_stderr))]

pub mod admission;
pub mod causes;
pub mod cli;
pub mod cluster;
pub mod flink;
mod jitter;
pub mod kinds;
pub mod kubernetes;
pub mod mutate;
pub mod pipeline;
pub mod printable;
pub mod quota;
pub mod rego;
pub mod report;
pub mod resource;
pub mod rules;
pub mod server;
pub mod spelling;
pub mod telemetry;
pub mod tenant;
