//! Exact quota in a cluster: where ledgers are kept, whom a pod draws on, and who settles what was promised.

pub mod census;
pub mod follow;
pub mod kinds;
pub mod lineage;
pub mod live;
pub mod owners;
pub mod standing;
pub mod store;
