//! A Kubernetes control plane for tests, its users, and Flinkgate in front of it.
//!
//! Read in this order: `binaries` (where the programs come from), `process` and `folder` (how
//! nothing stays behind), `credentials` and `access` (who asks, and how), `controlplane` (what is
//! started), `kwok` and `crds` (what is in it), `flinkgate` (what is tested), `service` and
//! `installation` (how a cluster has it), `load` and `tls` (who asks it meanwhile), `operator` (who
//! makes pods of FlinkDeployments), `asking` (who waits when told so), `webhook` (who else is
//! asked), `wire` (what can be cut).

// Each test module uses what it needs; what only one of the crates that share these modules uses is
// not dead.
#![allow(dead_code)]

pub mod access;
pub mod asking;
pub mod binaries;
pub mod build;
pub mod cache;
pub mod controlplane;
pub mod crds;
pub mod credentials;
pub mod flinkgate;
pub mod folder;
pub mod installation;
pub mod kwok;
pub mod load;
pub mod operator;
pub mod ports;
pub mod process;
pub mod service;
pub mod tls;
pub mod wait;
pub mod webhook;
pub mod wire;

pub use controlplane::{ControlPlane, Options, shared};
pub use flinkgate::Flinkgate;
