//! Tests against a real Kubernetes control plane: etcd, kube-apiserver, kube-controller-manager,
//! kube-scheduler, and kwok for nodes.
//!
//! `support` starts and stops it; every other module is about one thing that Flinkgate does in a
//! cluster. `support::shared()` is the control plane that most tests work on, each in a namespace
//! of its own.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod callers;
mod certificates;
mod chart;
mod chart_install;
mod claims;
mod config_maps;
mod configuration;
mod day;
mod disruption;
mod end_to_end;
mod gitops;
mod harness;
mod kept;
mod kubectl;
mod lease;
mod mutual_tls;
mod native;
mod operator;
mod operator_config;
mod own_kinds;
mod pod_security;
mod pod_validation;
mod quota;
mod refusals;
mod registered;
mod registration;
mod scale;
mod schema;
#[path = "../seeded/mod.rs"]
mod seeded;
mod support;
mod visible;
