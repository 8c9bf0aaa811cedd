//! Exact quota in a cluster: the leader reconciles the ledgers that every replica writes.
//!
//! In come the objects that use quota, with their positions ([`kinds`]), and the gate that says how
//! they are counted. [`object_cache`] keeps them, [`reconciler`] decides which tenant is due,
//! [`existence`] confirms that an object does not exist before its reservation is released, and
//! [`term`] that this replica still leads. Out go reconciled ledgers and the quota part of
//! FlinkTenants' [`status`]. Requests are not admitted here: that is in [`crate::quota`].

pub mod admitted;
mod controller;
pub mod existence;
mod history;
pub mod kinds;
pub mod object_cache;
pub mod owner_chains;
pub mod reconciler;
mod rollout;
pub mod status;
pub mod term;

pub use controller::{Controller, run};
pub use reconciler::ReconcileTimings;
